"""One photo of a person laid onto the head: what it shows at each skin vertex, and the light there."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..face.camera import UPRIGHT, Camera
from ..face.detection import Face
from ..face.fit import OUTLINE, Anchors
from ..face.skin_mask import BROWS, SkinMask, find_skin
from ..head.model import REGIONS, HeadBasis
from ..pictures.polygons import nearest, within
from ..pictures.raster import rasterise, vertex_normals
from ..pictures.sampling import bilinear
from ..types import Floats, Integers, Photo
from .furrows import Furrows
from .hair_shade import unshaded
from .hue_curve import HueCurve
from .shading import LUMINANCE, cast, estimated_shading, evened
from .vermilion import Lips, clear

NOSE_BASE, BROW_EDGE = 2, 0.002     # landmark where the nose meets the upper lip; metres around brows' landmarks that hairs reach
LIPS_SEEN = 0.1                     # trust from which a vertex of the lips shows their hue: they turn away, and are thin
GRAZING, FRONTAL = 0.20, 0.50       # cosine to the viewer: below the first nothing is taken, above the second all
DEPTH_SLACK = 0.004                 # metres: how far behind the visible surface a texel may lie
CREASE_MOVE = 0.005                 # metres that the expression moves the cheek by where its creases go
OVEREXPOSED = 246.0                 # brightest channel from which a colour is not believed
NECK = 0.0, 0.012                   # metres below the chin over which the photo fades out: there are collars and shadows
LIKENESS_REACH = 0.009              # metres around a landmark that are moved with it onto the photo


@dataclass(frozen=True)
class View:
    """One photo of the person: head (V, 3) as it shows it, with its expression, metres; and the camera."""

    photo: Photo
    face: Face
    head: Floats
    camera: Camera


@dataclass(frozen=True)
class Samples:
    """A photo at the skin's vertices. pixels (V_skin, 2); trust (V_skin,) 0..1 by angle and visibility; skin (V_skin,)
    0..1 whether the photo shows skin there; colour (V_skin, 3) of it, 0..255."""

    pixels: Floats
    trust: Floats
    skin: Floats
    colour: Floats


@dataclass(frozen=True)
class Layer:
    """What one photo gives; hues, lip_hues: how skin's and lips' hue follow brightness; seen: its colours without that, and without
    the shade in furrows.
    light (V_skin, 3): what these are divided by; lip_light (3,): what those of lips are divided by beyond that; creases (V_skin,)
    0..1."""

    photo: Photo
    mask: SkinMask
    furrows: Furrows
    hues: HueCurve
    lip_hues: HueCurve
    seen: Samples
    light: Floats
    lip_light: Floats
    creases: Floats

    @property
    def weight(self) -> Floats:
        """How far the photo is believed at each skin vertex (V_skin,), 0..1."""
        return self.seen.trust * self.seen.skin


def peeled(view: View, neutral: Floats, edges: Integers, *, basis: HeadBasis, anchors: Anchors, mouth: Lips) -> Layer:
    """Return one photo's layer: its skin at the vertices, and the light on it."""
    skin = basis.part("skin").vertices
    mask = find_skin(view.photo, view.face, view.camera.focal / float(view.camera.place(view.head[skin])[:, 2].mean()))
    mask = unshaded(mask, view.face)
    furrows = Furrows.of(view.photo, view.face, mask)
    moved = landmark_shift(view.head, view.face, view.camera, anchors, basis)
    seen = sampled(view.photo, view.head, view.camera, mask, basis=basis, moved=moved, hidden=mouth.bag > 0)
    trust = seen.trust * seen.skin
    colour, face = seen.colour / furrows.at(seen.pixels), basis.regions == REGIONS.index("face")
    hues = HueCurve.of(colour[face & beardless(basis, anchors) & (trust > 0.6)], typical(colour, trust, face))
    shown = mouth.outside & (trust * clear(mouth.depth, mask.pixel) > LIPS_SEEN)
    lip_hues = HueCurve.of(colour[shown], mask.lips)
    seen = replace(seen, colour=colour / np.where(mouth.outside[:, None], lip_hues.at(colour), hues.at(colour)))
    normals = vertex_normals(view.head, all_triangles(basis))[skin]
    light = evened(seen.colour, trust, estimated_shading(seen.colour, trust, normals, basis), edges, basis)
    light = light * cast(typical(seen.colour / light, trust, face))
    whole = typical(seen.colour, trust, face) / np.maximum(typical(seen.colour / light, trust, face), 1)
    lip_light = whole / np.median(light[mouth.outside], axis=0)
    return Layer(view.photo, mask, furrows, hues, lip_hues, seen, light, lip_light, creased(view.head - neutral, basis))


def beardless(basis: HeadBasis, anchors: Anchors) -> NDArray[np.bool_]:
    """Return which skin vertices (V_skin,) bear no beard, moustache or brows, whose hue is not the skin's: those above the base of the
    nose, off the brows."""
    skin, points = basis.vertices[basis.part("skin").vertices].astype(np.float64), anchors.points(basis.vertices).astype(np.float64)
    outlines = [points[list(brow)] for brow in BROWS]
    brows = np.logical_or.reduce([within(skin, line) | (nearest(skin, line) < BROW_EDGE) for line in outlines])
    return np.asarray((skin[:, 1] > points[NOSE_BASE, 1]) & ~brows)


def matched(layer: Layer, first: Layer) -> Layer:
    """Return the layer with its colours brought to the first one's where both show the same skin."""
    both = np.minimum(layer.weight, first.weight) > 0.3
    if both.sum() < 40:
        both = np.ones(len(both), bool)
        own, other = (np.average(one.seen.colour / one.light, axis=0, weights=one.weight + 1e-6) for one in (layer, first))
    else:
        own, other = (np.median((one.seen.colour / one.light)[both], axis=0) for one in (layer, first))
    return replace(layer, light=layer.light * np.asarray(own / np.maximum(other, 1), np.float32))


def all_triangles(basis: HeadBasis) -> Integers:
    """Return all parts' triangles."""
    return np.concatenate([basis.quads[:, [0, 1, 2]], basis.quads[:, [0, 2, 3]]])


def landmark_shift(head: Floats, face: Face, camera: Camera, anchors: Anchors, basis: HeadBasis) -> Floats:
    """Return how far each skin vertex must move in the photo (V_skin, 2), pixels, for the landmarks to lie where the photo
    shows them: the fit leaves about a millimetre, enough to print an eye's edge on the lid."""
    used = np.setdiff1d(np.arange(468), OUTLINE)
    points = anchors.points(head)[used]
    vertices = head[basis.part("skin").vertices]
    near = [kernel(block, points) for block in np.array_split(vertices, 8)]
    weights, own = np.concatenate(near), kernel(points, points)
    wanted = face.landmarks[used, :2] - camera.project(points)[:, :2]
    left, shift = wanted, np.zeros((len(vertices), 2), np.float32)
    for _ in range(4):                                      # each round smooths what the last one left over
        shift = shift + weights @ left
        left = left - own @ left
    return np.asarray(shift, np.float32)


def kernel(places: Floats, points: Floats) -> Floats:
    """Return smoothing weights (N, L) of points (L, 3) at places (N, 3), which fade out away from all points."""
    squared = ((places[:, None] - points[None]) ** 2).sum(axis=2)
    weights = np.exp(-squared / (2 * LIKENESS_REACH**2 / 4))
    return np.asarray(weights / (weights.sum(axis=1, keepdims=True) + 0.2), np.float32)


def sampled(photo: Photo, head: Floats, camera: Camera, mask: SkinMask, *, basis: HeadBasis, moved: Floats,
            hidden: NDArray[np.bool_]) -> Samples:
    """Return what the photo shows at each skin vertex; trust falls with the angle to the viewer and is none where another
    part of the head lies in front, or where vertices are `hidden` (V_skin,), in the mouth."""
    skin, triangles = basis.part("skin").vertices, all_triangles(basis)
    pixels = camera.project(head)
    scale = min(1.0, 512 / float(np.ptp(pixels[skin, :2], axis=0).max()))
    view = np.column_stack([(pixels[:, :2] - pixels[skin, :2].min(axis=0) + 4) * scale, pixels[:, 2]])
    size = np.ceil(view[skin, :2].max(axis=0) + 4).astype(int)
    drawn = rasterise(view, triangles, width=int(size[0]), height=int(size[1]))
    front = bilinear(np.where(np.isfinite(drawn.depth), drawn.depth, 9.0)[..., None], view[skin, 0], view[skin, 1])[:, 0]
    placed = camera.place(head)[skin]
    normals = vertex_normals(head, triangles)[skin] @ (UPRIGHT @ camera.rotation).T
    cosine = -(normals * placed / np.linalg.norm(placed, axis=1, keepdims=True)).sum(axis=1)
    trust = np.clip((cosine - GRAZING) / (FRONTAL - GRAZING), 0, 1) * (placed[:, 2] < front + DEPTH_SLACK)
    below = basis.vertices[skin][basis.regions == REGIONS.index("chin"), 1].min() - basis.vertices[skin, 1]
    trust = trust * np.clip((NECK[1] - below) / (NECK[1] - NECK[0]), 0, 1)
    trust = np.where(hidden, 0.0, trust)
    places = (pixels[skin, :2] + moved).astype(np.float32)
    share, _, colour = mask.at(places)
    return Samples(places, trust.astype(np.float32), share, colour)


def creased(move: Floats, basis: HeadBasis) -> Floats:
    """Return 0..1 for each skin vertex: how much of the photo's creases and shine the expression makes there (the folds from the nose
    to the corners of the mouth, stretched lips); move: (V, 3) what the expression adds, metres."""
    skin = basis.vertices[basis.part("skin").vertices]
    eyes = basis.vertices[basis.part("eye_left").vertices].mean(axis=0)
    cheek = (skin[:, 1] < eyes[1] - 0.014) & (np.abs(skin[:, 0]) > 0.6 * eyes[0])
    lips = basis.regions == REGIONS.index("lips")
    return np.asarray(np.clip(np.linalg.norm(move[: len(skin)], axis=1) / CREASE_MOVE, 0, 1) * (cheek | lips), np.float32)


def typical(colour: Floats, weight: Floats, region: NDArray[np.bool_]) -> Floats:
    """Return the median colour (3,) of a region where it is trusted, without its darkest third: brows, folds and shadows; and without
    what is overexposed, if enough is left: it has lost its hue."""
    sure = region & (weight > 0.6)
    chosen = colour[sure if sure.sum() > 12 else weight >= weight.max() / 2]
    exposed = chosen.max(axis=1) < OVEREXPOSED
    chosen = chosen[exposed] if exposed.mean() > 0.25 else chosen
    luminance = chosen @ LUMINANCE
    return np.asarray(np.median(chosen[luminance >= np.quantile(luminance, 0.35)], axis=0), np.float32)
