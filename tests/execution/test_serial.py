"""The reference executor: an executor like any other, but everything happens here and now."""

from __future__ import annotations

import threading

import pytest

from closedworld.execution import SerialExecutor


def test_a_call_is_done_when_submit_returns() -> None:
    done: list[int] = []
    future = SerialExecutor().submit(done.append, 1)
    assert done == [1]
    assert future.done()
    assert future.result() is None


def test_arguments_and_keywords_are_handed_on() -> None:
    assert SerialExecutor().submit(int, "ff", base=16).result() == 255


def test_the_work_is_done_in_this_thread() -> None:
    assert SerialExecutor().submit(threading.get_ident).result() == threading.get_ident()


def test_an_exception_ends_up_in_the_future() -> None:
    future = SerialExecutor().submit(int, "no number")
    assert isinstance(future.exception(), ValueError)
    with pytest.raises(ValueError, match="no number"):
        future.result()


@pytest.mark.parametrize("signal", [KeyboardInterrupt, SystemExit])
def test_a_request_to_stop_is_not_kept_back(signal: type[BaseException]) -> None:
    def work() -> None:
        raise signal

    with pytest.raises(signal):
        SerialExecutor().submit(work)


def test_map_and_the_context_manager_work_as_in_any_executor() -> None:
    with SerialExecutor() as executor:
        assert list(executor.map(str, [1, 2])) == ["1", "2"]
