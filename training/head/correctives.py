"""Corrective shapes: what is added where two ARKit shapes together look wrong. Weight: the product of both, each within 0..1, the
second times its gain, so that a little of it is enough; with a negative gain, counted down from 1.
"""

from dataclasses import dataclass

import numpy as np

from core.head.lids import Eyeball, halfway, halfway_name

from .source import Array

LIP_LIFT, LIFT_GAIN = 1.00, 5.0                         # of mouthUpperUp in a smile as soon as the jaw opens
ROUNDING_OVERLAP = 0.45                                 # of mouthFunnel that mouthPucker has done already
LID_REACH = 0.004, 0.011                                # metres from the closed lids' line: all and nothing is taken back
LID_SHAPES = ("eyeSquint", "eyeWide", "cheekSquint", "eyeLookDown", "eyeLookUp")


@dataclass(frozen=True)
class Corrective:
    """name; first and second shape; gain of the second; offsets (V, 3), metres, at weight 1."""

    name: str
    first: str
    second: str
    gain: float
    offsets: Array


def correctives(shapes: dict[str, Array], skin: Array, eyes: dict[str, Eyeball]) -> list[Corrective]:
    """Return the model's correctives.

    shapes: offsets (V, 3) by name; skin: (N, 3) the mean head's skin and lashes, which come first; eyes: side
    ("Left", "Right") -> eyeball.
    """
    found = [named(f"mouthSmile{side}", "jawOpen", LIP_LIFT * shapes[f"mouthUpperUp{side}"], LIFT_GAIN) for side in ("Left", "Right")]
    found.append(named("mouthPucker", "mouthFunnel", -ROUNDING_OVERLAP * shapes["mouthFunnel"]))
    for side, eye in eyes.items():
        blink = f"eyeBlink{side}"
        near = lid_share(skin, shapes[blink], eye.middle)
        for shape in LID_SHAPES:                        # closed lids stay where blinking puts them
            offsets = np.zeros_like(shapes["jawOpen"])
            offsets[: len(skin)] = -near[:, None] * shapes[shape + side][: len(skin)]
            found.append(named(blink, shape + side, offsets))
        offsets = np.zeros_like(shapes["jawOpen"])
        offsets[: len(skin)] = halfway(skin, shapes[blink][: len(skin)], eye)
        found.append(Corrective(halfway_name(side), blink, blink, -1.0, offsets))
    return found


def named(first: str, second: str, offsets: Array, gain: float = 1.0) -> Corrective:
    """Return a corrective called after the shapes it belongs to."""
    return Corrective(f"{first}_{second}", first, second, gain, offsets)


def lid_share(skin: Array, blink: Array, eye: Array) -> Array:
    """Return 0..1 for each vertex of skin and lashes (N,): 1 at the rims of the lids, 0 away from them.

    The rims are the front vertices nearest the eyeball's middle that blinking moves most.
    """
    distance = np.linalg.norm(skin - eye, axis=1)
    moved = np.linalg.norm(blink[: len(skin)], axis=1)
    rim = skin[(moved > 0.5 * moved.max()) & (distance < 0.022)]
    closed = (skin + blink[: len(skin)])[(moved > 0.5 * moved.max()) & (distance < 0.022)]
    line = np.concatenate([rim, closed])
    nearest = np.sqrt(((skin[:, None] - line[None]) ** 2).sum(axis=2).min(axis=1))
    return np.clip((LID_REACH[1] - nearest) / (LID_REACH[1] - LID_REACH[0]), 0, 1)


def stored(shapes: dict[str, Array], extra: list[Corrective], scale: float) -> dict[str, np.ndarray]:
    """Return what the model stores of expressions and correctives."""
    places = list(shapes)
    return {"expression_names": np.array(places),
            "expression_basis": (scale * np.stack(list(shapes.values()))).astype(np.float16),
            "corrective_names": np.array([one.name for one in extra]),
            "corrective_pairs": np.array([[places.index(one.first), places.index(one.second)] for one in extra], np.int32),
            "corrective_gains": np.array([one.gain for one in extra], np.float32),
            "corrective_basis": (scale * np.stack([one.offsets for one in extra])).astype(np.float16)}
