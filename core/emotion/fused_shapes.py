"""Faces fused on the mesh -> keys: weights of the head's shapes by bounded least squares, and a few shapes for what is left over."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..head.model import REGIONS, HeadBasis
from ..types import Floats
from .fusion import Fusion, felt_weights, fusion_regions, offsets_of

SPOKEN = ("jaw", "tongue")      # first words of shapes whose weights stay the speech's, as lower teeth and tongue go by them
EYES = ("eyeLook", "eyeBlink")  # and of those that stay as felt, as eyeballs go by them, and blinks come on top
LIPS_COUNT = 2.0                # how much more a distance at the lips counts than elsewhere
STEADY = 0.002                  # of the change in time of how far the solution is from its start, as a share of the shapes' energy
ROUNDS, STEPS = 3, 150          # of correctives, which are no linear shapes, and of the projected gradient in each
MEAN, MOST = 0.0001, 0.0005     # metres that the keyed skin may be away from the fused one
MOST_SHAPES = 24                # of what the head's shapes cannot show
TRIED = 4                       # numbers of them that are tried at once, before all are
LEAST, FAINT = 1e-9, 1e-6       # metres, and share of the strongest, below which a direction is none
LOOKED_AT = 240                 # frames that those shapes are made from
BLOCK, PART = 64, 1440          # frames fused, and solved for, at once
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class FusedShapes:
    """weights: (T, K) of the head's shapes, 0..1; offsets: (R, V, 3), metres, of shapes made for the rest, with weights extra (T, R),
    -1..1; mean, most: metres by which the skin keyed with both is away from the fused one."""

    weights: Floats
    offsets: Floats
    extra: Floats
    mean: float
    most: float

    @classmethod
    def none(cls, weights: Floats, basis: HeadBasis) -> "FusedShapes":
        """Return weights (T, K) that were not fused on the mesh."""
        return cls(weights, np.zeros((0, *basis.vertices.shape), np.float32), np.zeros((len(weights), 0), np.float32), 0.0, 0.0)


def fuse_on_mesh(speech: Floats, emotion: Floats, fusion: Fusion) -> FusedShapes:
    """Return the keys of heads fused by `fusion`: speech, emotion (T, K) as spoken and felt.

    M_emo has the jaw of M_lip (felt_weights). What the head's shapes leave over is taken by its principal directions over time, as few
    as bring the skin within MEAN and MOST of the fused one, at most MOST_SHAPES. No frame is kept but those that the directions are
    made from: `fusion` runs twice, or three times where TRIED numbers of directions are not enough, and memory is that of BLOCK and
    LOOKED_AT frames.
    """
    basis, weight = fusion.basis, importance(fusion.basis)
    skin = basis.part("skin").vertices
    start = np.clip(speech + emotion, 0, 1)
    shapes, looked = weighed_shapes(basis, weight), Looked(len(speech))
    asked = np.empty((len(speech), len(shapes)), np.float32)

    def fused(block: slice) -> Floats:
        lip, emo = (offsets_of(basis, weights) for weights in (speech[block], felt_weights(emotion[block], speech[block], basis)))
        return fusion(lip, emo)[:, skin].reshape(len(lip), -1)

    for block in blocks(len(speech)):
        rows = fused(block)
        asked[block] = (rows * weight) @ shapes.T
        looked.see(block.start, rows, np.square(rows - skin_of(basis, start[block])).sum(axis=1))
    weights = solve(speech, start, asked, basis)
    places, rows = looked.chosen()
    directions, least = principal(rows - skin_of(basis, weights[places]), weight)
    extra, errors = enough(lambda block: fused(block) - skin_of(basis, weights[block]), len(speech), directions, weight, least)
    shapes = directions[:extra.shape[1]]
    offsets = np.zeros((len(shapes), *basis.vertices.shape), np.float32)
    size = np.maximum(np.abs(extra).max(axis=0, initial=0), 1e-9)
    offsets[:, skin] = (shapes / weight * size[:, None]).reshape(len(shapes), -1, 3)
    return FusedShapes(weights, offsets, np.asarray(extra / size, np.float32), *errors)


class Looked:
    """Keeps LOOKED_AT of so many frames at most: those at even steps and those of which most is left over."""

    def __init__(self, count: int) -> None:
        even = np.unique(np.linspace(0, count - 1, min(count, LOOKED_AT // 2)).astype(np.int64))
        self._even = {int(place): np.zeros(0, np.float32) for place in even}
        self._most: list[tuple[float, int, Floats]] = []

    def see(self, first: int, rows: Floats, left: Floats) -> None:
        """Look at frames (B, N) in sequence from `first`; left: (B,) how much is left over of each."""
        for place in self._even.keys() & set(range(first, first + len(rows))):
            self._even[place] = rows[place - first].copy()
        most = [*self._most, *((-float(size), first + index, rows[index]) for index, size in enumerate(left))]
        most = sorted(most, key=lambda one: one[:2])[:LOOKED_AT // 2]
        self._most = [(size, place, row if place < first else row.copy()) for size, place, row in most]

    def chosen(self) -> tuple[NDArray[np.int64], Floats]:
        """Return which frames they are (M,), and they (M, N)."""
        kept = {**self._even, **{place: row for _, place, row in self._most}}
        places = np.array(sorted(kept), np.int64)
        return places, np.stack([kept[int(place)] for place in places])


def weighed_shapes(basis: HeadBasis, weight: Floats) -> Floats:
    """Return the skin of the head's shapes (K, 3 V_skin), metres, coordinates counted by `weight` (3 V_skin,)."""
    return np.asarray(basis.expressions[:, basis.part("skin").vertices].reshape(len(basis.expression_names), -1) * weight, np.float32)


def solve(speech: Floats, start: Floats, asked: Floats, basis: HeadBasis) -> Floats:
    """Return the weights (T, K) in 0..1 whose skin is nearest to the fused one, starting from `start` (T, K).

    asked: (T, K), inner products of the fused skin with the shapes (weighed_shapes). By projected gradients with momentum (Beck and
    Teboulle 2009). How far they go from the start changes smoothly in time; jaw and tongue stay the speech's, eyes as they are at the
    start. Long sequences are solved in parts with all that they depend on: a step passes on what it knows by one frame.
    """
    names, weight = basis.expression_names, importance(basis)
    shapes = weighed_shapes(basis, weight)
    energy = (shapes @ shapes.T).astype(np.float64)
    bent = basis.corrective_basis[:, basis.part("skin").vertices].astype(np.float32).reshape(len(basis.corrective_names), -1)
    system = System(basis, energy, (bent * weight) @ shapes.T, STEADY * float(np.trace(energy)) / len(names))
    spoken = np.array([name.startswith(SPOKEN) for name in names])
    held = spoken | np.array([name.startswith(EYES) for name in names])
    first = np.where(spoken, speech, start)
    result = np.empty_like(first)
    for begin in range(0, len(first), PART):
        low, end, high = max(begin - ROUNDS * STEPS, 0), begin + PART, begin + PART + ROUNDS * STEPS
        result[begin:end] = descend(system, first[low:high], asked[low:high], held)[begin - low:end - low]
    return result


@dataclass(frozen=True)
class System:
    """What weights are solved for: energy (K, K) of the shapes, what the correctives add to their inner products (C, K), and how much
    steadiness counts."""

    basis: HeadBasis
    energy: Doubles
    bent: Floats
    steady: float


def descend(system: System, start: Floats, asked: Floats, held: NDArray[np.bool_]) -> Floats:
    """Return the weights (T, K) of one part of a sequence; held: (K,) shapes that stay as they are at the start (T, K)."""
    basis, energy, steady = system.basis, system.energy, system.steady
    first = start.astype(np.float64)
    low, high = np.where(held, first, 0), np.where(held, first, 1)
    rate = 1 / (float(np.linalg.eigvalsh(energy)[-1]) + 4 * steady)
    result = first
    for _ in range(ROUNDS):
        correctives = basis.corrective_weights(basis.expression_names, result.astype(np.float32))
        wanted = asked - (correctives @ system.bent).astype(np.float64)
        ahead, before, momentum = result, result, 1.0
        for _ in range(STEPS):
            slope = ahead @ energy - wanted + steady * curvature(ahead - first)
            result = np.clip(ahead - rate * slope, low, high)
            after = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
            ahead, before, momentum = result + (momentum - 1) / after * (result - before), result, after
    return np.asarray(result, np.float32)


def curvature(values: Doubles) -> Doubles:
    """Return half the gradient of the sum of squared differences of neighbours in values (T, K)."""
    change = np.diff(values, axis=0)
    result = np.zeros_like(values)
    result[:-1] -= change
    result[1:] += change
    return result


def principal(left: Floats, weight: Floats) -> tuple[Floats, int]:
    """Return the principal directions (R, N) of what is left over (M, N), coordinates counted by weight (N,), and how many of them at
    least bring all of that within MOST."""
    counted = (left * weight).astype(np.float64)
    squares, frames = np.linalg.eigh(counted @ counted.T)           # of (M, M) the same, in a tenth of the time of (M, N)
    strength = np.sqrt(np.maximum(squares[::-1][:MOST_SHAPES], 0))
    kept = strength > max(LEAST, FAINT * float(strength.max(initial=0)))
    directions = np.asarray((frames[:, ::-1][:, :MOST_SHAPES][:, kept].T @ counted) / strength[kept, None], np.float32)
    rest, least = left.copy(), 0
    while least < len(directions) and farthest(rest).max() > MOST:
        rest -= ((left * weight) @ directions[least])[:, None] * (directions[least] / weight)
        least += 1
    return directions, least


def enough(left: Callable[[slice], Floats], frames: int, directions: Floats, weight: Floats, least: int
           ) -> tuple[Floats, tuple[float, float]]:
    """Return the shares (T, R) of as few directions, `least` or more, as bring all frames within MEAN and MOST, or of all where that
    is not enough; and the mean and greatest distance then, metres.

    left: what is left over of a block (B, N) of so many `frames` in all; directions: (R', N), coordinates counted by weight (N,).
    """
    extra = np.empty((frames, len(directions)), np.float32)
    for tried in (range(least, min(least + TRIED, len(directions) + 1)), range(least, len(directions) + 1)):
        total, most = np.zeros(len(tried)), np.zeros(len(tried))
        for block in blocks(frames):
            rest = left(block)
            shares = extra[block] = (rest * weight) @ directions.T
            rest -= shares[:, :least] @ (directions[:least] / weight)
            for place, count in enumerate(tried):
                if place:
                    rest -= shares[:, count - 1:count] * (directions[count - 1] / weight)
                distance = np.linalg.norm(rest.reshape(len(rest), -1, 3), axis=2)
                total[place] += float(distance.mean(axis=1).sum())
                most[place] = max(most[place], float(distance.max()))
        fits = np.flatnonzero((total <= MEAN * frames) & (most <= MOST))
        if len(fits) or tried.stop > len(directions):
            break
    place = int(fits[0]) if len(fits) else len(tried) - 1
    return extra[:, :tried[place]], (float(total[place]) / frames, float(most[place]))


def farthest(offsets: Floats) -> Floats:
    """Return how far the farthest vertex is in each frame (T,), metres, of offsets (T, 3 V)."""
    squares = np.square(offsets.reshape(len(offsets), -1, 3)).sum(axis=2)
    return np.asarray(np.sqrt(squares.max(axis=1)), np.float32)


def importance(basis: HeadBasis) -> Floats:
    """Return how much each coordinate of the skin counts (3 V_skin,)."""
    lips = fusion_regions(basis) == REGIONS.index("lips")
    return np.repeat(np.where(lips, LIPS_COUNT, 1.0), 3).astype(np.float32)


def skin_of(basis: HeadBasis, weights: Floats) -> Floats:
    """Return the skin's offsets (T, 3 V_skin), metres, of shapes with weights (T, K)."""
    return offsets_of(basis, weights)[:, basis.part("skin").vertices].reshape(len(weights), -1)


def blocks(count: int) -> Iterator[slice]:
    """Yield slices of so many frames."""
    return (slice(first, first + BLOCK) for first in range(0, count, BLOCK))
