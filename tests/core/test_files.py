"""Files are whole or not there, and reading them trusts nothing."""

import numpy as np
import pytest

from core.errors import JobError, PackError
from core.files import digest, read_arrays, read_json, write_arrays, write_atomically, write_image, write_json


def test_arrays_come_back(tmp_path):
    values = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "names": np.array(["x", "jawOpen"])}
    write_arrays(tmp_path / "new folder" / "a.npz", values)
    stored = read_arrays(tmp_path / "new folder" / "a.npz", ("a", "names"), JobError)
    assert (stored["a"] == values["a"]).all() and list(stored["names"]) == ["x", "jawOpen"]


def test_a_file_holds_what_it_was_given_and_nothing_else(tmp_path):
    write_arrays(tmp_path / "a.npz", {"a": np.arange(3)})
    with np.load(tmp_path / "a.npz") as stored:
        assert stored.files == ["a"]


def test_objects_are_not_written(tmp_path):
    with pytest.raises(TypeError, match="b holds objects"):
        write_arrays(tmp_path / "a.npz", {"a": np.arange(3), "b": np.array([{}])})
    assert not list(tmp_path.iterdir())


def test_a_failing_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"old": 1})

    def half(file):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(JobError, match="No space left"):
        write_atomically(path, half)
    assert read_json(path, JobError) == {"old": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "a").write_text("x")
    with pytest.raises(JobError, match="cannot write"):
        write_image(tmp_path / "a" / "b.png", np.zeros((4, 4, 3), np.uint8))


def test_pickles_are_never_loaded(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(PackError, match="damaged"):
        read_arrays(tmp_path / "a.npz", ("a",), PackError)


@pytest.mark.parametrize("cut", [0, 10, 100, -5])
def test_truncated_arrays(tmp_path, cut):
    write_arrays(tmp_path / "a.npz", {"a": np.arange(1000)})
    (tmp_path / "a.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:cut])
    with pytest.raises(JobError, match="damaged"):
        read_arrays(tmp_path / "a.npz", ("a",), JobError)


def test_missing_arrays_are_named(tmp_path):
    write_arrays(tmp_path / "a.npz", {"a": np.arange(3)})
    with pytest.raises(PackError, match="lacks b, c"):
        read_arrays(tmp_path / "a.npz", ("a", "b", "c"), PackError)


def test_what_files_of_before_lack_is_made_up_for(tmp_path):
    write_arrays(tmp_path / "a.npz", {"a": np.arange(3), "new": np.array("x")})
    later = {"new": "y", "newer": "z"}
    stored = read_arrays(tmp_path / "a.npz", ("a",), JobError, later=later)
    assert {name: str(stored[name]) for name in later} == {"new": "x", "newer": "z"}


@pytest.mark.parametrize("text", ["", "[1]", "{", "nonsense"])
def test_json_that_is_no_object(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(JobError):
        read_json(tmp_path / "a.json", JobError)


def test_digest_is_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")        # FIPS 180-2, appendix B.1
    assert digest(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
