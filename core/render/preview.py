"""Small pictures of a head for the panel, drawn by numpy alone: skin, eyes, lashes, brows and hair in a plain light.

They show who it is and how the hair lies, in about a second; good light is the renderer's business (core/render).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..face.camera import Camera, turn
from ..files import Arrays
from ..hair.look import Look
from ..hair.shades import at_roots
from ..head.drawn import LASH, eye_colours, lash_opacity
from ..head.model import MATERIALS, HeadBasis
from ..head.scalp import with_roots
from ..pictures.colours import GUMS, TEETH, TONGUE, encoded, linear
from ..pictures.raster import Coverage, rasterise, shaded_depth, vertex_normals
from ..pictures.sampling import on_uv
from ..types import Bytes, Floats
from .fibres import Fibres, fibres_of, tangents

SIDE, OVER = 192, 2                         # pixels of a picture; pixels drawn for each one shown, across
TURNS = (0.0, 38.0)                         # degrees about the neck: from the front, three-quarter
DISTANCE, SPAN, RISE = 1.1, 0.285, 0.026    # metres: of the camera, across the picture at least, from the avatar's root to its middle
AROUND = 1.03                               # times as much as head and hair need is across it
HAIRS = 2600                                # strands of hair drawn at most, two pixels wide
STRIDE = 1.4                                # pixels from dot to dot of a strand
SKIN_SIDE = 512                             # pixels of the skin's texture that are enough for it
BACKDROP = np.array([0.145, 0.165, 0.19])   # linear, at the top; darker below
KEY, FILL = np.array([0.45, 0.55, 0.72]), np.array([-0.75, 0.1, 0.65])
AMBIENT, KEY_SHARE, FILL_SHARE = 0.42, 0.80, 0.20
WRAP = np.array([0.28, 0.14, 0.10])         # how far light creeps round skin, by channel
GLOSS, GLOSS_POWER, EYE_GLOSS, EYE_POWER = 0.05, 14, 0.9, 220
HAIR_LIGHT, HAIR_SHINE, HAIR_POWER = 0.95, 0.10, 40
CREASE_REACH, CREASE_DEPTH, CREASE_LEAST = 0.007, 0.016, 0.55   # ambient occlusion by depths: metres, metres, what stays
PLAIN = {"teeth": TEETH, "gums": GUMS, "tongue": TONGUE}

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def draw_previews(head: Arrays, albedo: Bytes, *, look: Look, basis: HeadBasis) -> tuple[Bytes, ...]:
    """Return a picture (SIDE, SIDE, 3) sRGB of a head for each of TURNS; head: the arrays of head.npz; albedo: (H, W, 3) sRGB; look:
    hair and brows."""
    sitter = Sitter.of(head, albedo, look=look, basis=basis)
    return tuple(sitter.drawn(yaw) for yaw in TURNS)


@dataclass(frozen=True)
class Sitter:
    """Who is drawn: neutral (V, 3), metres; skin (H, W, 3) and eye (S, S, 3), linear colours on their UVs; fibres: hair and brows;
    span: metres across the picture."""

    basis: HeadBasis
    neutral: Floats
    skin: Floats
    eye: Floats
    lashes: Floats
    fibres: tuple[Fibres, ...]
    span: float

    @classmethod
    def of(cls, head: Arrays, albedo: Bytes, *, look: Look, basis: HeadBasis) -> "Sitter":
        """Colour a head as its job says, with the look's hair and brows, but fewer strands."""
        random, skin = np.random.default_rng(0), linear(reduced(albedo))
        if len(look.hair):
            skin = with_roots(skin, at_roots(linear(head["hair_colour"])), look.scalp, basis)
        eye = eye_colours(linear(head["iris_colour"]), linear(head["white_of_eye"]), random)[..., :3]
        hair = tuple(thinned(fibres, random) for fibres in fibres_of(look, head, basis, own=np.asarray))         # as photos show it
        neutral = head["vertices"].astype(np.float32)
        return cls(basis, neutral, skin.astype(np.float32), eye[::-1].astype(np.float32), lash_opacity(random)[::-1, :, None], hair,
                   spanned(np.concatenate([neutral, *(fibres.points.reshape(-1, 3) for fibres in hair)])))

    @cached_property
    def triangles(self) -> NDArray[np.int32]:
        """The head's triangles (F, 3): first halves of all quads, then the second."""
        return np.concatenate([self.basis.quads[:, [0, 1, 2]], self.basis.quads[:, [0, 2, 3]]]).astype(np.int32)

    @cached_property
    def uv(self) -> Floats:
        """Their UVs (F, 3, 2)."""
        quads = self.basis.quad_uv
        return np.asarray(self.basis.uv[np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])], np.float32)

    def of_material(self, name: str) -> Mask:
        """Return which triangles (F,) are of a material."""
        return np.tile(self.basis.material == MATERIALS.index(name), 2)

    def drawn(self, yaw: float) -> Bytes:
        """Return the picture (SIDE, SIDE, 3) of the head turned by `yaw` degrees."""
        size, camera = SIDE * OVER, viewpoint(yaw, self.span)
        points = camera.project(self.neutral)
        solid = np.flatnonzero(~self.of_material("lashes") & facing(points[self.triangles, :2]))
        covered = rasterise(points, self.triangles[solid], width=size, height=size)
        image = np.linspace(BACKDROP, 0.6 * BACKDROP, size)[:, None].repeat(size, axis=1)
        image[covered.triangle >= 0] = self.surface(covered, solid, camera.rotation)
        self.add_lashes(image, covered, points)
        for fibres in self.fibres:
            add_fibres(image, covered, fibres, camera)
        pixels = encoded(np.clip(image.reshape(SIDE, OVER, SIDE, OVER, 3).mean(axis=(1, 3)), 0, 1))
        return np.asarray(pixels * 255 + 0.5).astype(np.uint8)

    def surface(self, covered: Coverage, solid: NDArray[np.int64], rotation: Array) -> Array:
        """Return the light (P, 3) that comes from each pixel which shows something of the head."""
        seen = covered.triangle >= 0
        triangle, weights = solid[covered.triangle[seen]], covered.weights[seen]
        normals = unit(np.einsum("nk,nkc->nc", weights, vertex_normals(self.neutral, self.triangles)[self.triangles[triangle]])
                       @ rotation.T)
        place = np.einsum("nk,nkc->nc", weights, self.uv[triangle])
        colour = on_uv(self.skin, place)
        for name, plain in PLAIN.items():
            colour[self.of_material(name)[triangle]] = plain
        eye = self.of_material("eye")[triangle]
        colour[eye] = on_uv(self.eye, place[eye])
        reach = CREASE_REACH * len(covered.depth) / self.span / 2
        light = lit(normals) * shaded_depth(covered.depth, reach, deepest=CREASE_DEPTH, least=CREASE_LEAST)[seen][:, None]
        half = unit(KEY + np.array([0.0, 0.0, float(np.linalg.norm(KEY))]))
        facing = np.clip(normals @ half, 0, 1)
        shine = np.where(eye, EYE_GLOSS * facing**EYE_POWER, GLOSS * facing**GLOSS_POWER)
        return np.asarray(colour * light + shine[:, None])

    def add_lashes(self, image: Array, covered: Coverage, points: Floats) -> None:
        """Draw lashes over the picture (H, W, 3)."""
        chosen = np.flatnonzero(self.of_material("lashes"))
        strips = rasterise(points, self.triangles[chosen], width=image.shape[1], height=image.shape[0])
        seen = (strips.triangle >= 0) & (strips.depth < covered.depth + 0.0005)
        place = np.einsum("nk,nkc->nc", strips.weights[seen], self.uv[chosen[strips.triangle[seen]]])
        share = on_uv(self.lashes, place)
        image[seen] += share * (np.array(LASH) - image[seen])


def viewpoint(yaw: float, span: float) -> Camera:
    """Return the camera that sees the head turned by `yaw` degrees in a picture `span` metres across."""
    size = SIDE * OVER
    return Camera(turn(np.array([0.0, np.radians(yaw), 0.0])), np.array([0.0, RISE, DISTANCE]), DISTANCE * size / span,
                  (size / 2, size / 2))


def spanned(points: Floats) -> float:
    """Return how many metres across the pictures are in which no point (N, 3) is cut off at the sides and the top."""
    places = np.concatenate([viewpoint(yaw, SPAN).place(points) for yaw in TURNS])
    across, upwards = np.abs(places[:, 0] / places[:, 2]).max(), (-places[:, 1] / places[:, 2]).max()
    return max(SPAN, float(AROUND * 2 * DISTANCE * max(across, upwards)))


def thinned(fibres: Fibres, random: np.random.Generator) -> Fibres:
    """Return HAIRS of the strands at most."""
    chosen = np.zeros(len(fibres.points), bool)
    chosen[random.permutation(len(chosen))[:HAIRS]] = True
    return fibres.of_strands(chosen)


def facing(corners: Floats) -> Mask:
    """Return which triangles (F,) of corners (F, 3, 2), pixels, y down, show their outside: they run anticlockwise there."""
    (first, second) = np.moveaxis(corners[:, 1:] - corners[:, :1], 1, 0)
    return np.asarray(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0] < 0)


def add_fibres(image: Array, covered: Coverage, fibres: Fibres, camera: Camera) -> None:
    """Draw strands over the picture (H, W, 3) where they lie before the head, two pixels wide."""
    place, size = camera.place(fibres.points), len(image)
    pixels = camera.focal * place[..., :2] / place[..., 2:] + np.array(camera.centre)
    steps = int(np.ceil(np.linalg.norm(np.diff(pixels, axis=1), axis=2).max(initial=1) / STRIDE))
    spots = between(np.concatenate([pixels, place[..., 2:], shaded(fibres, place, camera)], axis=2).astype(np.float32), steps)
    column, row = spots[:, 0].astype(np.int64), spots[:, 1].astype(np.int64)
    inside = (column >= 0) & (column < size - 1) & (row >= 0) & (row < size)
    seen = np.flatnonzero(inside)[spots[inside, 2] < covered.depth[row[inside], column[inside]]]
    seen = seen[np.argsort(-spots[seen, 2], kind="stable")]                   # the nearest is written last
    for shift in (0, 1):
        image[row[seen], column[seen] + shift] = spots[seen, 3:]


def between(values: Floats, steps: int) -> Floats:
    """Return values (N, P, C) along strands at `steps` places a piece, (N * (P - 1) * steps, C)."""
    share = ((np.arange(steps, dtype=np.float32) + 0.5) / steps)[None, None, :, None]
    return (values[:, :-1, None] + np.diff(values, axis=1)[:, :, None] * share).reshape(-1, values.shape[2])


def shaded(fibres: Fibres, place: Array, camera: Camera) -> Array:
    """Return the light (N, P, 3) that comes from strands at `place` (N, P, 3) in the camera's axes (after Kajiya and Kay 1989)."""
    key, along = unit(KEY) * [1, -1, -1], tangents(place)               # y down, z away
    across = np.sqrt(np.clip(1 - (along @ key)[..., None]**2, 0, 1))
    half = unit(key - unit(place))
    shine = HAIR_SHINE * np.clip(1 - (along * half).sum(axis=2, keepdims=True)**2, 0, 1)**(HAIR_POWER / 2)
    side = unit((fibres.points - fibres.points.reshape(-1, 3).mean(axis=0)) @ camera.rotation.T) @ unit(KEY)
    share = 0.55 + 0.45 * np.clip(1.2 * side + 0.2, 0, 1)[..., None]    # the far side of the head lies in shadow
    return np.asarray(share * (fibres.colour * HAIR_LIGHT * (AMBIENT + (1 - AMBIENT) * across) + shine * np.sqrt(fibres.colour)))


def lit(normals: Array) -> Array:
    """Return how much light arrives (P, 3) where the surface faces `normals` (P, 3), in the viewer's axes: x right, y up, z to him."""
    key, fill = (normals @ unit(light) for light in (KEY, FILL))
    wrapped = np.clip((key[:, None] + WRAP) / (1 + WRAP), 0, None)
    return np.asarray(AMBIENT * (0.75 + 0.25 * normals[:, 1:2]) + KEY_SHARE * wrapped + FILL_SHARE * np.clip(fill, 0, 1)[:, None])


def reduced(albedo: Bytes) -> Bytes:
    """Return an image (H, W, 3) made smaller by a whole factor, so that it is not much larger than SKIN_SIDE."""
    return np.asarray(Image.fromarray(albedo).reduce(max(len(albedo) // SKIN_SIDE, 1)))


def unit(vectors: NDArray[np.floating]) -> Array:
    """Return vectors (..., 3) at length 1."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12), np.float64)
