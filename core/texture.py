"""Albedo of the skin from one or several photos of a person, in the head model's UVs.

Each photo is projected onto the fitted (expressive) head where it shows bare skin, seen not too aslant; the other half of
the face stands in for what is hidden, and the rest is filled smoothly over the surface, so that UV seams do not show.
The light is estimated from the shading and divided out.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .camera import UPRIGHT, Camera
from .face_detection import Face
from .face_fit import OUTLINE, Anchors
from .head_model import REGIONS, HeadBasis
from .raster import Coverage, rasterise, vertex_normals
from .sampling import bilinear
from .shading import LIPS_REACH, LUMINANCE, cast, estimated_shading, evened, tempered
from .skin_mask import SkinMask, find_skin
from .skin_surface import membrane, mirrored, mouth_bag, neighbour_sum, skin_edges
from .types import Bytes, Floats, Integers, Photo
from .uv_image import padded, uv_coverage

SIDE = 2048                         # pixels
GRAZING, FRONTAL = 0.20, 0.50       # cosine to the viewer: below the first nothing is taken, above the second all
DEPTH_SLACK = 0.004                 # metres: how far behind the visible surface a texel may lie
CREASING, CREASE_MOVE = 0.75, 0.005     # share of creases that is taken out where the expression moves the cheek so far, metres
OVEREXPOSED = 246.0                 # brightest channel from which a colour is not believed
ROOM = 7.0                          # edges after which filled-in skin has the face's plain tone
SHINE = 0.5                         # share of what is brighter than the skin around it that is taken out
NECK = 0.0, 0.012                   # metres below the chin over which the photo fades out: there are collars and shadows
LIKENESS_REACH = 0.009              # metres around a landmark that are moved with it onto the photo
MOUTH_TONE = np.array([0.62, 0.42, 0.42], np.float32)     # the mouth's lining over the lips' colour
MOUTH_DEPTH = 0.003, 0.012          # metres behind the lips' contact over which their colour turns into the lining's
LIP_TONE = np.array([0.86, 0.68, 0.68], np.float32)       # lips over skin, where the photo shows none


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
    """What one photo gives. light (V_skin, 3): what its colours are divided by; creases (V_skin,) 0..1."""

    photo: Photo
    mask: SkinMask
    seen: Samples
    light: Floats
    creases: Floats

    @property
    def weight(self) -> Floats:
        """How far the photo is believed at each skin vertex (V_skin,), 0..1."""
        return self.seen.trust * self.seen.skin


@dataclass(frozen=True)
class Texture:
    """albedo: (side, side, 3) uint8 sRGB; visible: 0..1, how much of the face's skin the photos show."""

    albedo: Bytes
    visible: float


def texture(views: Sequence[View], neutral: Floats, *, basis: HeadBasis, anchors: Anchors,
            tick: Callable[[float], None], side: int = SIDE) -> Texture:
    """Return the albedo of the skin from photos of one person, the most frontal one first.

    neutral: (V, 3) the head without expression, metres.
    """
    edges, mirror = skin_edges(basis.skin_triangles), mirrored(basis)
    layers: list[Layer] = []
    for index, view in enumerate(views):
        layer = peeled(view, neutral, edges, basis=basis, anchors=anchors)
        layers.append(matched(layer, layers[0]) if layers else layer)
        tick(0.35 * (index + 1) / len(views))
    base, plain = filled(layers, mirror, edges, basis)
    coverage = uv_coverage(basis, side)
    tick(0.5)
    image = coverage.interpolate(basis.skin_triangles, base)
    tick(0.65)
    for values, layer in stacked(layers, mirror, edges):
        image = overlaid(image, layer.photo, layer.mask, coverage, basis.skin_triangles, np.column_stack([values, plain]))
    tick(0.85)
    face = np.isin(basis.regions, [REGIONS.index("face"), REGIONS.index("chin")])
    visible = np.max([layer.weight for layer in layers], axis=0)[face]
    return Texture(padded(np.clip(image, 0, 255), coverage.triangle >= 0), float(np.mean(visible > 0.5)))


def peeled(view: View, neutral: Floats, edges: Integers, *, basis: HeadBasis, anchors: Anchors) -> Layer:
    """Return one photo's layer: its skin at the vertices, and the light on it."""
    skin = basis.part("skin").vertices
    mask = find_skin(view.photo, view.face, view.camera.focal / float(view.camera.place(view.head[skin])[:, 2].mean()))
    moved = landmark_shift(view.head, view.face, view.camera, anchors, basis)
    seen = sampled(view.photo, view.head, view.camera, mask, basis=basis, moved=moved)
    normals = vertex_normals(view.head, all_triangles(basis))[skin]
    trust = seen.trust * seen.skin
    light = evened(seen.colour, trust, estimated_shading(seen.colour, trust, normals, basis), edges, basis)
    light = light * cast(typical(seen.colour / light, trust, basis.regions == REGIONS.index("face")))
    return Layer(view.photo, mask, seen, light, creased(view.head - neutral, basis))


def matched(layer: Layer, first: Layer) -> Layer:
    """Return the layer with its colours brought to the first one's where both show the same skin."""
    both = np.minimum(layer.weight, first.weight) > 0.3
    if both.sum() < 40:
        both = np.ones(len(both), bool)
        own, other = (np.average(one.seen.colour / one.light, axis=0, weights=one.weight + 1e-6) for one in (layer, first))
    else:
        own, other = (np.median((one.seen.colour / one.light)[both], axis=0) for one in (layer, first))
    return replace(layer, light=layer.light * np.asarray(own / np.maximum(other, 1), np.float32))


def stacked(layers: Sequence[Layer], mirror: Integers, edges: Integers) -> Iterator[tuple[Floats, Layer]]:
    """Yield what is laid over the filled-in skin, (V_skin, 7) pixels x, y, trust, creases, light, and its photo: first every photo's
    mirror image where no photo shows that side as well, then the photos, the first one last."""
    shares = [feathered(layer.seen.trust, edges) for layer in layers]
    best = np.max([share * layer.seen.skin for share, layer in zip(shares, layers, strict=True)], axis=0)
    values = [np.column_stack([layer.seen.pixels, share, layer.creases, layer.light])
              for layer, share in zip(layers, shares, strict=True)]
    for own, share, layer in reversed(list(zip(values, shares, layers, strict=True))):
        other = own[mirror]
        other[:, 2] *= (share * layer.seen.skin)[mirror] > best + 0.05
        yield other, layer
    yield from reversed(list(zip(values, layers, strict=True)))


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


def sampled(photo: Photo, head: Floats, camera: Camera, mask: SkinMask, *, basis: HeadBasis, moved: Floats) -> Samples:
    """Return what the photo shows at each skin vertex; trust falls with the angle to the viewer and is none where another
    part of the head lies in front."""
    skin, triangles = basis.part("skin").vertices, all_triangles(basis)
    pixels = camera.project(head)
    scale = min(1.0, 512 / float(np.ptp(pixels[skin, :2], axis=0).max()))
    view = np.column_stack([(pixels[:, :2] - pixels[skin, :2].min(axis=0) + 4) * scale, pixels[:, 2]])
    size = np.ceil(view[skin, :2].max(axis=0) + 4).astype(int)
    drawn = rasterise(view, triangles, width=int(size[0]), height=int(size[1]))
    nearest = bilinear(np.where(np.isfinite(drawn.depth), drawn.depth, 9.0)[..., None], view[skin, 0], view[skin, 1])[:, 0]
    placed = camera.place(head)[skin]
    normals = vertex_normals(head, triangles)[skin] @ (UPRIGHT @ camera.rotation).T
    cosine = -(normals * placed / np.linalg.norm(placed, axis=1, keepdims=True)).sum(axis=1)
    trust = np.clip((cosine - GRAZING) / (FRONTAL - GRAZING), 0, 1) * (placed[:, 2] < nearest + DEPTH_SLACK)
    below = basis.vertices[skin][basis.regions == REGIONS.index("chin"), 1].min() - basis.vertices[skin, 1]
    trust = trust * np.clip((NECK[1] - below) / (NECK[1] - NECK[0]), 0, 1)
    trust = np.where(mouth_bag(basis, skin_edges(basis.skin_triangles)) > 0, 0.0, trust)
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


def filled(layers: Sequence[Layer], mirror: Integers, edges: Integers, basis: HeadBasis) -> tuple[Floats, Floats]:
    """Return a smooth colour for every skin vertex (V_skin, 3): the photos' where they show skin, elsewhere the mirror
    side's, elsewhere spread from them towards the skin's plain tone, the lips' or the mouth's; and that plain tone (V_skin, 3)."""
    depth = mouth_bag(basis, edges)
    lips = basis.regions == REGIONS.index("lips")
    weights = np.stack([layer.weight for layer in layers])
    shares = (weights**2 + 1e-9) / (weights**2 + 1e-9).sum(axis=0)
    colour = np.einsum("pv,pvc->vc", shares, np.stack([layer.seen.colour / layer.light for layer in layers]))
    weight = weights.max(axis=0)
    take = weight[mirror] > weight + 0.2
    colour[take], weight[take] = colour[mirror][take], 0.8 * weight[mirror][take]
    tone = typical(colour, weight, basis.regions == REGIONS.index("face"))
    lip = tone * LIP_TONE
    if (weight[lips] > 0.5).any():
        lip = tempered((layers[0].mask.lips / np.median(layers[0].light[lips], axis=0))[None], lip[None], LIPS_REACH)[0]
    near_lips = lips | ((depth > 0) & (depth < MOUTH_DEPTH[1]))
    rest = np.where(near_lips[:, None], lip, tone).astype(np.float32)
    gain = np.clip((colour @ LUMINANCE) / (rest @ LUMINANCE), 0.8, 1.08)[:, None]
    chroma = np.clip(colour / np.maximum(colour @ LUMINANCE, 1)[:, None], 0, 3)
    plain = rest / (rest @ LUMINANCE)[:, None]
    calm = (0.5 * chroma + 0.5 * plain) * gain * (rest @ LUMINANCE)[:, None]        # no stray colour is spread far
    trust = 4 * np.clip(weight - 0.1, 0, 1) ** 2 * 0.5 ** (neighbour_sum((weight < 0.1)[:, None].astype(float), edges)[:, 0])
    wanted = np.where(lips[:, None], tempered(colour, rest), calm).astype(np.float32)
    result = membrane(wanted, trust.astype(np.float32), rest, ROOM**-2, edges)
    inner = np.clip((depth - MOUTH_DEPTH[0]) / (MOUTH_DEPTH[1] - MOUTH_DEPTH[0]), 0, 1)[:, None]
    return np.asarray(result * (1 - inner) + lip * MOUTH_TONE * inner, np.float32), rest


def typical(colour: Floats, weight: Floats, region: NDArray[np.bool_]) -> Floats:
    """Return the median colour (3,) of a region where it is trusted, without its darkest third: brows, folds and shadows; and without
    what is overexposed, if enough is left: it has lost its hue."""
    sure = region & (weight > 0.6)
    chosen = colour[sure if sure.sum() > 12 else weight >= weight.max() / 2]
    exposed = chosen.max(axis=1) < OVEREXPOSED
    chosen = chosen[exposed] if exposed.mean() > 0.25 else chosen
    luminance = chosen @ LUMINANCE
    return np.asarray(np.median(chosen[luminance >= np.quantile(luminance, 0.35)], axis=0), np.float32)


def feathered(weight: Floats, edges: Integers) -> Floats:
    """Return the trust (V_skin,) eroded and smoothed over the surface, so that the photo fades out without an edge."""
    first, second = edges.T
    lowest = weight.copy()
    np.minimum.at(lowest, first, weight[second])
    np.minimum.at(lowest, second, weight[first])
    weight = lowest
    degree = np.maximum(np.bincount(edges.ravel(), minlength=len(weight)), 1)
    for _ in range(6):
        around = neighbour_sum(weight[:, None].astype(float), edges)[:, 0] / degree
        weight = np.minimum(weight, 0.5 * weight + 0.5 * around).astype(np.float32)
    return weight


def overlaid(image: Floats, photo: Photo, mask: SkinMask, coverage: Coverage, triangles: Integers, values: Floats) -> Floats:
    """Return the image (H, W, 3) with the photo's skin laid over it.

    values: (V_skin, 10) pixels x, y, trust, creases, light (3), and the plain tone there (3).
    """
    shown = (coverage.triangle >= 0) & (values[triangles, 2].max(axis=1)[np.maximum(coverage.triangle, 0)] > 0)
    corners, weights = triangles[coverage.triangle[shown]], coverage.weights[shown]
    mixed = np.einsum("nk,nkc->nc", weights, values[corners].astype(np.float32))
    skin, margin, _ = mask.at(mixed[:, :2])
    share = (mixed[:, 2] * skin)[:, None]
    below, colour = image[shown], bilinear(photo.pixels, mixed[:, 0], mixed[:, 1]) / np.maximum(mixed[:, 4:7], 0.2)
    colour = tempered(colour, mixed[:, 7:])
    crease = CREASING * mixed[:, 3]
    calm = np.where(colour @ LUMINANCE < below @ LUMINANCE, np.maximum(crease, margin), np.maximum(crease, SHINE))
    colour += (below - colour) * calm[:, None]
    image[shown] = below * (1 - share) + colour * share
    return image
