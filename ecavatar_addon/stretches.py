"""The part of our action that a change reaches: it is keyed anew, the keys before and after it stay, an artist's among them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.bake import few_keys
from ..core.bake.bezier import BezierKeys
from ..core.bake.key_stretch import between_keys, spliced
from ..core.types import Floats
from .actions import ALIGNED, BEZIER, STAMP, Channel, bezier_of, channels_of, is_edited, path_of, read, sample
from .leads import unled


@dataclass(frozen=True)
class Stretch:
    """frames: which of the stamp's frames are keyed anew; held: those of them, counted from the first, with the weights (K,) that keys
    beside the stretch have there; old: all curves of the action as they are; begin, end: scene frames of keys that stay, if any do."""

    frames: slice
    held: dict[int, Floats]
    old: dict[Channel, BezierKeys]
    begin: float | None
    end: float | None

    def joined(self, new: Mapping[Channel, BezierKeys]) -> dict[Channel, BezierKeys]:
        """Return the curves with `new` keys in the stretch; both as they lie on scene frames."""
        none = BezierKeys(*np.zeros((3, 0, 2), np.float32))
        found = {name: spliced(self.old.get(name, none), new.get(name, none), self.begin, self.end)
                 for name in dict.fromkeys((*self.old, *new))}
        return {name: keys for name, keys in found.items() if len(keys.points)}


def stretch_of(action: bpy.types.Action, keys: bpy.types.Key, names: tuple[str, ...], changed: NDArray[np.bool_], around: int
               ) -> Stretch | None:
    """Return the shortest stretch that can be keyed anew by itself, where the motion has `changed` (T,) on some of the stamp's frames.

    names: (K,) of the shapes; around: frames by which a change reaches further. None where all has to be keyed anew, as in short
    clips, whose keys are then always the same for the same emotions, or where keys are not as we write them.
    """
    stamp, old, frames = action[STAMP].to_dict(), curves_of(action, keys, names), np.flatnonzero(changed)
    if len(old) * len(changed) <= few_keys.LIPS_VALUES:         # one part, or keys that are not as ours
        return None
    times = np.arange(stamp["start"], stamp["end"] + 1)
    begin, end = between_keys(list(old.values()), times, times[frames[0]] - around, times[frames[-1]] + around)
    edges = [frame for frame in (begin, end) if frame is not None]
    if not edges:
        return None
    first, last = (0 if begin is None else round(begin - times[0])), (len(times) - 1 if end is None else round(end - times[0]))
    weights = sample(action, keys, names, np.array(edges)) / np.float32(stamp["gain"])
    held = {round(frame - times[first]): row for frame, row in zip(edges, weights, strict=True)}
    return Stretch(slice(first, last + 1), held, old, begin, end)


def curves_of(action: bpy.types.Action, keys: bpy.types.Key, names: tuple[str, ...]) -> dict[Channel, BezierKeys]:
    """Return the action's keys of the shapes `names` without leads; none at all where a curve, by an artist, is not as ours."""
    paths, found = {path_of(name): name for name in names}, {}
    edited = is_edited(action, keys)
    for curve in channels_of(action, keys)[1]:
        types = np.concatenate([read(curve, f"handle_{side}_type", np.int32) for side in ("left", "right")])
        ours = (read(curve, "interpolation", np.int32) == BEZIER).all() and not (edited and (types != ALIGNED).any())
        plain = not curve.mute and not len(curve.modifiers) and curve.extrapolation == "CONSTANT"
        if curve.data_path not in paths or not (ours and plain):
            return {}
        keyed = cast(BezierKeys, unled(bezier_of(curve), action[STAMP].to_dict()))      # of the same kind
        if not len(keyed.points):
            return {}
        found[paths[curve.data_path]] = keyed
    return found
