"""Waves and curls: strands wound around the way they would take straight, those of a lock together.

A helix about each strand, open at its end and closed at its root; waves are helices pressed flat onto the head. The heavier hair
hangs, the looser it curls: a turn is never drawn by fewer than TURN points.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..choices import Waves
from ..head.scalp import CRANIUM, RADII
from .locks import Indices

TURN = 4.2                      # points of a strand that a turn takes at least
SPREAD = 0.18                   # by which locks differ in length and width of their turns
LOOSE = 0.5                     # radians by which strands of a lock are out of step

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Curl:
    """length: of a turn, and radius, metres; flat: 0 a helix .. 1 a wave that lies on the head; onset: metres from the root over which
    it opens; points: of a strand, for `count` of all that straight hair would have; thick: times the radius of a hair."""

    length: float
    radius: float
    flat: float
    onset: float
    points: float
    count: float
    thick: float


# of hair to the chin or longer, and of short hair; coily hair does not hang, so that it has one kind
HANGING: dict[Waves, Curl] = {"WAVY": Curl(0.055, 0.0042, 0.6, 0.05, 1.25, 0.95, 1.0),
                              "CURLY": Curl(0.027, 0.0068, 0.1, 0.04, 2.2, 0.54, 1.35)}
SHORT: dict[Waves, Curl] = {"WAVY": Curl(0.030, 0.0026, 0.4, 0.012, 8 / 7, 1.0, 1.0),
                            "CURLY": Curl(0.015, 0.0032, 0.1, 0.010, 2.0, 0.6, 1.3),
                            "COILY": Curl(0.0052, 0.0013, 0.0, 0.003, 16 / 7, 0.52, 1.35)}


def curled(strands: Array, lock: Indices, curl: Curl, random: np.random.Generator) -> Array:
    """Return strands (N, P, 3), metres, wound around themselves, those with the same `lock` (N,) alike."""
    count, points = strands.shape[:2]
    along = np.gradient(strands, axis=1)
    along /= np.maximum(np.linalg.norm(along, axis=2, keepdims=True), 1e-9)
    out = (strands - CRANIUM) / RADII**2
    out -= (out * along).sum(axis=2, keepdims=True) * along
    out /= np.maximum(np.linalg.norm(out, axis=2, keepdims=True), 1e-9)
    aside = np.cross(along, out)
    steps = np.linalg.norm(np.diff(strands, axis=1), axis=2)
    way = np.concatenate([np.zeros((count, 1)), steps.cumsum(axis=1)], axis=1)
    length = curl.length * random.uniform(1 - SPREAD, 1 + SPREAD, (count, 1))[lock]
    turn = np.maximum(length, TURN * way[:, -1:] / (points - 1))
    phase = random.uniform(0, 2 * np.pi, (count, 1))[lock] + random.normal(0, LOOSE, (count, 1))
    radius = curl.radius * np.minimum(1, way / curl.onset) * random.uniform(1 - SPREAD, 1 + SPREAD, (count, 1))[lock]
    angle = 2 * np.pi * way / turn + phase
    return np.asarray(strands + (radius * np.sin(angle))[..., None] * aside
                      + ((1 - curl.flat) * radius * (1 + np.cos(angle)))[..., None] * out)
