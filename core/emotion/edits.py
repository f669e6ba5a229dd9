"""What an artist does to the windows of an emotion track: split, delete, move an edge. They stay without gaps."""

from dataclasses import replace

from ..errors import InputError
from ..types import EmotionTrack

SHORTEST = 0.1                  # seconds of a window


def index_at(track: EmotionTrack, time: float) -> int:
    """Return which window `time`, seconds, lies in; before the first and after the last, that one."""
    return sum(window.end <= time for window in track.windows[:-1])


def split(track: EmotionTrack, time: float) -> EmotionTrack:
    """Return the track with the window at `time`, seconds, cut in two there; raise InputError too close to an edge."""
    index = index_at(track, time)
    window = track.windows[index]
    if not window.start + SHORTEST <= time <= window.end - SHORTEST:
        raise InputError(f"an emotion window of {window.start:.2f} to {window.end:.2f} s cannot be split at {time:.2f} s",
                         "emotion windows", f"go to a frame inside it, at least {SHORTEST:g} s from its edges")
    parts = replace(window, end=time), replace(window, start=time)
    return replace(track, windows=(*track.windows[:index], *parts, *track.windows[index + 1:]))


def remove(track: EmotionTrack, index: int) -> EmotionTrack:
    """Return the track without a window: the one before takes over its time, for the first the one after.

    Raises InputError when there is no such window, or no other.
    """
    windows = list(track.windows)
    if len(windows) < 2 or not 0 <= index < len(windows):
        raise InputError("there is no emotion window that could be deleted" if len(windows) > 1 else
                         "the only emotion window cannot be deleted", "emotion windows", "choose another category for it")
    gone = windows.pop(index)
    neighbour = max(index - 1, 0)
    windows[neighbour] = (replace(windows[neighbour], end=gone.end) if index else replace(windows[neighbour], start=0.0))
    return replace(track, windows=tuple(windows))


def move_edges(track: EmotionTrack, index: int, *, start: float, end: float) -> EmotionTrack:
    """Return the track with other edges of a window: its neighbours follow, and none gets shorter than SHORTEST.

    The recording's start and end stay.
    """
    windows = list(track.windows)
    window = windows[index]
    if index and start != window.start:
        before = windows[index - 1]
        start = between(start, before.start, end if index + 1 < len(windows) else window.end, kept=window.start)
        windows[index - 1] = replace(before, end=start)
        window = replace(window, start=start)
    if index + 1 < len(windows) and end != window.end:
        after = windows[index + 1]
        end = between(end, window.start, after.end, kept=window.end)
        windows[index + 1] = replace(after, start=end)
        window = replace(window, end=end)
    windows[index] = window
    return replace(track, windows=tuple(windows))


def between(edge: float, low: float, high: float, *, kept: float) -> float:
    """Return an edge between two others, SHORTEST from both; `kept` where there is no room."""
    return min(max(edge, low + SHORTEST), high - SHORTEST) if low + SHORTEST <= high - SHORTEST else kept
