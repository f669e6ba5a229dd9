"""Albedo of the skin from one photo, in the head model's UVs.

The photo is projected onto the fitted (expressive) head where it shows bare skin, seen not too aslant; the other half of
the face stands in for what is hidden, and the rest is filled smoothly over the surface, so that UV seams do not show.
The light is estimated from the shading and divided out.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .camera import UPRIGHT, Camera
from .face_detection import Face
from .face_fit import OUTLINE, Anchors
from .head_model import REGIONS, HeadBasis
from .raster import Coverage, rasterise, vertex_normals
from .sampling import bilinear
from .skin_mask import SkinMask, find_skin
from .skin_surface import membrane, mirrored, mouth_bag, neighbour_sum, skin_edges
from .types import Bytes, Floats, Integers, Photo

SIDE = 2048                         # pixels
GRAZING, FRONTAL = 0.20, 0.50       # cosine to the viewer: below the first nothing is taken, above the second all
DEPTH_SLACK = 0.004                 # metres: how far behind the visible surface a texel may lie
SHADOW_DAMPING = 0.75               # share of the estimated shading that is divided out
EVENING, EVENING_CHROMA = 0.8, 0.5  # share of the face's remaining broad unevenness that is taken out: light, colour
EVENING_REACH = 3.0                 # edges it spans
CREASING, CREASE_MOVE = 0.75, 0.005     # share of creases that is taken out where the expression moves the cheek so far, metres
ROOM = 7.0                          # edges after which filled-in skin has the face's plain tone
SHINE = 0.5                         # share of what is brighter than the skin around it that is taken out
NECK = 0.0, 0.012                   # metres below the chin over which the photo fades out: there are collars and shadows
LIKENESS_REACH = 0.009              # metres around a landmark that are moved with it onto the photo
MOUTH_TONE = np.array([0.62, 0.42, 0.42], np.float32)     # the mouth's lining over the lips' colour
MOUTH_DEPTH = 0.003, 0.012          # metres behind the lips' contact over which their colour turns into the lining's
LIP_TONE = np.array([0.86, 0.68, 0.68], np.float32)       # lips over skin, where the photo shows none
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)


@dataclass(frozen=True)
class Samples:
    """The photo at the skin's vertices. pixels (V_skin, 2); trust (V_skin,) 0..1 by angle and visibility; skin (V_skin,)
    0..1 whether the photo shows skin there; colour (V_skin, 3) of it, 0..255."""

    pixels: Floats
    trust: Floats
    skin: Floats
    colour: Floats


def albedo(photo: Photo, face: Face, head: Floats, neutral: Floats, camera: Camera, *, basis: HeadBasis, anchors: Anchors,
           tick: Callable[[float], None], side: int = SIDE) -> Bytes:
    """Return the albedo (side, side, 3) uint8 sRGB of the skin.

    head: (V, 3) as the photo shows it, metres; neutral: (V, 3) the same without expression.
    """
    skin = basis.part("skin").vertices
    edges = skin_edges(basis.skin_triangles)
    mask = find_skin(photo, face, camera.focal / float(camera.place(head[skin])[:, 2].mean()))
    tick(0.15)
    seen = sampled(photo, head, camera, mask, basis=basis, moved=landmark_shift(head, face, camera, anchors, basis))
    normals = vertex_normals(head, all_triangles(basis))[skin]
    light = evened(seen, estimated_shading(seen.colour, seen.trust * seen.skin, normals, basis), edges, basis)
    tick(0.3)
    mirror = mirrored(basis)
    base = filled(seen, light, mask.lips, mirror, edges, basis)
    coverage = uv_coverage(basis, side)
    tick(0.5)
    image = coverage.interpolate(basis.skin_triangles, base)
    tick(0.7)
    share, creases = feathered(seen.trust, edges), creased(head - neutral, basis)
    values = np.column_stack([seen.pixels, share, creases, light])
    other = values[mirror]
    other[:, 2] *= (share * seen.skin)[mirror] > share * seen.skin + 0.05       # only where that side is seen better
    for layer in (other, values):
        image = overlaid(image, photo, mask, coverage, basis.skin_triangles, layer)
    tick(0.85)
    return padded(np.clip(image, 0, 255), coverage.triangle >= 0)


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


def estimated_shading(colour: Floats, weight: Floats, normals: Floats, basis: HeadBasis) -> Floats:
    """Return relative shading (V_skin,) around 1: first-order spherical harmonics of the light fitted to the face's
    luminance (Ramamoorthi and Hanrahan 2001), without what fits badly (brows, shine), damped, since albedo varies, too."""
    use = (weight > 0.3) & (basis.regions != REGIONS.index("other")) & (basis.regions != REGIONS.index("lips"))
    design = np.column_stack([np.ones(len(normals)), normals])
    if use.sum() < 40:
        return np.ones(len(normals), np.float32)
    luminance = (np.clip(colour, 1, 255) / 255.0) ** 2.2 @ LUMINANCE
    trust = weight * use
    for _ in range(6):
        light = np.linalg.lstsq(design * trust[:, None], luminance * trust, rcond=None)[0]
        off = (luminance - design @ light) / np.maximum(design @ light, 0.1 * np.median(luminance[use]))
        trust = weight * use / (1 + (off / 0.2) ** 2)
    shade = design @ light / np.median((design @ light)[use])
    return np.asarray(np.clip(shade, 0.3, 2.0) ** (SHADOW_DAMPING / 2.2), np.float32)


def evened(seen: Samples, shading: Floats, edges: Integers, basis: HeadBasis) -> Floats:
    """Return the factors (V_skin, 3) the photo's colours are to be divided by: the shading, and most of the broad
    unevenness that it leaves (cast shadows, shine, coloured light)."""
    weight = np.clip(3 * seen.trust * seen.skin, 0, 1) * (basis.regions != REGIONS.index("lips"))
    if weight.sum() < 20:
        return np.repeat(shading[:, None], 3, axis=1)
    levels = np.log(np.maximum(seen.colour, 8.0)) - np.log(shading)[:, None]
    left = np.clip(levels - np.median(levels[weight > 0.5], axis=0), -0.7, 0.5).astype(np.float32)
    broad = membrane(left, weight / EVENING_REACH**2, np.zeros_like(left), 0.2 / EVENING_REACH**2, edges)
    uneven = EVENING_CHROMA * broad + (EVENING - EVENING_CHROMA) * (broad @ LUMINANCE)[:, None]
    return np.asarray(shading[:, None] * np.exp(uneven), np.float32)


def creased(move: Floats, basis: HeadBasis) -> Floats:
    """Return 0..1 for each skin vertex: how much of the photo's creases the expression makes there (the folds from the nose
    to the corners of the mouth); move: (V, 3) what the expression adds, metres."""
    skin = basis.vertices[basis.part("skin").vertices]
    eyes = basis.vertices[basis.part("eye_left").vertices].mean(axis=0)
    cheek = (basis.regions != REGIONS.index("lips")) & (skin[:, 1] < eyes[1] - 0.014) & (np.abs(skin[:, 0]) > 0.6 * eyes[0])
    return np.asarray(np.clip(np.linalg.norm(move[: len(skin)], axis=1) / CREASE_MOVE, 0, 1) * cheek, np.float32)


def filled(seen: Samples, light: Floats, lip_colour: Floats, mirror: Integers, edges: Integers,
           basis: HeadBasis) -> Floats:
    """Return a smooth colour for every skin vertex (V_skin, 3): the photo's where it shows skin, elsewhere the mirror
    side's, elsewhere spread from them towards the skin's plain tone, the lips' or the mouth's."""
    depth = mouth_bag(basis, edges)
    lips = basis.regions == REGIONS.index("lips")
    colour, weight = seen.colour / light, seen.trust * seen.skin
    take = weight[mirror] > weight + 0.2
    colour[take], weight[take] = colour[mirror][take], 0.8 * weight[mirror][take]
    tone = typical(colour, weight, basis.regions == REGIONS.index("face"))
    lip = lip_colour / np.median(light[lips], axis=0) if (weight[lips] > 0.5).any() else tone * LIP_TONE
    near_lips = lips | ((depth > 0) & (depth < MOUTH_DEPTH[1]))
    rest = np.where(near_lips[:, None], lip, tone).astype(np.float32)
    gain = np.clip((colour @ LUMINANCE) / (rest @ LUMINANCE), 0.8, 1.08)[:, None]
    chroma = np.clip(colour / np.maximum(colour @ LUMINANCE, 1)[:, None], 0, 3)
    plain = rest / (rest @ LUMINANCE)[:, None]
    calm = (0.5 * chroma + 0.5 * plain) * gain * (rest @ LUMINANCE)[:, None]        # no stray colour is spread far
    trust = 4 * np.clip(weight - 0.1, 0, 1) ** 2 * 0.5 ** (neighbour_sum((weight < 0.1)[:, None].astype(float), edges)[:, 0])
    result = membrane(np.where(lips[:, None], colour, calm).astype(np.float32), trust.astype(np.float32), rest, ROOM**-2, edges)
    inner = np.clip((depth - MOUTH_DEPTH[0]) / (MOUTH_DEPTH[1] - MOUTH_DEPTH[0]), 0, 1)[:, None]
    return np.asarray(result * (1 - inner) + lip * MOUTH_TONE * inner, np.float32)


def typical(colour: Floats, weight: Floats, region: NDArray[np.bool_]) -> Floats:
    """Return the median colour (3,) of a region where it is trusted, without its darkest third: brows, folds and shadows."""
    sure = region & (weight > 0.6)
    chosen = colour[sure if sure.sum() > 12 else weight >= weight.max() / 2]
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


def uv_coverage(basis: HeadBasis, side: int) -> Coverage:
    """Return which skin triangle each texel shows."""
    quads = basis.quad_uv[basis.part("skin").faces]
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    points = basis.uv * [1, -1] * side + [0, side]
    return rasterise(points, triangles, width=side, height=side)


def overlaid(image: Floats, photo: Photo, mask: SkinMask, coverage: Coverage, triangles: Integers, values: Floats) -> Floats:
    """Return the image (H, W, 3) with the photo's skin laid over it.

    values: (V_skin, 7) pixels x, y, trust, creases, and light (3).
    """
    shown = (coverage.triangle >= 0) & (values[triangles, 2].max(axis=1)[np.maximum(coverage.triangle, 0)] > 0)
    corners, weights = triangles[coverage.triangle[shown]], coverage.weights[shown]
    mixed = np.einsum("nk,nkc->nc", weights, values[corners].astype(np.float32))
    skin, margin, _ = mask.at(mixed[:, :2])
    share = (mixed[:, 2] * skin)[:, None]
    below, colour = image[shown], bilinear(photo.pixels, mixed[:, 0], mixed[:, 1]) / np.maximum(mixed[:, 4:], 0.2)
    calm = np.where(colour @ LUMINANCE < below @ LUMINANCE, np.maximum(CREASING * mixed[:, 3], margin), SHINE)
    colour += (below - colour) * calm[:, None]
    image[shown] = below * (1 - share) + colour * share
    return image


def padded(image: Floats, covered: NDArray[np.bool_]) -> Bytes:
    """Return the image as bytes, its colours grown smoothly over the gaps between the UV islands (push and pull)."""
    pyramid = [(image * covered[..., None], covered[..., None].astype(np.float32))]
    while pyramid[-1][1].shape[0] > 1:
        pyramid.append((pooled(pyramid[-1][0]), pooled(pyramid[-1][1])))
    colour = pyramid[-1][0] / np.maximum(pyramid[-1][1], 1e-6)
    for values, share in reversed(pyramid[:-1]):
        grown = doubled(colour)
        colour = grown * (1 - share) + values                  # values are already weighted with their share
    return np.clip(np.where(covered[..., None], image, colour) + 0.5, 0, 255).astype(np.uint8)


def pooled(values: Floats) -> Floats:
    """Return 2 x 2 means."""
    return (values[::2, ::2] + values[1::2, ::2] + values[::2, 1::2] + values[1::2, 1::2]) / 4


def doubled(values: Floats) -> Floats:
    """Return the image at twice its size, interpolated linearly."""
    for axis in (0, 1):
        before = np.concatenate([values.take([0], axis), values.take(range(values.shape[axis] - 1), axis)], axis)
        after = np.concatenate([values.take(range(1, values.shape[axis]), axis), values.take([-1], axis)], axis)
        pair = np.stack([0.75 * values + 0.25 * before, 0.75 * values + 0.25 * after], axis + 1)
        shape = list(values.shape)
        shape[axis] *= 2
        values = pair.reshape(shape)
    return values
