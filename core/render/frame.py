"""One frame as a picture: rays through each pixel, light on the surface, what comes out of it again."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..pictures.colours import encoded
from ..pictures.sampling import on_uv
from .coat import Coat
from .hair import Hair
from .lights import Lit, bounced, frame, light_up
from .materials import EYE, passing
from .model import Surface
from .portrait import MILLIMETRES, Portrait
from .rays import Hits, Rays, blend
from .shade import Stage, lash_shade
from .skin_optics import dot
from .studio import CAMERA, STUDIO, PortraitCamera, Studio
from .subsurface import exitance

STEPS, UNSEEN_STEPS = 3, 2      # shadows of each lamp are sampled at 3 x 3 places
BOUNCED_STEPS = 2               # light from other parts comes from 2 x 2 directions: it changes slowly
FINE = 3                        # rays along a pixel's side from which skin is shaded at every other one
BINOMIAL = (1, 2, 1)            # by which a pixel's box of cells is softened
BRIGHTEST = 3.0                 # radiance of one ray: a glint at an outline, far whiter than white, would leave a dotted line
NEAR = 0.01                     # metres before the camera
TOGETHER = 8192                 # rays that are shaded together
AROUND = np.s_[:-2, 1:-1], np.s_[2:, 1:-1], np.s_[1:-1, :-2], np.s_[1:-1, 2:]     # of cells within: those above, below, left, right

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Settings:
    """How a picture is taken: size, pixels of its sides; rays: a pixel's, along each side; hair: with hair and brows."""

    size: int = 512
    rays: int = 3
    studio: Studio = STUDIO
    camera: PortraitCamera = CAMERA
    hair: bool = True

    @property
    def cells(self) -> int:
        """How many rays there are along each side of the picture."""
        return self.size * self.rays


def render(portrait: Portrait, number: int, settings: Settings) -> Array:
    """Return frame `number`, from 0 on, as radiance (size, size, 3), linear Rec. 709; raise InputError when there is none."""
    head = portrait.poser.at(number)
    random, of_hair = np.random.default_rng(0).spawn(2)     # the same for each frame: what is left of noise does not flicker
    with ThreadPoolExecutor(1) as pool:
        grown = pool.submit(Hair.of, portrait.coat if settings.hair else Coat((), ()), portrait.poser, number, head=head,
                            eye=settings.camera.place)
        points, normals = portrait.surface.posed(head)
        hair = grown.result()
    everything = Rays(points, portrait.surface.triangles, hair.rays)
    window = Window.around(np.concatenate([points, hair.points]), settings)
    directions, turns = camera_rays(window, settings, random)
    origins = np.broadcast_to(np.array(settings.camera.place), directions.shape)
    hits = everything.first(origins, directions)
    onto = np.flatnonzero((hits.triangle >= 0) & (hits.triangle < len(portrait.surface.triangles)))
    wanted = np.zeros(len(points), bool)
    wanted[portrait.surface.triangles[np.unique(hits.triangle[onto])]] = True
    lit = vertex_light(portrait, points, normals, settings.studio, everything, random, seen=wanted)
    stage = Stage(portrait, settings.studio, points, normals, everything, lit, below_surface(portrait, points, lit, wanted))
    result = np.broadcast_to(np.array(settings.studio.backdrop), directions.shape).copy()
    between = spared(skin_pieces(portrait.surface, hits), window, settings.rays)
    shaded = onto[~between[onto]]
    parts = np.array_split(shaded, max(len(shaded) // TOGETHER, 1))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        strands = pool.submit(hair.seen, stage, hits, result, random=of_hair, eye=settings.camera.place)
        seen = [pool.submit(stage.colours, hits.of(part), directions[part], turns[part], own)
                for part, own in zip(parts, random.spawn(len(parts)), strict=True)]
        strands.result()
        for part, found in zip(parts, seen, strict=True):
            result[part] = found.result()
    np.minimum(result, BRIGHTEST, out=result)           # before a glint gets into the cells beside it
    fill(result.reshape(window.shape), between.reshape(window.shape[:2]))
    veiled(portrait.veil, head, stage, origins, directions, hits, result)
    picture = np.broadcast_to(np.array(settings.studio.backdrop), (settings.size, settings.size, 3)).copy()
    if result.size:
        picture[window.pixels(settings.rays)] = filtered(result.reshape(window.shape), settings.rays)
    return picture


@dataclass(frozen=True)
class Window:
    """A part of the picture's cells, in whole pixels: rows from the top, columns from the left."""

    rows: slice
    columns: slice

    @classmethod
    def around(cls, points: Array, settings: Settings) -> "Window":
        """Return where points (V, 3) can be seen, and a pixel around; everything where some lie beside or behind the camera."""
        right, up, forwards = frame(settings.camera.place, settings.camera.at)
        offset = points - np.array(settings.camera.place)
        depth = offset @ forwards
        if depth.min() < NEAR:
            return cls(slice(0, settings.cells), slice(0, settings.cells))
        scale = settings.camera.lens / settings.camera.sensor * settings.size / depth
        spans = []
        for axis in (-up, right):
            place = settings.size / 2 + offset @ axis * scale
            low, high = np.clip([np.floor(place.min()) - 1, np.ceil(place.max()) + 1], 0, settings.size).astype(int)
            spans.append(slice(int(low) * settings.rays, int(max(high, low)) * settings.rays))
        return cls(*spans)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns, channels."""
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start, 3

    def pixels(self, rays: int) -> tuple[slice, slice]:
        """Return its rows and columns of pixels."""
        return slice(self.rows.start // rays, self.rows.stop // rays), slice(self.columns.start // rays, self.columns.stop // rays)


def camera_rays(window: Window, settings: Settings, random: np.random.Generator) -> tuple[Array, NDArray[np.int64]]:
    """Return unit directions (R, 3) through the window's cells, row by row, by chance in each; and turns (R,), 0 to 3, of which
    neighbours have different ones, 0 and 3 on white cells of a chessboard, 1 and 2 on black ones. A cell keeps its own."""
    camera = settings.camera
    right, up, forwards = frame(camera.place, camera.at)
    jitter = random.random((settings.cells, settings.cells, 2))[window.rows, window.columns].astype(np.float32)
    down = np.arange(window.rows.start, window.rows.stop)[:, None]
    across = np.arange(window.columns.start, window.columns.stop)
    place = [(line.astype(np.float32) + jitter[..., side]) / np.float32(settings.cells) - np.float32(0.5)
             for side, line in enumerate((across, down))]
    scale = camera.sensor / camera.lens
    directions = np.stack([np.float32(ahead) + place[0] * np.float32(scale * aside) - place[1] * np.float32(scale * above)
                           for ahead, aside, above in zip(forwards, right, up, strict=True)], axis=2).reshape(-1, 3)
    directions /= np.sqrt(dot(directions, directions))[:, None]
    return directions.astype(np.float64), (2 * (down % 2) + across % 2).ravel()


def skin_pieces(surface: Surface, hits: Hits) -> NDArray[np.int64]:
    """Return which piece of the surface each ray hits (R,): its number where it is skin, -1 else."""
    skin = np.array([piece.material == "skin" for piece in surface.pieces])
    of_triangle = np.append(np.where(skin[surface.piece_of_triangle], surface.piece_of_triangle, -1), -1)
    return of_triangle[np.where(hits.triangle < len(surface.triangles), hits.triangle, -1)]


def spared(pieces: NDArray[np.int64], window: Window, rays: int) -> NDArray[np.bool_]:
    """Return which of the window's cells (R,) need no shading of their own: the black ones of a chessboard that lie amid skin of one
    piece (R,), as skin_pieces tells it; none where cells are larger than a third of a pixel."""
    cells = pieces.reshape(window.shape[:2])
    found = np.zeros(cells.shape, bool)
    if rays >= FINE and min(cells.shape) > 2:
        middle = cells[1:-1, 1:-1]
        alike = [middle == cells[side] for side in AROUND]
        black = np.add.outer(np.arange(window.rows.start, window.rows.stop), np.arange(window.columns.start, window.columns.stop)) % 2
        found[1:-1, 1:-1] = (black[1:-1, 1:-1] == 1) & (middle >= 0) & np.all(alike, axis=0)
    return found.ravel()


def fill(cells: Array, between: NDArray[np.bool_]) -> None:
    """Give cells (H, W, 3), in place, that lie `between` (H, W) others the mean of the four beside them."""
    row, column = np.nonzero(between)
    cells[row, column] = (cells[row - 1, column] + cells[row + 1, column] + cells[row, column - 1] + cells[row, column + 1]) / 4


def filtered(cells: Array, rays: int) -> Array:
    """Return the pixels (H, W, 3) of cells (H * rays, W * rays, 3): means over each and, falling off, around it."""
    if rays == 1:
        return cells
    taps = np.convolve(np.ones(rays) / rays, np.array(BINOMIAL) / sum(BINOMIAL))
    reach = (len(taps) - rays) // 2
    for _ in range(2):                          # down, then across
        padded = np.pad(cells, ((reach, reach), (0, 0), (0, 0)), mode="edge")
        count = len(cells) // rays
        cells = sum(tap * padded[place:place + count * rays:rays] for place, tap in enumerate(taps)).swapaxes(0, 1)
    return cells


def vertex_light(portrait: Portrait, points: Array, normals: Array, studio: Studio, rays: Rays, random: np.random.Generator, *,
                 seen: NDArray[np.bool_] | None = None) -> Lit:
    """Return the light that enters at each vertex (V, 3) of the surface, past what the surface mirrors (Eq. 10), and what comes of it
    from other parts of the head.

    seen: (V,) which vertices are looked at, all where it is not told; of the others' noise little arrives below the surface.
    """
    steps = np.full(len(points), STEPS) if seen is None else np.where(seen, STEPS, UNSEEN_STEPS)
    total = Lit(np.zeros((len(points), 3)), np.zeros((len(points), len(studio.lights) + 1)), np.zeros((len(points), 3)))
    params = [EYE if matter is None else matter.params for matter in portrait.matter]
    for kind in {(each.eta, each.roughness) for each in params}:
        alike = [number for number, each in enumerate(params) if (each.eta, each.roughness) == kind]
        chosen = np.concatenate([np.r_[portrait.surface.vertices(number)] for number in alike])
        lit = light_up(points[chosen], normals[chosen], studio, rays, steps=steps[chosen], random=random,
                       weight=partial(passing, params[alike[0]]))
        total.irradiance[chosen], total.visible[chosen] = lit.irradiance, lit.visible
    around = bounced(points, normals, rays, portrait.surface.triangles, lambda values: portrait.reflectance * values,
                     irradiance=total.irradiance, steps=BOUNCED_STEPS, random=random)
    return Lit(total.irradiance + around, total.visible, around)


def below_surface(portrait: Portrait, points: Array, lit: Lit, wanted: NDArray[np.bool_]) -> Array:
    """Return the radiant exitance (V, 3) at the wanted vertices (V,), piece by piece: light does not pass from one to another."""
    result, areas = np.zeros(points.shape), portrait.surface.areas(points) * MILLIMETRES**2
    brightness = lit.irradiance.max(axis=1) / max(float(lit.irradiance.max()), 1e-30)
    for number, matter in enumerate(portrait.matter):
        if matter is None:
            continue
        part = portrait.surface.vertices(number)
        places = np.flatnonzero(wanted[part]) + part.start
        if len(places):
            result[places] = exitance(matter.profile, matter.octree, points[places] * MILLIMETRES, points=points[part] * MILLIMETRES,
                                      area=areas[part], irradiance=lit.irradiance[part], lit=brightness[places])
    return result


def veiled(veil: Surface, head: Array, stage: Stage, origins: Array, directions: Array, hits: Hits, result: Array) -> None:
    """Lay the lashes over the radiance (R, 3), in place, where rays meet their strips before what they hit."""
    points, _ = veil.posed(head)
    near = np.flatnonzero(within(points, origins, directions))
    found = Rays(points, veil.triangles).first(origins[near], directions[near])
    reach = np.where(hits.triangle[near] >= 0, hits.distance[near], np.inf)
    front = np.flatnonzero((found.triangle >= 0) & (found.distance < reach))
    if len(front):
        over, place = found.of(front), near[front]
        opacity = on_uv(stage.portrait.lashes[::-1, :, None], blend(veil.uv[over.triangle], over.weights))
        shade = lash_shade(stage, origins[place] + over.distance[:, None] * directions[place])
        result[place] += opacity * (shade - result[place])


def within(points: Array, origins: Array, directions: Array) -> NDArray[np.bool_]:
    """Whether rays from origins to directions (R, 3) pass through the sphere around points (V, 3)."""
    middle = points.mean(axis=0)
    way = middle - origins
    along = dot(way, directions)
    return dot(way, way) - along**2 <= ((points - middle)**2).sum(axis=1).max()


def developed(radiance: Array) -> NDArray[np.uint8]:
    """Return radiance (H, W, 3) as sRGB bytes: Blender's view transform Standard."""
    return np.asarray(np.clip(encoded(np.clip(radiance, 0, 1)) * 255 + 0.5, 0, 255), np.uint8)
