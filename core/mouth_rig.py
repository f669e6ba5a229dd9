"""From articulation channels, which the lip network speaks, to named shapes of the head (ARKit's, and the tongue's).

The lips' aperture is not left to chance: each frame's mouthClose, or a drawing apart of the lips, is solved so that the gap
on the mesh is the one that was asked for.
"""

import numpy as np

from .articulation import CHANNELS
from .head_model import HeadBasis
from .mouth import gap
from .types import Floats

WIDEST = 0.013                  # metres between the inner lips at aperture 1
# shape weights of each channel at 1
SHAPES: dict[str, dict[str, float]] = {
    "jaw": {"jawOpen": 0.36},
    "pucker": {"mouthPucker": 0.75},
    "funnel": {"mouthFunnel": 0.55},
    "spread": {"mouthStretchLeft": 0.3, "mouthStretchRight": 0.3, "mouthSmileLeft": 0.12, "mouthSmileRight": 0.12},
    "lower": {"mouthLowerDownLeft": 0.35, "mouthLowerDownRight": 0.35, "mouthUpperUpLeft": 0.12, "mouthUpperUpRight": 0.12},
    "labiodental": {"mouthRollLower": 0.35, "mouthUpperUpLeft": 0.2, "mouthUpperUpRight": 0.2, "mouthShrugLower": 0.15},
    "press": {"mouthPressLeft": 0.25, "mouthPressRight": 0.25, "mouthRollUpper": 0.12, "mouthRollLower": 0.12},
    "tongue_tip": {"tongueTipUp": 0.9},
    "tongue_back": {"tongueBackUp": 0.9},
    "tongue_out": {"tongueOut": 0.3},
}
CLOSING = "mouthClose"
PARTING = {"mouthLowerDownLeft": 1.0, "mouthLowerDownRight": 1.0, "mouthUpperUpLeft": 0.5, "mouthUpperUpRight": 0.5}
NAMES = tuple(dict.fromkeys([CLOSING, *(name for shapes in SHAPES.values() for name in shapes), *PARTING]))
MOST_PARTING = 0.6


def rig_matrix() -> Floats:
    """Return the shape weights (C, K) of every channel at 1, columns NAMES."""
    matrix = np.zeros((len(CHANNELS), len(NAMES)), np.float32)
    for channel, shapes in SHAPES.items():
        for name, weight in shapes.items():
            matrix[CHANNELS.index(channel), NAMES.index(name)] = weight
    return matrix


def pose(channels: Floats, basis: HeadBasis) -> tuple[tuple[str, ...], Floats]:
    """Return shape names (K) and weights (T, K) in 0..1 for channels (T, C); the lip gap is solved on the basis's mesh."""
    weights = channels @ rig_matrix()
    wanted = channels[:, CHANNELS.index("aperture")] * np.float32(WIDEST)
    nothing = np.zeros((1, len(NAMES)), np.float32)
    rest = gap(basis, NAMES, nothing)[0]

    closing = nothing.copy()
    closing[0, NAMES.index(CLOSING)] = 1
    parting = nothing.copy()
    for name, weight in PARTING.items():
        parting[0, NAMES.index(name)] = weight
    excess = gap(basis, NAMES, weights) - wanted
    close_gain = min(float(gap(basis, NAMES, closing)[0] - rest), -1e-4)
    part_gain = max(float(gap(basis, NAMES, parting)[0] - rest), 1e-4)
    weights += np.clip(excess / -close_gain, 0, 1)[:, None] * closing
    weights += np.clip(-excess / part_gain, 0, MOST_PARTING)[:, None] * parting
    return NAMES, np.clip(weights, 0, 1).astype(np.float32)
