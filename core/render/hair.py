"""Hair and brows in one frame: strands in their places, what rays meet of them, and how they look there."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .coat import Coat, Strands, ribbon_triangles, ribbons
from .pose import Poser, about
from .rays import Hits, Rays, blend
from .shade import Stage
from .studio import Place

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Hair:
    """Hair and brows in one frame: strands, the ribbons' triangles (F, 3) over two vertices a point, and what rays meet, nothing where
    there is no hair."""

    strands: Strands
    triangles: Indices
    rays: Rays | None

    @classmethod
    def of(cls, coat: Coat, poser: Poser, frame: int, *, head: Array, eye: Place) -> "Hair":
        """Set strands onto the head (V, 3) as it is in a frame."""
        rest, (pivot, turn) = poser.rest(), poser.turn(frame)
        moving = tuple((part, part.posed(rest, head)) for part in coat.moving)
        turning = tuple((part, about(part.points, pivot, turn)) for part in coat.turning)
        rays = coat.facing(eye).turned(pivot, turn) if turning else None
        if moving:
            rays = Rays(*ribbons(moving, eye), rays)
        return cls(moving + turning, ribbon_triangles(moving + turning), rays)

    @property
    def points(self) -> Array:
        """All strands' points (N, 3)."""
        return np.concatenate([np.zeros((0, 3)), *(points.reshape(-1, 3) for _, points in self.strands)])

    def seen(self, stage: Stage, hits: Hits, result: Array, *, random: np.random.Generator, eye: Place) -> None:
        """Put the hair's radiance (R, 3), in place, where rays hit ribbons."""
        place = hits.triangle - len(stage.portrait.surface.triangles)
        met = np.flatnonzero(place >= 0)
        if len(met):
            ends = np.cumsum([0, *(2 * fibres.radius.size for fibres, _ in self.strands)])
            wanted = np.zeros(ends[-1], bool)
            wanted[self.triangles[np.unique(place[met])]] = True
            colours = np.concatenate([fibres.shaded(points, stage.studio, eye, rays=stage.rays, wanted=own, random=random)
                                      for (fibres, points), own in zip(self.strands, np.split(wanted, ends[1:-1]), strict=True)])
            result[met] = blend(colours[self.triangles[place[met]]], hits.weights[met])
