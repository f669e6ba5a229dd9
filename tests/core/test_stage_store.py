"""Stages are shared by what they were made from: made once, whole, and made again when harmed."""

import threading

import numpy as np
import pytest

from core.errors import JobError
from core.files import digest, place, write_arrays
from core.stage_store import StageStore

KEY = "ab" * 32


def job(store, folder, value=1, *, before=lambda: None):
    """Ask for the stage in a job folder; return whether it was made for it, its record and the number in its file."""
    file, ran = folder / "a.npz", []

    def make():
        before()
        ran.append(value)
        write_arrays(file, {"a": np.array(value)})
        return {"files": {"a.npz": digest(file)}, "warnings": ["look here"]}

    folder.mkdir(exist_ok=True)
    record, shared = store.share("head", KEY, (file,), make)
    assert shared == (not ran)
    return bool(ran), record, int(np.load(file)["a"])


def test_the_second_job_takes_the_first_s_result(tmp_path):
    store = StageStore(tmp_path / "store")
    first, second = job(store, tmp_path / "one"), job(store, tmp_path / "two", 2)
    assert (first[0], second[0]) == (True, False) and first[1] == second[1] and second[2] == 1


@pytest.mark.parametrize("harm", ["file", "record", "lost"])
def test_a_harmed_result_is_made_again(tmp_path, harm):
    store = StageStore(tmp_path / "store")
    job(store, tmp_path / "one")
    entry = store.folder / "head" / KEY
    if harm == "lost":
        (entry / "a.npz").unlink()
    else:
        path = entry / ("a.npz" if harm == "file" else "stage.json")
        path.unlink()
        path.write_bytes(b"{")
    assert job(store, tmp_path / "two", 2)[::2] == (True, 2)
    assert job(store, tmp_path / "three", 3)[::2] == (False, 2)
    assert int(np.load(tmp_path / "one" / "a.npz")["a"]) == 1       # what another job has is nobody else's to change


def test_two_that_want_the_same_make_it_once(tmp_path):
    store, results, going = StageStore(tmp_path / "store"), [], threading.Event()
    second = threading.Thread(target=lambda: (going.wait(), results.append(job(store, tmp_path / "two", 2))))
    second.start()
    results.append(job(store, tmp_path / "one", before=going.set))
    second.join()
    assert sorted(made for made, *_ in results) == [False, True] and {value for *_, value in results} == {1}


def test_a_failed_or_killed_stage_leaves_nothing(tmp_path):
    store = StageStore(tmp_path / "store")

    def fail():
        raise JobError("full")

    with pytest.raises(JobError):
        job(store, tmp_path / "one", before=fail)
    rest = store.folder / "head" / f".{KEY}.77.part"
    rest.mkdir(parents=True)
    (rest / "a.npz").write_bytes(b"half")
    assert job(store, tmp_path / "two", 2)[::2] == (True, 2)
    assert [path.name for path in (store.folder / "head").iterdir()] == [KEY]


def test_a_store_that_cannot_be_used(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(JobError, match="cannot use the store"):
        job(StageStore(tmp_path / "file"), tmp_path / "one")


def test_a_file_is_placed_where_there_are_no_links(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"content")

    def refuse(*_):
        raise OSError("no links here")

    monkeypatch.setattr("os.link", refuse)
    place(tmp_path / "a", tmp_path / "sub" / "b")
    assert (tmp_path / "sub" / "b").read_bytes() == b"content" and len(list((tmp_path / "sub").iterdir())) == 1
