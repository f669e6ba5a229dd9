"""Lashes as long and curled as people's: those of the head model's source reach 3 mm from the lids, straight up and down.

Strips of five rows of vertices, root to tip: the first lies in the lid, the second at its rim. What lies beyond is drawn out and
turned about the rim, row by row; shapes carry it with the rim and turn it as they turned the short ones. Lashes that are as long and
curled already stay as they are.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..types import Floats, Integers

ROWS, RIM = 5, 1
# metres that the longest reach beyond the rim, and degrees above forward at which they lead from row to row there; of the upper lid,
# and the lower one
UPPER, LOWER = (0.0085, (4.0, 24.0, 46.0)), (0.0052, (-38.0, -46.0, -46.0))
# share of that from the inner to the outer corner; of the way from root to tip at which the rows lie, for what is drawn on the strips
LONG = ((0.0, 0.3, 0.6, 0.8, 1.0), (0.50, 0.85, 1.0, 0.98, 0.70))
ALONG = (0.02, 0.19, 0.45, 0.72, 0.98)         # off the ends: pictures are repeated

# metres from the rim that the root lies up the lid at most, on every head (see lids.py): longer ones come out of it as a dark wedge
ROOTED = 0.0014
SHUT, FOLDED = "eyeBlink", -92.0                # lower lashes lie down below the upper lid that comes down: degrees above forward

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Strip:
    """One lid's lashes on the mean head: rows (ROWS, C) of vertices among the lashes', their places (ROWS, C, 3), metres; whether they
    are the upper lid's."""

    rows: Integers
    places: Array
    upper: bool

    @classmethod
    def of(cls, rows: Integers, points: Floats, eyes: Array) -> "Strip":
        """Take one of the lashes' points (V, 3); eyes: (2, 3), the eyeballs' middles."""
        places = points[rows].astype(np.float64)
        middle = places.mean(axis=(0, 1))
        return cls(rows, places, bool(middle[1] > eyes[np.abs(eyes[:, 0] - middle[0]).argmin(), 1]))

    @property
    def axis(self) -> Array:
        """Unit vectors (C, 3) along the rim to the person's left: what turns about them turns from above to the front."""
        axis = np.gradient(self.places[RIM], axis=0)
        return np.asarray(axis * np.sign(axis[:, :1]) / np.linalg.norm(axis, axis=1, keepdims=True))

    @property
    def left(self) -> bool:
        """Whether they are those of the person's left eye."""
        return bool(self.places[..., 0].mean() > 0)

    @property
    def along(self) -> Array:
        """How far from the inner to the outer corner the columns lie (C,), 0..1."""
        rim = self.places[RIM]
        way = np.append(0.0, np.linalg.norm(np.diff(rim, axis=0), axis=1).cumsum())
        return way / way[-1] if abs(rim[0, 0]) < abs(rim[-1, 0]) else 1 - way / way[-1]

    @property
    def uv(self) -> Array:
        """Where the vertices lie on what is drawn on the strips (ROWS, C, 2): lower lashes on its lower half."""
        return np.stack(np.broadcast_arrays(self.along, 0.5 * (self.upper + np.array(ALONG)[:, None])), axis=2)

    def rooted(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return a copy of values (..., V, 3) of the lashes' vertices, or of what is added to them, with the roots near the rim."""
        length = np.linalg.norm(self.places[RIM] - self.places[RIM - 1], axis=1)[:, None]
        root, rim = (values[..., self.rows[row], :] for row in (RIM - 1, RIM))
        result = values.copy()
        result[..., self.rows[RIM - 1], :] = np.where(length > ROOTED, rim + ROOTED / length * (root - rim), root)
        return result

    def raised(self, ways: Array) -> Array:
        """Return the angles (..., C), radians, of ways (..., C, 3) above forward."""
        forward = np.cross(self.axis, [0.0, 1.0, 0.0])
        forward /= np.linalg.norm(forward, axis=1, keepdims=True)
        return np.arctan2((ways * np.cross(forward, self.axis)).sum(axis=-1), (ways * forward).sum(axis=-1))

    def drawn_out(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return values (..., V, 3) of the lashes' vertices, or what identities add to them, with longer lashes."""
        ways, (length, degrees) = np.diff(self.places[RIM:], axis=0), UPPER if self.upper else LOWER
        longer = length * np.interp(self.along, *LONG) / np.linalg.norm(ways, axis=2).sum(axis=0)
        turns = longer[:, None, None] * turned(self.axis, self.raised(ways) - np.radians(degrees)[:, None])
        result = self.rooted(values)
        for row, turn in zip(range(RIM + 1, ROWS), turns, strict=True):
            way = values[..., self.rows[row], :] - values[..., self.rows[row - 1], :]
            result[..., self.rows[row], :] = result[..., self.rows[row - 1], :] + np.einsum("cij,...cj->...ci", turn, way)
        return result

    def carried(self, offsets: NDArray[np.floating], longer: Floats, names: tuple[str, ...]) -> NDArray[np.floating]:
        """Return what shapes of these names (or correctives) add (K, V, 3) to `longer` lashes (V, 3), from what they add to these."""
        way, rim = self.places[-1] - self.places[RIM], offsets[:, self.rows[RIM]]
        sunk = self.raised(way) - self.raised(way + offsets[:, self.rows[-1]] - rim)
        sunk = (sunk + np.pi) % (2 * np.pi) - np.pi
        if not self.upper:
            side = "Left" if self.left else "Right"
            stood = self.raised(longer[self.rows[-1]] - longer[self.rows[RIM]])
            sunk[[name == SHUT + side for name in names]] = stood - np.radians(FOLDED)
        turns, result = turned(self.axis, sunk) - np.eye(3), self.rooted(offsets)
        for row in self.rows[RIM + 1:]:
            result[:, row] = rim + np.einsum("kcij,cj->kci", turns, longer[row] - longer[self.rows[RIM]])
        return result


def turned(axis: Array, angles: Array) -> Array:
    """Return the turns (..., C, 3, 3) about unit axes (C, 3) by angles (..., C), radians (Rodrigues)."""
    across = np.cross(np.eye(3), axis[:, None])                             # the product with the axis
    angles = angles[..., None, None]
    return np.asarray(np.eye(3) + np.sin(angles) * across + (1 - np.cos(angles)) * across @ across)


def strips_of(points: Floats, quads: Integers, eyes: Array) -> list[Strip]:
    """Return the strips among the lashes' vertices (V, 3) of the mean head, with quads into them, none where lashes are built
    otherwise; eyes: (2, 3), the eyeballs' middles."""
    beside: list[set[int]] = [set() for _ in points]
    for quad in quads.tolist():
        for first, second in zip(quad, quad[1:] + quad[:1], strict=True):
            beside[first].add(second)
            beside[second].add(first)
    found: dict[frozenset[int], Integers] = {}
    for corner in (vertex for vertex, others in enumerate(beside) if len(others) == 2):
        for first in beside[corner]:
            border = border_from(corner, first, beside)
            rows = rows_from(border, beside) if len(border) > ROWS else None
            if rows is not None and points[rows[0], 2].mean() < points[rows[-1], 2].mean():         # tips lie in front
                found[frozenset(border)] = rows
    return [Strip.of(rows, points, eyes) for rows in found.values()]


def border_from(corner: int, first: int, beside: list[set[int]]) -> list[int]:
    """Return the vertices along the border of a strip from one corner, over its neighbour `first`, to the next corner; none where
    there is no strip."""
    border = [corner, first]
    while len(beside[border[-1]]) == 3:
        onward = [vertex for vertex in beside[border[-1]] if len(beside[vertex]) < 4 and vertex not in border]
        if len(onward) != 1:
            return []
        border += onward
    return border


def rows_from(border: list[int], beside: list[set[int]]) -> Integers | None:
    """Return the rows (ROWS, C) of vertices from one border of a strip to the other, None where it has others."""
    rows, seen = [border], set(border)
    while len(rows) < ROWS:
        onward = [beside[vertex] - seen for vertex in rows[-1]]
        if any(len(others) != 1 for others in onward):
            return None
        rows.append([others.pop() for others in onward])
        seen.update(rows[-1])
    return np.array(rows) if set().union(*(beside[vertex] for vertex in rows[-1])) <= seen else None
