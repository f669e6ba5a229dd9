"""Portraits of heads with skin, brows, lashes and eyes, drawn by numpy: for the panel's gallery, the docs and the judges.

The skin is painted, the same for everyone of a tone, so that no expression lies in the texture.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from core.face.camera import Camera, turn
from core.face.fit import Anchors
from core.hair.brows import brow_hairs
from core.hair.strands import Strands
from core.head.model import MATERIALS, HeadBasis
from core.head.scalp import inside_hairline
from core.head.uv_image import padded, uv_coverage
from core.photo.brow_look import ACROSS, ALONG
from core.pictures.raster import Coverage, rasterise, shaded_depth, vertex_normals
from core.pictures.sampling import bilinear
from core.types import Bytes, Floats

ALBEDO_SIDE, OVER = 1024, 2                 # pixels of the painted skin; pixels drawn for each one shown, across
DISTANCE, FOCAL = 0.75, 2.75                # metres; focal length over the picture's side
RISE = 0.022                # metres: how far over the middle between eyes and chin the camera looks
TONES = {"african": ((122, 82, 62), (28, 22, 20)), "asian": ((214, 172, 142), (34, 28, 26)),
         "caucasian": ((224, 180, 158), (88, 64, 48))}      # skin and hair, sRGB
SPECKLES = ((24, 0.02), (96, 0.02), (512, 0.03))        # cells across the painted skin, deviation of its brightness
BACKGROUND = np.array([118, 124, 132], np.float32)
KEY, FILL = np.array([0.35, 0.55, 0.76]), np.array([-0.7, 0.1, 0.7])
AMBIENT, KEY_SHARE, FILL_SHARE = 0.42, 0.62, 0.16
CREASE_REACH, CREASE_DEPTH, CREASE_LEAST = 0.007, 0.012, 0.7   # ambient occlusion by the picture's depths: metres, metres, what stays
GLOSS, GLOSS_POWER = 26.0, 18
IRIS, PUPIL, EYE_ANGLE = 26.0, 10.0, 60.0   # degrees from the eyeball's axis; to the border of its UVs
LASH = 0.75                                 # how much of the light a lash strip's root takes away
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Skin:
    """What everyone of a tone wears: albedo (S, S, 3) uint8 sRGB; the colours of hair and irises, sRGB."""

    albedo: Bytes
    hair: tuple[int, int, int]
    iris: tuple[int, int, int] = (88, 62, 42)


class Portraits:
    """Draws heads of one model."""

    def __init__(self, basis: HeadBasis, anchors: Anchors) -> None:
        """Take the model."""
        self.basis, self.anchors = basis, anchors
        quads = basis.quads
        self.triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
        self.uv_triangles = np.concatenate([basis.quad_uv[:, [0, 1, 2]], basis.quad_uv[:, [0, 2, 3]]])
        self.material = np.tile(basis.material, 2)
        self.lashes = np.flatnonzero(self.material == MATERIALS.index("lashes"))
        self.solid = np.flatnonzero(self.material != MATERIALS.index("lashes"))

    @cached_property
    def texels(self) -> tuple[Coverage, Floats, Floats]:
        """Which texel shows what; its place on the mean head (S, S, 3), metres; how far it is a lip (S, S), 0..1."""
        covered = uv_coverage(self.basis, ALBEDO_SIDE)
        lips = np.zeros((len(self.basis.vertices), 1), np.float32)
        lips[: len(self.basis.regions), 0] = self.basis.regions == 0
        triangles = self.basis.skin_triangles
        return covered, covered.interpolate(triangles, self.basis.vertices), covered.interpolate(triangles, lips)[..., 0]

    def skin(self, ancestry: str, random: np.random.Generator) -> Skin:
        """Paint skin of a tone: mottled, redder cheeks, nose and lips, darker rims of the eyes, shaved hair."""
        tone, hair = TONES[ancestry]
        covered, place, lips = self.texels
        colour = np.tile(np.array(tone, np.float32), (ALBEDO_SIDE, ALBEDO_SIDE, 1))
        marks = self.anchors.points(self.basis.vertices)
        red = np.sum([np.exp(-((place - marks[index]) ** 2).sum(axis=2) / (2 * reach**2))
                      for index, reach in ((50, 0.014), (280, 0.014), (4, 0.009))], axis=0)
        colour *= 1 - np.clip(red, 0, 1)[..., None] * np.array([0.0, 0.10, 0.09], np.float32)
        eyes = [np.linalg.norm(place - marks[index], axis=2) for index in (33, 133, 145, 159, 160, 158, 144, 153,
                                                                         263, 362, 374, 386, 385, 387, 373, 380)]
        colour *= 1 - 0.28 * np.exp(-(np.min(eyes, axis=0) / 0.0035) ** 2)[..., None]
        lip = (np.clip(lips * 1.6 - 0.3, 0, 1) * 0.8)[..., None]
        colour *= 1 - lip * (1 - np.array([0.84, 0.60, 0.62], np.float32))
        noise = np.sum([weight * speckle(random, ALBEDO_SIDE, cells) for cells, weight in SPECKLES], axis=0)
        colour *= 1 + noise[..., None]
        inside = inside_hairline(place.reshape(-1, 3)[covered.triangle.ravel() >= 0])
        share = np.zeros((ALBEDO_SIDE, ALBEDO_SIDE), np.float32)
        share[covered.triangle >= 0] = np.clip(inside / 0.006, 0, 1)
        share = 0.8 * share[..., None] * (0.8 + 0.4 * random.random((ALBEDO_SIDE, ALBEDO_SIDE, 1)))
        colour = colour * (1 - share) + np.array(hair, np.float32) * share
        return Skin(padded(np.clip(colour, 0, 255).astype(np.float32), covered.triangle >= 0), hair)

    def brows(self, neutral: Floats, random: np.random.Generator) -> Strands:
        """Return full brows on the head `neutral` (V, 3)."""
        return brow_hairs(neutral, self.basis, self.anchors, np.full((2, ALONG, ACROSS), 0.9, np.float32), random)

    def camera(self, neutral: Floats, size: int, yaw: float = 0.0) -> Camera:
        """Return the camera of a portrait of the head `neutral` (V, 3), `size` pixels large."""
        height = (neutral[self.basis.part("eye_left").vertices].mean(axis=0) + neutral[self.basis.chin_vertex])[1] / 2 + RISE
        rotation = turn(np.array([0.0, np.radians(yaw), 0.0]))
        return Camera(rotation, np.array([0.0, height, DISTANCE]), FOCAL * size, (size / 2, size / 2))

    def portrait(self, neutral: Floats, offsets: Floats, skin: Skin, brows: Strands, *, side: int, yaw: float = 0.0,
                 over: int = OVER) -> Bytes:
        """Return a picture (side, side, 3) of the head `neutral` (V, 3) moved by `offsets` (V, 3), turned by `yaw` degrees;
        over: pixels drawn for each one shown, across."""
        size = over * side
        camera = self.camera(neutral, size, yaw)
        head = neutral + offsets
        points = camera.project(head)
        covered = rasterise(points, self.triangles[self.solid], width=size, height=size)
        image = self.shaded(covered, head, skin, camera.rotation)
        image = self.lashed(image, covered, points)
        picture = Image.fromarray(np.clip(image, 0, 255).astype(np.uint8))
        draw_hairs(picture, brows, offsets, self.basis, camera, skin.hair)
        return np.asarray(picture.resize((side, side), Image.Resampling.BOX))

    def shaded(self, covered: Coverage, head: Floats, skin: Skin, rotation: Array) -> Floats:
        """Return the lit picture (H, W, 3), 0..255."""
        triangles, seen = self.triangles[self.solid], covered.triangle >= 0
        normals = covered.interpolate(triangles, vertex_normals(head, self.triangles))[seen] @ rotation.T.astype(np.float32)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
        key, fill = (np.clip(normals @ (light / np.linalg.norm(light)), 0, 1) for light in (KEY, FILL))
        half = KEY / np.linalg.norm(KEY) + [0, 0, 1]
        gloss = np.clip(normals @ (half / np.linalg.norm(half)), 0, 1) ** GLOSS_POWER
        reach = CREASE_REACH * FOCAL * len(covered.depth) / DISTANCE / 2
        open_to = shaded_depth(covered.depth, reach, deepest=CREASE_DEPTH, least=CREASE_LEAST)[seen]
        light = (AMBIENT + KEY_SHARE * key + FILL_SHARE * fill) * open_to
        image = np.tile(BACKGROUND, (*covered.triangle.shape, 1))
        image[seen] = self.colours(covered, skin) * light[:, None] + GLOSS * gloss[:, None]
        return image

    def colours(self, covered: Coverage, skin: Skin) -> Floats:
        """Return the colours (P, 3) of the pixels that show something."""
        seen = covered.triangle >= 0
        triangle = self.solid[covered.triangle[seen]]
        material = self.material[triangle]
        place = np.einsum("nk,nkc->nc", covered.weights[seen], self.basis.uv[self.uv_triangles[triangle]])
        texel = place * [1, -1] + [0, 1]
        result = bilinear(skin.albedo, *(texel * ALBEDO_SIDE).astype(np.float32).T)
        for name, colour in (("teeth", (226, 218, 200)), ("gums", (150, 78, 78)), ("tongue", (168, 84, 84))):
            result[material == MATERIALS.index(name)] = colour
        eye = material == MATERIALS.index("eye")
        angle = EYE_ANGLE * 2 * np.linalg.norm(place[eye] - 0.5, axis=1)
        ring = np.clip((angle - IRIS) / 2, 0, 1)[:, None]
        pupil = np.clip((angle - PUPIL) / 1.5, 0, 1)[:, None]
        white = np.array([222, 214, 208]) * (1 - 0.12 * np.clip((angle - 30) / 30, 0, 1)[:, None])
        result[eye] = pupil * (ring * white + (1 - ring) * np.array(skin.iris)) + (1 - pupil) * np.array([14, 11, 10])
        inside = (material != MATERIALS.index("skin")) & ~eye
        depth = covered.depth[seen]
        if inside.any():                                        # the mouth gets dark towards the back
            result[inside] *= np.exp(-np.clip(depth[inside] - depth[inside].min() - 0.004, 0, None) / 0.03)[:, None]
        return result

    def lashed(self, image: Floats, covered: Coverage, points: Floats) -> Floats:
        """Return the picture (H, W, 3) with lashes before it: dark at their roots, thin at their tips."""
        height, width = covered.triangle.shape
        strips = rasterise(points, self.triangles[self.lashes], width=width, height=height)
        seen = (strips.triangle >= 0) & (strips.depth < covered.depth + 0.0005)
        triangle = self.lashes[strips.triangle[seen]]
        place = np.einsum("nk,nkc->nc", strips.weights[seen], self.basis.uv[self.uv_triangles[triangle]])
        upper = place[:, 1] > 0.5
        tip = np.where(upper, 2 * place[:, 1] - 1, 2 * place[:, 1])
        share = LASH * np.where(upper, 1.0, 0.45) * np.clip(1 - 1.3 * tip, 0, 1)
        image[seen] *= (1 - share)[:, None].astype(np.float32)
        return image


def draw_hairs(picture: Image.Image, hairs: Strands, offsets: Floats, basis: HeadBasis, camera: Camera,
               colour: tuple[int, int, int]) -> None:
    """Draw hairs that go with the skin by `offsets` (V, 3) into the picture."""
    moves = np.einsum("nk,nkc->nc", hairs.weights, offsets[basis.skin_triangles[hairs.triangle]])
    pixels = camera.project(hairs.points + moves[:, None])[..., :2]
    pencil = ImageDraw.Draw(picture, "RGBA")
    for line in pixels:
        pencil.line([tuple(point) for point in line.tolist()], fill=(*colour, 150), width=max(picture.width // 400, 1))


def speckle(random: np.random.Generator, side: int, cells: int) -> Floats:
    """Return smooth noise (side, side) of deviation 1 with so many cells across."""
    noise = random.normal(0, 1, (cells, cells)).astype(np.float32)[..., None]
    steps = ((np.arange(side) + 0.5) * cells / side).astype(np.float32)
    return bilinear(noise, *np.meshgrid(steps, steps))[..., 0]
