"""Our shapes' weights over time -> those of another character's keys, layer by layer.

A key that shows shapes is a mean of them. Visemes are found by bounded least squares in what a viewer sees of a mouth: how far it is
open, how round, how wide, where lip and tongue are; whatever opens the mouth is then let go where our lips are shut, and the viseme of
p b m takes its full weight. What the character has no key for is made up by its jaw, so that the mouth opens as far as ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..emotion.motion import spread
from ..speech.articulation import smoothstep
from ..types import Floats, check
from .mapping import CharacterMap, MappedKey, kind_of
from .shape_sources import CORRECTIVE_MM, DIRECT, EMOTIONS, GAP_MM, SHUT, VISEMES, Recipe, group_of, recipe_of

JAW, CLOSING, LABIODENTAL = "jawOpen", "mouthClose", "viseme_FF"
LIPS_SHUT, LIPS_APART = 0.4, 2.4        # millimetres of our gap up to which the lips touch, and from which they are free
LEAST_CLOSING = 5.0                     # millimetres by which a key has to shut the lips to be trusted with it
TALK = 0.25                             # seconds around open lips in which shut lips are a sound, and not silence
OPEN_MM = 4.0                           # gap of lips that speak
SWEEPS, SPARSITY, RIDGE = 100, 0.02, 1e-3       # of the least squares
# what is seen of a mouth, in our shapes, and how much it matters; the opening is counted in centimetres
OPENING = "opening"
FEATURES: dict[str, tuple[float, Recipe]] = {
    OPENING: (4.0, {shape: weight / 10 for shape, weight in GAP_MM.items()}),
    "round": (1.0, {"mouthPucker": 1.0, "mouthFunnel": 0.7}),
    "wide": (0.7, {"mouthStretchLeft": 0.5, "mouthStretchRight": 0.5, "mouthSmileLeft": 0.3, "mouthSmileRight": 0.3}),
    "bitten": (1.0, {"mouthRollLower": 1.0}),
    "teeth": (0.5, {"mouthLowerDownLeft": 0.5, "mouthLowerDownRight": 0.5}),
    "tip": (0.4, {"tongueTipUp": 1.0}), "back": (0.4, {"tongueBackUp": 1.0}), "out": (1.0, {"tongueOut": 1.0})}


@dataclass(frozen=True)
class AvatarMotion:
    """What an avatar does on frames: names (K) of our shapes, and weights (T, K): as spoken, as felt, what lips add, blinks, gaze."""

    names: tuple[str, ...]
    fps: float
    speech: Floats
    emotion: Floats
    lips: Floats
    blinks: Floats
    gaze: Floats

    def __post_init__(self) -> None:
        for layer in ("speech", "emotion", "lips", "blinks", "gaze"):
            check(layer, getattr(self, layer), np.float32, (len(self.speech), len(self.names)))


@dataclass(frozen=True)
class KeyedLayers:
    """Weights (T, M) of a character's keys in the layers of an avatar; emotion and lips are added to speech, as an avatar's are."""

    keys: tuple[str, ...]
    speech: Floats
    emotion: Floats
    lips: Floats
    blinks: Floats
    gaze: Floats


def retarget(motion: AvatarMotion, mapping: CharacterMap, gaps: Floats | None = None) -> KeyedLayers:
    """Return the weights of the mapping's driven keys for what an avatar does.

    gaps: (M,) millimetres by which each of them parts the lips, if that is known: they are then as far apart as ours.
    """
    rows = mapping.driven
    shapes = tuple(row for row in rows if kind_of(row.source) == "shape")
    shown = frozenset(shape for row in shapes for shape in recipe_of(row.source))
    total = np.clip(motion.speech + motion.emotion + motion.lips, 0, 1)
    names, strengths = motion.names, mapping.strengths

    def direct(weights: Floats) -> Floats:
        wanted = strengthen(names, weights, strengths)
        fitted = mean_of(fit_opening(names, wanted, shown), names, rows)
        return fitted if gaps is None else fit_gap(fitted, rows, gaps, gap_mm(names, wanted))

    speech = direct(motion.speech)
    felt = mean_of(motion.emotion * group_gains(names, strengths), names, rows)
    blinks, gaze = (mean_of(weights * group_gains(names, strengths), names, rows) for weights in (motion.blinks, motion.gaze))
    lips = direct(total) - speech - felt
    spoken = visemes(names, strengthen(names, motion.speech, strengths), fps=motion.fps, rows=rows)
    faces = solve(names, motion.emotion * group_gains(names, strengths), rows)
    gains = np.array([row.strength for row in rows], np.float32)
    return KeyedLayers(tuple(row.key for row in rows), *(np.asarray(layer * gains, np.float32) for layer in (
        speech + spoken, felt + faces, tidy(lips), blinks, gaze)))


def tidy(weights: Floats) -> Floats:
    """Return the weights without what is nothing but rounding."""
    return np.where(np.abs(weights) < 1e-4, np.float32(0), weights)


def group_gains(names: tuple[str, ...], strengths: Mapping[str, float]) -> Floats:
    """Return the strength (K,) of each shape's group."""
    return np.array([strengths.get(group_of(name), 1.0) for name in names], np.float32)


def gap_mm(names: tuple[str, ...], weights: Floats) -> Floats:
    """Return how far the lips of our head are apart (T,), millimetres, with the correctives that it wears."""
    result = parted_mm(names, weights)
    for first, second, gain, most in CORRECTIVE_MM:
        if first in names and second in names:
            share = np.clip(gain * weights[:, names.index(second)], 0, 1)
            result += most * np.clip(weights[:, names.index(first)], 0, 1) * share
    return result


def parted_mm(names: tuple[str, ...], weights: Floats) -> Floats:
    """Return how far lips are apart (T,), millimetres, on a head that has our shapes but none of our correctives."""
    return np.asarray(weights @ np.array([GAP_MM.get(name, 0.0) for name in names], np.float32), np.float32)


def strengthen(names: tuple[str, ...], weights: Floats, strengths: Mapping[str, float]) -> Floats:
    """Return the weights (T, K) times their groups' strengths; lips that are shut stay shut, as mouthClose follows the opening."""
    gains = group_gains(names, strengths)
    if (gains == 1).all():
        return weights
    closing = names.index(CLOSING)
    loose = [without(names, frame, CLOSING) for frame in (weights, weights * gains)]
    share = np.clip(gap_mm(names, weights) / np.maximum(gap_mm(names, loose[0]), 1e-3), 0, 1)
    result = weights * gains
    result[:, closing] = np.clip((1 - share) * gap_mm(names, loose[1]) / -GAP_MM[CLOSING], 0, 1)
    return np.asarray(result, np.float32)


def without(names: tuple[str, ...], weights: Floats, *shapes: str) -> Floats:
    """Return the weights (T, K) with some shapes at zero."""
    kept = np.array([name not in shapes for name in names], np.float32)
    return np.asarray(weights * kept, np.float32)


def fit_opening(names: tuple[str, ...], weights: Floats, shown: frozenset[str]) -> Floats:
    """Return the weights (T, K) with which the shapes that are `shown` open the mouth as far as all of them would.

    mouthClose takes off what is too much; where the character has none, or needs more, the jaw does it.
    """
    absent = tuple(name for name in names if name not in shown and name in GAP_MM)
    if not absent or JAW not in shown:
        return weights
    result = without(names, weights, *absent)
    excess = parted_mm(names, result) - gap_mm(names, weights)          # the lips are this much too far apart
    if CLOSING in shown:
        closing = names.index(CLOSING)
        before = result[:, closing].copy()
        result[:, closing] = np.clip(before - excess / GAP_MM[CLOSING], 0, 1)
        excess = excess + (result[:, closing] - before) * GAP_MM[CLOSING]
    jaw = names.index(JAW)
    result[:, jaw] = np.clip(result[:, jaw] - excess / GAP_MM[JAW], 0, 1)
    return np.asarray(result, np.float32)


def trusted(mapping: CharacterMap, gaps: Floats | None) -> tuple[CharacterMap, Floats | None]:
    """Return the mapping without a mouthClose that shuts no lips, and the gaps (M,), millimetres, of its driven keys.

    No gaps where lips cannot be held to them: visemes open the mouth, or no key opens the jaw or shuts the lips (`gaps` is None).
    """
    if gaps is None:
        return mapping, None
    rows = mapping.driven
    closing = [row.source for row in rows].index(CLOSING)
    if gaps[closing] > -LEAST_CLOSING:
        return mapping.without(frozenset({rows[closing].key})), None
    return mapping, None if any(row.source in VISEMES for row in rows) else gaps


def fit_gap(weights: Floats, rows: tuple[MappedKey, ...], gaps: Floats, wanted: Floats) -> Floats:
    """Return the weights (T, M), before the rows' strengths, with the mouthClose that parts the character's own lips, strengths and
    all, as far as `wanted` (T,), millimetres, times the jaw's strength.

    What it has not to give, since it is at 0 or at 1 already, the jaw does.
    """
    result, sources = weights.copy(), [row.source for row in rows]
    shown = gaps * np.array([row.strength for row in rows], np.float32)
    excess = weights @ shown - wanted * np.float32(rows[sources.index(JAW)].strength)
    for source in (CLOSING, JAW):
        place = sources.index(source)
        before = result[:, place].copy()
        result[:, place] = np.clip(before - excess / shown[place], 0, 1)
        excess = excess + (result[:, place] - before) * shown[place]
    return np.asarray(result, np.float32)


def mean_of(weights: Floats, names: tuple[str, ...], rows: tuple[MappedKey, ...]) -> Floats:
    """Return the weights (T, M) of the keys that show shapes; zero for the others."""
    matrix = np.zeros((len(names), len(rows)), np.float32)
    for place, row in enumerate(rows):
        for shape, share in DIRECT.get(row.source, {}).items():
            if shape in names:
                matrix[names.index(shape), place] = share
    return np.asarray(weights @ matrix, np.float32)


def visemes(names: tuple[str, ...], weights: Floats, *, fps: float, rows: tuple[MappedKey, ...]) -> Floats:
    """Return the weights (T, M) of the keys that show visemes, for speech (T, K); zero for the others."""
    result = np.zeros((len(weights), len(rows)), np.float32)
    places = [place for place, row in enumerate(rows) if row.source in VISEMES and row.source != SHUT]
    opening = gap_mm(names, weights)
    bitten = weights[:, names.index("mouthRollLower")]
    shut = (1 - smoothstep((opening - LIPS_SHUT) / (LIPS_APART - LIPS_SHUT))) * (1 - smoothstep((bitten - 0.3) / 0.4))
    if places:
        scale = np.array([weight for weight, _ in FEATURES.values()], np.float32)
        poses = np.stack([features(tuple(recipe_of(rows[place].source)),
                                   np.array([list(recipe_of(rows[place].source).values())], np.float32))[0] for place in places])
        seen = features(names, weights)
        result[:, places] = bounded_least_squares(poses * scale, seen * scale) * (1 - shut)[:, None]
    talk = np.clip(2 * spread(smoothstep(opening / OPEN_MM), round(TALK * fps)), 0, 1)
    for place, row in enumerate(rows):
        if row.source == SHUT:
            result[:, place] = shut * talk
    return tidy(result)


def features(names: tuple[str, ...], weights: Floats) -> Floats:
    """Return what is seen of a mouth (T, F) with weights (T, K); lips do not open less than not at all."""
    matrix = np.array([[shapes.get(name, 0.0) for _, shapes in FEATURES.values()] for name in names], np.float32)
    result = weights @ matrix
    opening = list(FEATURES).index(OPENING)
    result[:, opening] = np.maximum(result[:, opening], 0)
    return np.asarray(result, np.float32)


def solve(names: tuple[str, ...], weights: Floats, rows: tuple[MappedKey, ...]) -> Floats:
    """Return the weights (T, M) of the keys that show a whole emotional face, for what is felt (T, K); zero for the others."""
    result = np.zeros((len(weights), len(rows)), np.float32)
    places = [place for place, row in enumerate(rows) if row.source in EMOTIONS]
    if places:
        faces = np.array([[EMOTIONS[rows[place].source].get(name, 0.0) for name in names] for place in places], np.float32)
        result[:, places] = bounded_least_squares(faces, weights)
    return tidy(result)


def bounded_least_squares(poses: Floats, wanted: Floats) -> Floats:
    """Return the weights (T, M) in 0..1 whose sum of poses (M, F) is nearest to `wanted` (T, F), with few of them at work.

    By coordinate descent on the squared distance + 2 SPARSITY sum(w), all frames at once, from the largest pose to the smallest: what
    one wide vowel shows is not put together from many small sounds.
    """
    gram = poses @ poses.T + RIDGE * np.eye(len(poses), dtype=np.float32)
    pull = wanted @ poses.T - SPARSITY
    result = np.zeros((len(wanted), len(poses)), np.float32)
    order = np.argsort(-np.diag(gram))
    for _ in range(SWEEPS):
        for place in order:
            rest = pull[:, place] - result @ gram[:, place] + result[:, place] * gram[place, place]
            result[:, place] = np.clip(rest / gram[place, place], 0, 1)
    return result
