"""What is keyed on an avatar's skin, and what its emotion panel shows."""

from types import SimpleNamespace

import bpy
import numpy as np
from ecavatar.core.bake.key_reduction import reduce_keys
from ecavatar.core.head.mouth import gap
from ecavatar.ecavatar_addon.actions import channels_of, sample
from ecavatar.ecavatar_addon.head import parts_of
from ecavatar.ecavatar_addon.lip_sync import basis_of
from ecavatar.ecavatar_addon.panels_emotion import ECAVATAR_PT_emotion, ECAVATAR_UL_emotions

from .layout import Layout


def keys(root):
    return parts_of(root)["skin"].data.shape_keys


def strip(root, name="Speech"):
    return keys(root).animation_data.nla_tracks[name].strips[0]


def curves(root, name="Speech"):
    """Shape -> (frames and values (N, 2)) of a track."""
    found = {}
    for curve in channels_of(strip(root, name).action, keys(root))[1]:
        points = np.empty(2 * len(curve.keyframe_points), np.float32)
        curve.keyframe_points.foreach_get("co", points)
        found[curve.data_path.split('"')[1]] = points.reshape(-1, 2)
    return found


def reduced(root, bake):
    """The speech (T, K) of a bake as its few keys have it, worked out by the engine alone."""
    basis, weights = basis_of(root), bake["weights"]
    result = np.zeros_like(weights)
    opening = gap(basis, basis.expression_names, weights)
    for place, keyed in reduce_keys(weights, basis, opening=opening, fps=float(bake["fps"])).items():
        result[:, place] = keyed.at(np.arange(len(weights), dtype=np.float64))
    return result


def sampled(root, bake, name):
    """What the keys of a track amount to on the frames of a bake (T, K)."""
    frames = np.arange(len(bake["weights"])) + strip(root, name).action_frame_start
    return sample(strip(root, name).action, keys(root), tuple(map(str, bake["names"])), frames)


def same(first, second):
    return set(first) == set(second) and all(np.array_equal(first[name], second[name]) for name in first)


def windows(root):
    """Start, end, category, level and lock of each window."""
    return [(round(found.start, 3), round(found.end, 3), found.category, round(found.level, 3), found.locked)
            for found in root.ecavatar.emotion.windows]


def drawn_for(root):
    """Return what the panel draws, as one text."""
    drawn = []
    ECAVATAR_PT_emotion.draw(SimpleNamespace(layout=Layout(drawn)), bpy.context)
    for window in root.ecavatar.emotion.windows:
        ECAVATAR_UL_emotions.draw_item(None, bpy.context, Layout(drawn), root.ecavatar.emotion, window, 0, None, "active")
    return " ".join(drawn)
