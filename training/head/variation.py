"""How people differ smoothly from one another, in all directions alike: a Gaussian process on the head's surface.

The sliders of the source do not hold every face. Their samples are therefore moved further by smooth random fields (Luthi et al.
2018, Gaussian process morphable models), which the fit can use where a photo asks for it.
"""

import numpy as np

from .source import Array

REACHES = (0.055, 0.025)                # metres
DEVIATIONS = (0.0028, 0.0010)           # metres, of each coordinate
ASYMMETRY = 0.25                        # of the symmetric part
CENTRES = 400


class SmoothVariation:
    """Random smooth fields on the points of a head."""

    def __init__(self, points: Array) -> None:
        """Prepare for points (V, 3), metres, symmetric about x = 0."""
        centres = points[farthest(points, CENTRES)]
        covariance = self.covariance(centres, centres)
        values, vectors = np.linalg.eigh(covariance)
        used = values > 1e-9 * values.max()
        half = vectors[:, used] / np.sqrt(values[used])
        flip = np.array([-1.0, 1.0, 1.0])
        self.modes = self.covariance(points, centres) @ half                    # (V, C)
        self.mirrored_modes = self.covariance(points * flip, centres) @ half

    @staticmethod
    def covariance(first: Array, second: Array) -> Array:
        """Return the covariance (N, M) of one coordinate between two sets of points."""
        squared = ((first[:, None] - second[None]) ** 2).sum(axis=2)
        return np.sum([deviation**2 * np.exp(-squared / (2 * reach**2)) for reach, deviation in zip(REACHES, DEVIATIONS, strict=True)],
                      axis=0)

    def draw(self, random: np.random.Generator) -> Array:
        """Return one field (V, 3), metres: mostly symmetric."""
        scores = random.normal(size=(self.modes.shape[1], 3))
        own, other = self.modes @ scores, self.mirrored_modes @ scores * [-1, 1, 1]
        even, odd = (own + other) / 2, (own - other) / 2
        return (even + ASYMMETRY * odd) * np.sqrt(2 / (1 + ASYMMETRY**2))


def farthest(points: Array, count: int) -> list[int]:
    """Return `count` points (indices) spread evenly: each the farthest from those before it."""
    chosen = [int(np.argmax(points[:, 2]))]
    distance = np.full(len(points), np.inf)
    while len(chosen) < count:
        distance = np.minimum(distance, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
        chosen.append(int(np.argmax(distance)))
    return chosen
