"""Two functions at the same time, where two threads may be used."""

import threading

import pytest

from core.threads import VARIABLE, both


def test_two_functions_run_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "2")
    meeting = threading.Barrier(2, timeout=60)          # broken, which raises, if one has to end before the other begins
    assert sorted(both(meeting.wait, meeting.wait)) == [0, 1]
    assert both(lambda: "one", lambda: 2) == ("one", 2)


def test_one_thread_runs_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "1")
    threads = both(threading.get_ident, threading.get_ident)
    assert threads == (threading.get_ident(),) * 2


@pytest.mark.parametrize("count", ["1", "2"])
def test_what_either_raises_is_raised(monkeypatch: pytest.MonkeyPatch, count: str) -> None:
    monkeypatch.setenv(VARIABLE, count)
    for functions in ((lambda: 1 / 0, lambda: 1), (lambda: 1, lambda: 1 / 0)):
        with pytest.raises(ZeroDivisionError):
            both(*functions)
