"""The coarticulation teacher: phones with times -> how the mouth moves, by written rules.

Every phone has a target for each channel and a strength with which it insists on it; strengths fall off exponentially
outside the phone, at a rate of the channel, and the motion is their weighted mean (dominance functions: Cohen and
Massaro, 1993). So /s/ in "soon" is rounded by its vowel, while /f/ never gives up its lip. Contacts are not left to the
mean: lips seal for p b m and stay shut for at least 50 ms (seen at 24 pictures a second), the lower lip meets the upper
teeth for f v.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.speech.articulation import CHANNELS

from .phones import Phone

Motion = NDArray[np.float32]
GRID = 240.0                    # Hz at which rules are evaluated
SHORTEST_SEAL = 0.05            # s
LABIODENTAL_APERTURE = 0.2       # the lower lip meets the teeth, not the upper lip
SEAL_PHONES = ("pcl", "bcl", "m")
DEFAULT_STRENGTH = 0.35
#         rate outside the phone, 1/s; before (anticipation) and after (carry-over)
RATES = {"jaw": (14, 14), "aperture": (26, 24), "pucker": (9, 13), "funnel": (12, 15), "spread": (14, 14),
         "lower": (20, 20), "labiodental": (34, 34), "press": (30, 30), "tongue_tip": (24, 24),
         "tongue_back": (20, 20), "tongue_out": (26, 26)}

# channel: value or (value, strength); what is not named is 0 with DEFAULT_STRENGTH
Entry = float | tuple[float, float]
VOWEL_RULES: dict[str, dict[str, Entry]] = {
    "aa": {"jaw": (1.0, 1), "aperture": (1.0, 1)},
    "ae": {"jaw": (0.9, 1), "aperture": (0.95, 1), "spread": (0.5, 0.8)},
    "ah": {"jaw": (0.65, 0.8), "aperture": (0.68, 0.9)},
    "ao": {"jaw": (0.85, 1), "aperture": (0.82, 1), "pucker": (0.3, 0.8), "funnel": (0.45, 0.8)},
    "ax": {"jaw": (0.4, 0.4), "aperture": (0.46, 0.7)},
    "eh": {"jaw": (0.65, 0.9), "aperture": (0.72, 1), "spread": (0.45, 0.8)},
    "er": {"jaw": (0.4, 0.7), "aperture": (0.45, 0.9), "funnel": (0.35, 0.7), "pucker": (0.15, 0.5),
           "tongue_tip": (0.3, 0.6)},
    "ih": {"jaw": (0.35, 0.7), "aperture": (0.45, 0.9), "spread": (0.5, 0.8), "tongue_tip": (0.15, 0.3)},
    "iy": {"jaw": (0.25, 0.8), "aperture": (0.4, 1), "spread": (0.9, 1), "lower": (0.3, 0.6), "tongue_tip": (0.2, 0.4)},
    "uh": {"jaw": (0.35, 0.7), "aperture": (0.4, 0.9), "pucker": (0.55, 0.9), "funnel": (0.3, 0.6),
           "tongue_back": (0.2, 0.4)},
    "uw": {"jaw": (0.25, 0.8), "aperture": (0.3, 1), "pucker": (1.0, 1), "funnel": (0.2, 0.6),
           "tongue_back": (0.3, 0.5)},
    "ue": {"jaw": (0.25, 0.8), "aperture": (0.3, 1), "pucker": (0.95, 1), "funnel": (0.2, 0.6),
           "tongue_tip": (0.2, 0.4)},
    "oe": {"jaw": (0.4, 0.8), "aperture": (0.42, 1), "pucker": (0.8, 1), "funnel": (0.3, 0.6)},
}
OH: dict[str, Entry] = {"jaw": (0.55, 0.9), "aperture": (0.6, 1), "pucker": (0.65, 0.9), "funnel": (0.4, 0.8)}
EY: dict[str, Entry] = {"jaw": (0.5, 0.8), "aperture": (0.6, 1), "spread": (0.6, 0.9)}
# diphthongs: first target, second target
DIPHTHONGS: dict[str, tuple[dict[str, Entry], dict[str, Entry]]] = {
    "ay": (VOWEL_RULES["aa"], VOWEL_RULES["ih"]), "aw": (VOWEL_RULES["aa"], VOWEL_RULES["uh"]),
    "ow": (OH, VOWEL_RULES["uw"]),
    "oy": (VOWEL_RULES["ao"], VOWEL_RULES["ih"]), "ey": (EY, VOWEL_RULES["iy"]),
}
_TIP: dict[str, Entry] = {"jaw": (0.18, 0.6), "aperture": (0.32, 0.75), "tongue_tip": (0.9, 1), "spread": (0.15, 0.15),
                          "pucker": (0.0, 0.1), "funnel": (0.0, 0.1)}
_BACK: dict[str, Entry] = {"jaw": (0.3, 0.4), "aperture": (0.38, 0.7), "tongue_back": (0.9, 1), "pucker": (0.0, 0.1),
                           "funnel": (0.0, 0.1), "spread": (0.1, 0.1)}
_HISS: dict[str, Entry] = {"jaw": (0.05, 1), "aperture": (0.3, 0.9), "lower": (0.45, 0.8), "spread": (0.35, 0.35),
                           "tongue_tip": (0.75, 1), "pucker": (0.0, 0.12), "funnel": (0.05, 0.15)}
_HUSH: dict[str, Entry] = {"jaw": (0.08, 1), "aperture": (0.36, 0.9), "funnel": (0.85, 1), "pucker": (0.35, 0.6),
                           "lower": (0.3, 0.7), "tongue_tip": (0.6, 0.9)}
_LIPS: dict[str, Entry] = {"jaw": (0.16, 0.5), "aperture": (0.0, 1.2), "press": (0.75, 1), "pucker": (0.0, 0.12),
                           "funnel": (0.0, 0.12), "spread": (0.0, 0.12)}
_BURST: dict[str, Entry] = {"jaw": (0.22, 0.3), "aperture": (0.26, 0.4), "pucker": (0.0, 0.1), "funnel": (0.0, 0.1),
                            "spread": (0.0, 0.1)}
_TEETH: dict[str, Entry] = {"jaw": (0.12, 0.8), "aperture": (0.16, 1.0), "labiodental": (1.0, 1), "pucker": (0.0, 0.15),
                            "funnel": (0.0, 0.15), "spread": (0.1, 0.15)}
_DENTAL: dict[str, Entry] = {**_TIP, "aperture": (0.4, 0.85), "tongue_out": (0.8, 1), "tongue_tip": (0.55, 0.9)}
CONSONANT_RULES: dict[str, dict[str, Entry]] = {
    "pcl": _LIPS, "bcl": _LIPS, "m": _LIPS, "p": _BURST, "b": _BURST, "f": _TEETH, "v": _TEETH,
    "w": {"jaw": (0.2, 0.8), "aperture": (0.22, 1), "pucker": (1.0, 1), "funnel": (0.2, 0.6),
          "tongue_back": (0.3, 0.5)},
    "r": {"jaw": (0.25, 0.6), "aperture": (0.36, 0.8), "funnel": (0.5, 0.7), "pucker": (0.3, 0.5),
          "tongue_tip": (0.45, 0.8)},
    "l": {**_TIP, "aperture": (0.44, 0.8), "jaw": (0.3, 0.5)},
    "t": _TIP, "d": _TIP, "n": _TIP, "dx": {**_TIP, "aperture": (0.36, 0.4)}, "tcl": _TIP, "dcl": _TIP, "th": _DENTAL,
    "dh": _DENTAL,
    "s": _HISS, "z": _HISS, "sh": _HUSH, "zh": _HUSH, "ch": _HUSH, "jh": _HUSH,
    "k": _BACK, "g": _BACK, "ng": _BACK, "kcl": _BACK, "gcl": _BACK,
    "y": {"jaw": (0.2, 0.6), "aperture": (0.38, 0.9), "spread": (0.7, 0.8), "tongue_tip": (0.25, 0.5)},
    "hh": {"jaw": (0.35, 0.15), "aperture": (0.45, 0.35), "pucker": (0.0, 0.08), "funnel": (0.0, 0.08),
           "spread": (0.0, 0.08)},
    "sil": {"jaw": (0.0, 0.7), "aperture": (0.0, 1.0), "pucker": (0.0, 0.25), "spread": (0.0, 0.25)},
}


@dataclass(frozen=True)
class Score:
    """The teacher's score: target and strength of every gesture (G, C) and the spans they hold (G,), seconds."""

    targets: Motion
    strengths: Motion
    starts: Motion
    ends: Motion


def write_score(phones: tuple[Phone, ...]) -> Score:
    """Turn phones into gestures; a diphthong has two, an affricate's closure is rounded like its release."""
    gestures: list[tuple[dict[str, Entry], float, float]] = []
    following = [*phones[1:], Phone(0.0, 0.0, "sil")]
    for phone, successor in zip(phones, following, strict=True):
        start, end = phone.start, phone.end
        if phone.label in DIPHTHONGS:
            first, second = DIPHTHONGS[phone.label]
            middle = start + 0.55 * (end - start)
            gestures += [(first, start, middle), (second, middle, end)]
        elif phone.label in ("tcl", "dcl") and successor.label in ("ch", "jh"):
            gestures.append((_HUSH, start, end))
        else:
            gestures.append((VOWEL_RULES.get(phone.label) or CONSONANT_RULES[phone.label], start, end))
    shape = (len(gestures), len(CHANNELS))
    targets, strengths = np.zeros(shape, np.float32), np.full(shape, DEFAULT_STRENGTH, np.float32)
    for row, (rules, _, _) in enumerate(gestures):
        for channel, entry in rules.items():
            value, strength = entry if isinstance(entry, tuple) else (entry, DEFAULT_STRENGTH)
            targets[row, CHANNELS.index(channel)] = value
            strengths[row, CHANNELS.index(channel)] = strength
    return Score(targets, strengths, np.array([start for _, start, _ in gestures], np.float32),
                 np.array([end for _, _, end in gestures], np.float32))


def teach(phones: tuple[Phone, ...], frames: int, fps: float, *, effort: Motion | None = None) -> Motion:
    """Return the channels of core/speech/mouth_rig.py (T, C) in 0..1 at `fps` for contiguous phones.

    effort: (T,) factor on the amplitude, from loudness; 1 is normal speech.
    """
    times = np.arange(int(np.ceil(frames * GRID / fps)) + 1, dtype=np.float32) / GRID
    score = write_score(phones)
    motion = np.empty((len(times), len(CHANNELS)), np.float32)
    before = np.maximum(score.starts[:, None] - times, 0)                    # (G, T)
    after = np.maximum(times - score.ends[:, None], 0)
    length = (score.ends - score.starts)[:, None]
    inertia = np.clip(length / 0.06, 0.35, 1.0)                              # the shortest phones undershoot
    for column, channel in enumerate(CHANNELS):
        rise, fall = RATES[channel]
        weight = score.strengths[:, column:column + 1] * inertia * np.exp(-rise * before - fall * after)
        motion[:, column] = (weight * score.targets[:, column:column + 1]).sum(axis=0) / weight.sum(axis=0)
    motion = _smooth(motion, 0.05)
    if effort is not None:
        factor = np.interp(times, np.arange(frames) / fps, effort).astype(np.float32)
        motion[:, :2] *= factor[:, None]
    motion = _contacts(motion, phones, times)
    index = np.round(np.arange(frames) * GRID / fps).astype(int)
    return np.asarray(np.clip(motion[index], 0, 1), np.float32)


def _smooth(motion: Motion, width: float) -> Motion:
    """Average over a Hann window of `width` seconds: muscles do not snap."""
    kernel = np.hanning(int(width * GRID) + 2)[1:-1].astype(np.float32)
    kernel /= kernel.sum()
    padded = np.pad(motion, ((len(kernel), len(kernel)), (0, 0)), mode="edge")
    columns = [np.convolve(column, kernel, "same")[len(kernel):-len(kernel)] for column in padded.T]
    return np.stack(columns, axis=1)


def seals(phones: tuple[Phone, ...]) -> list[tuple[float, float]]:
    """Return the spans in which the lips touch: closures of p b and the whole of m, at least SHORTEST_SEAL long."""
    spans: list[list[float]] = []
    for phone in phones:
        if phone.label in SEAL_PHONES:
            if spans and phone.start - spans[-1][1] < 0.02:
                spans[-1][1] = phone.end
            else:
                spans.append([phone.start, phone.end])
    lacking = [max(SHORTEST_SEAL - (end - start), 0.0) for start, end in spans]
    return [(start - lack / 2, end + lack / 2) for (start, end), lack in zip(spans, lacking, strict=True)]


def _contacts(motion: Motion, phones: tuple[Phone, ...], times: Motion) -> Motion:
    """Close the lips in the seals and in pauses, keep them apart in other sounds."""
    aperture = CHANNELS.index("aperture")
    least = np.zeros(len(times), np.float32)
    for phone in phones:
        if phone.label not in ("sil", "p", "b", *SEAL_PHONES):
            least[(times >= phone.start) & (times < phone.end)] = 0.16 if phone.label in ("f", "v", "w") else 0.24
    motion[:, aperture] = np.maximum(motion[:, aperture], _smooth(least[:, None], 0.04)[:, 0])
    labiodental = CHANNELS.index("labiodental")
    for phone in phones:
        if phone.label in ("f", "v"):
            away = _gate(times, phone.start, phone.end, closing=0.06, opening=0.06)
            motion[:, labiodental] = np.maximum(motion[:, labiodental], 1 - away)
            motion[:, aperture] = np.minimum(motion[:, aperture],
                                             LABIODENTAL_APERTURE + away * (1 - LABIODENTAL_APERTURE))
    open_share = np.ones(len(times), np.float32)
    for start, end in seals(phones):
        open_share = np.minimum(open_share, _gate(times, start, end, closing=0.065, opening=0.055))
    silences = [phone for phone in phones if phone.label == "sil" and phone.end - phone.start > 0.12]
    for pause in silences:
        start = pause.start + 0.05 if pause.start > 0 else -1.0
        end = pause.end - 0.05 if pause is not phones[-1] else times[-1] + 1
        if end > start:
            open_share = np.minimum(open_share, _gate(times, start, end, closing=0.1, opening=0.1))
    motion[:, aperture] *= open_share
    return motion


def _gate(times: Motion, start: float, end: float, *, closing: float, opening: float) -> Motion:
    """Return 1 outside and 0 inside a span, passing smoothly; the span's edges are where a quarter is left open."""
    lead, trail = closing * 0.326, opening * 0.326           # smoothstep leaves a quarter open here
    entering = np.clip((times - (start + lead - closing)) / closing, 0, 1)
    leaving = np.clip((times - (end - trail)) / opening, 0, 1)
    shut = entering ** 2 * (3 - 2 * entering) * (1 - leaving ** 2 * (3 - 2 * leaving))
    return np.asarray(1 - shut, np.float32)


