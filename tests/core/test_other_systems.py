"""What Windows does otherwise, with stand-ins for its calls: replacing files that are read, locks, the watch of the parent."""

import ctypes
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from core import files, locks, pack_archive, worker
from core.errors import JobError
from core.files import read_json, write_json
from core.stage_store import StageStore

WINDOWS = SimpleNamespace(platform="win32")


@pytest.fixture
def windows(monkeypatch):
    """Files and locks believe to be on Windows; waiting takes no time, and is noted."""
    waited = []
    for module in (files, locks):
        monkeypatch.setattr(module, "sys", WINDOWS)
        monkeypatch.setattr(module, "time", SimpleNamespace(sleep=waited.append))
    return waited


@pytest.fixture
def in_use(monkeypatch):
    """Let another program read a file for so many tries to replace it."""
    tries, replace = [], Path.replace

    def start(busy):
        def refuse(self, target):
            tries.append(target)
            if len(tries) <= busy:
                raise PermissionError(13, "Permission denied")
            return replace(self, target)

        monkeypatch.setattr(Path, "replace", refuse)
        return tries
    return start


def test_a_file_that_is_read_meanwhile_is_replaced_when_it_is_free(windows, in_use, tmp_path):
    write_json(tmp_path / "a.json", {"old": 1})
    tries = in_use(3)
    write_json(tmp_path / "a.json", {"new": 2})
    assert read_json(tmp_path / "a.json", JobError) == {"new": 2}
    assert len(tries) == 4 and windows == list(files.PATIENCE[:3]) and sum(files.PATIENCE) < 1.5


def test_one_that_stays_in_use_is_told_and_the_old_one_stays(windows, in_use, tmp_path):
    write_json(tmp_path / "a.json", {"old": 1})
    in_use(99)
    with pytest.raises(JobError, match="cannot write .*a.json"):
        write_json(tmp_path / "a.json", {"new": 2})
    assert read_json(tmp_path / "a.json", JobError) == {"old": 1} and [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert windows == list(files.PATIENCE)


@pytest.fixture
def once_in_use(monkeypatch):
    """Let another program read whatever is moved when that is first tried; return what was."""
    seen, replace = set(), Path.replace

    def refuse(self, target):
        if self not in seen:
            seen.add(self)
            raise PermissionError(13, "Permission denied")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    return seen


def test_a_stage_s_folder_that_is_read_meanwhile_is_kept_when_it_is_free(windows, once_in_use, tmp_path):
    (tmp_path / "a.npz").write_bytes(b"content")
    StageStore(tmp_path).keep(tmp_path / "stage" / "key", [tmp_path / "a.npz"], {"files": {}, "warnings": []})
    assert sorted(path.name for path in (tmp_path / "stage" / "key").iterdir()) == ["a.npz", "stage.json"]
    assert len(once_in_use) == len(windows) == 3                        # the file, the record, the folder


def test_a_pack_that_is_read_meanwhile_comes_back_when_it_is_free(windows, once_in_use, tmp_path):
    (tmp_path / "pack").mkdir()
    with pytest.raises(FileNotFoundError):
        pack_archive.replace(tmp_path / "pack", tmp_path / "lost")
    assert [path.name for path in tmp_path.iterdir()] == ["pack"] and len(once_in_use) == len(windows) == 3


def test_elsewhere_a_refusal_is_told_at_once(in_use, tmp_path):
    tries = in_use(99)
    with pytest.raises(JobError, match="cannot write"):
        write_json(tmp_path / "a.json", {})
    assert len(tries) == 1


@pytest.fixture
def held_for(monkeypatch):
    """Let another process hold the lock for so many tries; returns what was locked."""
    def start(busy):
        calls = []

        def locking(number, mode, count):
            calls.append((os.fstat(number).st_size, mode, count))
            if len(calls) <= busy:
                raise OSError(36, "Resource deadlock avoided")

        monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(locking=locking, LK_NBLCK=2))
        return calls
    return start


def test_a_lock_is_of_one_byte_and_waits_only_if_it_is_to(windows, held_for, tmp_path):
    calls = held_for(2)
    with locks.held(tmp_path / "new" / ".lock", wait=True):
        assert calls == [(0, 2, 1)] * 3 and len(windows) == 2       # of an empty file: it is the same byte for everyone
    calls = held_for(1)
    with pytest.raises(OSError, match="deadlock"), locks.held(tmp_path / ".lock", wait=False):
        pass
    assert len(calls) == 1


def test_the_worker_waits_for_its_parents_process_and_ends(monkeypatch):
    done = []

    def open_process(access, inherit, number):
        done.append(("open", access, inherit, number))
        return 7

    def wait(handle, milliseconds):
        done.append(("wait", handle.value, milliseconds))

    kernel = SimpleNamespace(OpenProcess=open_process, WaitForSingleObject=wait)
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
    monkeypatch.setattr(worker, "sys", WINDOWS)
    monkeypatch.setattr(worker, "os", SimpleNamespace(getppid=lambda: 4711, _exit=lambda code: done.append(("exit", code))))
    worker.end_with_parent()                                        # standard input is not touched there
    assert done == [("open", 0x00100000, False, 4711), ("wait", 7, 0xFFFFFFFF), ("exit", worker.BUG)]
