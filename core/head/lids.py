"""Lids: on every head they lie on its own eyeballs, at rest, in a shape, and on the way from open to shut."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..pictures.raster import vertex_normals
from ..types import Floats
from .lash_room import cleared_of_skin, tucked
from .lashes import Strip
from .model import HeadBasis

LINING = 0.0002                 # metres the lids' lining lies below the eyeball's surface, unseen
GAP = 0.0007                    # metres the lids' skin stands off the eyeball at least
AROUND = 0.026                  # metres from the eyeball's middle: what counts as lids
FACING = 0.15                   # cosine to the eyeball's outward direction
LINED = 0.003                   # metres off the eyeball: what faces it from farther away is the side of the nose
SOCKET = 0.5                    # share of the radius in front of the middle from which skin is lid, not socket
SHAPES = ("eyeBlink", "eyeSquint", "eyeWide", "cheekSquint", "eyeLookDown", "eyeLookUp", "eyeLookIn", "eyeLookOut")
WAY = np.arange(1, 16) / 16     # weights of eyeBlink between open and shut at which the lids' way is looked at
TOGETHER = (0.5, 0.75, 1.0)     # weights of eyeBlink at which its meeting with another shape is looked at
SEAT = 0.55                     # height of the iris's middle between the lower (0) and the upper lid (1) of one who looks ahead
MOST_SEATED = 0.004             # metres an eyeball is moved at most, a third of its radius: of 40 heads none asked for more
RIMS = {"Right": ((37, 38), (40, 41)), "Left": ((43, 44), (46, 47))}            # upper and lower, of the 68 landmarks
Points = NDArray[np.floating]
Triangles = NDArray[np.integer]


@dataclass(frozen=True)
class Eyeball:
    """A surface of revolution: middle (3,), metres; axis (3,) of length 1; its profile: radii (P,), metres, at angles (P,), rising
    radians from the axis."""

    middle: Points
    axis: Points
    angles: Points
    radii: Points

    @classmethod
    def measure(cls, points: Points) -> "Eyeball":
        """Return the eyeball of which these points (V, 3) are the vertices; it looks along +Z and is widest at its middle."""
        points = points.astype(np.float64)
        low, high = points.min(axis=0), points.max(axis=0)
        middle = np.array([low[0] + high[0], low[1] + high[1], 2 * points[points[:, 0].argmax(), 2]]) / 2
        offset = points - middle
        angles = np.arctan2(np.hypot(offset[:, 0], offset[:, 1]), offset[:, 2])
        order = np.argsort(angles)
        return cls(middle, np.array([0.0, 0.0, 1.0]), angles[order], np.linalg.norm(offset, axis=1)[order])

    def turned(self, points: Points) -> "Eyeball":
        """Return the eyeball as it looks when its vertices (V, 3) have turned about its middle to `points`."""
        axis = points.astype(np.float64).mean(axis=0) - self.middle
        return replace(self, axis=axis / np.linalg.norm(axis))

    def height(self, points: Points) -> Points:
        """Return how far points (N, 3) stand off the surface (N,), metres, negative inside."""
        offset = points - self.middle
        distance = np.linalg.norm(offset, axis=1)
        angle = np.arccos(np.clip(offset @ self.axis / np.maximum(distance, 1e-9), -1, 1))
        return np.asarray(distance - np.interp(angle, self.angles, self.radii))

    def outwards(self, points: Points) -> Points:
        """Return the directions (N, 3) from the middle to points (N, 3)."""
        offset = points - self.middle
        return np.asarray(offset / np.maximum(np.linalg.norm(offset, axis=1, keepdims=True), 1e-9))


def sides(skin: Points, triangles: Triangles, eye: Eyeball) -> Points:
    """Return 1 for vertices (V,) of the skin (V, 3), triangles (F, 3), that are the lids' outside, -1 for their lining, which faces
    the eyeball, and 0 for all others."""
    offset = skin - eye.middle
    facing = (vertex_normals(skin.astype(np.float32), triangles.astype(np.int32)) * eye.outwards(skin)).sum(axis=1)
    radius = float(np.interp(np.pi / 2, eye.angles, eye.radii))
    near = (np.linalg.norm(offset, axis=1) < AROUND) & (offset[:, 2] > SOCKET * radius)
    lining = near & (facing < -FACING) & (eye.height(skin) < LINED)
    return np.where(near & (facing > FACING), 1.0, np.where(lining, -1.0, 0.0))


def cleared(points: Points, side: Points, eye: Eyeball) -> Points:
    """Return the points (V, 3) of which outer lids (side 1) stand off the eyeball by GAP and the lining (-1) stays on it."""
    height = eye.height(points)
    move = np.where(side > 0, np.clip(GAP - height, 0, None), np.where(side < 0, np.clip(-LINING - height, None, 0), 0))
    return np.asarray(points + move[:, None] * eye.outwards(points))


def halfway(points: Points, shut: Points, eye: Eyeball) -> Points:
    """Return the offsets (N, 3) that keep lids off the eyeball while they go from `points` (N, 3) by `shut` (N, 3).

    A shape moves them straight, through a round eyeball. With these, times weight and 1 - weight, their height over it is on the
    whole way at least what it would be between those at both ends.
    """
    direction = eye.outwards(points + shut / 2)
    first, last = eye.height(points), eye.height(points + shut)
    length = np.zeros(len(points))
    for weight in WAY:
        here = points + weight * shut
        missing = (1 - weight) * first + weight * last - eye.height(here)
        slant = np.maximum((direction * eye.outwards(here)).sum(axis=1), 0.5)
        length = np.maximum(length, missing / (weight * (1 - weight) * slant))
    return np.asarray(length[:, None] * direction)


def halfway_name(side: str) -> str:
    """Return what the corrective of `halfway` is called on the person's side, "Left" or "Right"."""
    return f"eyeBlink{side}_halfway"


class Lids:
    """The lids of a model's heads: which vertices they are, on each side."""

    def __init__(self, basis: HeadBasis) -> None:
        """Find them on the mean head."""
        self.basis, self.strips = basis, basis.strips
        self.outside = slice(0, basis.part("lashes").vertices.stop)             # skin and lashes come first
        self.skin, self.lashes = basis.part("skin").vertices, basis.part("lashes").vertices
        self.balls = {side: basis.part(f"eye_{side.lower()}").vertices for side in ("Left", "Right")}
        skin = basis.vertices[self.skin]
        lashes = np.ones(self.outside.stop - len(skin))
        self.sides = {side: np.concatenate([sides(skin, basis.skin_triangles, self.eye(side, basis.vertices)), lashes])
                      for side in self.balls}

    def eye(self, side: str, head: Floats) -> Eyeball:
        """Return the eyeball of a neutral head (V, 3)."""
        return Eyeball.measure(head[self.balls[side]])

    def seated(self, head: Floats, landmarks: Floats) -> Floats:
        """Return the neutral head (V, 3) whose eyeballs are raised or lowered, by MOST_SEATED at most, until they look out from
        between its lids, which are cleared of them; landmarks: (68, 3), iBUG order.

        The model's eyeballs do not know how a person's lids are cut, and an iris with white below it stares.
        """
        result = head.astype(np.float32)
        for side, ball in self.balls.items():
            upper, lower = (landmarks[list(RIMS[side][rim]), 1].mean() for rim in (0, 1))
            result[ball, 1] += np.clip(lower + SEAT * (upper - lower) - self.eye(side, head).middle[1], -MOST_SEATED, MOST_SEATED)
        return self.clear(result)

    def clear(self, head: Floats) -> Floats:
        """Return the neutral head (V, 3) with lids that lie on its eyeballs."""
        result = head.astype(np.float64)
        for side in self.balls:
            result[self.outside] = cleared(result[self.outside], self.sides[side], self.eye(side, head))
            result[self.lashes] += self.lash_room(result[self.outside], side)
        return result.astype(np.float32)

    def fit(self, head: Floats) -> HeadBasis:
        """Return the model with shapes of lids, made for the mean head, that suit this neutral head (V, 3) instead."""
        shapes, correctives = self.basis.expressions.copy(), self.basis.corrective_basis.astype(np.float32)
        places = {name: place for place, name in enumerate(self.basis.expression_names)}
        outside, start = self.outside, head[self.outside].astype(np.float64)
        for side, ball in self.balls.items():
            eye, blink = self.eye(side, head), places[f"eyeBlink{side}"]
            looking = {places[shape + side]: eye.turned(head[ball] + shapes[places[shape + side], ball]) for shape in SHAPES}
            for strip in self.strips_of(side):                                           # made for how the mean head's stand
                standing, own = head[self.lashes], replace(strip, places=start[self.lashes][strip.rows])
                shapes[[blink], self.lashes] = own.carried(shapes[[blink], self.lashes], standing, (f"eyeBlink{side}",))
            for place in looking:
                before = shapes[place, outside].copy()
                shapes[place, outside] += self.missing(start + before, side, looking[place])
                shapes[place, self.lashes] += self.lash_room(start + shapes[place, outside], side)
                self.follow(correctives, place, before, shapes[place, outside] - before)
            lowered = places[f"browDown{side}"]
            for share in (0.0, 1.0):                                                    # angry eyes are wide, too
                wide = share * shapes[places[f"eyeWide{side}"], outside]
                shapes[lowered, self.lashes] += self.lash_room(start + shapes[lowered, outside] + wide, side)
            for place in (places[f"eyeLook{way}{side}"] for way in ("In", "Out")):      # the cornea below shut lids
                shapes[blink, outside] += self.missing(start + shapes[blink, outside] + shapes[place, outside], side, looking[place])
            shapes[blink, self.lashes] += self.lash_room(start + shapes[blink, outside], side, start)
            bulge = halfway(start, shapes[blink, outside].astype(np.float64), eye)
            correctives[self.basis.corrective_names.index(halfway_name(side)), outside] = bulge
            for index in self.beside(blink):
                place, offsets = int(self.basis.corrective_pairs[index, 1]), correctives[index, outside].astype(np.float64)
                more = np.zeros_like(offsets)
                for weight in TOGETHER:
                    reached = start + shapes[place, outside] + weight * (shapes[blink, outside] + (1 - weight) * bulge + offsets)
                    move = self.missing(reached, side, looking[place]) / weight
                    more = np.where(((move**2).sum(axis=1) > (more**2).sum(axis=1))[:, None], move, more)
                correctives[index, self.skin] += more[self.skin]                    # a lash moved by itself would stand out of its row
        return replace(self.basis, expression_basis=shapes.astype(np.float16), corrective_basis=correctives.astype(np.float16))

    def missing(self, points: Points, side: str, eye: Eyeball) -> Points:
        """Return the moves (N, 3) that clear skin and lashes (N, 3)."""
        return cleared(points, self.sides[side], eye) - points

    def lash_room(self, points: Points, side: str, opened: Points | None = None) -> Points:
        """Return the moves (N_lashes, 3) that bring the upper lashes of a side before the skin, where lids are shut the lower ones
        behind it, and roots near the rim; points: (N, 3) of skin and lashes; opened: (N, 3) of a blink's neutral head."""
        skin, lashes = points[self.skin], points[self.lashes]
        moved = lashes
        for strip in self.strips_of(side):
            if strip.upper:
                moved = cleared_of_skin(moved, strip, skin, self.basis.skin_triangles)
            elif opened is not None:
                moved = tucked(moved, strip, skin, self.basis.skin_triangles, opened[self.lashes])
            moved = replace(strip, places=moved[strip.rows]).rooted(moved)              # identities and shapes draw them out
        return moved - lashes

    def strips_of(self, side: str) -> list[Strip]:
        """Return the lashes of a side's lids."""
        return [strip for strip in self.strips if strip.left == (side == "Left")]

    def beside(self, blink: int) -> list[int]:
        """Return the correctives of the shape at `blink` together with another one."""
        first, second = self.basis.corrective_pairs.T
        return list(map(int, np.flatnonzero((first == blink) & (second != blink))))

    def follow(self, correctives: Floats, place: int, before: Floats, change: Floats) -> None:
        """Let the correctives (C, V, 3) that take back the shape at `place`, its offsets (N, 3) before, do so with its change."""
        length = np.maximum((before**2).sum(axis=1), 1e-12)
        for index in np.flatnonzero((self.basis.corrective_pairs[:, 1] == place) & (self.basis.corrective_gains > 0)):
            offsets = correctives[index, self.outside]
            offsets -= np.clip(-(offsets * before).sum(axis=1) / length, 0, 1)[:, None] * change
