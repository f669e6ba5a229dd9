"""Albedo of the skin from one or several photos of a person, in the head model's UVs.

Each photo is projected onto the fitted (expressive) head where it shows bare skin, seen not too aslant; the other half of
the face stands in for what is hidden, and the rest is filled smoothly over the surface, so that UV seams do not show.
The light is estimated from the shading and divided out.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..face.fit import Anchors
from ..head.model import REGIONS, HeadBasis
from ..head.nostrils import darkened, nostrils
from ..head.skin_surface import mirrored, neighbour_sum, skin_edges
from ..head.uv_image import padded, uv_coverage
from ..pictures.raster import Coverage
from ..pictures.sampling import bilinear
from ..types import Bytes, Floats, Integers
from .filling import Filling, filled
from .layer import Layer, View, matched, peeled
from .lid_lines import LidLines
from .shading import LUMINANCE, tempered
from .skin_detail import detailed
from .vermilion import Lips, clear

SIDE = 2048                         # pixels
CREASING = 0.75                     # share of creases that is taken out where the expression moves the cheek
SHINE = 0.2                         # share of what is brighter than the skin around it that is taken out: people are known by the rest


@dataclass(frozen=True)
class Texture:
    """albedo: (side, side, 3) uint8 sRGB; visible: 0..1, how much of the face's skin the photos show; tone: (3,) the skin's plain one,
    sRGB 0..255."""

    albedo: Bytes
    visible: float
    tone: Floats


def texture(views: Sequence[View], neutral: Floats, *, basis: HeadBasis, anchors: Anchors,
            tick: Callable[[float], None], side: int = SIDE) -> Texture:
    """Return the albedo of the skin from photos of one person, the most frontal one first.

    neutral: (V, 3) the head without expression, metres.
    """
    edges, mirror = skin_edges(basis.skin_triangles), mirrored(basis)
    mouth = Lips.of(basis, anchors, edges)
    layers: list[Layer] = []
    for index, view in enumerate(views):
        layer = peeled(view, neutral, edges, basis=basis, anchors=anchors, mouth=mouth)
        layers.append(matched(layer, layers[0]) if layers else layer)
        tick(0.35 * (index + 1) / len(views))
    filling = filled(layers, mirror, edges, basis=basis, mouth=mouth)
    coverage = uv_coverage(basis, side)
    tick(0.5)
    image = filling.drawn(coverage, basis.skin_triangles)
    tick(0.65)
    for values, layer in stacked(layers, mirror, edges):
        image = overlaid(image, layer, filling, coverage, basis.skin_triangles, values)
    image = LidLines.of(basis, anchors).drawn(image, coverage, basis.skin_triangles)
    image = darkened(image, nostrils(basis), coverage, basis.skin_triangles)
    tick(0.85)
    covered = coverage.triangle >= 0
    seen = np.max([layer.weight for layer in layers], axis=0)
    mixed = coverage.interpolate(basis.skin_triangles, np.column_stack([neutral[basis.part("skin").vertices], seen]))
    image = detailed(image, covered, mixed[covered, :3], seen=mixed[..., 3], tone=filling.tone)
    face = np.isin(basis.regions, [REGIONS.index("face"), REGIONS.index("chin")])
    return Texture(padded(np.clip(image, 0, 255), covered), float(np.mean(seen[face] > 0.5)), filling.tone)


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


def overlaid(image: Floats, layer: Layer, filling: Filling, coverage: Coverage, triangles: Integers, values: Floats) -> Floats:
    """Return the image (H, W, 3) with a photo's skin laid over it.

    values: (V_skin, 7) pixels x, y, trust, creases, light (3).
    """
    shown = coverage.touched(triangles, values[:, 2] > 0)
    corners, weights = triangles[coverage.triangle[shown]], coverage.weights[shown]
    mixed = coverage.mixed(shown, triangles, values)
    skin, margin, smooth = layer.mask.at(mixed[:, :2])
    lips, furrows = filling.share(corners, weights), layer.furrows.at(mixed[:, :2])
    share = (mixed[:, 2] * skin * clear(filling.inside(corners, weights), layer.mask.pixel))[:, None]
    hues = layer.lip_hues.at(smooth / furrows) ** lips * layer.hues.at(smooth / furrows) ** (1 - lips)
    light = mixed[:, 4:7] * furrows * layer.lip_light ** lips * hues
    below, colour = image[shown], bilinear(layer.photo.pixels, mixed[:, 0], mixed[:, 1]) / np.maximum(light, 0.2)
    colour = tempered(colour, filling.plain(corners, weights))
    crease = CREASING * mixed[:, 3]
    calm = np.where(colour @ LUMINANCE < below @ LUMINANCE, np.maximum(crease, margin), np.maximum(crease, SHINE))
    colour += (below - colour) * calm[:, None]
    image[shown] = below * (1 - share) + colour * share
    return image
