"""What an artist sets on the lips' motion after the network: strengths, smoothing, an offset of the lips, gains of single shapes.

They change the named shapes, not the network's channels, so that only the bake runs again. Lips that touch keep touching: the
more the lips are closed, the less a control may open them, and mouthClose is solved anew on the mesh.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace

import numpy as np

from ..choices import LIP_RANGES
from ..errors import InputError
from ..head.model import HeadBasis
from ..head.mouth import gap, jaw_angle
from ..types import Floats, MotionTrack
from .articulation import smoothstep
from .lip_gap import JAW_SHAPE, SHUT, solve_gap, unclosed
from .mouth_rig import CLOSING, FUNNEL, PARTING, WIDEST

RANGES = LIP_RANGES
STRENGTHS = {"mouth": "lip_strength", "jaw": "jaw_strength", "tongue": "tongue_strength"}      # by the first word of a shape's name
UPPER = ("brow", "eye", "cheek", "nose", "mouthUpperUp")        # the other shapes belong to the lower face
HELD = (FUNNEL, "tongueOut", *PARTING)                          # shapes that draw the lips apart
FREE = 0.003                    # metres that the lips are apart when a control may open them with its full effect
ROUNDING = 1e-5                 # metres
ADVICE = "correct the lip controls"


@dataclass(frozen=True)
class LipControls:
    """Settings of the lips' motion; as they come, they change nothing.

    lip_strength, jaw_strength, tongue_strength: factors of those shapes. lip_open: how much further apart the lips are, as a share
    of the 13 mm of aperture 1. lower_smoothing, upper_smoothing: seconds, standard deviation of the Gaussian that smooths the shapes
    of the lower face, and of the upper one. sync_offset: seconds by which the motion comes later. gains, offsets: by shape's
    name, factor and summand of its weight. Raises InputError for a value out of RANGES.
    """

    lip_strength: float = 1.0
    jaw_strength: float = 1.0
    tongue_strength: float = 1.0
    lip_open: float = 0.0
    lower_smoothing: float = 0.0
    upper_smoothing: float = 0.0
    sync_offset: float = 0.0
    gains: Mapping[str, float] = field(default_factory=dict)
    offsets: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, values in asdict(self).items():
            low, high = RANGES[name]
            for shape, value in values.items() if isinstance(values, dict) else ((name, values),):
                if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                    where = f"{name} of the lip controls" if shape == name else f"{name} of the lip controls, {shape}"
                    raise InputError(f"a lip control is {value!r}", where, f"choose a number from {low:g} to {high:g}")

    @classmethod
    def from_json(cls, values: object) -> "LipControls":
        """Read what `asdict` gave to a JSON file; what is missing is neutral. Raises InputError for anything else."""
        if not isinstance(values, dict):
            raise InputError("the lip controls are no JSON object", "lip controls", ADVICE)
        known = {entry.name for entry in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise InputError(f"there is no lip control {', '.join(unknown)}", "lip controls", f"choose of {', '.join(sorted(known))}")
        for name in ("gains", "offsets"):
            if not isinstance(values.get(name, {}), dict):
                raise InputError(f"{name} are no JSON object", "lip controls", "give a number for each shape's name")
        return cls(**values)

    @property
    def reshapes(self) -> bool:
        """Whether any shape's curve is changed, and not only its time."""
        return replace(self, sync_offset=0.0) != NEUTRAL


NEUTRAL = LipControls()


def apply(track: MotionTrack, controls: LipControls, basis: HeadBasis) -> MotionTrack:
    """Return the motion with these settings, sync_offset left out: the frames are sampled with it (core/bake/shape_keys.py).

    Raises InputError for a gain or an offset of a shape that the head has not.
    """
    if not controls.reshapes:
        return track
    if unknown := sorted({*controls.gains, *controls.offsets} - set(basis.expression_names)):
        raise InputError(f"the head has no shape {', '.join(unknown)}", "lip controls", "use names of the skin's shape keys")
    names = tuple(dict.fromkeys((*track.names, CLOSING, JAW_SHAPE, *PARTING, *controls.gains, *controls.offsets)))
    weights = np.pad(track.weights, ((0, 0), (0, len(names) - len(track.names))))
    asked = gap(basis, names, weights)
    freedom = smoothstep((asked - SHUT) / FREE)
    share = np.maximum(asked, 0) / np.maximum(unclosed(basis, names, weights), 1e-6)    # of the opening that mouthClose leaves
    share = smooth(share, controls.lower_smoothing * track.fps)

    moved = weights.copy()
    for index, name in enumerate(names):
        if name != CLOSING:
            moved[:, index] = move(weights[:, index], name, controls, track.fps)
        if name in HELD:
            moved[:, index] = held(weights[:, index], moved[:, index], freedom)
    target = share * np.maximum(unclosed(basis, names, moved), 0) + controls.lip_open * WIDEST
    solved = solve_gap(basis, names, moved, held(asked, np.maximum(target, 0), freedom))
    closing = names.index(CLOSING)
    solved[:, closing] = np.clip(solved[:, closing] * controls.gains.get(CLOSING, 1.0) + controls.offsets.get(CLOSING, 0.0), 0, 1)
    return MotionTrack(names, solved, track.fps, jaw_angle(basis, names, solved))


def move(curve: Floats, name: str, controls: LipControls, fps: float) -> Floats:
    """Return the weights (T,) of one shape, smoothed, scaled and shifted, in 0..1."""
    smoothing = controls.upper_smoothing if name.startswith(UPPER) else controls.lower_smoothing
    strength = next((getattr(controls, control) for group, control in STRENGTHS.items() if name.startswith(group)), 1.0)
    scaled = smooth(curve, smoothing * fps) * strength * controls.gains.get(name, 1.0)
    return np.asarray(np.clip(scaled + controls.offsets.get(name, 0.0), 0, 1), np.float32)


def held(before: Floats, after: Floats, freedom: Floats) -> Floats:
    """Return `after` (T,), which exceeds `before` only as far as `freedom` (T,), 0..1, lets it."""
    return np.asarray(np.where(after > before, before + (after - before) * freedom, after), np.float32)


def smooth(curve: Floats, deviation: float) -> Floats:
    """Return a curve (T,) smoothed by a Gaussian of `deviation` frames, which delays nothing; ends are held."""
    if deviation == 0:
        return curve
    reach = int(np.ceil(3 * deviation))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    return np.convolve(np.pad(curve, reach, mode="edge"), kernel / kernel.sum(), "valid").astype(np.float32)


def closure_warnings(track: MotionTrack, controls: LipControls, basis: HeadBasis) -> tuple[str, ...]:
    """Return a sentence for the user if lips that touch in `track` no longer do: only mouthClose's own gain and offset do that."""
    after = apply(track, controls, basis)
    shut = gap(basis, track.names, track.weights) <= SHUT
    apart = shut & (gap(basis, after.names, after.weights) > SHUT + ROUNDING)
    if not apart.any():
        return ()
    return (f"with these lip controls the lips stay apart in {100 * apart.sum() / shut.sum():.1f} % of the time they should touch; "
            f"{CLOSING}; set its gain to 1 and its offset to 0",)
