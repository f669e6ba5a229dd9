"""Windows over time (Sec. 4.1): each passage's predominant emotion, flickers removed, and the user's own windows."""

from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from ..choices import HEARING_RANGES, SENSITIVITY, TRANSITION, WINDOW
from ..errors import InputError, JobError
from ..files import read_json
from ..types import (
    EMOTIONS,
    FUSIONS,
    HEARD,
    MOST_LEVEL,
    Emotion,
    EmotionTrack,
    EmotionWindow,
    Floats,
    Fusing,
    LevelBy,
)

if TYPE_CHECKING:                       # the networks' runtime is not for those who only read
    from .hearing import Heard

NEUTRAL = HEARD.index("neutral")
RANGES = HEARING_RANGES
STAY = 0.7                      # probability that the emotion of one window goes on in the next
SURE, UNSURE = 0.2, 0.6         # least probability of an emotion at sensitivity 1 and 0; below it the window is neutral
STRONG = 0.5                    # least probability of an emotion that may be stronger than level 1
ADVICE = "correct the emotion settings"


@dataclass(frozen=True)
class EmotionSettings:
    """How emotions are taken from a recording.

    window: seconds t that a passage lasts about; transition: seconds t_trans on both sides of a boundary; sensitivity: 0..1, how
    readily an emotion is believed; level_by: what the intensity is taken from; fusion: how emotion and speech become one face, in
    shape weights or on the mesh (Sec. 4.3, docs/funet.md); windows: the user's, which replace what is heard where they lie.
    Raises InputError for a value out of RANGES, and for windows that overlap or are reversed.
    """

    window: float = WINDOW
    transition: float = TRANSITION
    sensitivity: float = SENSITIVITY
    level_by: LevelBy = "strength"
    fusion: Fusing = "shapes"
    windows: tuple[EmotionWindow, ...] = ()

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if not is_number(value) or not low <= value <= high:
                raise InputError(f"{name} of the emotions is {value!r}", "emotion settings",
                                 f"choose a number from {low:g} to {high:g}")
        if self.level_by not in ("strength", "probability"):
            raise InputError(f"the level is taken from {self.level_by!r}", "emotion settings", "choose strength or probability")
        if self.fusion not in FUSIONS:
            raise InputError(f"the fusion of emotion and speech is {self.fusion!r}", "emotion settings",
                             f"choose of {', '.join(FUSIONS)}")
        ordered = sorted(self.windows, key=lambda window: window.start)
        for window in ordered:
            check_window(window)
        for first, second in pairwise(ordered):
            if second.start < first.end:
                raise InputError(f"two emotion windows overlap at {second.start:g} s", "emotion windows", "move or delete one of them")
        object.__setattr__(self, "windows", tuple(ordered))

    @classmethod
    def from_json(cls, values: object) -> "EmotionSettings":
        """Read what `asdict` gave to a JSON file; what is missing is as usual. Raises InputError for anything else."""
        if not isinstance(values, dict):
            raise InputError("the emotion settings are no JSON object", "emotion settings", ADVICE)
        known = {entry.name for entry in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise InputError(f"there is no emotion setting {', '.join(unknown)}", "emotion settings",
                             f"choose of {', '.join(sorted(known))}")
        windows = values.get("windows", [])
        if not isinstance(windows, list):
            raise InputError("the emotion windows are no list", "emotion windows", ADVICE)
        return cls(**{**values, "windows": tuple(map(window_from, windows))})


def chosen(text: str) -> tuple[Emotion, float]:
    """Return category and level of "CATEGORY:LEVEL"; without a level it is 2. Raises InputError for anything else."""
    category, _, level = text.partition(":")
    try:
        window = EmotionWindow(0.0, 1.0, cast(Emotion, category), float(level or 2))
    except ValueError as error:
        raise InputError(f"the emotion's level is {level!r}", text, f"choose a number from 0 to {MOST_LEVEL}") from error
    check_window(window)
    return window.category, window.level


def window_from(values: object) -> EmotionWindow:
    """Read one window of a JSON file; raise InputError unless it has start, end, category and level of the right types."""
    known = {entry.name for entry in fields(EmotionWindow)}
    numbers = ("start", "end", "level")
    if not (isinstance(values, dict) and {"category", *numbers} <= set(values) <= known
            and all(is_number(values[name]) for name in numbers)
            and isinstance(values["category"], str) and isinstance(values.get("locked", False), bool)):
        raise InputError(f"{values!r} is no emotion window", "emotion windows", "give start, end, category and level")
    heard = values.get("probabilities") or {}
    if not isinstance(heard, dict) or (heard and set(heard) != set(HEARD)) or not all(map(is_number, heard.values())):
        raise InputError(f"the probabilities are {heard!r}", "emotion windows",
                         f"give a number for each of {', '.join(HEARD)}, or none")
    probabilities = tuple(float(heard[name]) for name in HEARD) if heard else ()
    window = EmotionWindow(float(values["start"]), float(values["end"]), cast(Emotion, values["category"]), float(values["level"]),
                           probabilities, values.get("locked", False))
    check_window(window)
    return window


def is_number(value: object) -> bool:
    """Whether a value of a JSON file is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def check_window(window: EmotionWindow) -> None:
    """Raise InputError for a window that is reversed, of an unknown category or a level out of range."""
    where = f"emotion window at {window.start:g} s"
    if window.category not in EMOTIONS:
        raise InputError(f"there is no emotion {window.category!r}", where, f"choose of {', '.join(EMOTIONS)}")
    if not 0 <= window.level <= MOST_LEVEL:
        raise InputError(f"the emotion's level is {window.level:g}", where, f"choose a number from 0 to {MOST_LEVEL}")
    if not 0 <= window.start < window.end < float("inf"):
        raise InputError(f"it ends at {window.end:g} s", where, "let a window start at 0 s or later and end after its start")


def track_of(heard: "Heard", settings: EmotionSettings) -> EmotionTrack:
    """Return the windows of a recording: what is heard in each passage, flickers smoothed, and the user's windows where they lie.

    Raises InputError for a window of the user's that starts past the recording's end.
    """
    judged = heard.passages
    probabilities = judged.probabilities.copy()
    probabilities[heard.spoken] = smoothed(probabilities[heard.spoken])
    levels = judged.levels(settings.level_by)
    edges = pairwise(heard.cuts)
    windows = [decide(round(float(start), 4), round(float(end), 4), probabilities[index], float(levels[index]), settings)
               for index, (start, end) in enumerate(edges)]
    return overlay(EmotionTrack(tuple(windows), settings.transition), settings.windows)


def whole_of(heard: "Heard", settings: EmotionSettings) -> EmotionWindow:
    """Return the emotion of the whole recording."""
    level = float(heard.whole.levels(settings.level_by)[0])
    return decide(0.0, round(float(heard.cuts[-1]), 4), heard.whole.probabilities[0], level, settings)


def constant(category: Emotion, level: float, duration: float, settings: EmotionSettings) -> EmotionTrack:
    """Return one emotion for `duration` seconds, with the user's windows in its place where they lie."""
    return overlay(EmotionTrack((EmotionWindow(0.0, duration, category, level),), settings.transition), settings.windows)


def smoothed(probabilities: Floats) -> Floats:
    """Return the probabilities (M, 7) of windows in sequence when an emotion tends to go on: forward and backward sums of a chain."""
    others = (1 - STAY) / (len(HEARD) - 1)
    step = np.full((len(HEARD), len(HEARD)), others) + np.eye(len(HEARD)) * (STAY - others)
    forward, backward = np.ones_like(probabilities, np.float64), np.ones_like(probabilities, np.float64)
    for index in range(1, len(probabilities)):
        before = forward[index - 1] * probabilities[index - 1] @ step
        forward[index] = before / before.sum()
        after = step @ (backward[-index] * probabilities[-index])
        backward[-index - 1] = after / after.sum()
    product = forward * probabilities * backward
    return np.asarray(product / product.sum(axis=1, keepdims=True), np.float32)


def decide(start: float, end: float, probabilities: Floats, level: float, settings: EmotionSettings) -> EmotionWindow:
    """Return a window with its predominant emotion; one that is not sure enough is neutral at level 1, one hardly so is weak."""
    best = int(probabilities.argmax())
    least = UNSURE + (SURE - UNSURE) * settings.sensitivity
    values = tuple(round(float(value), 4) for value in probabilities)
    if best == NEUTRAL or probabilities[best] < least:
        return EmotionWindow(start, end, "neutral", 1.0, values)
    highest = MOST_LEVEL if probabilities[best] >= STRONG else 1
    return EmotionWindow(start, end, HEARD[best], float(min(max(round(level), 1), highest)), values)


def overlay(heard: EmotionTrack, windows: tuple[EmotionWindow, ...]) -> EmotionTrack:
    """Return the track with the user's windows in place of what is heard where they lie; raise InputError for one past the end."""
    duration = heard.windows[-1].end
    result: list[EmotionWindow] = []
    for window in windows:
        if window.start >= duration:
            raise InputError(f"it starts after the recording's end at {duration:.2f} s", f"emotion window at {window.start:g} s",
                             "move or delete it")
    own = [cut(window, window.start, min(window.end, duration)) for window in windows]
    free = [0.0, *(edge for window in own for edge in (window.start, window.end)), duration]
    for start, end in zip(free[::2], free[1::2], strict=True):
        result += [cut(window, max(window.start, start), min(window.end, end)) for window in heard.windows
                   if max(window.start, start) < min(window.end, end)]
    return EmotionTrack(tuple(sorted((*result, *own), key=lambda window: window.start)), heard.transition)


def cut(window: EmotionWindow, start: float, end: float) -> EmotionWindow:
    """Return the window with another start and end, seconds."""
    return EmotionWindow(start, end, window.category, window.level, window.probabilities, window.locked)


def report(track: EmotionTrack, whole: EmotionWindow | None = None) -> dict[str, object]:
    """Return what emotion.json holds (docs/emotion.md): the windows, the transition, and the whole recording's emotion if known."""
    def shown(window: EmotionWindow) -> dict[str, object]:
        probabilities = dict(zip(HEARD, window.probabilities, strict=True)) if window.probabilities else {}
        return {**asdict(window), "probabilities": probabilities}

    result: dict[str, object] = {"windows": [shown(window) for window in track.windows], "transition": track.transition}
    if whole is not None:
        result["clip"] = {name: value for name, value in shown(whole).items() if name in ("category", "level", "probabilities")}
    return result


def read_track(path: Path) -> EmotionTrack:
    """Read the track of an emotion.json; raise JobError when it is damaged."""
    values = read_json(path, JobError)
    windows, transition = values.get("windows"), values.get("transition")
    try:
        if not isinstance(windows, list) or not is_number(transition):
            raise ValueError("it has no windows or no transition")
        return EmotionTrack(tuple(map(window_from, windows)), float(str(transition)))
    except (ValueError, InputError) as error:
        raise JobError(f"the file is damaged ({error})", path, "delete it and make it again") from error
