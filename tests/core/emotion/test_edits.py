"""Windows stay without gaps whatever an artist does to them."""

import pytest

from core.emotion.edits import SHORTEST, index_at, move_edges, remove, split
from core.errors import InputError
from core.types import EmotionTrack, EmotionWindow

TRACK = EmotionTrack((EmotionWindow(0.0, 2.0, "happy", 1.0), EmotionWindow(2.0, 5.0, "sad", 2.0),
                      EmotionWindow(5.0, 6.0, "fear", 3.0)), 0.4)


def edges(track):
    return [0.0, *(window.end for window in track.windows)]


@pytest.mark.parametrize(("time", "index"), [(-1, 0), (0, 0), (1.99, 0), (2, 1), (5, 2), (6, 2), (9, 2)])
def test_every_time_has_a_window(time, index):
    assert index_at(TRACK, time) == index


def test_split():
    track = split(TRACK, 3.0)
    assert edges(track) == [0, 2, 3, 5, 6]
    assert [window.category for window in track.windows] == ["happy", "sad", "sad", "fear"]


@pytest.mark.parametrize("time", [-1.0, 0.0, 2.0, 2.05, 4.95, 6.0, 7.0])
def test_a_split_too_close_to_an_edge_is_one_sentence(time):
    with pytest.raises(InputError, match="cannot be split at .*go to a frame inside it"):
        split(TRACK, time)


@pytest.mark.parametrize(("index", "left", "wanted"), [(0, ["sad", "fear"], [0, 5, 6]), (1, ["happy", "fear"], [0, 5, 6]),
                                                        (2, ["happy", "sad"], [0, 2, 6])])
def test_a_neighbour_takes_over(index, left, wanted):
    track = remove(TRACK, index)
    assert [window.category for window in track.windows] == left and edges(track) == wanted


@pytest.mark.parametrize("index", [-1, 3])
def test_a_window_that_is_not_there_cannot_be_deleted(index):
    with pytest.raises(InputError, match="no emotion window"):
        remove(TRACK, index)


def test_the_only_window_cannot_be_deleted():
    with pytest.raises(InputError, match="only emotion window"):
        remove(EmotionTrack((EmotionWindow(0.0, 2.0, "happy", 1.0),), 0.4), 0)


@pytest.mark.parametrize(("index", "start", "end", "wanted"), [
    (1, 1.0, 5.5, [0, 1, 5.5, 6]), (1, -3.0, 5.0, [0, SHORTEST, 5, 6]), (1, 2.0, 9.0, [0, 2, 6 - SHORTEST, 6]),
    (1, 5.5, 5.0, [0, 5 - SHORTEST, 5, 6]), (1, 2.0, 1.0, [0, 2, 2 + SHORTEST, 6]), (0, 1.0, 2.0, [0, 2, 5, 6]),
    (2, 5.0, 3.0, [0, 2, 5, 6]), (2, 4.0, 9.0, [0, 2, 4, 6])])
def test_neighbours_follow_an_edge_and_none_vanishes(index, start, end, wanted):
    assert edges(move_edges(TRACK, index, start=start, end=end)) == pytest.approx(wanted)


def test_where_there_is_no_room_an_edge_stays():
    track = EmotionTrack((EmotionWindow(0.0, 0.05, "happy", 1.0), EmotionWindow(0.05, 0.1, "sad", 2.0)), 0.4)
    assert move_edges(track, 1, start=0.08, end=0.1) == track
