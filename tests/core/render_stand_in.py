"""A person that is quickly rendered: the default head, coarse, with a small texture, in a job of four frames."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from core import arrays
from core.bake.performance import STILL
from core.emotion.windows import EmotionSettings, chosen, constant, report
from core.face.fit import Anchors
from core.files import digest, write_arrays, write_json
from core.hair.haircut import Haircut
from core.hair.look import Look
from core.hair.strands import Strands
from core.head.model import HeadBasis
from core.head.neck import fit_neck
from core.job import RESULT_FORMAT, RESULTS
from core.pack import Pack
from core.types import Correctives, ShapeKeyBake

FRAMES, FPS = 4, 24.0
TONE = (205, 160, 138)          # sRGB
BROW_HAIRS = 50                 # of its look: fewer than grow on such a head
OPEN = 2                        # the frame in which the mouth is open


def baked(basis):
    """A bake in which the jaw is open in one frame."""
    names = tuple(basis.expression_names)
    weights = np.zeros((FRAMES, len(names)), np.float32)
    weights[OPEN, names.index("jawOpen")] = 1.0
    none = np.zeros((0, len(basis.vertices), 3), np.float32)
    extra = Correctives(basis.corrective_names, basis.corrective_pairs, basis.corrective_gains,
                        basis.corrective_basis.astype(np.float32))
    return ShapeKeyBake(names, basis.expressions, extra, weights, np.linspace(0, 0.3, 6, dtype=np.float32), basis.jaw_pivot,
                        fit_neck(basis.vertices, basis.jaw_pivot, basis), STILL, np.zeros(1, np.float32),
                        np.zeros((1, len(names)), np.float32), np.zeros_like(weights), none, np.zeros((FRAMES, 0), np.float32),
                        np.zeros(2, np.float32), FPS)


def write_job(folder: Path) -> Path:
    """Write a finished job and return its folder."""
    pack = Pack.open()
    basis = HeadBasis.load(pack.path("head"))
    head = {
        "vertices": basis.vertices, "faces": basis.skin_triangles, "landmarks68": np.zeros((68, 3), np.float32),
        "identity": np.zeros(len(basis.identity_basis), np.float32), "rest": np.zeros(len(basis.expression_names), np.float32),
        "iris_colour": np.array([90, 60, 40], np.uint8), "white_of_eye": np.array([206, 199, 192], np.uint8),
        "hair_colour": np.zeros(0, np.uint8), "hair_length": np.array(0.0), "hair_volume": np.array(0.0),
        "hair_parting": np.array("PHOTO"), "hair_waves": np.array("PHOTO"), "hairline": np.array("PHOTO"), "fringe": np.array(0.0),
        "brow_colour": np.array([60, 40, 30], np.uint8),
        "brow_density": np.full((2, 16, 7), 0.1, np.float32), "reprojection_percent": np.array(1.0), "confidence": np.array(1.0),
        "advice": np.array("")}
    write_arrays(folder / "head.npz", head)
    Image.new("RGB", (32, 32), TONE).save(folder / "head.png")
    look = Look.of(head, np.broadcast_to(np.uint8(TONE), (32, 32, 3)), basis, Anchors.load(pack.path("anchors")), Haircut(),
                   picture=digest(folder / "head.png"))
    few = Strands(*(getattr(look.brows, name)[:BROW_HAIRS] for name in ("points", "radius", "triangle", "weights")))
    write_arrays(folder / "look.npz", replace(look, brows=few).arrays())
    zeros = np.zeros(FRAMES, np.float32)
    write_arrays(folder / "motion.npz", {"names": np.array(["jawOpen"]), "weights": zeros[:, None], "fps": np.array(60.0),
                                         "jaw_angle": zeros, "open": zeros, "round": zeros, "labdent": zeros})
    write_arrays(folder / "bake.npz", arrays.from_bake(baked(basis)))
    write_json(folder / "emotion.json", report(constant(*chosen("neutral:1"), FRAMES / FPS, EmotionSettings())))
    sound = folder / "voice.wav"
    soundfile.write(sound, 0.3 * np.sin(np.arange(round(16000 * FRAMES / FPS)) / 8), 16000)
    write_json(folder / "manifest.json", {"format": RESULT_FORMAT, "files": {name: digest(folder / name) for name in RESULTS},
                                          "head_model": pack.digests("head")[0], "audio": str(sound), "pack": ""})
    return folder
