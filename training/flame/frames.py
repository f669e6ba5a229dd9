"""EMICA's parameters of a video's frames -> heads, as EVE's ground truth needs them (paper Sec. 5.2): python -m training.flame.frames
--emica FOLDER --model FLAME.pkl --out FOLDER [--meshes]

FOLDER/NAME/*.npz or .json, one for each frame in the order of their names, become OUT/NAME.npy (T, 5023, 3) float32, metres, in zero
pose. --meshes: the folder holds vertices instead, NAME.npy (T, 5023, 3) in the pose of the image, which are brought to zero pose by
rigid ICP on what of the head does not move with expressions (Sec. 3.2). What is there is not made again.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core.errors import ECAvatarError, InputError
from core.types import Floats
from training.emolib.alignment import kabsch, rigid_icp
from training.emolib.emica import parameters
from training.vocaset.layout import VERTICES, open_array, write_array

from .layer import FaceLayer
from .model import Flame

STILL = 0.15                    # of the expressions' strongest motion, below which a vertex counts as still
STEP = 4                        # every so-many-th of them is aligned
BLOCK = 64                      # frames at once
CODES = {"shape": 300, "exp": 100, "jaw": 3}
Array = NDArray[np.float64]


def still(flame: Flame) -> NDArray[np.int64]:
    """Return the vertices that neither expressions nor the jaw move much."""
    moved = np.sqrt((flame.expression_shapes**2).sum(axis=(0, 2)))
    return np.flatnonzero((moved < STILL * moved.max()) & (flame.weights[:, 2:].sum(axis=1) < STILL))


def zero_pose(head: Array, neutral: Array, places: NDArray[np.int64]) -> Array:
    """Return a head (V, 3) in any rigid pose laid onto a neutral one (V, 3), metres: by the still vertices, then by ICP."""
    rotation, translation = kabsch(head[places], neutral[places])
    rotation, translation, _ = rigid_icp(head[places][::STEP], neutral[places], rotation=rotation, translation=translation)
    return head @ rotation.T + translation


def heads_of(folder: Path, layer: FaceLayer) -> Floats:
    """Return the heads (T, V, 3) of a folder of parameters; raise InputError where a frame lacks some."""
    paths = sorted(path for path in folder.iterdir() if path.suffix in (".npz", ".json"))
    if not paths:
        raise InputError("the folder holds no parameters", folder, "give EMICA's NAME.npz or NAME.json of each frame")
    frames = [parameters(path) for path in paths]
    for path, frame in zip(paths, frames, strict=True):
        short = next((name for name in ("shape", "jaw") if len(frame[name]) < min(CODES[name], 3)), None)
        if short:
            raise InputError(f"{short} has only {len(frame[short])} values", path, "reconstruct the frame again")
    sizes = {name: min(most, *(len(frame[name]) for frame in frames)) for name, most in CODES.items()}
    codes = [torch.from_numpy(np.array([frame[name][:size] for frame in frames], np.float32)) for name, size in sizes.items()]
    with torch.no_grad():
        blocks = [layer(*(code[first:first + BLOCK] for code in codes))[1] for first in range(0, len(frames), BLOCK)]
    return np.asarray(torch.cat(blocks).numpy(), np.float32)


def convert(source: Path, model: Path, out: Path, *, meshes: bool) -> int:
    """Convert all there are and return how many were made now; raise InputError when there is nothing to convert."""
    flame = Flame.load(model)
    layer, places, made = FaceLayer(flame), still(flame), 0
    found = sorted(source.glob("*.npy")) if meshes else sorted(path for path in source.iterdir() if path.is_dir())
    if not found:
        raise InputError("the folder holds no sequences", source, "give one file or folder for each video")
    for path in found:
        target = out / f"{path.stem}.npy"
        if target.is_file():
            continue
        if meshes:
            posed = np.asarray(open_array(path, (None, VERTICES, 3)), np.float64)
            heads = np.stack([zero_pose(one, flame.template, places) for one in posed]).astype(np.float32)
        else:
            heads = heads_of(path, layer)
        write_array(target, heads)
        made += 1
    return made


def main(arguments: list[str] | None = None) -> int:
    """Convert; 2 with one line on bad input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("emica", "model", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--meshes", action="store_true", help="the folder holds vertices in the pose of the image")
    options = parser.parse_args(arguments)
    try:
        if not options.emica.is_dir():
            raise InputError("there is no such folder", options.emica, "give the folder with EMICA's results")
        made = convert(options.emica, options.model, options.out, meshes=options.meshes)
    except ECAvatarError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write(f"{made} sequences made now\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
