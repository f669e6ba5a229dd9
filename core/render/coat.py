"""A person's hair and brows as ribbons for rays, those that only turn with the head kept from frame to frame.

Most of the hair is rooted where no shape moves the skin. Its ribbons are made once for an eye, as they face it while the head looks
ahead, and the rays are turned instead: that spares most of the time that building takes.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .fibres import Fibres
from .pose import Poser
from .rays import Rays
from .studio import Place

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Strands = tuple[tuple[Fibres, Array], ...]          # fibres and where their points (N, P, 3) are


@dataclass(frozen=True)
class Coat:
    """A person's hair and brows: strands that the skin moves, strands that only turn with the head, and the latter's ribbons for rays
    by the eye that they face."""

    moving: tuple[Fibres, ...]
    turning: tuple[Fibres, ...]
    ready: dict[Place, Rays] = field(default_factory=dict)

    @classmethod
    def of(cls, fibres: tuple[Fibres, ...], poser: Poser) -> "Coat":
        """Part fibres by where they are rooted."""
        rigid = [poser.rigid[part.corners].all(axis=1) for part in fibres]
        moving = [part.of_strands(~only) for part, only in zip(fibres, rigid, strict=True) if not only.all()]
        turning = [part.of_strands(only) for part, only in zip(fibres, rigid, strict=True) if only.any()]
        return cls(tuple(moving), tuple(turning))

    def facing(self, eye: Place) -> Rays:
        """Return the ribbons of the strands that only turn, towards an eye."""
        if eye not in self.ready:
            self.ready[eye] = Rays(*ribbons(tuple((part, part.points) for part in self.turning), eye))
        return self.ready[eye]


def ribbons(strands: Strands, eye: Place) -> tuple[Array, Indices]:
    """Return vertices (V, 3) and triangles (F, 3) of the ribbons of fibres along their points (N, P, 3), one after the other."""
    return np.concatenate([part.ribbons(points, eye) for part, points in strands]), ribbon_triangles(strands)


def ribbon_triangles(strands: Strands) -> Indices:
    """Return the triangles (F, 3) of the ribbons of all fibres, one after the other."""
    starts = np.cumsum([0, *(2 * part.radius.size for part, _ in strands)])
    found = [part.triangles + start for (part, _), start in zip(strands, starts, strict=False)]
    return np.concatenate([np.zeros((0, 3), np.int64), *found])
