"""Recording -> lip motion by a network that moves vertices, as the paper's SelfTalk does (Sec. 4.2), for packs that hold one.

Its vertices become weights of the head's shapes, by bounded least squares, so that all that follows is as with our own.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..emotion.fused_shapes import curvature, importance
from ..errors import PackError
from ..head.model import HeadBasis
from ..head.mouth import jaw_angle
from ..network_file import are_numbers, metadata_of
from ..types import AudioClip, Floats, MotionTrack
from .encoder import Session, open_session
from .wave_encoder import WaveEncoder, crossfaded

FORMAT = 2
MOST_FPS = 240
WINDOW_S, OVERLAP_S = 10.0, 2.0 # of what the network is given at once
SPOKEN = ("jaw", "mouth", "cheekPuff")      # first words of the shapes that speech moves
STEPS = 300                     # of the projected gradient
RIDGE = 1e-3                    # of the shapes' mean energy: of two ways to show the same, the smaller weights
STEADY = 2e-2                   # of the same, for weights that change evenly


class VertexLipNetwork:
    """A decoder in ONNX Runtime: features (1, T, W) at `fps` -> offsets (1, T, N, 3), metres, of the head's skin."""

    def __init__(self, session: Session, fps: float) -> None:
        self._session, self.fps = session, fps

    @classmethod
    def load(cls, path: Path, *, vertices: int, width: int) -> "VertexLipNetwork":
        """Open the network at `path` for a skin of N `vertices` and an encoder of W `width`.

        Raises PackError when it is missing, damaged, of another format, or for another head or encoder.
        """
        session = open_session(path)
        metadata = metadata_of(session, path)
        if metadata.get("format") != FORMAT or not are_numbers([metadata.get("fps")]) or not 1 <= metadata["fps"] <= MOST_FPS:
            raise PackError(f"the lip network has format {metadata.get('format')}, with a lip encoder it needs {FORMAT}", path,
                            "export both again with python -m training.export")
        found = metadata.get("vertices"), metadata.get("width")
        if found != (vertices, width):
            raise PackError(f"the lip network is for {found[0]} vertices and {found[1]} features, the head has {vertices}, the lip "
                            f"encoder {width}", path, "export it for this head with python -m training.export")
        return cls(session, float(metadata["fps"]))

    def __call__(self, features: Floats) -> Floats:
        """Return the offsets (T, N, 3), metres, of features (T, W)."""
        result: list[Any] = self._session.run(None, {"features": features[None].astype(np.float32)})
        return np.asarray(result[0][0], np.float32)


def animate_lips_on_vertices(clip: AudioClip, *, encoder: WaveEncoder, network: VertexLipNetwork, basis: HeadBasis,
                             tick: Callable[[float], None] = lambda fraction: None) -> MotionTrack:
    """Return the mouth's motion at the network's rate, from time 0 to the end of the recording (16 kHz)."""
    features = encoder.encode(clip, lambda fraction: tick(0.8 * fraction))
    frames = int(np.ceil(clip.duration * network.fps)) + 1
    names, shapes = spoken_shapes(basis)

    def along(first: int, last: int) -> Floats:
        offsets = network(features.at(np.arange(first, last, dtype=np.float32) / np.float32(network.fps)))
        return np.asarray((offsets.reshape(len(offsets), -1) * importance(basis)) @ shapes.T, np.float32)

    wanted = crossfaded(frames, along, window=round(WINDOW_S * network.fps), overlap=round(OVERLAP_S * network.fps),
                        tick=lambda fraction: tick(0.8 + 0.2 * fraction))
    weights = solve(wanted, shapes)
    return MotionTrack(names, weights, network.fps, jaw_angle(basis, names, weights))


def spoken_shapes(basis: HeadBasis) -> tuple[tuple[str, ...], Floats]:
    """Return the names (K,) of the shapes that speech moves, and their skin (K, 3 N), coordinates counted by their importance."""
    names = tuple(name for name in basis.expression_names if name.startswith(SPOKEN))
    shapes = basis.expressions[basis.indices(names)][:, basis.part("skin").vertices]
    return names, np.asarray(shapes.reshape(len(names), -1) * importance(basis), np.float32)


def solve(wanted: Floats, shapes: Floats) -> Floats:
    """Return the weights (T, K) in 0..1 whose sum of shapes (K, 3 N) is nearest to what has these products with them (T, K).

    By projected gradients with momentum (Beck and Teboulle 2009).
    """
    energy = (shapes @ shapes.T).astype(np.float64)
    mean = float(np.trace(energy)) / len(energy)
    energy += RIDGE * mean * np.eye(len(energy))
    rate = 1 / (float(np.linalg.eigvalsh(energy)[-1]) + 4 * STEADY * mean)
    result = ahead = np.zeros(wanted.shape)
    momentum = 1.0
    for _ in range(STEPS):
        before = result
        result = np.clip(ahead - rate * (ahead @ energy - wanted + STEADY * mean * curvature(ahead)), 0, 1)
        after = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead, momentum = result + (momentum - 1) / after * (result - before), after
    return np.asarray(result, np.float32)
