"""Windows over time (Sec. 4.1): a recording cut into passages at its pauses, each with its predominant emotion; flickers removed."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields

import numpy as np

from .emotion_network import EmotionNetwork, Judgement, LevelBy
from .errors import InputError
from .types import EMOTIONS, HEARD, LONGEST_TRANSITION, MOST_LEVEL, Emotion, EmotionTrack, EmotionWindow, Floats
from .voice import LEVEL, STEP, Voice

RANGES = {"window": (1.0, 30.0), "transition": (0.0, LONGEST_TRANSITION), "sensitivity": (0.0, 1.0)}
REACH = 0.35                    # share of a window that its boundary may move to reach a pause
QUIET = 9                       # frames, 0.2 s, over which the level is averaged to find a pause
STAY = 0.7                      # probability that the emotion of one window goes on in the next
SURE, UNSURE = 0.25, 0.75       # least probability of an emotion at sensitivity 1 and 0; below it the window is neutral
NEUTRAL = HEARD.index("neutral")
ADVICE = "correct the emotion settings"


@dataclass(frozen=True)
class EmotionSettings:
    """How emotions are taken from a recording.

    window: seconds t that a passage lasts about; transition: seconds t_trans on both sides of a boundary; sensitivity: 0..1, how
    readily an emotion is believed; level_by: what the intensity is taken from; windows: the user's, which replace what is heard
    where they lie. Raises InputError for a value out of RANGES, and for windows that overlap or are reversed.
    """

    window: float = 3.0
    transition: float = 0.4
    sensitivity: float = 0.5
    level_by: LevelBy = "strength"
    windows: tuple[EmotionWindow, ...] = ()

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise InputError(f"{name} of the emotions is {value!r}", "emotion settings", f"choose a number from {low:g} to {high:g}")
        if self.level_by not in ("strength", "probability"):
            raise InputError(f"the level is taken from {self.level_by!r}", "emotion settings", "choose strength or probability")
        ordered = sorted(self.windows, key=lambda window: window.start)
        for window in ordered:
            check_window(window)
        for first, second in zip(ordered[:-1], ordered[1:], strict=True):
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


AS_HEARD = EmotionSettings()


def chosen(text: str) -> tuple[Emotion, float]:
    """Return category and level of "CATEGORY:LEVEL"; without a level it is 2. Raises InputError for anything else."""
    category, _, level = text.partition(":")
    try:
        window = EmotionWindow(0.0, 1.0, category, float(level or 2))      # type: ignore[arg-type]
    except ValueError as error:
        raise InputError(f"the emotion's level is {level!r}", text, f"choose a number from 0 to {MOST_LEVEL}") from error
    check_window(window)
    return window.category, window.level


def window_from(values: object) -> EmotionWindow:
    """Read one window of a JSON file; raise InputError unless it has start, end, category and level of the right types."""
    known = {entry.name for entry in fields(EmotionWindow)}
    numbers = ("start", "end", "level")
    if not (isinstance(values, dict) and {"category", *numbers} <= set(values) <= known | {"probabilities"}
            and all(isinstance(values[name], int | float) and not isinstance(values[name], bool) for name in numbers)
            and isinstance(values["category"], str) and isinstance(values.get("locked", False), bool)):
        raise InputError(f"{values!r} is no emotion window", "emotion windows", "give start, end, category and level")
    window = EmotionWindow(float(values["start"]), float(values["end"]), values["category"], float(values["level"]),  # type: ignore[arg-type]
                           locked=values.get("locked", False))
    check_window(window)
    return window


def check_window(window: EmotionWindow) -> None:
    """Raise InputError for a window that is reversed, of an unknown category or a level out of range."""
    where = f"emotion window at {window.start:g} s"
    if window.category not in EMOTIONS:
        raise InputError(f"there is no emotion {window.category!r}", where, f"choose of {', '.join(EMOTIONS)}")
    if not 0 <= window.level <= MOST_LEVEL:
        raise InputError(f"the emotion's level is {window.level:g}", where, f"choose a number from 0 to {MOST_LEVEL}")
    if not 0 <= window.start < window.end < float("inf"):
        raise InputError(f"it ends at {window.end:g} s", where, "let a window start at 0 s or later and end after its start")


def passages(voice: Voice, duration: float, length: float) -> list[tuple[float, float]]:
    """Cut a recording of `duration` seconds into passages of about `length`, at the quietest places near even steps."""
    count = max(round(duration / length), 1)
    level = np.convolve(np.pad(voice.prosody[:, LEVEL], QUIET // 2, mode="edge"), np.ones(QUIET) / QUIET, "valid")
    reach = REACH * duration / count / STEP
    cuts = [0.0]
    for number in range(1, count):
        even = duration * number / count / STEP
        first, last = round(even - reach), min(round(even + reach), len(level) - 1)
        near = level[first:last + 1]
        away = np.abs(np.arange(first, last + 1) - even) / max(reach, 1)
        cuts.append(round((first + int(np.argmin(near + 3 * away)) + 0.5) * STEP, 3))
    return list(zip(cuts, [*cuts[1:], duration], strict=True))


def hear(voice: Voice, network: EmotionNetwork, settings: EmotionSettings, *, duration: float, same_voice: Floats | None = None,
         tick: Callable[[float], None] = lambda fraction: None) -> EmotionTrack:
    """Return the windows of a recording with what is heard in each. A passage without speech is neutral."""
    parts = passages(voice, duration, settings.window)
    described = [voice.pool(start, end) for start, end in parts]
    spoken = [index for index, vector in enumerate(described) if vector is not None]
    probabilities = np.zeros((len(parts), len(HEARD)), np.float32)
    probabilities[:, NEUTRAL] = 1
    strength = np.zeros(len(parts), np.float32)
    if spoken:
        judged = network.judge(np.stack([vector for vector in described if vector is not None]), same_voice)
        probabilities[spoken], strength[spoken] = judged.probabilities, judged.strength
        probabilities[spoken] = smoothed(probabilities[spoken])
    tick(1.0)
    judgement = Judgement(probabilities, strength)
    windows = [decide(start, end, judgement.probabilities[index], float(judgement.levels(settings.level_by)[index]), settings)
               for index, (start, end) in enumerate(parts)]
    return EmotionTrack(tuple(windows), settings.transition)


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
    """Return a window with its predominant emotion; one that is not sure enough is neutral at level 1."""
    best = int(probabilities.argmax())
    least = UNSURE + (SURE - UNSURE) * settings.sensitivity
    values = tuple(round(float(value), 4) for value in probabilities)
    if best == NEUTRAL or probabilities[best] < least:
        return EmotionWindow(start, end, "neutral", 1.0, values)
    return EmotionWindow(start, end, HEARD[best], float(min(max(round(level), 1), MOST_LEVEL)), values)


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


def report(track: EmotionTrack, clip: EmotionWindow) -> dict[str, object]:
    """Return what emotion.json holds: the windows, and the whole recording's emotion (DESIGN's form)."""
    def shown(window: EmotionWindow) -> dict[str, object]:
        probabilities = dict(zip(HEARD, window.probabilities, strict=True)) if window.probabilities else {}
        return {**asdict(window), "probabilities": probabilities}

    whole = {name: value for name, value in shown(clip).items() if name in ("category", "level", "probabilities")}
    return {"windows": [shown(window) for window in track.windows], "transition": track.transition, "clip": whole}
