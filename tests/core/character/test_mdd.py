"""The point cache has the bytes of its format: big-endian counts, times, points."""

import numpy as np
import pytest

from core.character.mdd import write_mdd
from core.errors import JobError


def test_layout(tmp_path):
    frames = np.arange(2 * 3 * 3, dtype=np.float32).reshape(2, 3, 3)
    write_mdd(tmp_path / "a.mdd", iter(frames), shape=(2, 3), fps=25)
    content = (tmp_path / "a.mdd").read_bytes()
    assert content[:8] == bytes([0, 0, 0, 2, 0, 0, 0, 3])
    numbers = np.frombuffer(content, ">f4", offset=8)
    np.testing.assert_array_equal(numbers[:2], np.array([0, 0.04], np.float32))
    np.testing.assert_array_equal(numbers[2:], frames.ravel())


def test_an_error_half_way_leaves_the_old_file(tmp_path):
    (tmp_path / "a.mdd").write_text("old")

    def frames():
        yield np.zeros((3, 3), np.float32)
        raise OSError(28, "No space left on device")
    with pytest.raises(JobError, match="cannot write"):
        write_mdd(tmp_path / "a.mdd", frames(), shape=(2, 3), fps=25)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mdd"] and (tmp_path / "a.mdd").read_text() == "old"
