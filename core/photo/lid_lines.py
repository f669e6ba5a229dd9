"""The lids' rims: dark with the roots of lashes and their shade, in every photo, whatever light is divided out of it; and what lies
between them at the inner corner of the eye, moist and pink, which the photo's skin does not show."""

from dataclasses import dataclass

import numpy as np

from ..face.fit import Anchors
from ..face.skin_mask import EYES
from ..head.model import HeadBasis
from ..pictures.polygons import PIECES, curve, within
from ..pictures.raster import Coverage
from ..types import Floats, Integers

UPPER = 8                           # of the eyes' landmarks, from the outer corner: the stretches along the upper lid
BEHIND, FARTHEST = 0.012, 0.02      # metres behind the rims at which skin is no lid's; distances count no further
# how much darker rims are, and over how many metres that fades; upper lids, where lashes are dense, and lower ones
DARKER = (0.80, 0.0017), (0.35, 0.0013)
TAPER = 0.15, 0.14                  # of the lid's length, from the outer and from the inner corner, over which rims begin to be dark
SOCKET = 0.003, 0.005, 0.008, 0.011         # metres above the upper rim: lids lie deep from the first to the last, fully between
LIFTED = np.array([0.97, 1.02, 1.045], np.float32)       # colours there: light that wanders below the skin leaves deep places redder
CARUNCLE = 0.0030, 0.0055           # metres from the inner corner: between the rims all and nothing of the skin is the caruncle's
MOIST = np.array([0.66, 0.57, 0.60], np.float32)       # colours there: pinker, and in the lids' shade like the white beside it
BROWN = np.array([0.9, 1.0, 1.12], np.float32)         # powers of light by channel: skin in the shade is browner


@dataclass(frozen=True)
class LidLines:
    """Of each skin vertex, for upper and lower lids: off (2, V_skin) how far from the rim it lies, metres, 0 behind it; dark
    (2, V_skin) 0..1, less towards the eye's corners; inner: (V_skin,) 0..1, how much of it is the caruncle's."""

    off: Floats
    dark: Floats
    inner: Floats

    @classmethod
    def of(cls, basis: HeadBasis, anchors: Anchors) -> "LidLines":
        """Measure the mean head, seen from the front; rims are the curves through the eyes' landmarks."""
        skin = basis.vertices[basis.part("skin").vertices].astype(np.float64)
        off, dark, inner = np.full((2, len(skin)), FARTHEST), np.zeros((2, len(skin))), np.zeros(len(skin))
        for eye in EYES:
            rim = curve(anchors.points(basis.vertices)[list(eye)].astype(np.float64))
            inside, half = within(skin, rim), PIECES * UPPER
            behind = skin[:, 2] < rim[:, 2].min() - BEHIND
            corner = np.linalg.norm(skin - rim[half], axis=1)
            inner = np.maximum(inner, np.where(inside & ~behind, np.interp(corner, CARUNCLE, (1, 0)), 0))
            lower = np.concatenate([rim[half:], rim[:1]])[::-1]
            lines = rim[: half + 1], lower
            distances = [np.linalg.norm(skin[:, None, :2] - line[:, :2], axis=2) for line in lines]
            away = np.stack([every.min(axis=1) for every in distances])
            for lid, line in enumerate(lines):
                own = inside & (away[lid] <= away[1 - lid])                         # the other lid's rim is none of this one
                found = np.where(behind, FARTHEST, np.where(own, 0.0, away[lid]))
                closer = found < off[lid]
                along = distances[lid].argmin(axis=1) / (len(line) - 1)
                tapered = np.clip(np.minimum(along / TAPER[0], (1 - along) / TAPER[1]), 0, 1)
                off[lid], dark[lid] = np.where(closer, found, off[lid]), np.where(closer, tapered, dark[lid])
        return cls(off.astype(np.float32), (dark * (1 - inner)).astype(np.float32), inner.astype(np.float32))

    def drawn(self, image: Floats, coverage: Coverage, triangles: Integers) -> Floats:
        """Return the image (H, W, 3) of the skin, sRGB 0..255, with dark rims and pink inner corners."""
        near = ((self.dark > 0) & (self.off < SOCKET[-1])).any(axis=0) | (self.inner > 0)
        there, result = coverage.touched(triangles, near), image.copy()
        off, dark = (coverage.mixed(there, triangles, values.T) for values in (self.off, self.dark))
        deep = (dark[:, 0] * np.interp(off[:, 0], SOCKET, (0, 1, 1, 0)))[:, None]
        moist = MOIST ** coverage.mixed(there, triangles, self.inner[:, None])
        result[there] *= np.asarray(shade(off, dark) * LIFTED**deep * moist, np.float32)
        return result


def shade(off: Floats, dark: Floats) -> Floats:
    """Return what light is left (..., 3) by channel where the upper and the lower rim are so far off (..., 2), metres, and so dark
    (..., 2)."""
    share, reach = np.array(DARKER).T
    light = (1 - share * dark * np.exp(-((off / reach) ** 2))).prod(axis=-1)
    return np.asarray(light[..., None] ** BROWN, np.float32)
