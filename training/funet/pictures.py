"""Sheets of fused heads: `python -m training.funet.pictures OUT.png [--method harmonic] [--person 0] [--level 3] [--network ONNX]`.

Eight emotions down; a p, an a, an o and an f from the front and from the side across.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from core.emotion.emolib import Emolib
from core.emotion.funet import FuNet
from core.emotion.fusion import Fusion, Jaw, felt_weights, offsets_of
from core.emotion.motion import SPEECH_ONLY, fuse
from core.face.fit import Anchors
from core.head.model import HeadBasis
from core.pack import Pack
from core.speech.articulation import CHANNELS
from core.speech.mouth_rig import pose
from core.types import EMOTIONS, FUSIONS, Bytes, Floats, Fusing
from training.emolib.portraits import Portraits

SOUNDS = {"p": {"press": 0.4}, "a": {"aperture": 0.85, "jaw": 0.9}, "o": {"aperture": 0.4, "jaw": 0.4, "pucker": 0.85},
          "f": {"aperture": 0.12, "jaw": 0.2, "labiodental": 1.0}}
VIEWS = (0.0, 40.0)             # degrees
SIDE = 220
PEOPLE = ("caucasian female young", "african male old")


def spoken(basis: HeadBasis) -> Floats:
    """Return the weights (4, K) of SOUNDS."""
    channels = np.zeros((len(SOUNDS), len(CHANNELS)), np.float32)
    for row, sound in enumerate(SOUNDS.values()):
        for channel, value in sound.items():
            channels[row, CHANNELS.index(channel)] = value
    names, weights = pose(channels, basis)
    result = np.zeros((len(SOUNDS), len(basis.expression_names)), np.float32)
    result[:, basis.indices(names)] = weights
    return result


def fused(basis: HeadBasis, speech: Floats, emotion: Floats, method: Fusing, jaw: Jaw, network: FuNet | None) -> Floats:
    """Return the offsets (T, V, 3) of heads that speak and feel (T, K)."""
    if method == "shapes":
        kept = np.array([not name.startswith(SPEECH_ONLY) for name in basis.expression_names])
        return np.concatenate([offsets_of(basis, fuse(said[None], (felt * kept)[None], basis, fps=60.0))
                               for said, felt in zip(speech, emotion, strict=True)])
    fusion = Fusion.make(basis, method, network=network)
    return fusion(offsets_of(basis, speech), offsets_of(basis, felt_weights(emotion, speech, basis, jaw=jaw)))


def sheet(method: Fusing, *, person: int, level: float, jaw: Jaw, network: Path | None, side: int = SIDE) -> Bytes:
    """Draw one."""
    pack = Pack.open()
    basis = HeadBasis.load(pack.path("head"))
    emolib = Emolib.load(pack.path("emolib"), basis, head_model=pack.digests("head")[0])
    portraits = Portraits(basis, Anchors.load(pack.path("anchors")))
    identity = basis.group_identity[basis.group_names.index(PEOPLE[person])]
    neutral, speech = basis.neutral(identity), spoken(basis)
    skin = portraits.skin(PEOPLE[person].split()[0], np.random.default_rng(3))
    brows = portraits.brows(neutral, np.random.default_rng(1))
    loaded = FuNet.load(network, vertices=len(basis.regions)) if network else None
    rows = []
    for category in EMOTIONS:
        emotion = np.zeros_like(speech)
        emotion[:, basis.indices(emolib.names)] = emolib.expression_at(category, level, identity)
        heads = fused(basis, speech, emotion, method, jaw, loaded)
        rows.append(np.concatenate([portraits.portrait(neutral, head, skin, brows, side=side, yaw=yaw, over=1)
                                    for head in heads for yaw in VIEWS], axis=1))
    return np.concatenate(rows)


def main() -> None:
    """Draw and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--method", choices=FUSIONS, default="harmonic")
    parser.add_argument("--person", type=int, choices=range(len(PEOPLE)), default=0)
    parser.add_argument("--level", type=float, default=3.0)
    parser.add_argument("--jaw", choices=("speech", "emotion"), default="speech")
    parser.add_argument("--network", type=Path)
    parser.add_argument("--side", type=int, default=SIDE)
    options = parser.parse_args()
    Image.fromarray(sheet(options.method, person=options.person, level=options.level, jaw=options.jaw, network=options.network,
                          side=options.side)).save(options.out)


if __name__ == "__main__":
    main()
