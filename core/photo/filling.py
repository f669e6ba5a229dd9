"""Colours for all of the skin: where no photo shows it, spread from where one does, towards the plain tones of skin and lips."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..head.model import REGIONS, HeadBasis
from ..head.scalp import in_ears
from ..head.skin_surface import membrane, neighbour_sum
from ..pictures.raster import Coverage
from ..types import Floats, Integers
from .layer import Layer, typical
from .shading import LIPS_REACH, LUMINANCE, colourful, tempered
from .vermilion import Lips, clear, red

ROOM = 7.0                          # edges after which filled-in skin has the face's plain tone
MOUTH_TONE = np.array([0.92, 0.74, 0.72], np.float32)     # the mouth's lining over the lips' colour: redder
MUCOSA = np.array([176, 100, 94], np.float32)             # mucous membrane, whatever the lips' colour: half of the lining's
MOUTH_DEPTH = 0.003, 0.012          # metres behind the lips' contact over which their colour turns into the lining's
CONTACT, CONTACT_SHADE = 0.0015, 0.3        # metres around the line where lips meet, and how much darker that is: no light gets there
CONTINUED = 4                       # edges that lips' and skin's colours are continued below each other's edge
LIP_LIGHT = 0.88                    # of the skin's luminance, sRGB: that of lips at most; stretched in a smile they shine
EAR_TONE = np.array([1.02, 0.94, 0.95], np.float32)       # ears over skin, where the photo shows none: more blood
LIP_TONE = np.array([0.90, 0.76, 0.81], np.float32)       # lips over skin, where the photo shows none


@dataclass(frozen=True)
class Filling:
    """A smooth colour for every skin vertex: the skin's, skin (V_skin, 3), continued below the lips, and theirs and the mouth's,
    mouth (V_skin, 3), continued around them; the plain tones of skin and lips, tone and lip (3,); how far inside the lips' border
    vertices lie, depth (V_skin,), metres."""

    skin: Floats
    mouth: Floats
    tone: Floats
    lip: Floats
    depth: Floats

    def drawn(self, coverage: Coverage, triangles: Integers) -> Floats:
        """Return the image (H, W, 3) of the colours; lips have an edge, finer than the quads around them."""
        image = coverage.interpolate(triangles, self.skin)
        there = coverage.touched(triangles, red(self.depth) > 0)
        share, lip = red(coverage.mixed(there, triangles, self.depth[:, None])), coverage.mixed(there, triangles, self.mouth)
        image[there] += share * (lip - image[there])
        return image

    def plain(self, corners: Integers, weights: Floats) -> Floats:
        """Return the plain tones (N, 3) at points of triangles: corners (N, 3) of them, weights (N, 3)."""
        return np.asarray(self.tone + self.share(corners, weights) * (self.lip - self.tone), np.float32)

    def share(self, corners: Integers, weights: Floats) -> Floats:
        """Return the share of lips (N, 1) at points of triangles, as in `plain`."""
        return red(self.inside(corners, weights))[:, None]

    def inside(self, corners: Integers, weights: Floats) -> Floats:
        """Return how far inside the lips' border points of triangles lie (N,), metres, as in `plain`."""
        return np.asarray((self.depth[corners] * weights).sum(axis=1))


def lining(lip: Floats) -> Floats:
    """Return the colour (3,) of the mouth's lining behind lips (3,): darker than light ones, but pink behind dark ones."""
    return np.asarray((lip * MOUTH_TONE + MUCOSA) / 2, np.float32)


def continued(colour: Floats, known: NDArray[np.bool_], edges: Integers) -> Floats:
    """Return colours (V, C) in which those that are not known are their neighbours' mean, some edges far."""
    colour, known = colour.copy(), known.copy()
    for _ in range(CONTINUED):
        count = neighbour_sum(known[:, None].astype(float), edges)
        new = ~known & (count[:, 0] > 0)
        colour[new] = (neighbour_sum(colour * known[:, None], edges)[new] / count[new]).astype(np.float32)
        known |= new
    return colour


def filled(layers: Sequence[Layer], mirror: Integers, edges: Integers, *, basis: HeadBasis, mouth: Lips) -> Filling:
    """Return a colour for every skin vertex: the photos' where they show skin, elsewhere the mirror side's, elsewhere spread from them
    towards the skin's plain tone, the lips' or the mouth's."""
    depth, inside, lips = mouth.bag, mouth.depth > 0, mouth.outside
    weights = np.stack([layer.weight * clear(mouth.depth, layer.mask.pixel) for layer in layers])
    shares = (weights**2 + 1e-9) / (weights**2 + 1e-9).sum(axis=0)
    colour = np.einsum("pv,pvc->vc", shares, np.stack([layer.seen.colour / layer.light / layer.lip_light ** lips[:, None]
                                                       for layer in layers]))
    weight = weights.max(axis=0)
    take = weight[mirror] > weight + 0.2
    colour[take], weight[take] = colour[mirror][take], 0.8 * weight[mirror][take]
    tone = typical(colour, weight, basis.regions == REGIONS.index("face"))
    lip = tone * LIP_TONE
    if (weight[lips] > 0.5).any():
        seen = layers[0].mask.lips / np.median(layers[0].light[lips], axis=0) / layers[0].lip_light
        lip = tempered(seen[None], lip[None], LIPS_REACH)[0]
    lip = lip * min(1.0, LIP_LIGHT * float(tone @ LUMINANCE) / max(float(lip @ LUMINANCE), 1.0))
    bare = np.where(in_ears(basis)[:, None], tone * EAR_TONE ** colourful(tone), tone)
    rest = np.where(inside[:, None], lip, bare).astype(np.float32)
    gain = np.clip((colour @ LUMINANCE) / (rest @ LUMINANCE), 0.8, 1.08)[:, None]
    chroma = np.clip(colour / np.maximum(colour @ LUMINANCE, 1)[:, None], 0, 3)
    plain = rest / (rest @ LUMINANCE)[:, None]
    calm = (0.5 * chroma + 0.5 * plain) * gain * (rest @ LUMINANCE)[:, None]        # no stray colour is spread far
    trust = 4 * np.clip(weight - 0.1, 0, 1) ** 2 * 0.5 ** (neighbour_sum((weight < 0.1)[:, None].astype(float), edges)[:, 0])
    wanted = np.where(lips[:, None], tempered(colour, rest), calm).astype(np.float32)
    apart = edges[inside[edges[:, 0]] == inside[edges[:, 1]]]              # lips and skin do not pale each other
    result = membrane(wanted, trust.astype(np.float32), rest, ROOM**-2, apart)
    inner = np.clip((depth - MOUTH_DEPTH[0]) / (MOUTH_DEPTH[1] - MOUTH_DEPTH[0]), 0, 1)[:, None]
    line = CONTACT_SHADE * np.exp(-((mouth.off / CONTACT) ** 2))[:, None]
    result = np.asarray((result * (1 - inner) + lining(lip) * inner) * (1 - line), np.float32)
    return Filling(continued(result, ~inside, edges), continued(result, inside, edges), tone, lip, mouth.depth)
