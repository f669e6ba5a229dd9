"""How much light arrives at points of the head, from lamps and surroundings, with shadows.

Radiometry as in Blender: a flat lamp of power P and area A has the radiance P / (pi A), a point of power P the intensity P / (4 pi).
"""

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from .rays import Rays, blend
from .skin_optics import dot
from .studio import AreaLight, Place, PointLight, Studio

OFFSET = 1e-4                   # metres off the surface at which rays begin
SHORT = 0.999                   # share of the way to a lamp that must be free
BOUNCES, NARROW = 2, 0.003      # from one part to another; metres between them from which light is followed
TOGETHER = 2048                 # points that one thread lights: their rays stay in its cache
FAR = 5.0                       # metres within which the surroundings can be hidden

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Chance = NDArray[np.floating]
Weight = Callable[[Array], Array]


@dataclass(frozen=True)
class Lamp:
    """A light as the renderer uses it: middle (3,); across and up (3,), half its sides; facing (3,), unit, zero for a point; radiance
    (3,), or the intensity of a point; area, m2, 1 for a point."""

    middle: Array
    across: Array
    up: Array
    facing: Array
    radiance: Array
    area: float

    @classmethod
    def of(cls, light: AreaLight | PointLight) -> "Lamp":
        """Place a light of the studio."""
        colour, middle = np.array(light.colour), np.array(light.place)
        if isinstance(light, PointLight):
            none = np.zeros(3)
            return cls(middle, none, none, none, light.power / (4 * np.pi) * colour, 1.0)
        across, up, facing = frame(light.place, light.at)
        area = light.width * light.height
        return cls(middle, across * light.width / 2, up * light.height / 2, facing, light.power / (np.pi * area) * colour, area)

    def samples(self, chance: Chance) -> Array:
        """Return points of the lamp (N, S, 3): where chance (N, S, 2), 0..1, puts one in each of S even pieces, a square number."""
        if not self.facing.any():
            return np.broadcast_to(self.middle, (len(chance), 1, 3))
        steps = math.isqrt(chance.shape[1])
        place = (pieces(steps) + chance) / steps * 2 - 1
        return np.asarray(self.middle + place[..., :1] * self.across + place[..., 1:] * self.up)

    def above(self, points: Array, normals: Array) -> NDArray[np.bool_]:
        """Whether some of the lamp is above the horizon of points (N, 3) with normals (N, 3), and they are before it."""
        way = self.middle - points
        highest = dot(way, normals) + np.abs(normals @ self.across) + np.abs(normals @ self.up)
        return np.asarray((highest > 0) & (way @ self.facing <= 0))

    def quarters(self, turns: Indices) -> Array:
        """Return for each of turns (N,), 0 to 3, the middle of one quarter of the lamp (N, 1, 3)."""
        right, up = (turns % 2)[:, None] - 0.5, (turns // 2)[:, None] - 0.5
        return np.asarray(self.middle + right * self.across + up * self.up)[:, None]

    def arriving(self, points: Array, samples: Array) -> tuple[Array, Array]:
        """Return for points (N, 3) and samples (N, S, 3) of the lamp the unit directions there (N, S, 3), and the irradiance that each
        would give a surface facing it (N, S), for a radiance of 1."""
        way = samples - points[:, None]
        squared = np.maximum(dot(way, way), 1e-12)
        direction = way / np.sqrt(squared)[..., None]
        facing = np.maximum(-dot(direction, self.facing), 0) if self.facing.any() else np.ones(squared.shape)
        return direction, facing * self.area / samples.shape[1] / squared


def frame(place: Place, at: Place) -> tuple[Array, Array, Array]:
    """Return unit vectors (3,) to the right, up and forwards of what stands at `place`, upright, and looks at `at`."""
    forwards = np.array(at) - np.array(place)
    forwards = forwards / np.linalg.norm(forwards)
    right = np.cross(forwards, [0.0, 1.0, 0.0])
    if np.linalg.norm(right) < 1e-9:            # it looks straight up or down
        right = np.array([1.0, 0.0, 0.0])
    right /= np.linalg.norm(right)
    return right, np.cross(right, forwards), forwards


@dataclass(frozen=True)
class Lit:
    """Light at N points: irradiance (N, 3) with shadows, W/m2; visible: (N, L) share of each lamp's light that is not shadowed, and in
    the last column that of the surroundings; bounced: (N, 3), of the irradiance, what the head itself sends, or nothing."""

    irradiance: Array
    visible: Array
    bounced: Array


def light_up(points: Array, normals: Array, studio: Studio, rays: Rays, *, steps: int | Indices,
             random: np.random.Generator, weight: Weight | None = None) -> Lit:
    """Return the light at points (N, 3) with unit normals (N, 3).

    steps: each flat lamp is sampled at steps x steps places, for all or (N,); weight: of light by the cosine of its angle to the
    normal, as Fresnel's transmittance.
    """
    light, lamps = partial(lit_by_one, studio=studio, rays=rays, weight=weight), len(studio.lights) + 1
    parts, chances = parted(steps, len(points), lamps, random)
    result = Lit(np.zeros((len(points), 3)), np.zeros((len(points), lamps)), np.zeros((len(points), 3)))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found_parts = pool.map(light, [points[part] for part in parts], [normals[part] for part in parts], chances)
        for part, found in zip(parts, found_parts, strict=True):
            result.irradiance[part], result.visible[part] = found.irradiance, found.visible
    return result


def parted(steps: int | Indices, count: int, ways: int, random: np.random.Generator) -> tuple[list[Indices], list[Chance]]:
    """Return `count` points in parts of the same steps, for one thread each, and the parts' chance 0..1 (N, ways, steps * steps, 2).

    Chance is drawn for all alike, lest what is left of noise flickers as the head turns.
    """
    each = np.broadcast_to(steps, count)
    chance = random.random((count, ways, int(each.max(initial=1))**2, 2), np.float32)
    alike = [np.flatnonzero(each == step) for step in np.unique(each)]
    parts = [part for same in alike for part in np.array_split(same, -(-len(same) // TOGETHER))]
    return parts, [chance[part, :, :int(each[part[0]])**2] for part in parts]


def lit_by_one(points: Array, normals: Array, chance: Chance, *, studio: Studio, rays: Rays, weight: Weight | None) -> Lit:
    """Return the same as `light_up`, by one thread; chance: (N, L + 1, S, 2), of the surroundings last."""
    visible, total = np.zeros((len(points), len(studio.lights) + 1)), np.zeros((len(points), 3))
    for number, lamp in enumerate(Lamp.of(light) for light in studio.lights):
        chosen = np.flatnonzero(lamp.above(points, normals))
        place, normal = points[chosen], normals[chosen]
        samples = lamp.samples(chance[chosen, number])
        direction, flux = lamp.arriving(place, samples)
        cosine = np.maximum(dot(direction, normal[:, None]), 0)
        given = flux * cosine * (weight(cosine) if weight else 1.0)
        free = unshadowed(place, normal, samples - place[:, None], given > 0, rays)
        received = (given * free).sum(axis=1)
        total[chosen] += received[:, None] * lamp.radiance
        visible[chosen, number] = received / np.maximum(given.sum(axis=1), 1e-30)
    around, visible[:, -1] = surroundings(points, normals, chance[:, -1], studio, rays, weight)
    return Lit(total + around, visible, np.zeros_like(total))


def unshadowed(points: Array, normals: Array, ways: Array, wanted: NDArray[np.bool_], rays: Rays,
               reach: float = SHORT) -> NDArray[np.bool_]:
    """Return where wanted (N, S) the ways (N, S, 3) from points (N, 3) are free; False where not wanted."""
    owner, sample = np.nonzero(wanted)
    free = np.zeros(wanted.shape, bool)
    if len(owner):
        free[owner, sample] = ~rays.blocked((points + OFFSET * normals)[owner], ways[owner, sample], reach)
    return free


def surroundings(points: Array, normals: Array, chance: Chance, studio: Studio, rays: Rays,
                 weight: Weight | None) -> tuple[Array, Array]:
    """Return the irradiance (N, 3) from the surroundings and the share of them that is free (N,), by cosine-weighted directions of
    chance (N, S, 2)."""
    if not any(studio.surroundings):
        return np.zeros((len(points), 3)), np.zeros(len(points))
    direction = hemisphere(normals, chance)
    cosine = np.maximum(dot(direction, normals[:, None]), 0)
    free = unshadowed(points, normals, direction, np.ones(cosine.shape, bool), rays, FAR)
    passed = (free * (weight(cosine) if weight else 1.0)).mean(axis=1)
    return np.pi * passed[:, None] * np.array(studio.surroundings), free.mean(axis=1)


def bounced(points: Array, normals: Array, rays: Rays, triangles: Indices, radiosity: Callable[[Array], Array], *,
            irradiance: Array, steps: int | Indices, random: np.random.Generator) -> Array:
    """Return the irradiance (N, 3) at points (N, 3) that comes from the surface itself, lit by `irradiance` (N, 3) at its vertices.

    The points are the vertices of triangles (F, 3), anticlockwise from outside, the first that the rays know; all else, and what lies
    over them, counts as dark.
    radiosity: of vertices from their irradiance; steps: ways go in steps x steps directions from each point, of all or (N,). Light is
    followed over BOUNCES, always along the same ways.
    """
    follow, count = partial(followed, surface=points, triangles=triangles, rays=rays), np.broadcast_to(steps, len(points))
    parts, chances = parted(steps, len(points), 1, random)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        ways = list(pool.map(follow, parts, [normals[part] for part in parts], chances))
    owner, corners, weights = (np.concatenate(each) for each in zip(*ways, strict=True))
    result = np.zeros(points.shape)
    for _ in range(BOUNCES):
        arriving = blend(radiosity(irradiance + result)[corners], weights)
        result = np.stack([np.bincount(owner, channel, len(points)) for channel in arriving.T], axis=1) / count[:, None]**2
    return result


def followed(part: Indices, normals: Array, chance: Chance, *, surface: Array, triangles: Indices,
             rays: Rays) -> tuple[Indices, Indices, Array]:
    """Return where light comes from to the vertices `part` (N,) of a surface (V, 3), with normals (N, 3), along ways by chance
    (N, 1, S, 2): of each that ends on the surface the vertex (M,), the corners (M, 3) of the triangle and their weights (M, 3)."""
    direction, count = hemisphere(normals, chance[:, 0]).reshape(-1, 3), chance.shape[2]
    origins = np.repeat(surface[part] + OFFSET * normals, count, axis=0)
    hits = rays.alone.first(origins, direction)
    met = np.flatnonzero((hits.triangle >= 0) & (hits.triangle < len(triangles)))
    # a ray that begins in flesh, where lips touch, meets the skin from within: there is no light. Nor do vertices tell what goes on
    # in a crease narrower than they are apart
    first, second, third = np.moveaxis(surface[triangles[hits.triangle[met]]], 1, 0)
    facing = dot(direction[met], np.cross(second - first, third - first)) < 0
    met = met[facing & (hits.distance[met] > NARROW)]
    if rays.over is not None:
        met = met[~rays.over.blocked(origins[met], direction[met], hits.distance[met])]
    return part[met // count], triangles[hits.triangle[met]], hits.weights[met]


def hemisphere(normals: Array, chance: Chance) -> Array:
    """Return unit directions (N, S, 3) above normals (N, 3), as dense as the cosine, one by chance (N, S, 2) in each of S pieces."""
    steps = math.isqrt(chance.shape[1])
    first, second = np.moveaxis((pieces(steps) + chance) / steps, 2, 0)
    radius, turn = np.sqrt(first), 2 * np.pi * second
    side = np.where(np.abs(normals[:, :1]) > 0.9, [[0.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])
    right = np.cross(normals, side)
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    up = np.cross(normals, right)
    return np.asarray((radius * np.cos(turn))[..., None] * right[:, None] + (radius * np.sin(turn))[..., None] * up[:, None]
                      + np.sqrt(np.maximum(1 - first, 0))[..., None] * normals[:, None])


def pieces(steps: int) -> Array:
    """Return the corners (1, S, 2) of steps x steps pieces of a square, whole numbers."""
    return np.stack(np.meshgrid(np.arange(steps), np.arange(steps)), axis=-1).reshape(1, -1, 2).astype(np.float64)
