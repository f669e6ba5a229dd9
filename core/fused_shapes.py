"""Faces fused on the mesh -> keys: weights of the head's shapes by bounded least squares, and a few shapes for what is left over."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .fusion import Fusion, felt_weights, fusion_regions, offsets_of
from .head_model import REGIONS, HeadBasis
from .types import Floats

SPOKEN = ("jaw", "tongue")      # first words of shapes whose weights stay the speech's, as lower teeth and tongue go by them
EYES = ("eyeLook", "eyeBlink")  # and of those that stay as felt, as eyeballs go by them, and blinks come on top
LIPS_COUNT = 2.0                # how much more a distance at the lips counts than elsewhere
STEADY = 0.002                  # of the change in time of how far the solution is from its start, as a share of the shapes' energy
ROUNDS, STEPS = 3, 150          # of correctives, which are no linear shapes, and of the projected gradient in each
MEAN, MOST = 0.0001, 0.0005     # metres that the keyed skin may be away from the fused one
MOST_SHAPES = 24                # of what the head's shapes cannot show
LOOKED_AT = 240                 # frames that those shapes are made from
BLOCK = 64                      # frames at once
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
    as bring the skin within MEAN and MOST of the fused one, at most MOST_SHAPES. Memory is that of BLOCK frames; the fused skin lies
    in a temporary file.
    """
    basis = fusion.basis
    skin = basis.part("skin").vertices
    count = len(basis.vertices[skin])
    with tempfile.TemporaryFile() as file:
        fused = np.memmap(file, np.float32, "w+", shape=(len(speech), count * 3))
        for block in blocks(len(speech)):
            lip, emo = (offsets_of(basis, weights) for weights in (speech[block], felt_weights(emotion[block], speech[block], basis)))
            fused[block] = fusion(lip, emo)[:, skin].reshape(len(lip), -1)
        weights = solve(speech, np.clip(speech + emotion, 0, 1), fused, basis)
        for block in blocks(len(speech)):                       # from here on: what is left over
            fused[block] -= skin_of(basis, weights[block])
        directions, extra = principal(fused, importance(basis))
        shapes, errors = enough(fused, directions, extra)
    offsets = np.zeros((shapes, len(basis.vertices), 3), np.float32)
    size = np.maximum(np.abs(extra[:, :shapes]).max(axis=0, initial=0), 1e-9)
    offsets[:, skin] = (directions[:shapes] * size[:, None]).reshape(shapes, count, 3)
    return FusedShapes(weights, offsets, np.asarray(extra[:, :shapes] / size, np.float32), *errors)


def solve(speech: Floats, start: Floats, fused: Floats, basis: HeadBasis) -> Floats:
    """Return the weights (T, K) in 0..1 whose skin is nearest to `fused` (T, 3 V_skin), metres, starting from `start` (T, K).

    By projected gradients with momentum (Beck and Teboulle 2009). How far they go from the start changes smoothly in time; jaw and
    tongue stay the speech's, eyes as they are at the start.
    """
    names = basis.expression_names
    weight = importance(basis)
    shapes = basis.expressions[:, basis.part("skin").vertices].reshape(len(names), -1) * weight
    energy = (shapes @ shapes.T).astype(np.float64)
    steady = STEADY * float(np.trace(energy)) / len(names)
    rate = 1 / (float(np.linalg.eigvalsh(energy)[-1]) + 4 * steady)
    spoken = np.array([name.startswith(SPOKEN) for name in names])
    first = np.where(spoken, speech, start).astype(np.float64)
    held = spoken | np.array([name.startswith(EYES) for name in names])
    low, high = np.where(held, first, 0), np.where(held, first, 1)
    result = first
    for _ in range(ROUNDS):
        wanted = np.empty_like(first)
        for block in blocks(len(first)):
            now = result[block].astype(np.float32)
            bent = skin_of(basis, now) - now @ (shapes / weight)         # what the correctives add
            wanted[block] = ((fused[block] - bent) * weight) @ shapes.T
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


def principal(left: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Return the principal directions (R, N) of what is left over (T, N), coordinates counted by weight (N,), and its share (T, R).

    They are found from LOOKED_AT frames at most: those at even steps and those that have most.
    """
    size = np.concatenate([np.square(left[block]).sum(axis=1) for block in blocks(len(left))])
    even = np.linspace(0, len(left) - 1, min(len(left), LOOKED_AT // 2)).astype(np.int64)
    looked = np.unique([*even, *np.argsort(-size)[:LOOKED_AT // 2]])
    _, strength, rows = np.linalg.svd(left[looked] * weight, full_matrices=False)
    rows = rows[:MOST_SHAPES][strength[:MOST_SHAPES] > 1e-9]
    extra = np.concatenate([(left[block] * weight) @ rows.T for block in blocks(len(left))])
    return np.asarray(rows / weight, np.float32), np.asarray(extra, np.float32)


def enough(left: Floats, directions: Floats, extra: Floats) -> tuple[int, tuple[float, float]]:
    """Return how many directions bring all frames within MEAN and MOST, and the mean and greatest distance then, metres."""
    for count in range(len(directions) + 1):
        total, most = 0.0, 0.0
        for block in blocks(len(left)):
            rest = left[block] - extra[block, :count] @ directions[:count]
            distance = np.linalg.norm(rest.reshape(len(rest), -1, 3), axis=2)
            total, most = total + float(distance.mean(axis=1).sum()), max(most, float(distance.max()))
        if (total / len(left) <= MEAN and most <= MOST) or count == len(directions):
            break
    return count, (total / len(left), most)


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
