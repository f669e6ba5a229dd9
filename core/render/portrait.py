"""Everything about a person that stays the same from frame to frame: pieces, materials, texture, octrees."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..hair.look import Look
from ..hair.shades import at_roots
from ..head.drawn import eye_colours, lash_opacity
from ..head.model import REGIONS, HeadBasis
from ..head.scalp import with_roots
from ..job import JobResult
from ..pack import Pack
from ..pictures.colours import linear
from ..pictures.sampling import on_uv
from ..types import SkinParams
from .coat import Coat
from .fibres import fibres_of
from .materials import EYE_REFLECTANCE, LIPS, MATTER, Gloss, params_of
from .model import VEIL, Surface, pieces_of
from .pose import Poser
from .subsurface import Octree, Profile

MILLIMETRES = 1000.0
MOST_CONTRAST = 4.0             # times the mean tone that a spot of the texture may be

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Matter:
    """What a piece is made of, for what goes on below its surface, and on it."""

    params: SkinParams
    profile: Profile
    octree: Octree
    gloss: Gloss


@dataclass(frozen=True)
class Portrait:
    """A person, ready to be rendered: matter by number of the surface's pieces, None for eyes; reflectance (V, 3): R_d of each vertex;
    texture (H, W, 3): the photo's albedo relative to the skin's mean tone; moist (V,): how much of lips each vertex is."""

    poser: Poser
    surface: Surface
    veil: Surface
    matter: tuple[Matter | None, ...]
    reflectance: Array
    texture: NDArray[np.float32]
    tone: Array
    moist: Array
    lips: Gloss
    eye: NDArray[np.float32]
    lashes: NDArray[np.float32]
    coat: Coat

    @classmethod
    def of(cls, result: JobResult, pack: Pack, *, hair: bool = True) -> "Portrait":
        """Prepare the person of a finished job; without `hair`, the scalp is bare skin."""
        basis = HeadBasis.load(pack.path("head"))
        poser, pieces = Poser.of(result, basis), pieces_of(basis)
        surface = Surface.of(tuple(piece for piece in pieces if piece.material != VEIL))
        veil = Surface.of(tuple(piece for piece in pieces if piece.material == VEIL))
        with Image.open(result.albedo) as picture:
            albedo = linear(np.asarray(picture.convert("RGB")))
        tone = mean_tone(albedo, surface, basis)
        look = Look.read(result.look, basis)
        fibres = fibres_of(look, result.head, basis)
        if hair and len(look.hair):
            albedo = with_roots(albedo, at_roots(linear(result.head["hair_colour"])), look.scalp, basis)
        random = np.random.default_rng(0)
        eye = eye_colours(linear(result.head["iris_colour"]), linear(result.head["white_of_eye"]), random)[..., :3]
        texture = np.minimum(albedo / tone, MOST_CONTRAST).astype(np.float32)
        return cls(poser, surface, veil, matters(surface, poser.rest(), tone), reflectance(surface, texture * tone), texture, tone,
                   moist(surface, basis), Gloss.of(LIPS), eye, lash_opacity(random), Coat.of(fibres, poser))


def matters(surface: Surface, rest: Array, tone: Array) -> tuple[Matter | None, ...]:
    """Return what each piece is made of; octrees sort the vertices of the neutral head (V, 3), and hold for every pose."""
    made: dict[str, tuple[SkinParams, Profile, Gloss]] = {}
    found: list[Matter | None] = []
    for piece in surface.pieces:
        if piece.material == "eye":
            found.append(None)
            continue
        if piece.material not in made:
            params = params_of(piece.material, tone)
            made[piece.material] = params, Profile.of(params), Gloss.of(params)
        params, profile, gloss = made[piece.material]
        found.append(Matter(params, profile, Octree.of(piece.points(rest) * MILLIMETRES), gloss))
    return tuple(found)


def reflectance(surface: Surface, albedo: Array) -> Array:
    """Return how much of light each vertex of the surface gives back (V, 3)."""
    result = np.zeros((len(surface.piece_of_vertex), 3))
    for number, piece in enumerate(surface.pieces):
        part = surface.vertices(number)
        if piece.material == "skin":
            inside = surface.piece_of_triangle == number
            corners, uv = surface.triangles[inside], surface.uv[inside]
            result[corners.ravel()] = on_uv(albedo, uv.reshape(-1, 2))
        else:
            result[part] = EYE_REFLECTANCE if piece.material == "eye" else MATTER[piece.material][1]
    return result


def mean_tone(albedo: Array, surface: Surface, basis: HeadBasis) -> Array:
    """Return the mean linear albedo (3,) of the face's skin, without lips, by area on the mean head."""
    skin, inside = surface.vertices(0), surface.piece_of_triangle == 0
    share = np.zeros(len(surface.piece_of_vertex))
    share[skin] = surface.pieces[0].refinement.refine((basis.regions == REGIONS.index("face"))[:, None].astype(np.float64))[:, 0]
    points, _ = surface.posed(basis.vertices.astype(np.float64))
    weight = surface.triangle_areas(points)[inside] * np.clip(share[surface.triangles[inside]].mean(axis=1), 0, 1)
    return np.asarray((on_uv(albedo, surface.uv[inside].mean(axis=1)) * weight[:, None]).sum(axis=0) / weight.sum())


def moist(surface: Surface, basis: HeadBasis) -> Array:
    """Return how much of lips each vertex of the surface is (V,)."""
    share = np.zeros(len(surface.piece_of_vertex))
    lips = (basis.regions == REGIONS.index("lips"))[:, None].astype(np.float64)
    share[surface.vertices(0)] = np.clip(surface.pieces[0].refinement.refine(lips)[:, 0], 0, 1)
    return share
