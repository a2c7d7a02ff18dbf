"""Readers of Parquet, each in an environment of its own, and what they read of our files.

``make readers`` runs all of them and writes the table of ``docs/reference/datasets.md``.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from files import Table, write_files

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ROOT / ".venv-readers"
PROGRAMS = Path(__file__).parent / "programs"
PAGE = ROOT / "docs" / "reference" / "_readers.md"


@dataclass(frozen=True, slots=True)
class Reader:
    """A version of an engine.

    Attributes:
        name: Engine, as the documentation names it.
        program: File of ``programs`` that reads by it.
        packages: What its environment holds, pinned.
        is_oldest: Whether it is the oldest supported version; these are tried in every run of the tests.
    """

    name: str
    program: str
    packages: tuple[str, ...]
    is_oldest: bool = False

    def __str__(self) -> str:
        return self.packages[0]

    @property
    def environment(self) -> Path:
        """Folder of the environment."""
        digest = hashlib.sha256(" ".join(self.packages).encode()).hexdigest()[:8]
        return ENVIRONMENTS / f"{Path(self.program).stem}-{digest}"

    def command(self, request: Path) -> list[str]:
        """Return what runs the program, the environment made first.

        Raises:
            CannotMakeError: A package cannot be had, or there is no Node.
        """
        is_python = self.program.endswith(".py")
        if not (self.environment / ".made").exists():
            shutil.rmtree(self.environment, ignore_errors=True)
            self._make_python() if is_python else self._make_node()
            (self.environment / ".made").touch()
        program = str(PROGRAMS / self.program)
        if is_python:
            return [str(self.environment / "bin" / "python"), program, str(request)]
        return ["node", program, str(request), str(self.environment)]

    def _make_python(self) -> None:
        # Without a pip of its own, and compiling only what is imported: this takes a third of the time.
        venv.create(self.environment)
        pip = [sys.executable, "-m", "pip", "--python", str(self.environment), "install", "--quiet"]
        _run([*pip, "--no-compile", "--disable-pip-version-check", *self.packages])

    def _make_node(self) -> None:
        self.environment.mkdir(parents=True)
        (self.environment / "package.json").write_text('{"private": true}')
        _run(["npm", "install", "--silent", "--prefix", str(self.environment), *self.packages])

    def read(self, tables: Mapping[str, Table]) -> dict[str, Any]:
        """Return the version, and what the engine makes of each table.

        Raises:
            CannotMakeError: As ``command``.
        """
        with tempfile.TemporaryDirectory() as folder:
            request = Path(folder) / "request.json"
            request.write_text(json.dumps({name: one.asked for name, one in tables.items()}))
            output = _run(self.command(request))
        found: dict[str, Any] = json.loads(output.splitlines()[-1])
        return found


class CannotMakeError(Exception):
    """An environment cannot be made, or a program of it does not run."""


READERS = (
    Reader("DuckDB", "read_duckdb.py", ("duckdb==1.1.0", "pytz"), is_oldest=True),
    Reader("DuckDB", "read_duckdb.py", ("duckdb==1.5.6", "pytz")),
    Reader("DuckDB", "read_duckdb.py", ("duckdb==2.0.0", "pytz")),
    Reader(
        "pandas, pyarrow",
        "read_pandas.py",
        ("pyarrow==14.0.0", "pandas==2.1.0", "numpy<2"),
        is_oldest=True,
    ),
    Reader("pandas, pyarrow", "read_pandas.py", ("pandas==3.1.1", "pyarrow==26.0.1")),
    Reader("Polars", "read_polars.py", ("polars==1.0.0",), is_oldest=True),
    Reader("Polars", "read_polars.py", ("polars==2.1.0",)),
    Reader("Spark", "read_spark.py", ("pyspark==3.5.3", "setuptools")),
    Reader("Spark", "read_spark.py", ("pyspark==4.0.1",)),
    Reader("DataFusion", "read_datafusion.py", ("datafusion==55.0.0",)),
    Reader("chDB", "read_chdb.py", ("chdb==4.4.0",)),
    Reader("fastparquet", "read_fastparquet.py", ("fastparquet==2026.9.0",)),
    Reader("Delta Lake", "read_delta.py", ("deltalake==1.6.6", "pyarrow==26.0.1")),
    Reader(
        "DuckLake",
        "read_ducklake.py",
        ("duckdb==1.5.5", "duckdb-extension-ducklake==1.5.5", "pytz"),
    ),
    Reader("hyparquet", "read_hyparquet.mjs", ("hyparquet@1.33.0", "hyparquet-compressors@1.1.2")),
    Reader("DuckDB-WASM", "read_duckdb_wasm.mjs", ("@duckdb/duckdb-wasm@1.20.0",)),
)
"""DuckDB gives times with a zone to Python through pytz. Newer versions of DuckDB-WASM load their Parquet reader from
the web, which Node does not let them."""


def differences(tables: Mapping[str, Table], found: Mapping[str, Any]) -> dict[str, str]:
    """Return what an engine read otherwise, by table."""
    wrong = {}
    for name, table in tables.items():
        own = found[name]
        if "error" in own:
            wrong[name] = own["error"]
        elif not table.is_as(own):
            wrong[name] = f"{own}, not {table.truth}"
    return wrong


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise CannotMakeError(f"there is no {command[0]}") from error
    except subprocess.CalledProcessError as error:
        raise CannotMakeError(f"{' '.join(command)}: {error.stderr[-1000:]}") from error
    return done.stdout


def main() -> None:
    """Try every reader and write the table of the documentation."""
    with tempfile.TemporaryDirectory() as folder:
        tables = write_files(Path(folder))
        lines = ["| engine | version | reads |", "| --- | --- | --- |"]
        for reader in READERS:
            found = reader.read(tables)
            wrong = differences(tables, found["tables"])
            for name, what in wrong.items():
                sys.stderr.write(f"{reader}: {name}: {what}\n")
            reads = f"all but {', '.join(f'`{name}`' for name in wrong)}" if wrong else "all"
            lines.append(f"| {reader.name} | {found['version']} | {reads} |")
            sys.stdout.write(lines[-1] + "\n")
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
