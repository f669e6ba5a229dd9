"""Make a model pack of what you trained: python -m training.export --out PACK --name NAME [--head FLAME_FOLDER] [--selftalk RUN]
[--funet RUN] [--emolib emolib.npz] [--emotion emotion_network.onnx] [--licence TEXT] [--open]

What is not given is that of the default pack. --head is the folder of training.flame.head, --selftalk and --funet those of
training.speech.paper and training.funet.paper. The pack is checked as core/ does, its sizes and speed are printed; use it with
python -m core animate --pack PACK, or choose it in the panel.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from core.emotion.emolib import Emolib
from core.emotion.funet import FuNet as FusionNetwork
from core.emotion.network import EmotionNetwork
from core.errors import ECAvatarError, InputError
from core.files import digest, read_arrays, write_arrays, write_atomically, write_json
from core.head.model import HeadBasis
from core.pack import DEFAULT, EMOTION_NETWORK, FORMAT, VOICE_ENCODER, Pack, lacks_encoder
from core.speech.vertex_lips import VertexLipNetwork, animate_lips_on_vertices
from core.speech.wave_encoder import WaveEncoder
from core.types import AudioClip

SPOKEN_S = 4.0                  # seconds of sound that the speed is measured on
HEADS = 64                      # that the fusion's speed is measured on
Entry = dict[str, Any]


class Packing:
    """Collects a pack's files; nothing counts as a pack before its pack.json is written, last."""

    def __init__(self, out: Path, *, licence: str, commercial: bool, base: Path = DEFAULT) -> None:
        """Begin in an empty folder, or one that held a pack; raise InputError for any other."""
        if out.exists() and any(out.iterdir()) and not (out / "pack.json").is_file() and not (out / ".unfinished").is_file():
            raise InputError("the folder holds something else", out, "choose an empty folder, or one with a model pack")
        self.out, self.base, self.licence, self.commercial = out, Pack.open(base), licence, commercial
        if out.resolve() == self.base.folder.resolve():
            raise InputError("the default pack is not written over", out, "choose another folder")
        self.entries: dict[str, Entry] = {}
        out.mkdir(parents=True, exist_ok=True)
        (out / ".unfinished").touch()
        (out / "pack.json").unlink(missing_ok=True)

    def add(self, name: str, file: str, source: str, write: Callable[[Path], object]) -> Path:
        """Let `write` make a file of the pack, and list it."""
        path = self.out / file
        write(path)
        entry: Entry = {"path": file, "sha256": digest(path), "licence": self.licence, "source": source}
        self.entries[name] = entry if self.commercial else {**entry, "commercial": False}
        return path

    def keep(self, *names: str) -> None:
        """Take over files of the default pack, if it has them and they are not there."""
        for name in names:
            if name in self.base.entries and name not in self.entries:
                entry = self.base.entries[name]
                path = self.out / str(entry["path"])
                path.parent.mkdir(parents=True, exist_ok=True)
                copy(self.base.path(name), path)
                self.entries[name] = dict(entry)

    def finish(self, name: str) -> Pack:
        """Write pack.json and return the pack, verified."""
        values = {"format": FORMAT, "name": name, "version": "1", "description": "made by training/export.py", "files": self.entries}
        write_json(self.out / "pack.json", values)
        (self.out / ".unfinished").unlink(missing_ok=True)
        return Pack.open(self.out)


def copy(source: Path, target: Path) -> None:
    """Copy a file, whole or not at all."""
    with source.open("rb") as content:
        write_atomically(target, lambda file: shutil.copyfileobj(content, file))


def library(base: Pack, basis: HeadBasis, head: Path, out: Path) -> None:
    """Write the default Emolib for another head: the same expressions by name, on its mean person."""
    own = HeadBasis.load(base.path("head"))
    known = Emolib.load(base.path("emolib"), own, head_model=base.digests("head")[0])
    absent = set(known.names) - set(basis.expression_names)
    if absent:
        raise InputError(f"the head lacks the shapes {', '.join(sorted(absent))}", head, "give an Emolib made for it")
    write_arrays(out, {"format_version": np.array(1, np.int32), "head_model": np.array(digest(head)), "names": np.array(known.names),
                       "category": known.category, "level": known.level, "expression": known.expression, "jaw_angle": known.jaw_angle,
                       "identity": np.zeros((len(known.category), len(basis.identity_basis)), np.float16)})


def add_head(packing: Packing, folder: Path, emolib: Path | None) -> None:
    """Add a head with its anchors and Emolib."""
    head = packing.add("head", "head.npz", "made by training/flame/head.py from the user's FLAME files",
                       lambda path: copy(folder / "head.npz", path))
    packing.add("anchors", "anchors.npz", "made by training/flame/head.py", lambda path: copy(folder / "anchors.npz", path))
    if emolib is None:
        basis = HeadBasis.load(head)
        packing.add("emolib", "emolib.npz", "the default Emolib's expressions", lambda path: library(packing.base, basis, head, path))


def add_ear(packing: Packing, file: Path) -> None:
    """Add a recogniser of emotions; one that hears samples is marked, and needs no further encoder."""
    packing.add(EMOTION_NETWORK, "emotion_network.onnx", "made by training/emotion", lambda path: copy(file, path))
    if EmotionNetwork.load(file).hears_samples:
        packing.entries[EMOTION_NETWORK]["input"] = "samples"


def flame_places(head: Path) -> tuple[int, ...]:
    """Return which of FLAME's vertices the head's skin is; raise InputError for a head that is not FLAME's."""
    try:
        return tuple(map(int, read_arrays(head, ("flame_vertices",), InputError)["flame_vertices"]))
    except InputError as error:
        raise InputError("networks of the paper's setting need FLAME's head", head,
                         "give --head, made by training.flame.head") from error


def speed(pack: Pack) -> dict[str, float]:
    """Return how fast the pack's networks of the paper's setting are, on this machine."""
    basis, found = HeadBasis.load(pack.path("head")), {}
    if "lip_encoder" in pack.entries:
        encoder = WaveEncoder.load(pack.path("lip_encoder"))
        network = VertexLipNetwork.load(pack.path("lip_network"), vertices=len(basis.regions), width=encoder.width)
        samples = np.random.default_rng(0).normal(0, 0.05, round(SPOKEN_S * 16000)).astype(np.float32)
        began = time.perf_counter()
        animate_lips_on_vertices(AudioClip(samples, 16000), encoder=encoder, network=network, basis=basis)
        found["speech, times real time"] = round(SPOKEN_S / (time.perf_counter() - began), 2)
    if "fusion_network" in pack.entries:
        fusion = FusionNetwork.load(pack.path("fusion_network"), vertices=len(basis.regions))
        heads = np.zeros((HEADS, len(basis.regions), 3), np.float32)
        began = time.perf_counter()
        fusion(heads, heads)
        found["fused heads a second"] = round(HEADS / (time.perf_counter() - began), 1)
    return found


def export(options: argparse.Namespace) -> dict[str, Any]:
    """Write the pack and return its figures."""
    packing = Packing(options.out, licence=options.licence, commercial=options.open)
    if options.head:
        add_head(packing, options.head, options.emolib)
    if options.emolib:
        packing.add("emolib", "emolib.npz", "made by training/emolib/affectnet.py", lambda path: copy(options.emolib, path))
    if options.emotion:
        add_ear(packing, options.emotion)
    packing.keep("head", "anchors", "face_landmarker", "speech_encoder", EMOTION_NETWORK, "emolib")
    if lacks_encoder(packing.entries):
        packing.keep(VOICE_ENCODER)
    head = options.out / str(packing.entries["head"]["path"])
    if options.selftalk:
        from .speech.paper import load as open_selftalk
        from .speech.paper_export import write_encoder, write_lips
        network, normalise = open_selftalk(options.selftalk, options.encoder)
        packing.add("lip_encoder", "lip_encoder.onnx", f"{network.config.encoder}, trained along by training/speech/paper.py",
                    lambda path: write_encoder(network, path, normalise=normalise))
        packing.add("lip_network", "lip_network.onnx", "trained by training/speech/paper.py on VOCASET",
                    lambda path: write_lips(network, path, flame_places(head)))
    if options.funet:
        from .funet.export import export_for_skin
        from .funet.paper import load
        fusion, config = load(options.funet)
        if config.get("absolute"):
            raise InputError("the fusion network was trained on vertices, core/ fuses offsets", options.funet,
                             "train it without --absolute")
        packing.add("fusion_network", "fusion_network.onnx", "trained by training/funet/paper.py on VOCASET and AffectNet",
                    lambda path: export_for_skin(fusion, path, flame_places(head)))
    packing.keep("lip_network", *(() if options.head else ("fusion_network",)))
    pack = packing.finish(options.name)
    sizes = {name: round((pack.folder / entry["path"]).stat().st_size / 1e6, 2) for name, entry in pack.entries.items()}
    return {"pack": str(pack.folder), "MB": round(sum(sizes.values()), 2), "files MB": sizes, **speed(pack)}


def main(arguments: list[str] | None = None) -> int:
    """Export; 2 with one line on bad input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--name", required=True)
    for name in ("head", "selftalk", "funet", "emolib", "emotion"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--encoder", help="where the speech recogniser lies now, if not where it did in the training")
    parser.add_argument("--licence", default="see the licences of FLAME, VOCASET and AffectNet: not for commercial use")
    parser.add_argument("--open", action="store_true", help="what is added may be used commercially, as FLAME 2023 Open (CC BY 4.0)")
    options = parser.parse_args(arguments)
    try:
        sys.stdout.write(json.dumps(export(options)) + "\n")
    except (ECAvatarError, OSError) as error:
        told = error if isinstance(error, ECAvatarError) else InputError(str(error.strerror), error.filename, "choose another path")
        sys.stderr.write(f"error: {told}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
