"""The fewest keys that segments allow, against every set of keys there is."""

from itertools import combinations, pairwise, product

import numpy as np
import pytest

from core.bake.key_path import Path
from core.bake.key_reduction import Chain
from core.bake.key_segments import STATES, Segments


def made(curves, tolerance=0.02, fixed=(), tops=()):
    """Segments of curves (C, T), with keys that must be at (curve, frame)."""
    curves = np.asarray(curves, np.float32)
    marks = [np.zeros(curves.shape, bool), np.zeros(curves.shape, bool)]
    for mark, places in zip(marks, ((*fixed, *tops), tops), strict=True):
        for place in places:
            mark[place] = True
    return Segments(curves, np.full(len(curves), tolerance, np.float32), *marks)


def rough(frames, seed):
    return np.convolve(np.random.default_rng(seed).uniform(0, 1, frames + 4), np.ones(5) / 5, "valid")


def least(segments):
    """How many keys the first curve needs at least, by trying all."""
    found = set(zip(segments.source[segments.errors <= 1], segments.target[segments.errors <= 1], strict=True))
    frames = segments.shape[1]
    begins, ends = (np.flatnonzero(places[:frames]) for places in (segments.begins, segments.ends))
    for count in range(1, frames + 1):
        for places in combinations(range(frames), count):
            if places[0] not in begins or places[-1] not in ends:
                continue
            for states in product(*([0] if place in (places[0], places[-1]) else range(STATES) for place in places)):
                way = [STATES * place + state for place, state in zip(places, states, strict=True)]
                if all(step in found for step in pairwise(way)):
                    return count
    raise AssertionError


@pytest.mark.parametrize("seed", range(6))
def test_no_fewer_keys_would_do(seed):
    curve = rough(9, seed)
    segments = made([curve])
    places, slopes, lengths = Path(segments).fewest()
    assert len(places) == least(segments) < 9
    assert slopes.shape == (len(places),) and lengths.shape == (len(places), 2)


def least_of_all(segments):
    """The same for longer curves, with segments between any two frames: how many keys reach each state, frame after frame."""
    frames = segments.shape[1]
    counts = np.full((frames, STATES), np.inf)
    counts[segments.begins, 0] = 1
    for end in range(1, frames):
        for begin in range(end):
            source, target = segments.states(np.array([begin]), end - begin)
            errors, _ = segments.fit(source, target, end - begin)
            reached = np.where(errors <= 1, counts[begin, source % STATES] + 1, np.inf)
            np.minimum.at(counts[end], target % STATES, reached)
    return counts[segments.ends, 0].min()


@pytest.mark.parametrize(("seed", "width"), [(0, 7), (1, 11), (2, 7), (2, 11)])
def test_segments_that_are_not_tried_are_not_missed(seed, width):
    kernel = np.hanning(width + 2)[1:-1]
    segments = made([np.convolve(rough(29 + width, seed), kernel / kernel.sum(), "valid")[:30]])
    assert len(Path(segments).fewest()[0]) == least_of_all(segments) < 15


def test_outer_handles_are_level():
    curves = np.array([rough(40, seed) for seed in range(30)])
    places, slopes, _ = Path(made(curves, 0.1)).fewest()
    outer = np.append(True, np.diff(places // 40) > 0) | np.append(np.diff(places // 40) > 0, True)
    assert (slopes[outer] == 0).all() and (slopes[~outer] != 0).any()


def test_keys_that_must_be_there_are_and_curves_are_apart():
    curves = [rough(40, 7), rough(40, 8), rough(40, 9)]
    together, _, _ = Path(made(curves, fixed=[(1, 17)], tops=[(2, 5)])).fewest()
    assert {40 + 17, 80 + 5} <= set(together)
    alone, _, _ = Path(made(curves[:1])).fewest()
    np.testing.assert_array_equal(together[together < 40], alone)


@pytest.mark.parametrize("seed", [16, 17, 18])
def test_peaks_are_level_and_the_curve_goes_down_from_them(seed):
    curve = rough(44, seed).astype(np.float32)
    tops = [place for place in range(2, 42) if curve[place - 1] < curve[place] >= curve[place + 1]]
    places, slopes, lengths = Path(made([curve], tops=[(0, top) for top in tops])).fewest()
    (keys,) = Chain(curve[None], places, slopes, lengths).keys()
    assert (slopes[np.isin(places, tops)] == 0).all() and len(tops) >= 4
    for first, second in pairwise(places):                      # a peak beside a higher one is the lower end
        if (first if curve[first] > curve[second] else second) in tops:
            assert keys.at(np.linspace(first, second, 60)).max() <= max(curve[first], curve[second]) + 1e-6


def test_a_lower_tolerance_is_kept_to_and_needs_more_keys():
    curve = rough(60, 3)
    segments = made([curve], 0.05)
    path = Path(segments)
    before, _, _ = path.fewest()
    between = np.setdiff1d(np.arange(60), before)
    segments.tighten(between, np.zeros(len(between)))
    after, _, _ = path.fewest()
    assert len(after) > len(before)
    segments = made([curve], 0.05)
    path = Path(segments)
    segments.tighten(between[:1], np.zeros(1))
    after, _, _ = path.fewest()
    assert between[0] in after


def test_lengths_grow_and_begin_on_fewer_frames():
    segments = made([0.001 * np.sin(np.arange(400) / 3)], tolerance=0.004, fixed=[(0, 0), (0, 399)])
    assert len(segments.source) < 400 * 80
    places, _, _ = Path(segments).fewest()
    np.testing.assert_array_equal(places, [0, 399])
