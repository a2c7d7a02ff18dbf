"""A state machine: run, kill, resume, damage, verify, run again, change parameters, in any order."""

from __future__ import annotations

import hashlib
import random
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from effort import tries
from harness import small
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from closedworld import verify
from closedworld.errors import ClosedWorldError, IntegrityError
from closedworld.published.results import find_published
from closedworld.store.local import storage_at
from closedworld.store.paths import COLLECTION_NAME
from closedworld.store.staging import clear_debris

if TYPE_CHECKING:
    from harness.forks import ForkServer

EXAMPLES, STEPS = tries(5, 500), tries(20, 60)
PARAMETERS: tuple[dict[str, Any], ...] = (
    {"rule": "center", "isos": ("FJ",)},
    {"rule": "any_overlap", "isos": ("FJ",), "until": "sites"},
    {"rule": "any_overlap", "isos": ("FJ",), "basis": "uniform", "until": "sites"},
)


class Machine(RuleBasedStateMachine):
    """What is published is what was asked for, or is known to be damaged."""

    expected: ClassVar[dict[int, dict[str, str]]] = {}
    forks: ClassVar[ForkServer | None] = None

    def __init__(self) -> None:
        super().__init__()
        memory = Path("/dev/shm")  # noqa: S108
        self.out = Path(tempfile.mkdtemp(prefix="closedworld-machine-", dir=memory if memory.is_dir() else None))  # fmt: skip
        self.whole: dict[str, str] = {}
        self.damaged: set[Path] = set()

    def teardown(self) -> None:
        shutil.rmtree(self.out)

    def result_of(self, number: int) -> dict[str, str]:
        """Return what an undisturbed run of some parameters publishes."""
        if number not in self.expected:
            with tempfile.TemporaryDirectory() as folder:
                small.build(Path(folder), **PARAMETERS[number])
                self.expected[number] = small.published(Path(folder))
        return self.expected[number]

    @rule(number=st.integers(0, len(PARAMETERS) - 1))
    def run(self, number: int) -> None:
        """Run to the end; damaged results of the same name are refused, never built upon."""
        is_broken = self._is_broken(number)
        try:
            small.build(self.out, **PARAMETERS[number])
        except IntegrityError:
            assert is_broken
            self._note(number)
            return
        assert not is_broken
        self.whole |= self.result_of(number)

    @rule(number=st.integers(0, len(PARAMETERS) - 1), at=st.integers(0, 400))
    def kill(self, number: int, at: int) -> None:
        """Die before the n-th change, in a process of its own: the kernel drops the locks."""
        assert self.forks is not None
        status = self.forks.run("killed_at", str(self.out), at, PARAMETERS[number])
        assert status in {0, -signal.SIGKILL} or (
            status == IntegrityError.exit_code and self.damaged
        )
        self._note(number)

    @rule(seed=st.integers(0, 1 << 30))
    @precondition(lambda self: self.whole)
    def damage(self, seed: int) -> None:
        """Flip a bit of something that is published and sealed."""
        draw = random.Random(seed)
        sealed = [name for name in self.whole if not name.endswith(COLLECTION_NAME)]
        path = self.out / draw.choice(sorted(sealed))
        if not path.exists():
            return
        content = bytearray(path.read_bytes())
        at = draw.randrange(8 * len(content))
        content[at // 8] ^= 1 << at % 8
        path.write_bytes(content)
        folder = next(
            parent for parent in path.parents if parent.name.startswith("parameter_hash=")
        )
        self.damaged.add(folder)

    @rule()
    @precondition(lambda self: self.damaged)
    def delete_damaged(self) -> None:
        """Do what the error says: delete the folder."""
        for folder in self.damaged:
            shutil.rmtree(folder)
            name = folder.relative_to(self.out).as_posix()
            self.whole = {k: v for k, v in self.whole.items() if not k.startswith(f"{name}/")}
        self.damaged.clear()

    @rule()
    def clear(self) -> None:
        """Debris may be cleared at any time."""
        clear_debris(storage_at(self.out))
        assert not list(self.out.glob(".staging/*"))

    @invariant()
    def what_is_visible_is_whole_or_known_to_be_damaged(self) -> None:
        """Verify and the program's own readers agree with what was done."""
        try:
            found = small.published(self.out)
            findings = verify(self.out, recompute=0).findings if found else ()
            # Whoever deletes damaged results may leave what was made from them.
            outcome_is_ok = {finding.code for finding in findings} <= {
                "index-missing",
                "weights-missing",
                "sites-missing",
                "people-missing",
            }
        except ClosedWorldError:
            assert self.damaged
            return
        if self.damaged:
            assert not outcome_is_ok or self._is_undone(found)
            return
        assert outcome_is_ok
        assert found == self.whole
        assert len(find_published(self.out)) == sum("_receipt" in name for name in found)

    def _note(self, number: int) -> None:
        """Take what a run has published of its result for what is to be there."""
        for name, digest in self.result_of(number).items():
            if (self.out / name).exists():
                self.whole.setdefault(name, digest)

    def _is_broken(self, number: int) -> bool:
        """Return whether some of what would be reused is not as it was published."""
        paths = {self.out / name: digest for name, digest in self.result_of(number).items()}
        return any(
            hashlib.sha256(path.read_bytes()).hexdigest() != digest
            for path, digest in paths.items()
            if path.exists()
        )

    def _is_undone(self, found: dict[str, str]) -> bool:
        """Return whether damage upon damage has put everything back."""
        return found == self.whole


@pytest.mark.slow
def test_any_order_of_runs_kills_damage_and_repair(score: Any, forks: ForkServer) -> None:
    Machine.forks = forks
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            suppress_health_check=list(HealthCheck),
        ),
    )
    score(
        "state machine: run, kill, resume, damage, verify, change parameters (steps)",
        EXAMPLES * STEPS,
    )
