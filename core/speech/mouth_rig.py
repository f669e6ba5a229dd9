"""From articulation channels, which the lip network speaks, to named shapes of the head (ARKit's, and the tongue's).

The lips' aperture is not left to chance: each frame's mouthClose, or a drawing apart of the lips, is solved so that the
gap on the mesh is the one that was asked for.
"""

import numpy as np

from ..head.model import HeadBasis
from ..head.mouth import gap
from ..types import Floats
from .articulation import CHANNELS

WIDEST = 0.013                  # metres between the inner lips at aperture 1
# shape weights of each channel at 1
SHAPES: dict[str, dict[str, float]] = {
    "jaw": {"jawOpen": 0.42},
    "pucker": {"mouthPucker": 0.75, "mouthFunnel": 0.5},
    "funnel": {"mouthFunnel": 0.55},
    "spread": {"mouthStretchLeft": 0.35, "mouthStretchRight": 0.35, "mouthSmileLeft": 0.14, "mouthSmileRight": 0.14},
    "lower": {"mouthLowerDownLeft": 0.35, "mouthLowerDownRight": 0.35, "mouthUpperUpLeft": 0.15,
              "mouthUpperUpRight": 0.15},
    "labiodental": {"mouthRollLower": 1.0, "mouthUpperUpLeft": 0.25, "mouthUpperUpRight": 0.25, "jawOpen": 0.13},
    "press": {"mouthPressLeft": 0.25, "mouthPressRight": 0.25, "mouthRollUpper": 0.1, "mouthRollLower": 0.12},
    "tongue_tip": {"tongueTipUp": 0.9},
    "tongue_back": {"tongueBackUp": 0.9},
    "tongue_out": {"tongueOut": 0.42, "tongueTipUp": 0.4},
}
CLOSING = "mouthClose"
PARTING = {"mouthLowerDownLeft": 1.0, "mouthLowerDownRight": 1.0, "mouthUpperUpLeft": 0.4, "mouthUpperUpRight": 0.4}
NAMES = tuple(dict.fromkeys([CLOSING, *(name for shapes in SHAPES.values() for name in shapes), *PARTING]))
MOST_PARTING = 0.6
# parts the middle of the lips only: bounded by the gap asked for, or the sides would cross
FUNNEL = "mouthFunnel"
# metres by which the middle of pressed lips overlaps: flesh yields, and the sides stay shut
PRESSED = 0.0007
CONTACT = 0.05                  # aperture at which the lips begin to yield to each other
LIP_ROOM = 0.04                 # aperture below which the lower lip is drawn neither under the teeth nor down
TONGUE_ROOM = 0.35              # aperture below which the tongue has no room to come out


def rig_matrix() -> Floats:
    """Return the shape weights (C, K) of every channel at 1, columns NAMES."""
    matrix = np.zeros((len(CHANNELS), len(NAMES)), np.float32)
    for channel, shapes in SHAPES.items():
        for name, weight in shapes.items():
            matrix[CHANNELS.index(channel), NAMES.index(name)] = weight
    return matrix


def make_room(channels: Floats) -> Floats:
    """Return the channels (T, C) without what others leave no room for.

    The tongue stays in behind nearly closed lips, and lips that touch are not drawn away from each other; a lip that
    lies under the teeth is neither pursed nor pressed.
    """
    column = {channel: index for index, channel in enumerate(CHANNELS)}
    result = channels.copy()
    result[:, column["tongue_out"]] *= np.clip(channels[:, column["aperture"]] / TONGUE_ROOM, 0, 1)
    for channel in ("labiodental", "lower"):
        result[:, column[channel]] *= np.clip(channels[:, column["aperture"]] / LIP_ROOM, 0, 1)
    for channel in ("pucker", "funnel", "press", "lower"):
        result[:, column[channel]] *= 1 - 0.8 * result[:, column["labiodental"]]
    return result


def pose(channels: Floats, basis: HeadBasis) -> tuple[tuple[str, ...], Floats]:
    """Return shape names (K) and weights (T, K) in 0..1 for channels (T, C); the gap is solved on the basis's mesh."""
    aperture = channels[:, CHANNELS.index("aperture")]
    weights = make_room(channels) @ rig_matrix()
    pressed = channels[:, CHANNELS.index("press")] * np.clip(1 - aperture / CONTACT, 0, 1)
    wanted = aperture * np.float32(WIDEST) - pressed * np.float32(PRESSED)
    nothing = np.zeros((1, len(NAMES)), np.float32)
    rest = gap(basis, NAMES, nothing)[0]
    funnel = nothing.copy()
    funnel[0, NAMES.index(FUNNEL)] = 1
    limit = np.maximum(wanted, 0) / max(float(gap(basis, NAMES, funnel)[0] - rest), 1e-4)
    weights[:, NAMES.index(FUNNEL)] = np.minimum(weights[:, NAMES.index(FUNNEL)], limit)

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
