"""A face's motion as numbers, for other programs: weights of named shapes and turns of head and eyes, frame by frame."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import to_performance
from ..emotion.motion import EmotionCurves
from ..errors import InputError
from ..types import Floats, check
from .curves import smooth_at
from .gaze import ACROSS, DOWN, UP, eye_angles, look_weights
from .shape_keys import resample

LIDS = ("eyeBlinkLeft", "eyeBlinkRight")
SIDES = ("Left", "Right")
FUSED = "fusion_"               # first word of shapes that a fusion of emotion and speech on the mesh needs
SLOWEST, FASTEST = 1.0, 240.0   # frames a second


@dataclass(frozen=True)
class FaceMotion:
    """What a face does on the frames of a clip.

    names: K shapes; weights: (T, K) float32, 0..1, of the fusion's shapes -1..1; fps: frames a second; head, eye_left, eye_right:
    (T, 3) float32, radians, yaw, pitch and roll, of the head in the avatar's frame and of the eyes in the head's: to the person's
    left, downwards, and with the person's left side upwards are positive; R = Ry(yaw) Rx(pitch) Rz(roll), +Y up, face towards +Z.
    """

    names: tuple[str, ...]
    weights: Floats
    fps: float
    head: Floats
    eye_left: Floats
    eye_right: Floats

    def __post_init__(self) -> None:
        check("weights", self.weights, np.float32, (None, len(self.names)))
        for name in ("head", "eye_left", "eye_right"):
            check(name, getattr(self, name), np.float32, (len(self.weights), 3))

    def column(self, name: str) -> Floats:
        """Return the weights (T,) of a shape; 0 where the face has none of this name."""
        if name not in self.names:
            return np.zeros(len(self.weights), np.float32)
        return self.weights[:, self.names.index(name)]


def from_bake(bake: Mapping[str, NDArray[Any]], fps: float | None = None) -> FaceMotion:
    """Return the motion of a bake.npz as Blender shows it: speech, lids and eyes those of blinks and gaze, plus the emotion
    and its lips, held within 0..1, the shapes that a fusion on the mesh needs, and the head's turning.

    fps: frames a second, those of the bake unless given. Raises InputError for a rate out of range.
    """
    rate = float(bake["fps"])
    wanted = rate if fps is None else fps
    if not SLOWEST <= wanted <= FASTEST:
        raise InputError(f"the frame rate is {wanted:g}", "--fps", f"choose one from {SLOWEST:g} to {FASTEST:g}")
    names = tuple(map(str, bake["names"]))
    times = np.arange(len(bake["weights"]), dtype=np.float32) / np.float32(rate)
    shown = bake["weights"].astype(np.float32)
    if len(bake["blinks"]):
        for lid in LIDS:
            shown[:, names.index(lid)] = np.interp(times, bake["blinks"][:, 0], bake["blinks"][:, 1])
    performance = to_performance(dict(bake))
    moments, looks = eye_angles(performance)
    for name, weight in look_weights(looks).items():
        if weight.any():
            shown[:, names.index(name)] = np.interp(times, moments, weight)
    shown += EmotionCurves(bake["emotion_times"], bake["emotion_weights"]).at(times) + bake["emotion_lips"]
    sampled = resample(np.hstack([np.clip(shown, 0, 1), bake["fusion_weights"]]), rate, wanted).astype(np.float32)
    weights, extra = np.clip(sampled[:, :len(names)], 0, 1), sampled[:, len(names):]
    eyes = (gaze(names, weights, side) for side in SIDES)
    turned = smooth_at(performance.head_times, performance.head_angles, np.arange(len(weights)) / wanted)
    fused = tuple(f"{FUSED}{number + 1:02d}" for number in range(extra.shape[1]))
    return FaceMotion((*names, *fused), np.hstack([weights, extra]), wanted, np.asarray(turned[:, [1, 0, 2]], np.float32), *eyes)


def left_out(bake: Mapping[str, NDArray[Any]]) -> tuple[float, float]:
    """Return by how far vertices are off without the shapes that a fusion on the mesh needs, mean over those it moves and maximum,
    metres.

    Zero without such shapes. They are what ARKit's shapes cannot show: no weights of these bring the skin nearer.
    """
    offsets, weights = bake["fusion_offsets"], bake["fusion_weights"]
    moved = np.flatnonzero(np.abs(offsets).max(axis=(0, 2), initial=0) > 0)
    if not len(moved):
        return 0.0, 0.0
    shapes = offsets[:, moved].reshape(len(offsets), -1)
    distances = [np.linalg.norm((frame @ shapes).reshape(-1, 3), axis=1) for frame in weights]
    return float(np.mean(distances)), float(np.max(distances))


def gaze(names: tuple[str, ...], weights: Floats, side: str) -> Floats:
    """Return yaw, pitch and roll (T, 3), radians, that the eyeLook shapes of a side, "Left" or "Right", give its eye."""
    def shape(direction: str) -> Floats:
        return weights[:, names.index(f"eyeLook{direction}{side}")]
    outwards = ACROSS if side == "Left" else -ACROSS
    yaw = outwards * (shape("Out") - shape("In"))
    pitch = DOWN * shape("Down") - UP * shape("Up")
    return np.radians(np.stack([yaw, pitch, np.zeros_like(yaw)], axis=1)).astype(np.float32)


def turn(before: Floats, after: Floats) -> NDArray[np.float64]:
    """Return the rotation (3, 3) that takes points (V, 3) best to others, whatever their shift (Kabsch 1976)."""
    spread = (before - before.mean(axis=0)).astype(np.float64).T @ (after - after.mean(axis=0))
    left, _, right = np.linalg.svd(spread)
    sign = np.sign(np.linalg.det(right.T @ left.T))
    return np.asarray(right.T @ np.diag([1, 1, sign]) @ left.T)


def angles(rotation: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return yaw, pitch and roll, radians, of a rotation (3, 3) = Ry(yaw) Rx(pitch) Rz(roll)."""
    return (float(np.arctan2(rotation[0, 2], rotation[2, 2])), float(-np.arcsin(np.clip(rotation[1, 2], -1, 1))),
            float(np.arctan2(rotation[1, 0], rotation[1, 1])))
