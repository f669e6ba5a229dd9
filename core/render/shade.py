"""What a ray sees where it hits the head: skin, teeth, gums and tongue by Eq. 7 to 10, eyes under their cornea, lashes."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..pictures.sampling import on_uv
from .lights import OFFSET, Lamp, Lit, light_up
from .materials import EYE, Gloss, passing
from .portrait import Portrait
from .rays import Hits, Rays, blend
from .skin_optics import dot, schlick
from .studio import Studio

EYE_STEPS = 2                   # each flat lamp is looked at in 2 x 2 places from the eye
CORNEA, CORNEA_BLUR = ((EYE.eta - 1) / (EYE.eta + 1))**2, 0.012      # F0; radians by which the tear film scatters what it mirrors
LASH_ALBEDO = np.array([0.010, 0.007, 0.006])
OUTLINE = 0.2                   # cosine of the view below which lamps' shine fades: a line narrower than a cell would be dots
MIRRORED_WITHIN = 5.0           # metres

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Stage:
    """One frame, lit: points, normals (V, 3) of the surface, what rays meet, light at its vertices, and the radiant exitance (V, 3)
    of what came out of it again."""

    portrait: Portrait
    studio: Studio
    points: Array
    normals: Array
    rays: Rays
    lit: Lit
    exitance: Array

    def colours(self, hits: Hits, directions: Array, turns: NDArray[np.int64], random: np.random.Generator) -> Array:
        """Return the radiance (R, 3) that comes back along directions (R, 3), from the surface at the hits, all of which hit it.

        turns: (R,) which quarter of each lamp the shine is looked for in; neighbours take turns.
        """
        surface, result = self.portrait.surface, np.zeros((len(directions), 3))
        pieces = surface.piece_of_triangle[hits.triangle]
        for number in np.unique(pieces):
            chosen = np.flatnonzero(pieces == number)
            seen = Seen.of(self, hits.of(chosen), directions[chosen])
            matter = self.portrait.matter[number]
            if matter is None:
                result[chosen] = eye(self, seen, random)
                continue
            below = passing(matter.params, seen.cosine)[:, None] / np.pi * seen.mixed(self.exitance)
            if surface.pieces[number].material == "skin":
                below *= on_uv(self.portrait.texture, seen.uv)
            result[chosen] = below + shine(self, seen, matter.gloss, turns[chosen])
        return result


@dataclass(frozen=True)
class Seen:
    """Places that are seen: corners, weights (N, 3); points, normals, view (N, 3); cosine of the view (N,); uv (N, 2)."""

    corners: NDArray[np.int64]
    weights: Array
    points: Array
    normals: Array
    view: Array
    cosine: Array
    uv: Array

    @classmethod
    def of(cls, stage: Stage, hits: Hits, directions: Array) -> "Seen":
        """Find what rays of unit directions (N, 3) have hit."""
        surface = stage.portrait.surface
        corners = surface.triangles[hits.triangle]
        normals = blend(stage.normals[corners], hits.weights)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
        points = blend(stage.points[corners], hits.weights)
        uv = blend(surface.uv[hits.triangle], hits.weights)
        return cls(corners, hits.weights, points, normals, -directions, np.clip(-dot(normals, directions), 0, 1), uv)

    def mixed(self, values: Array) -> Array:
        """Return values (V, C) of the surface's vertices where it is seen (N, C)."""
        return blend(values[self.corners], self.weights)


def shine(stage: Stage, seen: Seen, gloss: Gloss, turns: NDArray[np.int64]) -> Array:
    """Return what the surface mirrors (N, 3) of lamps and surroundings (Eq. 9); lips shine more than the skin around."""
    visible = seen.mixed(stage.lit.visible)
    moist = seen.mixed(stage.portrait.moist[:, None])[:, 0]
    result, resolved = np.zeros((len(seen.points), 3)), np.clip(seen.cosine / OUTLINE, 0, 1)**2
    for number, lamp in enumerate(Lamp.of(light) for light in stage.studio.lights):
        shone = np.flatnonzero(visible[:, number])
        normal, view, wetness = seen.normals[shone], seen.view[shone], moist[shone]
        direction, flux = lamp.arriving(seen.points[shone], lamp.quarters(turns[shone]))
        mirrored = gloss.shine(normal, direction[:, 0], view)
        lips = np.flatnonzero(wetness > 0.01)
        if len(lips):
            wet = stage.portrait.lips.shine(normal[lips], direction[lips, 0], view[lips])
            mirrored[lips] += wetness[lips] * (wet - mirrored[lips])
        result[shone] += (mirrored * flux[:, 0] * visible[shone, number] * resolved[shone])[:, None] * lamp.radiance
    if any(stage.studio.surroundings):
        result += (gloss.around(seen.cosine) * visible[:, -1])[:, None] * np.array(stage.studio.surroundings)
    return result


def eye(stage: Stage, seen: Seen, random: np.random.Generator) -> Array:
    """Return what is seen of an eye (N, 3): its picture by Lambert's law below the cornea, and what that mirrors."""
    lit = light_up(seen.points, seen.normals, stage.studio, stage.rays, steps=EYE_STEPS, random=random,
                   weight=partial(passing, EYE))
    # the picture's rows begin at the bottom, as Blender's do
    colour = on_uv(stage.portrait.eye[::-1], seen.uv)
    below = passing(EYE, seen.cosine)[:, None] / np.pi * colour * (lit.irradiance + seen.mixed(stage.lit.bounced))
    return below + mirrored_by_cornea(stage, seen, random)


def mirrored_by_cornea(stage: Stage, seen: Seen, random: np.random.Generator) -> Array:
    """Return the lamps' and the surroundings' reflections (N, 3) in the wet eye."""
    normals = seen.normals + random.normal(0, CORNEA_BLUR, seen.normals.shape)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    cosine = dot(normals, seen.view)
    direction = 2 * cosine[:, None] * normals - seen.view
    free = ~stage.rays.blocked(seen.points + OFFSET * seen.normals, direction, MIRRORED_WITHIN)
    radiance = np.repeat(np.array(stage.studio.surroundings)[None], len(direction), axis=0)
    for lamp in (Lamp.of(light) for light in stage.studio.lights):
        if lamp.facing.any():
            radiance[meets(lamp, seen.points, direction)] = lamp.radiance
    return np.where(free & (cosine > 0), schlick(cosine, CORNEA), 0.0)[:, None] * radiance


def meets(lamp: Lamp, points: Array, directions: Array) -> NDArray[np.bool_]:
    """Whether rays from points (N, 3) along directions (N, 3) meet the lamp's shining side."""
    towards = directions @ lamp.facing
    distance = ((lamp.middle - points) @ lamp.facing) / np.where(np.abs(towards) < 1e-9, -1e-9, towards)
    offset = points + distance[:, None] * directions - lamp.middle
    within = [np.abs(offset @ side) <= side @ side for side in (lamp.across, lamp.up)]
    return np.asarray((towards < 0) & (distance > 0) & within[0] & within[1])


def lash_shade(stage: Stage, points: Array) -> Array:
    """Return the radiance (N, 3) of lashes at points (N, 3): hairs that shade neither each other nor the eye."""
    total = np.zeros((len(points), 3))
    for lamp in (Lamp.of(light) for light in stage.studio.lights):
        _, flux = lamp.arriving(points, np.broadcast_to(lamp.middle, (len(points), 1, 3)))
        total += flux * lamp.radiance
    return LASH_ALBEDO * (total / np.pi / 2 + np.array(stage.studio.surroundings))
