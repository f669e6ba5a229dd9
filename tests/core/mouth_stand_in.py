"""Stand-ins for tests of speech: a head of a few points, and a speech encoder that hears only its own field."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from core.speech.encoder import FIELD, HOP, WIDTH
from core.speech.mouth_rig import NAMES


def stand_in() -> Any:
    """Return lips of 4 pairs, corners, an incisor, chin and ear, as core.head.model.HeadBasis names them."""
    x = np.linspace(-0.02, 0.02, 4)
    upper = np.stack([x, np.zeros(4), np.full(4, 0.1)], axis=1)
    corners = np.array([[-0.025, 0, 0.09], [0.025, 0, 0.09]])
    rest = np.array([[0, 0.002, 0.095], [0, -0.04, 0.09], [0.07, 0, 0]])
    vertices = np.concatenate([upper, upper, corners, rest]).astype(np.float32)
    offsets = np.zeros((len(NAMES), len(vertices), 3), np.float32)

    def move(name: str, points: slice, offset: tuple[float, float, float]) -> None:
        offsets[NAMES.index(name), points] = offset

    move("jawOpen", slice(4, 8), (0, -0.030, 0))
    move("jawOpen", slice(11, 12), (0, -0.035, -0.01))
    move("mouthClose", slice(4, 8), (0, 0.028, 0))
    for side in ("Left", "Right"):
        move(f"mouthLowerDown{side}", slice(4, 8), (0, -0.004, 0))
        move(f"mouthUpperUp{side}", slice(0, 4), (0, 0.003, 0))
    move("mouthFunnel", slice(5, 7), (0, -0.008, 0))
    move("mouthPucker", slice(8, 9), (0.01, 0, 0.005))
    move("mouthPucker", slice(9, 10), (-0.01, 0, 0.005))
    move("mouthRollLower", slice(4, 8), (0, 0.001, -0.004))
    return SimpleNamespace(
        vertices=vertices, expression_names=NAMES, expression_basis=offsets, inner_lip_upper=np.arange(4),
        inner_lip_lower=np.arange(4, 8), lower_lip_top=np.arange(4, 8), lip_corners=np.array([8, 9]),
        upper_incisor_edge=np.array([10]), chin_vertex=11, below_ear_vertex=12,
        corrective_basis=np.zeros((0, len(vertices), 3), np.float16),
        corrective_weights=lambda names, weights: np.zeros((*weights.shape[:-1], 0), np.float32))


class LocalNetwork:
    """A network without attention: feature i is the mean power of the samples it hears."""

    def __init__(self) -> None:
        self.longest = 0

    def run(self, outputs: None, inputs: dict[str, Any]) -> list[Any]:
        samples = inputs["input_values"][0]
        self.longest = max(self.longest, len(samples))
        count = (len(samples) - FIELD) // HOP + 1
        power = [np.mean(samples[i * HOP:i * HOP + FIELD] ** 2) for i in range(count)]
        return [np.repeat(np.array(power, np.float32)[None, :, None], WIDTH, axis=2)]
