"""Albedo of the skin from one photo, in the head model's UVs.

The photo is projected onto the fitted (expressive) head; what it does not show is filled smoothly over the surface, so
UV seams do not show; the light is estimated from the shading and divided out.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .camera import Camera
from .head_model import REGIONS, HeadBasis
from .raster import Coverage, rasterise, vertex_normals
from .sampling import bilinear, halve
from .types import Bytes, Floats, Integers, Photo

SIDE = 2048                         # pixels
GRAZING, FRONTAL = 0.25, 0.65       # cosine to the viewer: below the first nothing is taken, above the second all
DEPTH_SLACK = 0.004                 # metres: how far behind the visible surface a texel may lie
SHADOW_DAMPING = 0.75               # share of the estimated shading that is divided out
FILL_STEPS, FEATHER_STEPS = 400, 6
HAIR_DISTANCE = 2.6                 # robust deviations from the skin's colour
MOUTH_COLOUR = np.float32([96, 42, 40])
LUMINANCE = np.float32([0.2126, 0.7152, 0.0722])


def albedo(photo: Photo, expressive: Floats, neutral: Floats, camera: Camera, *, basis: HeadBasis,
           tick: Callable[[float], None]) -> Bytes:
    """Return the albedo (SIDE, SIDE, 3) uint8 sRGB of the skin.

    expressive: (V, 3) the head as the photo shows it, metres; neutral: (V, 3) the same without expression.
    """
    skin = basis.part("skin").vertices
    triangles = basis.skin_triangles
    colour, weight = vertex_samples(photo, expressive, camera, basis)
    tick(0.2)
    shading = estimated_shading(colour, weight, vertex_normals(expressive, basis_triangles(basis))[skin], camera, basis)
    tick(0.3)
    neighbours = edges(triangles)
    base = filled(colour / shading[:, None], weight, neighbours, neutral[skin], basis)
    tick(0.55)
    coverage = uv_coverage(basis)
    smooth = coverage.interpolate(triangles, base)
    detail, share = projected(photo, expressive, camera, coverage, triangles, feathered(weight, neighbours), shading)
    tick(0.85)
    image = smooth * (1 - share[..., None]) + detail * share[..., None]
    return padded(np.clip(image, 0, 255), coverage.triangle >= 0)


def basis_triangles(basis: HeadBasis) -> Integers:
    """Return all parts' triangles."""
    return np.concatenate([basis.quads[:, [0, 1, 2]], basis.quads[:, [0, 2, 3]]])


def vertex_samples(photo: Photo, head: Floats, camera: Camera, basis: HeadBasis) -> tuple[Floats, Floats]:
    """Return the photo's colour at each skin vertex (V_skin, 3) and how far to trust it (V_skin,) 0..1.

    Trust falls with the angle to the viewer; hidden vertices, other parts in front, and hair get none.
    """
    skin = basis.part("skin").vertices
    triangles = basis_triangles(basis)
    pixels = camera.project(head)
    height, width = photo.pixels.shape[:2]
    scale = min(1.0, 512 / float(np.ptp(pixels[skin, :2], axis=0).max()))
    low = pixels[skin, :2].min(axis=0) - 4
    view = np.column_stack([(pixels[:, :2] - low) * scale, pixels[:, 2]])
    size = np.ceil(view[skin, :2].max(axis=0) + 4).astype(int)
    covered = rasterise(view, triangles, width=int(size[0]), height=int(size[1]))
    seen = bilinear(np.where(np.isfinite(covered.depth), covered.depth, 9.0)[..., None], view[skin, 0], view[skin, 1])[:, 0]
    placed = camera.place(head)[skin]
    normals = vertex_normals(head, triangles)[skin] @ (np.diag([1.0, -1.0, -1.0]) @ camera.rotation).T
    cosine = -(normals * placed / np.linalg.norm(placed, axis=1, keepdims=True)).sum(axis=1)
    weight = np.clip((cosine - GRAZING) / (FRONTAL - GRAZING), 0, 1) * (placed[:, 2] < seen + DEPTH_SLACK)
    inside = ((pixels[skin, :2] >= 1) & (pixels[skin, :2] < [width - 1, height - 1])).all(axis=1)
    levels = [photo.pixels]
    while scale * 2.0 ** len(levels) < 1.0 and min(levels[-1].shape[:2]) > 4:
        levels.append(halve(levels[-1]))
    shrink = 2.0 ** (1 - len(levels))
    colour = bilinear(levels[-1], pixels[skin, 0] * shrink, pixels[skin, 1] * shrink)
    weight = weight * inside * skin_likeness(colour, weight * inside, basis)
    return colour, np.where(mouth_lining(head, basis), 0.0, weight).astype(np.float32)


def skin_likeness(colour: Floats, weight: Floats, basis: HeadBasis) -> Floats:
    """Return 0..1 for each vertex: how much its colour is the face's skin; brows, eyes and lips are let through.

    Hair and background differ from the cheeks' robust mean in chroma or are far darker.
    """
    opponent = np.stack([colour @ LUMINANCE, colour[:, 0] - colour[:, 1], colour[:, 1] - colour[:, 2]], axis=1)
    sure = (weight > 0.9) & (basis.regions == REGIONS.index("face"))
    if sure.sum() < 20:
        return np.ones(len(colour), np.float32)
    middle = np.median(opponent[sure], axis=0)
    spread = 1.4826 * np.median(np.abs(opponent[sure] - middle), axis=0) + [9.0, 4.0, 4.0]
    distance = np.sqrt((((opponent - middle) / spread) ** 2 * [0.5, 1.0, 1.0]).sum(axis=1))
    like = np.clip(2.0 - distance / HAIR_DISTANCE, 0, 1)
    skin = basis.vertices[basis.part("skin").vertices]
    eyes = basis.vertices[basis.part("eye_left").vertices].mean(axis=0)
    core = (np.abs(skin[:, 0]) < eyes[0] + 0.022) & (skin[:, 1] < eyes[1] + 0.034) & (skin[:, 2] > eyes[2] - 0.035) \
        & (basis.regions != REGIONS.index("other"))
    return np.where(core, 1.0, like).astype(np.float32)


def mouth_lining(head: Floats, basis: HeadBasis) -> NDArray[np.bool_]:
    """Return which skin vertices line the mouth or the eye sockets: what lies behind the lips' rims or the eyes' front."""
    skin = basis.vertices[basis.part("skin").vertices]
    rims = basis.vertices[basis.inner_lip_upper]
    reach = float(np.ptp(rims[:, 0])) / 2
    depth = np.interp(np.abs(skin[:, 0]), np.sort(np.abs(rims[:, 0])), rims[np.argsort(np.abs(rims[:, 0])), 2])
    mouth = (np.abs(skin[:, 0]) < reach + 0.012) & (np.abs(skin[:, 1] - rims[:, 1].mean()) < 0.04) & (skin[:, 2] < depth - 0.0015) \
        & (skin[:, 2] > 0.0) & inward(basis, skin)
    sockets = np.zeros(len(skin), bool)
    for name in ("eye_left", "eye_right"):
        eye = basis.vertices[basis.part(name).vertices]
        centre, radius = eye.mean(axis=0), float(np.ptp(eye[:, 1])) / 2
        sockets |= (np.linalg.norm(skin - centre, axis=1) < radius * 1.02) | ((np.linalg.norm(skin - centre, axis=1) < radius * 1.6) & (skin[:, 2] < centre[2]))
    return mouth | sockets


def inward(basis: HeadBasis, skin: Floats) -> NDArray[np.bool_]:
    """Return which skin vertices face into the mouth: towards its middle line."""
    normals = vertex_normals(basis.vertices, basis_triangles(basis))[basis.part("skin").vertices]
    rims = basis.vertices[basis.inner_lip_upper]
    middle = np.array([0.0, rims[:, 1].mean(), rims[:, 2].max() - 0.03])
    return np.asarray((normals * (middle - skin)).sum(axis=1) > 0)


def estimated_shading(colour: Floats, weight: Floats, normals: Floats, camera: Camera, basis: HeadBasis) -> Floats:
    """Return relative shading (V_skin,) around 1: first-order spherical harmonics of the light fitted to the face's
    luminance (Ramamoorthi and Hanrahan 2001), damped, since albedo varies, too."""
    use = (weight > 0.5) & (basis.regions != REGIONS.index("other")) & (basis.regions != REGIONS.index("lips"))
    design = np.column_stack([np.ones(len(normals)), normals])
    if use.sum() < 40:
        return np.ones(len(normals), np.float32)
    luminance = (np.clip(colour, 1, 255) / 255.0) ** 2.2 @ LUMINANCE
    keep = use & (luminance > 0.4 * np.median(luminance[use])) & (luminance < 2.0 * np.median(luminance[use]))
    light = np.linalg.lstsq(design[keep] * weight[keep, None], luminance[keep] * weight[keep], rcond=None)[0]
    shade = design @ light / np.median((design @ light)[keep])
    return np.asarray(np.clip(shade, 0.55, 1.6) ** (SHADOW_DAMPING / 2.2), np.float32)


def edges(triangles: Integers) -> Integers:
    """Return the undirected edges (E, 2) of triangles."""
    return np.unique(np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1), axis=0)


def filled(colour: Floats, weight: Floats, neighbours: Integers, skin: Floats, basis: HeadBasis) -> Floats:
    """Return a colour for every skin vertex (V_skin, 3): the photo's where it is trusted, elsewhere the mirror side's,
    elsewhere spread from the trusted ones towards the face's own skin tone."""
    mirror = mirrored(basis)
    colour, weight = colour.copy(), weight.copy()
    take = weight[mirror] > weight + 0.2
    colour[take], weight[take] = colour[mirror][take], 0.8 * weight[mirror][take]
    sure = (weight > 0.7) & (basis.regions == REGIONS.index("face"))
    tone = np.median(colour[sure if sure.any() else weight >= 0], axis=0).astype(np.float32)
    degree = np.bincount(neighbours.ravel(), minlength=len(colour)).astype(np.float32)
    result = np.where(weight[:, None] > 0.05, colour, tone)
    first, second = neighbours.T
    pull = 0.015 * (1 - weight)
    for _ in range(FILL_STEPS):
        total = np.stack([np.bincount(first, result[second, channel], len(result)) + np.bincount(second, result[first, channel], len(result))
                          for channel in range(3)], axis=1) / np.maximum(degree, 1)[:, None]
        spread = total * (1 - pull)[:, None] + tone * pull[:, None]
        result = weight[:, None] * colour + (1 - weight)[:, None] * spread
    lining = mouth_lining(basis.vertices, basis) & (skin[:, 1] < basis.vertices[basis.inner_lip_upper, 1].mean() + 0.045)
    return np.where(lining[:, None], MOUTH_COLOUR, result).astype(np.float32)


def mirrored(basis: HeadBasis) -> Integers:
    """Return for each skin vertex the one across the symmetry plane."""
    skin = basis.vertices[basis.part("skin").vertices]
    order = []
    for block in np.array_split(skin * np.float32([-1, 1, 1]), 16):
        order.append(((block[:, None] - skin[None]) ** 2).sum(axis=2).argmin(axis=1))
    return np.concatenate(order).astype(np.int32)


def feathered(weight: Floats, neighbours: Integers) -> Floats:
    """Return the trust (V_skin,) eroded and smoothed over the surface, so that the photo fades out without an edge."""
    first, second = neighbours.T
    for _ in range(2):
        lowest = weight.copy()
        np.minimum.at(lowest, first, weight[second])
        np.minimum.at(lowest, second, weight[first])
        weight = lowest
    degree = np.bincount(neighbours.ravel(), minlength=len(weight))
    for _ in range(FEATHER_STEPS):
        around = (np.bincount(first, weight[second], len(weight)) + np.bincount(second, weight[first], len(weight))) / np.maximum(degree, 1)
        weight = np.minimum(weight, 0.5 * weight + 0.5 * around)
    return np.asarray(weight, np.float32)


def uv_coverage(basis: HeadBasis) -> Coverage:
    """Return which skin triangle each texel shows."""
    quads = basis.quad_uv[basis.part("skin").faces]
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    points = basis.uv * [1, -1] * SIDE + [0, SIDE]
    return rasterise(points, triangles, width=SIDE, height=SIDE)


def projected(photo: Photo, head: Floats, camera: Camera, coverage: Coverage, triangles: Integers, weight: Floats,
              shading: Floats) -> tuple[Floats, Floats]:
    """Return the photo's de-lit colour (SIDE, SIDE, 3) at each texel, and its share (SIDE, SIDE)."""
    values = np.column_stack([camera.project(head[: len(weight)])[:, :2], weight, shading]).astype(np.float32)
    mixed = coverage.interpolate(triangles, values)
    detail = np.zeros((SIDE, SIDE, 3), np.float32)
    used = mixed[..., 2] > 0
    detail[used] = bilinear(photo.pixels, mixed[used][:, 0], mixed[used][:, 1]) / np.maximum(mixed[used][:, 3:], 0.2)
    return detail, mixed[..., 2] * used


def padded(image: Floats, covered: NDArray[np.bool_]) -> Bytes:
    """Return the image as bytes, its colours grown over the gaps between the UV islands, so that filtering finds none."""
    pyramid = [(image * covered[..., None], covered.astype(np.float32))]
    while pyramid[-1][1].shape[0] > 1:
        values, share = pyramid[-1]
        pyramid.append((pooled(values), pooled(share[..., None])[..., 0]))
    colour = pyramid[-1][0] / np.maximum(pyramid[-1][1][..., None], 1e-6)
    for values, share in reversed(pyramid[:-1]):
        grown = np.repeat(np.repeat(colour, 2, axis=0), 2, axis=1)
        colour = np.where(share[..., None] > 1e-3, values / np.maximum(share[..., None], 1e-6), grown)
    return np.clip(np.where(covered[..., None], image, colour) + 0.5, 0, 255).astype(np.uint8)


def pooled(values: Floats) -> Floats:
    """Return 2 x 2 means."""
    return (values[::2, ::2] + values[1::2, ::2] + values[::2, 1::2] + values[1::2, 1::2]) / 4
