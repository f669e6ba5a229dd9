"""The skin's fine colour where a photo is too coarse for it or shows nothing: spots and blotches of melanin and of blood.

A photo's own structure is measured octave by octave, and only what it lacks of people's is added. The spots lie in space, on the
neutral head, so that seams do not show and no side of the face is the other's mirror image.
"""

import numpy as np
from numpy.typing import NDArray

from ..head.uv_image import doubled, pooled
from ..types import Floats
from .shading import LUMINANCE, colourful

FINEST, WAVE = 2048, 0.0008         # texels of an image, and metres of the finest octave's waves, 3.3 of a face's texels in it
# deviation of log green, linear, that each of melanin and blood makes in each octave; waves of one are twice as long as the last one's
AMOUNT = (0.015, 0.020, 0.023, 0.025)
# what they take from log red, green and blue, linear: their absorption (skin_nodes.py) over the root of skin1's own, as the dipole's
# reflectance falls; and what both make in AMOUNT of log luminance
MELANIN, BLOOD, BOTH = np.array([0.50, 1.0, 1.22], np.float32), np.array([0.18, 1.0, 0.46], np.float32), 1.2
GAMMA = 2.2                         # of sRGB, about
ENOUGH = 0.5                        # of people's deviation: a photo that has it gets nothing
WINDOW = 3                          # halvings over which a photo's structure is averaged
MOST = 1.6                          # times people's deviation, that a person may have
SURE, FEWEST = 0.9, 16              # how well skin has to be seen to tell that, and in how many windows
SIDE, VOXELS, WIDTH = 64, 4.0, 0.5  # voxels of the block of noise, and of its waves; deviation of these, octaves
SKEW = 0.35                         # of the noise: spots are small and dark, and what lies between them is wide and pale
PERSON = 60.0                       # metres that the spots lie elsewhere for a metre by which a head is larger
ROW = 1 << 15                       # texels at once: they and the block stay in the processor's cache

Spots = NDArray[np.complex64]       # melanin, and blood as the imaginary part
Mask = NDArray[np.bool_]


def detailed(image: Floats, covered: Mask, places: Floats, *, seen: Floats, tone: Floats) -> Floats:
    """Return the albedo (H, W, 3), sRGB 0..255, with the fine colour that it lacks.

    covered: (H, W) what shows skin; places: (N, 3) of these texels on the neutral head, metres; seen: (H, W) 0..1, how far they are a
    photo's; tone: (3,) the skin's plain one, sRGB.
    """
    light = GAMMA * np.log(np.maximum(image @ LUMINANCE, 4.0))
    finer = int(np.log2(FINEST / len(image)))                   # octaves that a smaller image has not
    random = np.random.default_rng(0)
    block = noise(random)
    turns = [np.linalg.qr(random.normal(size=(3, 3)))[0] for _ in AMOUNT]
    # a head's size moves them steadily, so that another machine's rounding does not make another person
    moved = places + PERSON * np.ptp(places, axis=0)
    added = np.zeros(len(places), np.complex64)
    for octave, gain in enumerate(lacking(light, covered, seen, AMOUNT[finer:]), finer):
        scale = VOXELS / WAVE / 2**octave
        added += AMOUNT[octave] * gain[covered] * sampled(block, np.asarray(moved @ turns[octave] * scale, np.float32))
    image = image.copy()
    image[covered] *= stained(added, tone)
    return image


def stained(spots: Spots, tone: Floats) -> Floats:
    """Return the factors (N, 3) of sRGB colours that spots (N,) make; grey skin, of a photo without colours, stays grey."""
    melanin, blood = ((1 + colourful(tone) * (taken - 1)) / -GAMMA for taken in (MELANIN, BLOOD))
    return np.asarray(np.exp(spots.real[:, None] * melanin + spots.imag[:, None] * blood), np.float32)


def lacking(light: Floats, covered: Mask, seen: Floats, amounts: tuple[float, ...]) -> list[Floats]:
    """Return for each octave the share (H, W) of people's deviation that light (H, W), log luminance, lacks where it is covered: 0
    to 1, or more for a person who has more where skin is seen."""
    share = covered[..., None].astype(np.float32)
    total, levels, gains = light[..., None] * share, [], []
    for _ in range(len(amounts) + 1):
        levels.append((total / np.maximum(share, 1e-6), share))
        total, share = pooled(total), pooled(share)
    for level, amount in enumerate(amounts):
        (finer, share), (coarser, _) = levels[level:level + 2]
        energy = share * (finer - doubled(coarser)) ** 2
        for _ in range(WINDOW):
            energy, share = pooled(energy), pooled(share)
        energy = energy / np.maximum(share, 1e-6) / (BOTH * amount) ** 2
        step = len(light) // len(energy)
        known = energy[seen[step // 2::step, step // 2::step] > SURE]
        person = np.clip(np.sqrt(np.median(known)), 1, MOST) if len(known) >= FEWEST else 1.0
        gain = person * np.sqrt(np.maximum(1 - energy / ENOUGH**2, 0))
        for _ in range(WINDOW + level):
            gain = doubled(gain)
        gains.append(gain[..., 0])
    return gains


def noise(random: np.random.Generator) -> Spots:
    """Return a block (SIDE, SIDE, SIDE) of noise that has no end: mean 0, deviation 1, its waves some VOXELS long."""
    axis = np.fft.fftfreq(SIDE)
    length = np.sqrt(axis[:, None, None]**2 + axis[:, None]**2 + axis**2)
    octaves = np.log2(np.maximum(length, 1e-9) * VOXELS)
    both = []
    for _ in range(2):
        waves = np.fft.ifftn(np.fft.fftn(random.normal(size=(SIDE,) * 3)) * np.exp(-((octaves / WIDTH) ** 2) / 2)).real
        spots = np.exp(SKEW * waves / waves.std())
        both.append((spots - spots.mean()) / spots.std())
    return np.asarray(both[0] + 1j * both[1], np.complex64)


def sampled(block: Spots, places: Floats) -> Spots:
    """Return the block's values (N,) at places (N, 3), voxels; it goes on in all directions."""
    side, values, result = len(block), block.ravel(), np.empty(len(places), np.complex64)
    for start in range(0, len(places), ROW):
        low = np.floor(places[start:start + ROW])
        share = (places[start:start + ROW] - low).T
        first = low.astype(np.int32) & (side - 1)
        second = (first + 1) & (side - 1)
        found = np.zeros(len(low), np.complex64)
        for corner in range(8):
            x, y, z = ((second if corner >> axis & 1 else first)[:, axis] for axis in range(3))
            weight = np.prod([share[axis] if corner >> axis & 1 else 1 - share[axis] for axis in range(3)], axis=0)
            found += weight * values[(x * side + y) * side + z]
        result[start:start + ROW] = found
    return result
