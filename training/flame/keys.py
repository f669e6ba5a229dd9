"""ARKit's shapes on FLAME: what our head does, carried over, in terms of FLAME's own expressions and jaw, by least squares."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.head.model import REGIONS

from .correspondence import Correspondence
from .model import JAW, JOINTS, Flame, rotation
from .surface import LipRing, Surface

RIDGE = 1e-3                    # of the expressions' mean energy
FACE_COUNT, REST_COUNT = 1.0, 0.1       # how much the face counts, and the rest
EXPLAINED = 0.5                 # of a shape's energy that FLAME's expressions must show; else the shape is carried over as it is
AXES = {"jawOpen": 0, "jawLeft": 1, "jawRight": 1}      # about which the jaw turns
COARSE = np.linspace(-0.7, 0.7, 29)     # radians that are tried
FINE = np.linspace(-0.04, 0.04, 9)      # and around the best of them
CLOSING = "mouthClose"
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Keys:
    """names (K,); offsets (K, N, 3) of FLAME's skin, metres; turns: radians the jaw turns at weight 1, (3,), by name; explained: share
    of each shape's energy that FLAME's expressions show; carried: names of those that they do not."""

    names: tuple[str, ...]
    offsets: Array
    turns: dict[str, Array]
    explained: dict[str, float] = field(default_factory=dict)
    carried: tuple[str, ...] = ()


def solve(flame: Flame, surface: Surface, laid: Correspondence, ring: LipRing) -> Keys:
    """Return the shapes of our head on FLAME's skin."""
    names = laid.basis.expression_names
    wanted = laid.transferred(laid.basis.expressions)                                   # (K, N, 3)
    count = np.where(surface.regions == REGIONS.index("other"), REST_COUNT, FACE_COUNT)
    design = flame.expression_shapes[:, surface.vertices]                               # (E, N, 3)
    energy = np.einsum("env,fnv,n->ef", design, design, count, optimize=True)
    energy += RIDGE * np.trace(energy) / len(energy) * np.eye(len(energy))
    offsets, explained, turns, carried = np.zeros_like(wanted), {}, {}, []
    for index, name in enumerate(names):
        goal, posed = wanted[index], np.zeros_like(wanted[index])
        if name in AXES:
            turns[name], posed = jaw_turn(flame, surface, goal, AXES[name], count)
        left = goal - posed
        coefficients = np.linalg.solve(energy, np.einsum("env,nv,n->e", design, left, count, optimize=True))
        found = posed + np.tensordot(coefficients, design, 1)
        total = float((count[:, None] * goal**2).sum())
        share = 1 - float((count[:, None] * (goal - found) ** 2).sum()) / total if total > 1e-12 else 1.0
        explained[name] = round(share, 3)
        if share < EXPLAINED:
            carried.append(name)
            found = goal
        offsets[index] = found
    close(offsets, names, ring)
    return Keys(names, offsets, turns, explained, tuple(carried))


def jaw_turn(flame: Flame, surface: Surface, goal: Array, axis: int, count: Array) -> tuple[Array, Array]:
    """Return the jaw's pose (3,), radians, about an axis that comes nearest to offsets (N, 3), and its own offsets (N, 3)."""
    best, least, found = np.zeros(3), np.inf, np.zeros_like(goal)
    for angles in (COARSE, FINE):
        middle = best[axis]
        for angle in angles:
            pose = np.zeros((len(JOINTS), 3))
            pose[JAW, axis] = middle + angle
            offsets = (flame.posed(flame.template, pose) - flame.template)[surface.vertices]
            error = float((count[:, None] * (goal - offsets) ** 2).sum())
            if error < least:
                best, least, found = pose[JAW], error, offsets
    return best, found


def close(offsets: Array, names: tuple[str, ...], ring: LipRing) -> None:
    """Scale mouthClose so that lips which jawOpen parts are as near as at rest."""
    heights = offsets[:, ring.upper, 1].mean(axis=1) - offsets[:, ring.lower, 1].mean(axis=1)
    opened, closed = heights[names.index("jawOpen")], heights[names.index(CLOSING)]
    if closed < -1e-4 and opened > 0:
        offsets[names.index(CLOSING)] *= opened / -closed


def turned(points: Array, pose: Array, pivot: Array) -> Array:
    """Return the offsets (N, 3) of points (N, 3) that turn with the jaw by axis times angle (3,) about its joint (3,)."""
    return (points - pivot) @ rotation(pose).T + pivot - points
