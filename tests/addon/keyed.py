"""What is keyed on an avatar's skin."""

import numpy as np
from ecavatar.ecavatar_addon.actions import channels_of
from ecavatar.ecavatar_addon.head import parts_of


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


def same(first, second):
    return set(first) == set(second) and all(np.array_equal(first[name], second[name]) for name in first)
