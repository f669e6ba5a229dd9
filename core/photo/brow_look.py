"""How dark a person's brows are in the photo, and where, and their colour."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..face.detection import Face
from ..face.skin_mask import BROWS
from ..types import Floats, Photo
from .hair_colour import CHEEKS, FRINGE, sampled

ALONG, ACROSS = 16, 7               # places a brow is looked at: from its inner end outwards, and from its lower edge to its upper one
ENDS = -0.04, 1.12                  # where brows begin and end, of the way along their landmarks, which leave out a tail's last hairs
MARGIN = 0.25                       # of a brow's height beyond its landmarks on both sides: they may lie a little off
FOREHEAD = (1.7, 1.9, 2.1, 2.3)     # heights of a brow above its lower edge, where skin is compared with it
FULL, NOTICED = 0.45, 0.06          # log luminance below the skin's that is a dense brow's, and the least that counts
DARKEST = 0.30                      # share of the brow's pixels that show hair rather than skin between hairs
OWN, USUAL = 0.55, 0.5              # share of a brow's own side in it, the other being alike; density where the photo shows neither
COVERED = 0.18                      # log luminance below the skin's of what lies above the brow: hair hangs over it
BARE = 0.70                         # quantile of what is in and above the brow, beyond which it is bare skin
PALE = 0.62                         # of the skin's colour: brows the photo does not show

Array = NDArray[np.float64]


@dataclass(frozen=True)
class BrowLook:
    """density: (2, ALONG, ACROSS) float32 0..1, the right brow (of the person) first; colour: sRGB of the hairs."""

    density: Floats
    colour: tuple[int, int, int]


def brow_places(landmarks: NDArray[np.floating], side: int, across: Array, along: Array) -> Array:
    """Return places (..., C) of a brow on landmarks (478, C): along (...) from 0 at the inner end to 1 at the tail, straight on beyond
    both; across (...) from 0 at the lower edge to 1 at the upper one. side: 0 the person's right, 1 the left."""
    upper, lower = landmarks[list(BROWS[side][4::-1])], landmarks[list(BROWS[side][5:])]
    knots = np.linspace(0, 1, 5)
    before, beyond = np.minimum(along, 0)[..., None], np.maximum(along - 1, 0)[..., None]
    edges = [np.stack([np.interp(along, knots, edge[:, axis]) for axis in range(edge.shape[1])], axis=-1)
             + (before * (edge[1] - edge[0]) + beyond * (edge[4] - edge[3])) * 4 for edge in (lower, upper)]
    return np.asarray(edges[0] + across[..., None] * (edges[1] - edges[0]))


def brow_look(photo: Photo, face: Face) -> BrowLook:
    """Return how the photo shows the brows: as dense as they are darker than the skin above them."""
    along, across = np.meshgrid(np.linspace(*ENDS, ALONG), np.linspace(-MARGIN, 1 + MARGIN, ACROSS), indexing="ij")
    depth, over, found, skin = [], [], [], []
    for side in (0, 1):
        seen = smooth_samples(photo, face, brow_places(face.landmarks[:, :2], side, across, along))
        forehead = brow_places(face.landmarks[:, :2], side, np.broadcast_to(FOREHEAD, (ALONG, len(FOREHEAD))),
                              along[:, :len(FOREHEAD)])
        above = smooth_samples(photo, face, forehead)
        around = np.concatenate([above.reshape(-1, 3), seen.reshape(-1, 3)])           # hair may hang over what is above
        brightness = around.mean(axis=1)
        bare = np.median(around[brightness >= np.quantile(brightness, BARE)], axis=0)
        cheek = np.median(smooth_samples(photo, face, face.landmarks[list(CHEEKS[side]), :2].astype(np.float64)), axis=0)
        skin.append(cheek if bare.mean() < FRINGE * cheek.mean() else bare)
        depth.append(np.log(skin[-1].mean() + 8) - np.log(seen.mean(axis=2) + 8))
        over.append(np.log(skin[-1].mean() + 8) - np.log(above.mean(axis=(1, 2)) + 8))
        found.append(seen)
    depths = np.stack(depth)
    shown = np.broadcast_to(uncovered(np.stack(over))[..., None], depths.shape)
    density = np.clip((depths - NOTICED) / (FULL - NOTICED), 0, 1) * shown
    hidden = ~shown.any(axis=0)
    weights = shown * np.array([[OWN, 1 - OWN], [1 - OWN, OWN]])[..., None, None]        # (2 wanted, 2 seen, ALONG, ACROSS)
    mixed = ((density * weights).sum(axis=1) + USUAL * hidden) / (weights.sum(axis=1) + hidden)
    usable = shown & (depths >= NOTICED)
    hair = np.stack(found)[usable & (depths >= np.quantile(depths[usable], 1 - DARKEST))] if usable.any() else np.zeros((0, 3))
    colour = np.median(hair, axis=0) if len(hair) > ALONG // 2 else PALE * np.mean(skin, axis=0)
    red, green, blue = np.minimum(colour, 0.85 * np.mean(skin, axis=0))
    return BrowLook(mixed.astype(np.float32), (int(red), int(green), int(blue)))


def uncovered(over: Floats) -> NDArray[np.bool_]:
    """Return where brows can be seen (2, ALONG): not where hair or a shadow darkens the forehead above (2, ALONG), log luminance
    below the skin's, too."""
    covered = over > COVERED
    beside = np.pad(covered, ((0, 0), (1, 1)), mode="edge")
    return np.asarray(~(beside[:, :-2] | covered | beside[:, 2:]))


def smooth_samples(photo: Photo, face: Face, places: Array) -> Floats:
    """Return the photo's colours (..., 3) at pixels (..., 2), each the mean of a few around it: a single one is a hair or a gap."""
    upper, lower = face.landmarks[BROWS[0][2], :2], face.landmarks[BROWS[0][7], :2]
    step = 0.12 * float(np.linalg.norm(upper - lower))
    around = [sampled(photo, (places + step * (np.array(way) - 1)).reshape(-1, 2)) for way in np.ndindex(3, 3)]
    return np.mean(around, axis=0).reshape(*places.shape[:-1], 3).astype(np.float32)
