"""Images in the head model's UVs."""

import numpy as np
from numpy.typing import NDArray

from ..pictures.raster import Coverage, rasterise
from ..types import Bytes, Floats
from .model import HeadBasis

SIDE = 512                      # pixels of the map of what vertices have
LEAST_COVERED = 1e-3            # of a texel by a UV island, for it to show anything


def uv_coverage(basis: HeadBasis, side: int) -> Coverage:
    """Return which skin triangle each texel shows."""
    quads = basis.quad_uv[basis.part("skin").faces]
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    points = basis.uv * [1, -1] * side + [0, side]
    return rasterise(points, triangles, width=side, height=side)


def spread(values: Floats, basis: HeadBasis, height: int, width: int) -> Floats:
    """Return values (V_skin, C) of the skin's vertices as an image (height, width, C); 0 off the UV islands."""
    coverage = uv_coverage(basis, SIDE)
    covered = (coverage.triangle >= 0)[..., None].astype(np.float32)
    share = np.concatenate([coverage.interpolate(basis.skin_triangles, values), covered], axis=2)
    for axis, size in ((1, width), (0, height)):
        share = resized(share, axis, size)
    return np.asarray(share[..., :-1] / np.maximum(share[..., -1:], LEAST_COVERED))


def resized(image: Floats, axis: int, size: int) -> Floats:
    """Return the image (H, W, C) with `size` pixels along an axis, interpolated linearly; outside is the border's."""
    count = image.shape[axis]
    place = np.clip((np.arange(size) + 0.5) * count / size - 0.5, 0, count - 1)
    low = np.minimum(place.astype(np.int64), count - 2)
    share = np.expand_dims((place - low).astype(np.float32), tuple(other for other in range(3) if other != axis))
    return np.asarray(image.take(low, axis) * (1 - share) + image.take(low + 1, axis) * share)


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
