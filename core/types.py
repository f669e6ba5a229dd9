"""The values that pass between stages.

World: metres, right-handed, +Y up, face towards +Z, seconds. Letters: T frames, V vertices, F faces,
K shapes, N samples, B identity coefficients. Arrays are checked on construction and must not be changed.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .choices import EMOTIONS as EMOTIONS
from .choices import FUSIONS as FUSIONS
from .choices import HEARD as HEARD
from .choices import LONGEST_TRANSITION as LONGEST_TRANSITION
from .choices import MOST_LEVEL as MOST_LEVEL
from .choices import Emotion as Emotion
from .choices import Fusing as Fusing
from .choices import LevelBy as LevelBy

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]
Bytes = NDArray[np.uint8]


def check(name: str, array: NDArray[Any], dtype: type[np.generic], shape: tuple[int | None, ...]) -> None:
    """Raise ValueError unless `array` has this dtype and shape (None stands for any length)."""
    if array.dtype != dtype or array.ndim != len(shape) or any(
            wanted is not None and wanted != length for wanted, length in zip(shape, array.shape, strict=True)):
        raise ValueError(f"{name} must be {np.dtype(dtype)} {shape}, is {array.dtype} {array.shape}")
    if np.issubdtype(dtype, np.floating) and not np.isfinite(array).all():
        raise ValueError(f"{name} holds values that are not finite")


@dataclass(frozen=True)
class AudioClip:
    """samples: (N,) float32 mono in [-1, 1]; rate: Hz; warnings: what is wrong with the recording, for the user."""

    samples: Floats
    rate: int
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check("samples", self.samples, np.float32, (None,))

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate


@dataclass(frozen=True)
class Photo:
    """pixels: (H, W, 3) uint8 sRGB, upright; warnings: what the reader did to it, for the user."""

    pixels: Bytes
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check("pixels", self.pixels, np.uint8, (None, None, 3))


@dataclass(frozen=True)
class HeadModel:
    """One person's neutral head M_in (Sec. 4) on the topology of a head basis.

    neutral: (V, 3) float32, metres; landmarks68: (68, 3) float32, metres, iBUG order; identity: (B,) float32;
    rest: (K,) float32, the weights of the basis' expressions in which the face rests, part of neutral;
    albedo: (H, W, 3) uint8 sRGB. Faces, UVs, parts and regions belong to the basis (core/head/model.py).
    """

    neutral: Floats
    landmarks68: Floats
    identity: Floats
    rest: Floats
    albedo: Bytes

    def __post_init__(self) -> None:
        check("neutral", self.neutral, np.float32, (None, 3))
        check("landmarks68", self.landmarks68, np.float32, (68, 3))
        check("identity", self.identity, np.float32, (None,))
        check("rest", self.rest, np.float32, (None,))
        check("albedo", self.albedo, np.uint8, (None, None, 3))


@dataclass(frozen=True)
class MotionTrack:
    """Animation in parameter space.

    names: K shape names (ARKit's, and the tongue's); weights: (T, K) float32; fps: frames a second;
    jaw_angle: (T,) float32, radians, the angle theta of Sec. 3.4 (0 closed, positive open).
    """

    names: tuple[str, ...]
    weights: Floats
    fps: float
    jaw_angle: Floats

    def __post_init__(self) -> None:
        check("weights", self.weights, np.float32, (None, len(self.names)))
        check("jaw_angle", self.jaw_angle, np.float32, (len(self.weights),))


@dataclass(frozen=True)
class Rhythm:
    """What a recording's voice does at `fps` frames a second: loudness (T,) float32, dB to full scale; pitch (T,) float32, log2 of Hz,
    0 where there is none."""

    loudness: Floats
    pitch: Floats
    fps: float

    def __post_init__(self) -> None:
        check("loudness", self.loudness, np.float32, (None,))
        check("pitch", self.pitch, np.float32, (len(self.loudness),))

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return max(len(self.loudness) - 1, 0) / self.fps


@dataclass(frozen=True)
class Performance:
    """What a speaker does besides speaking, as few keys; times in seconds, angles in radians.

    blinks: (M, 2) float32, time and weight of both eyeBlink shapes, straight lines between. gaze_times (G,), gaze_angles (G, 2): where
    the eyes look, to the person's left and up, from a head that looks straight ahead, straight lines between. head_times (J,),
    head_angles (J, 3): pitch (down), yaw (to the person's left), roll (towards the right shoulder), smooth between
    (core/bake/curves.py).
    """

    blinks: Floats
    gaze_times: Floats
    gaze_angles: Floats
    head_times: Floats
    head_angles: Floats

    def __post_init__(self) -> None:
        check("blinks", self.blinks, np.float32, (None, 2))
        check("gaze_times", self.gaze_times, np.float32, (None,))
        check("gaze_angles", self.gaze_angles, np.float32, (len(self.gaze_times), 2))
        check("head_times", self.head_times, np.float32, (None,))
        check("head_angles", self.head_angles, np.float32, (len(self.head_times), 3))


@dataclass(frozen=True)
class Neck:
    """How the head turns on the neck: about `pivot` (3,), metres, its joint with the spine, above `base` (3,), the middle of the
    neck's lower border; weights: (V_skin,) float32, 0..1, how far each vertex of the skin goes along."""

    pivot: Floats
    base: Floats
    weights: Floats

    def __post_init__(self) -> None:
        check("pivot", self.pivot, np.float32, (3,))
        check("base", self.base, np.float32, (3,))
        check("weights", self.weights, np.float32, (None,))


@dataclass(frozen=True)
class EmotionWindow:
    """What is felt from `start` to `end`, seconds: a category of EMOTIONS and a level from 0 (hardly) over 1, 2, 3 (strong).

    probabilities: of HEARD, in that order, or () where the user chose; locked: the recogniser leaves it alone.
    """

    start: float
    end: float
    category: Emotion
    level: float
    probabilities: tuple[float, ...] = ()
    locked: bool = False


@dataclass(frozen=True)
class EmotionTrack:
    """What a voice feels over time (Sec. 4.1): windows that follow one another without gaps from 0 to the recording's end.

    transition: seconds on both sides of a boundary over which one expression passes into the next.
    Raises ValueError where windows are out of order, leave a gap, or hold a value out of range.
    """

    windows: tuple[EmotionWindow, ...]
    transition: float

    def __post_init__(self) -> None:
        if not self.windows or self.windows[0].start != 0 or not 0 <= self.transition <= LONGEST_TRANSITION:
            raise ValueError("an emotion track needs windows from 0 s on and a transition of 0 to 2 s")
        for window, end in zip(self.windows, (*(later.start for later in self.windows[1:]), self.windows[-1].end), strict=True):
            if not (window.start < window.end == end and window.category in EMOTIONS and 0 <= window.level <= MOST_LEVEL
                    and len(window.probabilities) in (0, len(HEARD))):
                raise ValueError(f"the emotion window {window} is out of order or out of range")


@dataclass(frozen=True)
class Correctives:
    """Shapes that are added by the product of two others' weights.

    names: C; pairs: (C, 2) int32 places of the two among the bake's names; gains: (C,) float32, of the second, to which 1 is added
    where its gain is negative; each weight is held within 0..1; offsets: (C, V, 3) float32, metres.
    """

    names: tuple[str, ...]
    pairs: Integers
    gains: Floats
    offsets: Floats

    def __post_init__(self) -> None:
        check("pairs", self.pairs, np.int32, (len(self.names), 2))
        check("gains", self.gains, np.float32, (len(self.names),))
        check("offsets", self.offsets, np.float32, (len(self.names), None, 3))


@dataclass(frozen=True)
class ShapeKeyBake:
    """What Blender keys: shapes, and their weights on the scene's frames.

    names: K; offsets: (K, V, 3) float32, metres; weights: (T, K) float32 on whole frames from 0 at `fps`;
    jaw_angles: (N,) float32, radians, how far lower teeth and tongue turn about `jaw_pivot` (3,) float32, metres, when
    jawOpen is at N even steps from 0 to 1 (theta of Sec. 3.4); neck: how the head turns; performance: how it moves.
    The emotion is added to the speech: emotion_times (J,) float32, seconds, knots of emotion_weights (J, K) float32 between which it
    changes evenly; emotion_lips: (T, K) float32, what keeps the lips in sync with the speech under it. Where both were fused on the
    mesh: fusion_offsets (R, V, 3) float32, metres, shapes for what the others cannot show, with fusion_weights (T, R) float32, and
    fusion_error (2,) float32, metres, mean and most that the keyed skin is away from the fused one; else R and the error are 0.
    """

    names: tuple[str, ...]
    offsets: Floats
    correctives: Correctives
    weights: Floats
    jaw_angles: Floats
    jaw_pivot: Floats
    neck: Neck
    performance: Performance
    emotion_times: Floats
    emotion_weights: Floats
    emotion_lips: Floats
    fusion_offsets: Floats
    fusion_weights: Floats
    fusion_error: Floats
    fps: float

    def __post_init__(self) -> None:
        check("offsets", self.offsets, np.float32, (len(self.names), None, 3))
        check("weights", self.weights, np.float32, (None, len(self.names)))
        check("emotion_times", self.emotion_times, np.float32, (None,))
        check("emotion_weights", self.emotion_weights, np.float32, (len(self.emotion_times), len(self.names)))
        check("emotion_lips", self.emotion_lips, np.float32, (len(self.weights), len(self.names)))
        check("fusion_offsets", self.fusion_offsets, np.float32, (None, self.offsets.shape[1], 3))
        check("fusion_weights", self.fusion_weights, np.float32, (len(self.weights), len(self.fusion_offsets)))
        check("fusion_error", self.fusion_error, np.float32, (2,))
        check("jaw_angles", self.jaw_angles, np.float32, (None,))
        check("jaw_pivot", self.jaw_pivot, np.float32, (3,))


@dataclass(frozen=True)
class SkinParams:
    """Skin of the paper's renderer (Sec. 4.4), per millimetre and per colour channel.

    Defaults: Jensen et al. 2001, skin1; m and rho_s from GPU Gems 3, ch. 14.
    """

    scattering: tuple[float, float, float] = (0.74, 0.88, 1.01)     # sigma_s', 1/mm
    absorption: tuple[float, float, float] = (0.032, 0.17, 0.48)    # sigma_a, 1/mm
    eta: float = 1.3
    roughness: float = 0.3                                          # m, Beckmann
    specular: float = 0.18                                          # rho_s
