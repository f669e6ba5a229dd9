"""One frame as a picture: rays through each pixel, light on the surface, what comes out of it again."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from .drawn import encoded
from .fibres import Fibres
from .lights import Lit, bounced, frame, light_up
from .materials import EYE, passing
from .model import Surface
from .portrait import MILLIMETRES, Portrait, bilinear
from .rays import Hits, Rays, blend
from .shade import Stage, lash_shade
from .studio import CAMERA, STUDIO, Place, PortraitCamera, Studio
from .subsurface import exitance

SHADOW_STEPS = 4                # each lamp's shadows are sampled at 4 x 4 places
BOUNCE_STEPS = 3                # light from other parts of the head is looked for in 3 x 3 directions
BINOMIAL = (1, 2, 1)            # by which a pixel's box of cells is softened
TOGETHER = 65_536               # rays that are shaded together

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Settings:
    """How a picture is taken: size, pixels of its sides; rays: a pixel's, along each side; hair: with hair and brows."""

    size: int = 512
    rays: int = 3
    studio: Studio = STUDIO
    camera: PortraitCamera = CAMERA
    hair: bool = True


def render(portrait: Portrait, number: int, settings: Settings) -> Array:
    """Return frame `number`, from 0 on, as radiance (size, size, 3), linear Rec. 709; raise InputError when there is none."""
    head = portrait.poser.at(number)
    random = np.random.default_rng(0)           # the same for each frame: what is left of noise does not flicker
    points, normals = portrait.surface.posed(head)
    solid = Rays(points, portrait.surface.triangles)
    hair = Hair.of(portrait.fibres if settings.hair else (), portrait, head, settings)
    everything = hair.over(points, portrait.surface.triangles)
    origins, directions = camera_rays(settings, random)
    hits = everything.first(origins, directions)
    onto = np.flatnonzero((hits.triangle >= 0) & (hits.triangle < len(portrait.surface.triangles)))
    lit = vertex_light(portrait, points, normals, settings.studio, everything, random)
    wanted = np.zeros(len(points), bool)
    wanted[portrait.surface.triangles[np.unique(hits.triangle[onto])]] = True
    stage = Stage(portrait, settings.studio, points, normals, everything, lit, below_surface(portrait, points, lit, wanted))
    result = np.broadcast_to(np.array(settings.studio.backdrop), directions.shape).copy()
    for part in np.array_split(onto, max(len(onto) // TOGETHER, 1)):
        result[part] = stage.colours(hits.of(part), directions[part], random)
    hair.seen(stage, hits, result, solid=solid, random=random, eye=settings.camera.place)
    veiled(portrait.veil, head, stage, origins, directions, hits, result)
    return filtered(result.reshape(settings.size * settings.rays, -1, 3), settings.rays)


@dataclass(frozen=True)
class Hair:
    """Hair and brows in one frame: strands, their points, and their ribbons' vertices (V, 3) and triangles (F, 3)."""

    strands: tuple[tuple[Fibres, Array], ...]
    vertices: Array
    triangles: NDArray[np.int64]

    @classmethod
    def of(cls, fibres: tuple[Fibres, ...], portrait: Portrait, head: Array, settings: Settings) -> "Hair":
        """Set fibres onto the posed head (V, 3)."""
        rest = portrait.poser.rest()
        strands = tuple((part, part.posed(rest, head)) for part in fibres)
        ribbons = [part.ribbons(points, settings.camera.place) for part, points in strands]
        starts = np.cumsum([0, *map(len, ribbons)])
        triangles = [part.triangles + start for part, start in zip(fibres, starts, strict=False)]
        return cls(strands, np.concatenate([np.zeros((0, 3)), *ribbons]), np.concatenate([np.zeros((0, 3), np.int64), *triangles]))

    def over(self, points: Array, triangles: NDArray[np.int64]) -> Rays:
        """Return a surface's triangles (F, 3) over points (V, 3) with the ribbons behind them."""
        return Rays(np.concatenate([points, self.vertices]), np.concatenate([triangles, self.triangles + len(points)]))

    def seen(self, stage: Stage, hits: Hits, result: Array, *, solid: Rays, random: np.random.Generator, eye: Place) -> None:
        """Put the hair's radiance (R, 3), in place, where rays hit ribbons."""
        place = hits.triangle - len(stage.portrait.surface.triangles)
        met = np.flatnonzero(place >= 0)
        if len(met):
            colours = np.concatenate([fibres.shaded(points, stage.studio, eye, solid=solid, everything=stage.rays, random=random)
                                      for fibres, points in self.strands])
            result[met] = blend(colours[self.triangles[place[met]]], hits.weights[met])


def camera_rays(settings: Settings, random: np.random.Generator) -> tuple[Array, Array]:
    """Return origins and unit directions (R, 3), R = (size * rays)^2, row by row from the top left, one by chance in each cell."""
    camera, cells = settings.camera, settings.size * settings.rays
    right, up, forwards = frame(camera.place, camera.at)
    cell = np.stack(np.meshgrid(np.arange(cells), np.arange(cells)), axis=-1).reshape(-1, 2)
    offset = ((cell + random.random(cell.shape)) / cells - 0.5) * camera.sensor / camera.lens
    directions = forwards + offset[:, :1] * right - offset[:, 1:] * up
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return np.broadcast_to(np.array(camera.place), directions.shape), directions


def filtered(cells: Array, rays: int) -> Array:
    """Return the pixels (size, size, 3) of cells (size * rays, size * rays, 3): means over each and, falling off, around it."""
    if rays == 1:
        return cells
    taps = np.convolve(np.ones(rays) / rays, np.array(BINOMIAL) / sum(BINOMIAL))
    reach = (len(taps) - rays) // 2
    for _ in range(2):                          # down, then across
        padded = np.pad(cells, ((reach, reach), (0, 0), (0, 0)), mode="edge")
        count = len(cells) // rays
        cells = sum(tap * padded[place:place + count * rays:rays] for place, tap in enumerate(taps)).swapaxes(0, 1)
    return cells


def vertex_light(portrait: Portrait, points: Array, normals: Array, studio: Studio, rays: Rays, random: np.random.Generator) -> Lit:
    """Return the light that enters at each vertex (V, 3) of the surface, past what the surface mirrors (Eq. 10), and what comes of it
    from other parts of the head."""
    total = Lit(np.zeros((len(points), 3)), np.zeros((len(points), len(studio.lights) + 1)), np.zeros((len(points), 3)))
    params = [EYE if matter is None else matter.params for matter in portrait.matter]
    for kind in {(each.eta, each.roughness) for each in params}:
        alike = [number for number, each in enumerate(params) if (each.eta, each.roughness) == kind]
        chosen = np.concatenate([np.r_[portrait.surface.vertices(number)] for number in alike])
        lit = light_up(points[chosen], normals[chosen], studio, rays, steps=SHADOW_STEPS, random=random,
                       weight=partial(passing, params[alike[0]]))
        total.irradiance[chosen], total.visible[chosen] = lit.irradiance, lit.visible
    around = bounced(points, normals, rays, portrait.surface.triangles, lambda values: portrait.reflectance * values,
                     irradiance=total.irradiance, steps=BOUNCE_STEPS, random=random)
    return Lit(total.irradiance + around, total.visible, around)


def below_surface(portrait: Portrait, points: Array, lit: Lit, wanted: NDArray[np.bool_]) -> Array:
    """Return the radiant exitance (V, 3) at the wanted vertices (V,), piece by piece: light does not pass from one to another."""
    result, areas = np.zeros(points.shape), portrait.surface.areas(points) * MILLIMETRES**2
    for number, matter in enumerate(portrait.matter):
        if matter is None:
            continue
        part = portrait.surface.vertices(number)
        places = np.flatnonzero(wanted[part]) + part.start
        if len(places):
            result[places] = exitance(matter.profile, matter.octree, points[places] * MILLIMETRES, points=points[part] * MILLIMETRES,
                                      area=areas[part], irradiance=lit.irradiance[part])
    return result


def veiled(veil: Surface, head: Array, stage: Stage, origins: Array, directions: Array, hits: Hits, result: Array) -> None:
    """Lay the lashes over the radiance (R, 3), in place, where rays meet their strips before what they hit."""
    points, _ = veil.posed(head)
    found = Rays(points, veil.triangles).first(origins, directions)
    reach = np.where(hits.triangle >= 0, hits.distance, np.inf)
    front = np.flatnonzero((found.triangle >= 0) & (found.distance < reach))
    if len(front):
        over = found.of(front)
        uv = blend(veil.uv[over.triangle], over.weights)
        opacity = bilinear(stage.portrait.lashes[::-1, :, None], uv)
        shade = lash_shade(stage, (origins + found.distance[:, None] * directions)[front])
        result[front] += opacity * (shade - result[front])


def developed(radiance: Array) -> NDArray[np.uint8]:
    """Return radiance (H, W, 3) as sRGB bytes: Blender's view transform Standard."""
    return np.asarray(np.clip(encoded(np.clip(radiance, 0, 1)) * 255 + 0.5, 0, 255), np.uint8)
