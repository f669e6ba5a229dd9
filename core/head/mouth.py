"""Measures of the mouth on the mesh: lip gap, rounding, lip to teeth, and the jaw's angle of Sec. 3.4.

Shapes are linear, so a measured point's path needs only its own row of the expression basis: no (T, V, 3) is made.
"""

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from ..types import Floats, MotionTrack
from ..types import check as check_array
from .model import HeadBasis

CENTRAL_SHARE = 0.5             # share of the lip line, about its middle, over which the lips are measured
BLOCK = 3600                    # frames at once, which bounds the memory
TOUCH_MM = 4.0                  # distance from lower lip to incisors at which closeness has fallen to 1 / e


@dataclass(frozen=True)
class MouthMeasure:
    """opening: (T,) inner-lip gap, metres; rounding: (T,) narrowing of the mouth and protrusion of the upper lip, as
    shares of the mouth's width, 0 neutral; labiodental: (T,) closeness of lower lip and upper incisors, 1 touching."""

    opening: Floats
    rounding: Floats
    labiodental: Floats

    def __post_init__(self) -> None:
        check_array("opening", self.opening, np.float32, (None,))
        check_array("rounding", self.rounding, np.float32, (None,))
        check_array("labiodental", self.labiodental, np.float32, (None,))


def measure_mouth(basis: HeadBasis, track: MotionTrack, neutral: Floats | None = None) -> MouthMeasure:
    """Measure the mouth of the default head, or of `neutral` (V, 3), in every frame of `track`."""
    if len(track.weights) > BLOCK:
        blocks = [slice(first, first + BLOCK) for first in range(0, len(track.weights), BLOCK)]
        parts = [measure_mouth(basis, replace(track, weights=track.weights[block], jaw_angle=track.jaw_angle[block]), neutral)
                 for block in blocks]
        return MouthMeasure(*(np.concatenate([getattr(part, entry.name) for part in parts]) for entry in fields(MouthMeasure)))

    def points(vertices: NDArray[np.int32]) -> Floats:
        return trace(basis, vertices, track.names, track.weights, neutral)

    corners = points(basis.lip_corners)                                                    # (T, 2, 3)
    width = np.linalg.norm(corners[:, 0] - corners[:, 1], axis=1)
    rest = trace(basis, basis.lip_corners, (), np.zeros((1, 0), np.float32), neutral)[0]
    neutral_width = float(np.linalg.norm(rest[0] - rest[1]))
    forward = shape_rows(basis, track.names, central_pairs(basis)[0])[:, :, 2].mean(axis=1)
    narrowing = 1 - width / neutral_width + (track.weights @ forward) / neutral_width
    lip = points(middle(basis, basis.lower_lip_top))                                       # (T, N, 3)
    teeth = (basis.vertices if neutral is None else neutral)[basis.upper_incisor_edge]     # they do not move
    distance = np.mean([np.linalg.norm(path[:, None] - teeth, axis=2).min(axis=1) for path in lip.transpose(1, 0, 2)],
                       axis=0)
    return MouthMeasure(np.maximum(gap(basis, track.names, track.weights, neutral), 0),
                        narrowing.astype(np.float32),
                        np.exp(-distance * 1000 / TOUCH_MM).astype(np.float32))


def middle(basis: HeadBasis, vertices: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return those of the vertices that lie in the middle part of the mouth, CENTRAL_SHARE of their width."""
    across = np.abs(basis.vertices[vertices, 0])
    return np.asarray(vertices[across <= CENTRAL_SHARE * across.max()], np.int32)


def trace(basis: HeadBasis, vertices: NDArray[np.int32], names: tuple[str, ...], weights: Floats,
          neutral: Floats | None = None) -> Floats:
    """Return the paths (T, N, 3), metres, of N vertices under the shapes `names` with `weights` (T, K)."""
    rest = (basis.vertices if neutral is None else neutral)[vertices]
    offsets = shape_rows(basis, names, vertices)                                           # (K, N, 3)
    extra = basis.corrective_weights(names, weights)                                       # (T, C)
    correctives = basis.corrective_basis[:, vertices].astype(np.float32)
    return np.asarray(rest + np.tensordot(weights, offsets, axes=1) + np.tensordot(extra, correctives, axes=1), np.float32)


def shape_rows(basis: HeadBasis, names: tuple[str, ...], vertices: NDArray[np.int32]) -> Floats:
    """Return what the shapes `names` do at weight 1 to some vertices, (K, N, 3), metres."""
    rows = [basis.expression_names.index(name) for name in names]
    return np.asarray(basis.expression_basis[rows][:, vertices], np.float32)


def central_pairs(basis: HeadBasis) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the paired vertices of the inner lips, upper and lower, in the middle of the lip line."""
    count = len(basis.inner_lip_upper)
    skip = int(count * (1 - CENTRAL_SHARE) / 2)
    return basis.inner_lip_upper[skip:count - skip], basis.inner_lip_lower[skip:count - skip]


def gap(basis: HeadBasis, names: tuple[str, ...], weights: Floats, neutral: Floats | None = None) -> Floats:
    """Return the vertical gap between the inner lips (T,), metres, negative where they interpenetrate."""
    if len(weights) > BLOCK:
        return np.concatenate([gap(basis, names, weights[first:first + BLOCK], neutral) for first in range(0, len(weights), BLOCK)])
    upper, lower = central_pairs(basis)
    heights = [trace(basis, side, names, weights, neutral)[:, :, 1].mean(axis=1) for side in (upper, lower)]
    return np.asarray(heights[0] - heights[1], np.float32)


def jaw_angle(basis: HeadBasis, names: tuple[str, ...], weights: Floats) -> Floats:
    """Return the jaw's angle theta (T,), radians, positive open (Sec. 3.4).

    The angle between the segments from the chin point to the point below the left ear, in the neutral and in the moving
    face, both projected onto the yoz plane. Only the jaw's shapes count: the skin of the chin also follows the lips,
    bone does not.
    """
    if len(weights) > BLOCK:
        return np.concatenate([jaw_angle(basis, names, weights[first:first + BLOCK]) for first in range(0, len(weights), BLOCK)])
    used = [index for index, name in enumerate(names) if name.startswith("jaw")]
    names, weights = tuple(names[index] for index in used), weights[:, used]
    ends = np.array([int(basis.chin_vertex), int(basis.below_ear_vertex)], np.int32)
    moving = trace(basis, ends, names, weights)
    rest = basis.vertices[ends]

    def direction(points: Floats) -> Floats:
        segment = points[..., 0, :] - points[..., 1, :]
        return np.asarray(np.arctan2(segment[..., 1], segment[..., 2]), np.float32)

    return np.asarray(direction(rest) - direction(moving), np.float32)
