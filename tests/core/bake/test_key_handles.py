"""Tables of segments: what Blender's rule makes of the same keys and handles."""

import numpy as np
import pytest

from core.bake.bezier import BezierKeys
from core.bake.key_handles import FINEST, GRID, LONGEST, coarse, fine, usual


def shown(length, lengths, rise, leaving, arriving):
    """Values inside a segment from 0 to `rise` whose slopes a frame are `leaving` and `arriving`."""
    points = np.array([[0, 0], [length, rise]], np.float32)
    out, back = length * lengths
    left = np.array([[-1, 0], [length - back, rise - arriving * back]], np.float32)
    right = np.array([[out, leaving * out], [length + 1, rise]], np.float32)
    return BezierKeys(points, left, right).at(np.arange(1, length, dtype=np.float64))


@pytest.mark.parametrize("length", [2, 7, FINEST, LONGEST, LONGEST + 30])
def test_tables_have_the_values_of_the_keys(length):
    tables = [usual(length)]
    if length <= LONGEST:
        tables.append(coarse(length))
    if length <= FINEST:
        tables += [tuple(table[choice] for table in fine(length)) for choice in (0, 11)]
    for shapes, lengths in tables:
        found = (np.array([0.5, 0.02 * length, 0.01 * length], np.float32) @ shapes).reshape(length - 1, len(lengths))
        for choice in range(0, len(lengths), 5):
            np.testing.assert_allclose(found[:, choice], shown(length, lengths[choice], 0.5, 0.02, 0.01), atol=2e-6)


def test_of_a_long_segment_whose_third_is_off_the_grid_they_are_nearly_those():
    shapes, lengths = usual(LONGEST + 31)
    found = np.array([0.5, 0.02 * 91, 0.01 * 91], np.float32) @ shapes
    np.testing.assert_allclose(found, shown(91, lengths[0], 0.5, 0.02, 0.01), atol=1e-5)


@pytest.mark.parametrize("length", [2, 9])
def test_handles_end_on_the_grid_within_the_segment(length):
    for lengths in (coarse(length)[1], fine(length)[1]):
        ends = lengths.astype(np.float64) * length * GRID
        np.testing.assert_allclose(ends, np.rint(ends), atol=1e-3)
        assert (lengths > 0).all() and (lengths < 1).all()


def test_finer_lengths_lie_around_those_that_they_refine():
    _, lengths = coarse(10)
    _, finer = fine(10)
    assert (finer.min(axis=1) <= lengths).all() and (lengths <= finer.max(axis=1)).all()
    assert finer.shape[1] > 9 and all(len(np.unique(choices, axis=0)) == len(choices) for choices in finer[::7])
