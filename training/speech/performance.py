"""Motion captured from a real face: FACEGOOD's pairs of Mandarin speech and rig weights (MIT), on our articulation channels.

The rig's channels become ARKit-named shapes (MAPPING, chosen by what each does on either face: FACS' mouth stretch is a wide
jaw), those become articulation channels: the aperture is the gap that the shapes leave between the lips on the mesh.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from core.head.model import HeadBasis
from core.head.mouth import gap
from core.speech.articulation import CHANNELS
from core.speech.log_mel import FRAME_RATE
from core.speech.mouth_rig import SHAPES, WIDEST

from .synthesis import RATE

Array = NDArray[np.float32]
# what a name of the rig begins with: ARKit shapes at weight 1; the halves of funnel and pucker add up
MAPPING: dict[str, dict[str, float]] = {
    "mouth_stretch_c": {"jawOpen": 0.85},
    "mouth_oh_c": {"jawOpen": 0.4, "mouthFunnel": 0.6},
    "mouth_oo_c": {"mouthPucker": 0.6, "mouthFunnel": 0.5},
    "tooth_d_d": {"jawOpen": 0.2},
    "mouth_funnel_": {"mouthFunnel": 0.25},
    "mouth_pucker_": {"mouthPucker": 0.5},
    "mouth_press_l": {"mouthPressLeft": 1.0}, "mouth_press_r": {"mouthPressRight": 1.0},
    "mouth_suck_d": {"mouthRollLower": 0.5}, "mouth_suck_u": {"mouthRollUpper": 0.5},
    "mouth_lowerLipDepress_l": {"mouthLowerDownLeft": 1.0}, "mouth_lowerLipDepress_r": {"mouthLowerDownRight": 1.0},
    "mouth_upperLipRaise_l": {"mouthUpperUpLeft": 1.0}, "mouth_upperLipRaise_r": {"mouthUpperUpRight": 1.0},
    "mouth_lipCornerPull_l": {"mouthSmileLeft": 0.8}, "mouth_lipCornerPull_r": {"mouthSmileRight": 0.8},
    "mouth_lipStretch_l": {"mouthStretchLeft": 1.0}, "mouth_lipStretch_r": {"mouthStretchRight": 1.0},
    "mouth_chinRaise_u": {"mouthShrugLower": 0.7, "mouthShrugUpper": 0.3},
}
NAMES = tuple(sorted({shape for shapes in MAPPING.values() for shape in shapes}))


@dataclass(frozen=True)
class Performance:
    """samples: (N,) at 16 kHz; weights: (T, K) of the shapes NAMES, 60 frames a second."""

    name: str
    samples: Array
    weights: Array


def read_performances(folder: Path) -> list[Performance]:
    """Read NAME.flac and NAME.npz (weights (T, 28), names (28,), fps) of a folder, sorted by name."""
    performances = []
    for path in sorted(folder.glob("*.npz")):
        samples, _ = soundfile.read(path.with_suffix(".flac"), dtype="float32")
        with np.load(path, allow_pickle=False) as stored:
            own = to_shapes(tuple(str(name) for name in stored["names"]), stored["weights"])
            times = np.arange(int(np.ceil(len(samples) / RATE * FRAME_RATE)) + 1) / FRAME_RATE
            weights = np.stack([np.interp(times, np.arange(len(own)) / float(stored["fps"]), column) for column in own.T], axis=1)
        performances.append(Performance(path.stem, samples, weights.astype(np.float32)))
    return performances


def to_shapes(names: tuple[str, ...], weights: Array) -> Array:
    """Return the weights (T, K) of the shapes NAMES for the rig's weights (T, len(names))."""
    result = np.zeros((len(weights), len(NAMES)), np.float32)
    for name, column in zip(names, weights.T, strict=True):
        for start, shapes in MAPPING.items():
            if name.startswith(start):
                for shape, gain in shapes.items():
                    result[:, NAMES.index(shape)] += gain * column
    return np.clip(result, 0, 1)


def to_channels(weights: Array, basis: HeadBasis) -> Array:
    """Return the channels (T, C) whose pose is that of the shapes NAMES with `weights` (T, K), within about 0.15 mm of the lips."""
    def value(*names: str) -> Array:
        return np.asarray(weights[:, [NAMES.index(name) for name in names]].mean(axis=1), np.float32)

    def gain(channel: str, shape: str) -> float:
        return SHAPES[channel][shape]

    pucker = value("mouthPucker") / gain("pucker", "mouthPucker")
    channels = {
        "jaw": value("jawOpen") / gain("jaw", "jawOpen"),
        "aperture": np.maximum(gap(basis, NAMES, weights), 0) / WIDEST,
        "pucker": pucker,
        "funnel": np.maximum(value("mouthFunnel") - gain("pucker", "mouthFunnel") * pucker, 0) / gain("funnel", "mouthFunnel"),
        "spread": value("mouthStretchLeft", "mouthStretchRight") / gain("spread", "mouthStretchLeft")
        + value("mouthSmileLeft", "mouthSmileRight") / gain("spread", "mouthSmileLeft") / 2,
        "lower": value("mouthLowerDownLeft", "mouthLowerDownRight") / gain("lower", "mouthLowerDownLeft"),
        "press": value("mouthPressLeft", "mouthPressRight") / gain("press", "mouthPressLeft"),
    }
    zero = np.zeros(len(weights), np.float32)
    return np.clip(np.stack([channels.get(channel, zero) for channel in CHANNELS], axis=1), 0, 1).astype(np.float32)
