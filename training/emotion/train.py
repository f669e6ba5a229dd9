"""Train the recogniser: `python -m training.emotion.train --data DIR --work DIR --out assets/emotion_network.onnx`.

Its probabilities are calibrated on speakers that were left out, in turns; `--cross-validate` ends there.
"""

import argparse
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from core.emotion_network import SHRINK
from core.types import HEARD

from .calibration import Calibration, calibrate
from .export import export
from .linear import fit_linear
from .network import MOST, Ensemble, LinearRecogniser, Recogniser, RecogniserConfig, Standard
from .recordings import Recording, recordings

log = logging.getLogger(__name__)
Array = NDArray[np.float32]
Places = NDArray[np.int64]
FOLDS = 6
NONSPEECH = "nonspeech"         # speaker and corpus of sounds without a voice
LEAST_DEVIATION = 1e-3
NUISANCES, LOOKED_AT = 10, 600  # directions of what changes without the emotion, and recordings they are taken from
MANNERS = 40                    # of every speaker, from different numbers of recordings
FEW = (3, 6, 10, 20)            # recordings that a manner is known from, or all


@dataclass(frozen=True)
class TrainingConfig:
    """Options of one training run."""

    epochs: int = 40
    batch: int = 64
    rate: float = 1e-3
    decay: float = 0.05
    smoothing: float = 0.05     # of the labels
    known: float = 0.35         # share of examples whose speaker's manner is removed
    exchanged: float = 0.6      # share of examples that are given another speaker's manner first
    strength: float = 0.3       # weight of the loss of the strength
    clean: float = 0.6          # share of examples that are not changed
    changed: float = 0.6        # weight of each changed copy in the linear member, beside the clean one and that without a manner
    weights: tuple[tuple[str, float], ...] = (     # how often a corpus's recordings are drawn
        ("ravdess", 1.0), ("tess", 0.4), ("emodb", 0.5), (NONSPEECH, 0.5))
    members: int = 5
    seed: int = 0


@dataclass(frozen=True)
class Corpus:
    """Recordings with their descriptions: copies (C, R, P), the first clean; labels, speakers (R,); strong (R,), -1 where unknown."""

    copies: Array
    labels: Places
    speakers: NDArray[np.str_]
    strong: Places
    names: NDArray[np.str_]

    @classmethod
    def read(cls, data: Path, work: Path) -> "Corpus":
        """Read what training/emotion/features.py wrote."""
        listed = recordings(data)
        with np.load(work / "nonspeech.npz", allow_pickle=False) as stored:
            sounds = stored["whole"]
        paths = sorted(work.glob("voices_*.npz"), key=lambda path: int(path.stem.rpartition("_")[2]))
        parts = []
        for path in paths:
            with np.load(path, allow_pickle=False) as stored:
                parts += [stored["whole"], stored["part"]] if path == paths[0] else [stored["whole"]]
        copies = np.stack([np.concatenate([part, sounds]) for part in parts]).astype(np.float32)
        known = described(listed)
        extra = [np.full(len(sounds), value) for value in (HEARD.index("neutral"), NONSPEECH, 0, NONSPEECH)]
        return cls(copies, *(np.concatenate(pair) for pair in zip(known, extra, strict=True)))


def described(listed: Sequence[Recording]) -> tuple[Places, NDArray[np.str_], Places, NDArray[np.str_]]:
    """Return labels, speakers, strength and corpora of recordings."""
    strong = [-1 if recording.strong is None else int(recording.strong) for recording in listed]
    return (np.array([recording.label for recording in listed]), np.array([recording.speaker for recording in listed]),
            np.array(strong), np.array([recording.corpus for recording in listed]))


def manners(clean: Array, speakers: NDArray[np.str_], mean: Array, rng: np.random.Generator) -> dict[str, Array]:
    """Return for each speaker MANNERS vectors (M, P): how the mean of some of their recordings differs from all, shrunk as in use."""
    result = {}
    for speaker in np.unique(speakers):
        own = np.flatnonzero(speakers == speaker)
        vectors = []
        for _ in range(MANNERS):
            count = min(int(rng.choice([*FEW, len(own)])), len(own))
            vectors.append(count / (count + SHRINK) * (clean[rng.choice(own, count, replace=False)].mean(axis=0) - mean))
        result[str(speaker)] = np.stack(vectors).astype(np.float32)
    return result


def examples(corpus: Corpus, chosen: Places, config: TrainingConfig,
             rng: np.random.Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield batches without end: passages (B, P) with another speaker's manner, or without one, labels (B,) and strength (B,)."""
    clean, speakers = corpus.copies[0][chosen], corpus.speakers[chosen]
    known = manners(clean, speakers, clean.mean(axis=0), rng)
    own = {name: clean[speakers == name].mean(axis=0) for name in known}
    voices = [name for name in own if name != NONSPEECH]
    weights = dict(config.weights)
    weight = np.array([weights[name] for name in corpus.names[chosen]])
    changed = len(corpus.copies) - 1
    shares = [config.clean, *[(1 - config.clean) / changed] * changed] if changed else [1.0]
    while True:
        drawn = rng.choice(len(chosen), config.batch, p=weight / weight.sum())
        passages = corpus.copies[rng.choice(len(shares), config.batch, p=shares), chosen[drawn]]
        for row, speaker in enumerate(map(str, speakers[drawn])):
            voice = voices[rng.integers(len(voices))] if speaker != NONSPEECH and rng.random() < config.exchanged else speaker
            passages[row] += own[voice] - own[speaker]
            if rng.random() < config.known:
                passages[row] -= known[voice][rng.integers(MANNERS)]
        labels, strong = (torch.from_numpy(values[chosen[drawn]]) for values in (corpus.labels, corpus.strong))
        yield torch.from_numpy(passages), labels, strong


def nuisances(corpus: Corpus, chosen: Places, deviation: Array, rng: np.random.Generator) -> Array:
    """Return the directions (NUISANCES, P) in which changed recordings differ most from clean ones, in deviations (P,)."""
    spoken = chosen[corpus.speakers[chosen] != NONSPEECH]
    some = rng.choice(spoken, min(LOOKED_AT, len(spoken)), replace=False)
    first = min(2, len(corpus.copies) - 1)              # after the clean ones, whole and in part
    change = np.concatenate([(copy[some] - corpus.copies[0][some]) / deviation for copy in corpus.copies[first:]])
    return np.asarray(np.linalg.svd(change.clip(-MOST, MOST), full_matrices=False)[2][:NUISANCES], np.float32)


def train_member(corpus: Corpus, chosen: Places, config: TrainingConfig, *, seed: int) -> Recogniser:
    """Train one member on the `chosen` recordings."""
    torch.manual_seed(seed)
    standard = standardised(corpus, chosen, np.random.default_rng(seed))
    network = Recogniser(RecogniserConfig(len(standard.mean)), standard)
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.rate, weight_decay=config.decay)
    steps = config.epochs * len(chosen) // config.batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.rate, total_steps=steps, pct_start=0.1)
    network.train()
    for passages, labels, strong in islice(examples(corpus, chosen, config, np.random.default_rng(seed)), steps):
        loss = losses(network, passages, labels, strong, config)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    return network.eval()


def standardised(corpus: Corpus, chosen: Places, rng: np.random.Generator) -> Standard:
    """Return how descriptions are standardised for members that are trained on the `chosen` recordings."""
    clean = corpus.copies[0][chosen]
    mean, deviation = clean.mean(axis=0), clean.std(axis=0) + LEAST_DEVIATION
    return Standard(*map(torch.from_numpy, (mean, deviation, nuisances(corpus, chosen, deviation, rng))))


def train_linear(corpus: Corpus, chosen: Places, config: TrainingConfig) -> LinearRecogniser:
    """Fit the linear member to the `chosen` recordings: as they are, without their speaker's manner, and changed."""
    clean, speakers = corpus.copies[0][chosen], corpus.speakers[chosen]
    plain = clean.copy()
    for speaker in np.setdiff1d(speakers, NONSPEECH):
        own = speakers == speaker
        plain[own] -= own.sum() / (own.sum() + SHRINK) * (clean[own].mean(axis=0) - clean.mean(axis=0))
    changed = [copy[chosen] for copy in corpus.copies[1:]]
    share = dict(config.weights)
    weight = np.array([share[name] for name in corpus.names[chosen]], np.float64)
    weights = [weight, weight, *[config.changed * weight] * len(changed)]
    count = len(weights)
    return fit_linear(standardised(corpus, chosen, np.random.default_rng(config.seed)), np.concatenate([clean, plain, *changed]),
                      np.tile(corpus.labels[chosen], count), np.tile(corpus.strong[chosen], count), np.concatenate(weights))


def losses(network: nn.Module, passages: Tensor, labels: Tensor, strong: Tensor, config: TrainingConfig) -> Tensor:
    """Return the loss of a batch: cross entropy of the emotions, and of the strength where it is known."""
    emotions, strength = network(passages)
    loss = functional.cross_entropy(emotions, labels, label_smoothing=config.smoothing)
    known = strong >= 0
    if known.any():
        loss = loss + config.strength * functional.binary_cross_entropy_with_logits(strength[known], strong[known].float())
    return loss


def train(corpus: Corpus, chosen: Places, config: TrainingConfig) -> list[LinearRecogniser | Recogniser]:
    """Train all members on the `chosen` recordings, the linear one first."""
    deep = [train_member(corpus, chosen, config, seed=config.seed + member) for member in range(config.members)]
    return [train_linear(corpus, chosen, config), *deep]


def folds(corpus: Corpus, rng: np.random.Generator) -> list[Places]:
    """Return the recordings of a sixth of each corpus's speakers each, drawn by chance; one of few speakers is always trained on."""
    parts: list[list[Places]] = [[] for _ in range(FOLDS)]
    for name in np.unique(corpus.names):
        speakers = rng.permutation(np.unique(corpus.speakers[corpus.names == name]))
        for part, held in zip(parts, np.array_split(speakers, FOLDS), strict=True):
            if len(speakers) >= FOLDS:
                part.append(np.flatnonzero(np.isin(corpus.speakers, held)))
    return [np.concatenate(part) for part in parts]


def left_out(corpus: Corpus, config: TrainingConfig) -> Iterator[tuple[Places, Ensemble]]:
    """Train without a sixth of the speakers, six times: yield the recordings left out, and what was trained on the others."""
    for held in folds(corpus, np.random.default_rng(config.seed)):
        yield held, Ensemble(train(corpus, np.setdiff1d(np.arange(len(corpus.labels)), held), config)).eval()
        log.info("%d recordings left out", len(held))


def cross_validate(corpus: Corpus, config: TrainingConfig) -> Calibration:
    """Calibrate on what is heard in the speakers left out."""
    probabilities = np.zeros((len(corpus.labels), len(HEARD)), np.float32)
    strength = np.zeros(len(corpus.labels), np.float32)
    for held, ensemble in left_out(corpus, config):
        with torch.no_grad():
            heard, strong = ensemble(torch.from_numpy(corpus.copies[0][held]))
        probabilities[held], strength[held] = heard.numpy(), strong.numpy()
    judged = probabilities.any(axis=1)
    return calibrate(probabilities[judged], strength[judged], corpus.labels[judged], corpus.strong[judged], corpus.names[judged])


def main() -> None:
    """Cross-validate, train on everybody, export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of ravdess, tess and emodb")
    parser.add_argument("--work", type=Path, required=True, help="where training/emotion/features.py wrote its copies")
    parser.add_argument("--out", type=Path, help="the .onnx to write")
    parser.add_argument("--cross-validate", action="store_true", help="stop after the figures of the speakers left out")
    parser.add_argument("--members", type=int, default=TrainingConfig.members)
    parser.add_argument("--seed", type=int, default=TrainingConfig.seed)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    torch.set_num_threads(1)                # small networks: two threads wait for each other most of the time
    corpus = Corpus.read(options.data, options.work)
    config = TrainingConfig(members=options.members, seed=options.seed)
    calibration = cross_validate(corpus, config)
    log.info("%s", json.dumps(calibration.figures))
    if options.cross_validate or options.out is None:
        return
    members = train(corpus, np.arange(len(corpus.labels)), config)
    export(Ensemble(members, temperature=calibration.temperature, strength=calibration.strength), options.out)


if __name__ == "__main__":
    main()
