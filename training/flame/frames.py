"""A video's frames -> heads, as EVE's ground truth needs them (paper Sec. 5.2): python -m training.flame.frames --model FLAME.pkl
--out FOLDER (--emica FOLDER [--meshes] | --photos FOLDER --pack FLAME_PACK)

FOLDER/NAME/*.npz or .json, one for each frame in the order of their names, become OUT/NAME.npy (T, 5023, 3) float32, metres, in zero
pose. --meshes: the folder holds vertices instead, NAME.npy (T, 5023, 3) in the pose of the image, which are brought to zero pose by
rigid ICP on what of the head does not move with expressions (Sec. 3.2). --photos: FOLDER/NAME/*.jpg or .png, which our own photo fit
reconstructs on the head of a pack made by training.export; a folder is one person. What is there is not made again.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core.emotion.fusion import offsets_of
from core.errors import InputError
from core.files import read_arrays
from core.head.model import HeadBasis
from core.types import Floats
from training.emolib.alignment import kabsch, rigid_icp
from training.emolib.emica import parameters
from training.emolib.fitting import fitted
from training.emolib.layouts import Sample
from training.vocaset.layout import VERTICES, open_array, write_array

from ..command import told
from .layer import FaceLayer
from .model import Flame

STILL = 0.15                    # of the expressions' strongest motion, below which a vertex counts as still
STEP = 4                        # every so-many-th of them is aligned
BLOCK = 64                      # frames at once
IMAGES = (".jpg", ".jpeg", ".png")
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
    sizes = {name: min(most, *(len(frame[name]) for frame in frames)) for name, most in CODES.items()}
    codes = [torch.from_numpy(np.array([frame[name][:size] for frame in frames], np.float32)) for name, size in sizes.items()]
    with torch.no_grad():
        blocks = [layer(*(code[first:first + BLOCK] for code in codes))[1] for first in range(0, len(frames), BLOCK)]
    return np.asarray(torch.cat(blocks).numpy(), np.float32)


def heads_in(folder: Path, flame: Flame, pack: Path) -> Floats:
    """Return the heads (T, V, 3) of a folder of one person's pictures by our own fit: the mean identity, each picture's expression.

    Raises InputError where a picture shows no face that can be fitted, or the pack's head is not FLAME's.
    """
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGES)
    if not paths:
        raise InputError("the folder holds no pictures", folder, "give the frames as .jpg or .png")
    basis = HeadBasis.load(pack / "head.npz")
    try:
        places = read_arrays(pack / "head.npz", ("flame_vertices",), InputError)["flame_vertices"]
    except InputError as error:
        raise InputError("frames are reconstructed on FLAME's head", pack, "give a pack made with training.export --head") from error
    found = [fitted(Sample(path.name, path, "neutral", 0.0), pack=pack, whole=True) for path in paths]
    for path, item in zip(paths, found, strict=True):
        if "reason" in item:
            raise InputError(f"the frame cannot be reconstructed ({item['reason']})", path, "leave it out, or use EMICA")
    identity = np.mean([item["identity"] for item in found], axis=0)
    weights = np.array([item["expression"] for item in found], np.float32)
    heads = np.tile(flame.vertices(shape=identity).astype(np.float32), (len(found), 1, 1))
    for first in range(0, len(found), BLOCK):
        block = slice(first, first + BLOCK)
        heads[block, places] += offsets_of(basis, weights[block])[:, basis.part("skin").vertices]
    return heads


def convert(source: Path, model: Path, out: Path, *, meshes: bool = False, pack: Path | None = None) -> int:
    """Convert all there are and return how many were made now; raise InputError when there is nothing to convert.

    meshes: `source` holds vertices; pack: it holds pictures, which are fitted with this pack; else it holds EMICA's parameters.
    """
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
            heads = heads_of(path, layer) if pack is None else heads_in(path, flame, pack)
        write_array(target, heads)
        made += 1
    return made


@told
def main(arguments: list[str] | None = None) -> None:
    """Convert; 2 with one line on bad input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("model", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    for name in ("emica", "photos", "pack"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--meshes", action="store_true", help="the folder holds vertices in the pose of the image")
    options = parser.parse_args(arguments)
    source = options.emica or options.photos
    if source is None or (options.photos and (options.emica or not options.pack)):
        raise InputError("give --emica, or --photos with --pack", "arguments", "choose one of both")
    if not source.is_dir():
        raise InputError("there is no such folder", source, "give the folder with EMICA's results, or with frames")
    made = convert(source, options.model, options.out, meshes=options.meshes, pack=options.pack if options.photos else None)
    sys.stdout.write(f"{made} sequences made now\n")


if __name__ == "__main__":
    sys.exit(main())
