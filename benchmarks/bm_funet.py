"""Figures of the fusion of emotion and speech: `python benchmarks/bm_funet.py [--network funet.onnx] [--every 6] [--lca 8] [--paper]`.

One JSON line each: name, values, unit, anchor, machine. The speech is the demo recording, the emotions are all eight at level 3.
- fusion_METHOD_JAW, methods: region_blend (the minimiser of Eq. 6), harmonic_blend, funet (the pack's network, or --network), and
  shape_weights (core.emotion.motion.fuse, evaluated to vertices). JAW says whose jaw M_emo has: "speech" that of M_lip, "emotion" its
  own, as retrieved (core/emotion/fusion.py); shape_weights is compared with the same M_emo.
  lips, face, other: mean distances in mm to M_lip, M_emo, M_lip; stretch, bend: distortion across the borders of regions that neither
  input has, and the shares of region_blend's; sealed: of the frames whose lips touch (gap <= 0.8 mm) without emotion, those that still
  do, least of happy, surprise, fear, angry; kept: how far brows, eyes and cheeks go the way from M_lip to M_emo; jitter: mean third
  difference of all vertices over the greater one of the two inputs, most of all emotions; frames_per_second of the fusion alone.
- fusion_lca_METHOD: LCA on --lca clips of ../shared/data/timit_dev before fusion and under each emotion (skipped where it is missing).
- fusion_keys_METHOD: RUN frames of the demo from happy to angry, fused on the mesh, as keys (core/emotion/fused_shapes.py): shapes
  beside the head's, mean and most distance of the keyed skin from the fused one in mm, frames keyed in a second, fusion included.
- fusion_paper: the network of Table 2 for this head: parameters, one step of training (a pair) and one inference, seconds and memory.
"""

import argparse
import json
import logging
import platform
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.bm_lipsync import SHARED, load_metric  # noqa: E402
from benchmarks.labelled_speech import read_timit  # noqa: E402
from core.emotion.borders import Hinges  # noqa: E402
from core.emotion.emolib import Emolib  # noqa: E402
from core.emotion.funet import FuNet  # noqa: E402
from core.emotion.fused_shapes import fuse_on_mesh  # noqa: E402
from core.emotion.fusion import Fusion, Jaw, SkinBlend, felt_weights, fusion_regions, offsets_of  # noqa: E402
from core.emotion.motion import SPEECH_ONLY, fuse  # noqa: E402
from core.files import digest  # noqa: E402
from core.head.model import REGIONS, HeadBasis  # noqa: E402
from core.head.mouth import central_pairs  # noqa: E402
from core.speech.audio import read_audio  # noqa: E402
from core.speech.encoder import RATE, SpeechEncoder  # noqa: E402
from core.speech.lipsync import LipNetwork, animate_lips  # noqa: E402
from core.types import EMOTIONS, AudioClip, Emotion, Floats  # noqa: E402

LEVEL = 3
SEALED = 0.0008                 # metres of the lips' gap
SEALING: tuple[Emotion, ...] = ("happy", "surprise", "fear", "angry")
UPPER = 0.012                   # metres over the lips' top from which the face is cheeks, eyes, brows
SHOWN = 0.001                   # metres between the inputs from which a vertex counts for what is kept
RUN, BENT = 120, 12             # frames in a row for jitter; frames whose skin is looked at
Take = Callable[[Floats, Floats, Floats, Floats], Floats]       # speech, emotion (T, K); lip, emo (T, N, 3) -> fused


@dataclass(frozen=True)
class Scores:
    """What one emotion gives: see the module."""

    lips: float
    face: float
    other: float
    stretch: float
    bend: float
    sealed: float
    kept: float
    jitter: float


class Bench:
    """The pack, a speaking head, and what is felt."""

    def __init__(self, pack: Path) -> None:
        """Load the pack."""
        self.basis = HeadBasis.load(pack / "head.npz")
        self.emolib = Emolib.load(pack / "emolib.npz", self.basis, head_model=digest(pack / "head.npz"))
        self.encoder = SpeechEncoder.load(pack / "third_party" / "moonshine_tiny_encoder.ort")
        self.network = LipNetwork.load(pack / "lip_network.onnx")
        self.regions = fusion_regions(self.basis)
        self.borders = Hinges.of(self.basis.skin_triangles).between(self.regions)
        self.skin = self.basis.part("skin").vertices
        self.neutral = self.basis.vertices[self.skin]
        top = self.neutral[self.basis.regions == REGIONS.index("lips"), 1].max()
        self.upper = (self.regions == REGIONS.index("face")) & (self.neutral[:, 1] > top + UPPER)

    def spoken(self, clip: AudioClip) -> Floats:
        """Return the weights (T, K) of what is said."""
        track = animate_lips(clip, encoder=self.encoder, network=self.network, basis=self.basis)
        result = np.zeros((len(track.weights), len(self.basis.expression_names)), np.float32)
        result[:, self.basis.indices(track.names)] = track.weights
        return result

    def felt(self, emotion: Emotion, frames: int) -> Floats:
        """Return the weights (frames, K) of what is felt."""
        result = np.zeros((frames, len(self.basis.expression_names)), np.float32)
        person = np.zeros(len(self.basis.identity_basis), np.float32)
        result[:, self.basis.indices(self.emolib.names)] = self.emolib.expression_at(emotion, LEVEL, person)
        return result

    def shapes(self, weights: Floats) -> Floats:
        """Return the skin's offsets (T, N, 3) of shapes with weights (T, K)."""
        return offsets_of(self.basis, weights)[:, self.skin]

    def by_weights(self, speech: Floats, emotion: Floats, lip: Floats, emo: Floats, *, fps: float = 60.0) -> Floats:
        """Return the present fusion (T, N, 3): in shape weights."""
        kept = np.array([not name.startswith(SPEECH_ONLY) for name in self.basis.expression_names])
        return self.shapes(fuse(speech, emotion * kept, self.basis, fps=fps))

    def gap(self, offsets: Floats) -> Floats:
        """Return the gap between the inner lips (T,), metres."""
        heights = [(self.neutral[side] + offsets[:, side])[..., 1].mean(axis=1) for side in central_pairs(self.basis)]
        return np.asarray(heights[0] - heights[1], np.float32)

    def score(self, take: Take, speech: Floats, emotion: Emotion, jaw: Jaw, every: int) -> Scores:
        """Return the scores of a fusion of `speech` (T, K) and an emotion; distances on every so many frames."""
        felt = self.felt(emotion, len(speech))
        both = [(speech[chosen], felt[chosen]) for chosen in (slice(None, None, every), slice(0, RUN))]
        inputs = [(self.shapes(said), self.shapes(felt_weights(seen, said, self.basis, jaw=jaw))) for said, seen in both]
        fused = [take(*pair, *shown) for pair, shown in zip(both, inputs, strict=True)]
        (lip, emo), result = inputs[0], fused[0]
        step = max(len(lip) // BENT, 1)
        bent = self.borders.distortion(self.neutral, lip[::step], emo[::step], result[::step])
        shut = self.gap(lip) <= SEALED
        towards, gone = (emo - lip)[:, self.upper], (result - lip)[:, self.upper]
        shown = np.linalg.norm(towards, axis=2) > SHOWN
        kept = (gone * towards).sum(axis=2)[shown].sum() / max((towards**2).sum(axis=2)[shown].sum(), 1e-12)
        return Scores(self.distance(result, lip, "lips"), self.distance(result, emo, "face"), self.distance(result, lip, "other"),
                      bent.stretch, bent.bend, float(np.mean(self.gap(result)[shut] <= SEALED)), float(kept) if shown.any() else 1.0,
                      trembling(fused[1]) / max(map(trembling, inputs[1])))

    def distance(self, one: Floats, other: Floats, region: str) -> float:
        """Return the mean distance in a region, mm."""
        places = self.regions == REGIONS.index(region)
        return 1000 * float(np.linalg.norm((one - other)[:, places], axis=2).mean())


def trembling(offsets: Floats) -> float:
    """Return the mean third difference of offsets (T, N, 3) in time."""
    return float(np.linalg.norm(np.diff(offsets, 3, axis=0), axis=2).mean())


def summary(scores: dict[Emotion, Scores], steps: dict[Emotion, Scores]) -> dict[str, Any]:
    """Return the figures of a method, and its distortion as a share of `steps`, region_blend's."""
    def mean(name: str, of: dict[Emotion, Scores] = scores) -> float:
        return float(np.mean([getattr(one, name) for one in of.values()]))

    return {"lips_mm": mean("lips"), "face_mm": mean("face"), "face_worst_mm": max(one.face for one in scores.values()),
            "other_mm": mean("other"), "stretch": mean("stretch"), "bend_degrees": mean("bend"),
            "stretch_share": mean("stretch") / mean("stretch", steps), "bend_share": mean("bend") / mean("bend", steps),
            "sealed": min(scores[emotion].sealed for emotion in SEALING), "kept": mean("kept"),
            "kept_least": min(one.kept for one in scores.values()), "jitter": max(one.jitter for one in scores.values())}


def speed(take: Take, bench: Bench, speech: Floats) -> float:
    """Return the frames fused in a second."""
    said, felt = speech[:64], bench.felt("happy", 64)
    lip, emo = bench.shapes(said), bench.shapes(felt_weights(felt, said, bench.basis))
    best = []
    for _ in range(3):
        started = time.perf_counter()
        take(said, felt, lip, emo)
        best.append(time.perf_counter() - started)
    return len(said) / min(best)


def keyed(fusion: Fusion, bench: Bench, speech: Floats) -> dict[str, float]:
    """Return what becomes of a fusion on the mesh as keys."""
    said = speech[:RUN]
    share = np.linspace(0, 1, len(said), dtype=np.float32)[:, None]
    felt = (1 - share) * bench.felt("happy", len(said)) + share * bench.felt("angry", len(said))
    kept = np.array([not name.startswith(SPEECH_ONLY) for name in bench.basis.expression_names])
    started = time.perf_counter()
    result = fuse_on_mesh(said, np.asarray(felt * kept, np.float32), fusion)
    return {"shapes": len(result.offsets), "mean_mm": 1000 * result.mean, "most_mm": 1000 * result.most,
            "frames_per_second": len(said) / (time.perf_counter() - started)}


def on_mesh(skin: SkinBlend) -> Take:
    """Return a fusion of vertices as a fusion of both."""
    return lambda speech, emotion, lip, emo: skin(lip, emo)


def lip_accuracy(bench: Bench, takes: dict[str, Take], clips: int) -> None:
    """Print LCA before and after fusion; clips are spread over the speakers."""
    if not (SHARED / "data" / "timit_dev").is_dir():
        logging.info("skipped: the labelled recordings of ../shared are not here")
        return
    metric, every = load_metric(), list(read_timit(SHARED / "data" / "timit_dev"))
    chosen = every[::max(len(every) // clips, 1)][:clips]
    speech = [bench.spoken(AudioClip(clip.samples.astype(np.float32), RATE)) for clip in chosen]

    def accuracy(curves: list[Floats]) -> float:
        scores = [metric.score(clip.phones, np.maximum(curve, 0), 60.0) for clip, curve in zip(chosen, curves, strict=True)]
        return float(metric.aggregate(scores, groups=None)["LCA"])

    shapes = [bench.shapes(said) for said in speech]
    before = accuracy([bench.gap(lip) for lip in shapes])
    for name, take in takes.items():
        values = {"before": before}
        for emotion in EMOTIONS:
            curves = []
            for said, lip in zip(speech, shapes, strict=True):
                felt = bench.felt(emotion, len(said))
                curves.append(bench.gap(take(said, felt, lip, bench.shapes(felt_weights(felt, said, bench.basis)))))
            values[emotion] = accuracy(curves)
        values["worst_change"] = min(values[emotion] for emotion in EMOTIONS) - before
        write(f"fusion_lca_{name}", {**values, "clips": len(chosen)}, "LCA", "within 0.01 of before")


def paper_size(vertices: int) -> dict[str, float]:
    """Return what the network of Table 2 costs."""
    import torch

    from training.funet.network import FuNet as Network
    from training.funet.network import paper

    torch.set_num_threads(1)
    model = Network(paper(vertices))
    pair = [torch.zeros(1, vertices, 3) for _ in range(2)]
    started = time.process_time()
    with torch.no_grad():
        model(*pair)
    inference = time.process_time() - started
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-4, betas=(0.9, 0.999))
    started = time.process_time()
    model(*pair).square().mean().backward()
    optimiser.step()
    return {"parameters": sum(one.numel() for one in model.parameters()), "inference_s": inference,
            "training_step_of_one_pair_s": time.process_time() - started,
            "memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6}


def write(name: str, values: dict[str, Any], unit: str, anchor: str) -> None:
    """Print one line."""
    rounded = {key: round(value, 4) if isinstance(value, float) else value for key, value in values.items()}
    line = {"name": name, "values": rounded, "unit": unit, "anchor": anchor, "machine": f"{platform.machine()} {platform.system()}"}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def methods(bench: Bench, network: Path) -> dict[str, Take]:
    """Return the fusions by name; without a network at `network` all others."""
    return {**{name: on_mesh(fusion.skin) for name, fusion in fusions(bench, network).items()},
            "shape_weights": partial(Bench.by_weights, bench)}


def fusions(bench: Bench, network: Path) -> dict[str, Fusion]:
    """Return those on the mesh."""
    found = {f"{name}_blend": Fusion.make(bench.basis, name) for name in ("region", "harmonic")}
    if network.is_file():
        found["funet"] = Fusion.make(bench.basis, "network", network=FuNet.load(network, vertices=len(bench.regions)))
    return found


def main() -> None:
    """Print every line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, default=ROOT / "assets")
    parser.add_argument("--network", type=Path)
    parser.add_argument("--every", type=int, default=6, help="frames that distances are measured on")
    parser.add_argument("--lca", type=int, default=24, help="clips, 0 for none")
    parser.add_argument("--paper", action="store_true", help="also the network of Table 2, with 6 GB of memory")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    bench = Bench(options.pack)
    network = options.network or options.pack / "fusion_network.onnx"
    takes = methods(bench, network)
    speech = bench.spoken(read_audio(options.pack / "third_party" / "beckett.wav"))
    for jaw in ("speech", "emotion"):
        scores = {name: {emotion: bench.score(take, speech, emotion, jaw, options.every) for emotion in EMOTIONS}
                  for name, take in takes.items()}
        for name, one in scores.items():
            values = summary(one, scores["region_blend"])
            if jaw == "speech":
                values["frames_per_second"] = round(speed(takes[name], bench, speech))
            write(f"fusion_{name}_{jaw}", values, "see the benchmark", "region_blend")
    for name, fusion in fusions(bench, network).items():
        write(f"fusion_keys_{name}", keyed(fusion, bench, speech), "see the benchmark", "the skin fused on the mesh")
    if options.lca:
        lip_accuracy(bench, takes, options.lca)
    if options.paper:
        write("fusion_paper", paper_size(len(bench.regions)), "see the benchmark", "the paper: an RTX 3090")


if __name__ == "__main__":
    main()
