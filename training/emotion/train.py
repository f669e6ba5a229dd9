"""Train the recogniser: `python -m training.emotion.train --data DIR --work DIR --out assets/emotion_network.onnx`.

Its probabilities are calibrated on speakers that were left out, in turns; `--cross-validate` ends there.
"""

import argparse
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.types import HEARD

from .calibration import Calibration, calibrate
from .descriptions import WHOLE, WORDS, check_folder, read
from .export import export
from .machines import Lesson, MachineConfig, Standard, fit
from .network import MOST, Ensemble
from .recordings import Recording, recordings

log = logging.getLogger(__name__)
Array = NDArray[np.float32]
Places = NDArray[np.int64]
FOLDS = 6
NONSPEECH = "nonspeech"         # speaker and corpus of sounds without a voice
LEAST_DEVIATION = 1e-3
PRIOR = 3.0                     # the corpora have as much of each emotion; most recordings are not acted
SPEECH, WHISPER = (0, 1, 2, 3, 4), (5, 6, 7)            # the layers of either encoder
PLAIN = MachineConfig(SPEECH, share=0.5), MachineConfig(WHISPER, share=0.5)
ROBUST = MachineConfig(SPEECH, share=0.5, copies=2), MachineConfig(WHISPER, share=0.5, copies=1)
JUDGE = MachineConfig(spread=1.0, copies=1)


@dataclass(frozen=True)
class TrainingConfig:
    """Options of one training run. plain: the machines that learn from clean recordings; robust: those that learn from changed ones
    too; judge: the one that tells them apart."""

    plain: tuple[MachineConfig, ...] = PLAIN
    robust: tuple[MachineConfig, ...] = ROBUST
    judge: MachineConfig = JUDGE
    every: tuple[tuple[str, int], ...] = (("tess", 3),)     # of a corpus's recordings, each so manieth is learnt from
    nonspeech: float = 0.5      # weight of a sound without a voice
    prior: float = PRIOR        # how many times as likely neutral is as each other emotion before anything is heard
    seed: int = 0


@dataclass(frozen=True)
class Corpus:
    """Recordings with their descriptions: copies (C, R, P), the first clean; words (R, L), how the layers' means over a moment differ
    from those of the whole, 0 without words; labels, speakers (R,); strong (R,), -1 where unknown."""

    copies: Array
    words: Array
    labels: Places
    speakers: NDArray[np.str_]
    strong: Places
    names: NDArray[np.str_]

    @classmethod
    def read(cls, data: Path, work: Path) -> "Corpus":
        """Read what training/emotion/features.py wrote."""
        listed = recordings(data)
        check_folder(work)
        sounds = read(work / "nonspeech.npz", WHOLE)
        paths = sorted(work.glob("voices_*.npz"), key=lambda path: int(path.stem.rpartition("_")[2]))
        copies = np.stack([np.concatenate([read(path, WHOLE), sounds]) for path in paths]).astype(np.float32)
        words = np.pad(read(paths[0], WORDS), ((0, len(sounds)), (0, 0)))
        known = described(listed)
        extra = [np.full(len(sounds), value) for value in (HEARD.index("neutral"), NONSPEECH, 0, NONSPEECH)]
        return cls(copies, words, *(np.concatenate(pair) for pair in zip(known, extra, strict=True)))


def described(listed: Sequence[Recording]) -> tuple[Places, NDArray[np.str_], Places, NDArray[np.str_]]:
    """Return labels, speakers, strength and corpora of recordings."""
    strong = [-1 if recording.strong is None else int(recording.strong) for recording in listed]
    return (np.array([recording.label for recording in listed]), np.array([recording.speaker for recording in listed]),
            np.array(strong), np.array([recording.corpus for recording in listed]))


def train(corpus: Corpus, chosen: Places, config: TrainingConfig) -> Ensemble:
    """Return the recogniser that learnt the `chosen` recordings."""
    torch.manual_seed(config.seed)              # of the search for main directions
    clean = corpus.copies[0][chosen]
    standard = Standard(clean.mean(axis=0), clean.std(axis=0) + LEAST_DEVIATION)
    learnt = chosen[np.isin(chosen, kept(corpus, config))]
    spoken = learnt[corpus.speakers[learnt] != NONSPEECH]
    words = standard.moved(corpus.words[spoken])

    def taught(config_of: MachineConfig) -> Tensor:
        changed = changed_copies(corpus, config_of.copies)
        changes = [(copy[spoken] - corpus.copies[0][spoken]) / standard.deviation for copy in changed]
        parts = [(corpus.copies[0], learnt), *((copy, spoken) for copy in changed)]
        given, moved = lesson(corpus, parts, config), np.concatenate([clean[:0], *changes]).clip(-MOST, MOST)
        return torch.cat([fit(given.of_emotions(), config_of, standard, moved, words),
                          fit(given.of_strength(), config_of.of_strength(), standard, moved, words[:0])], dim=1)

    judged = sounds(corpus.copies[0][spoken], [copy[spoken] for copy in changed_copies(corpus, config.judge.copies)])
    plain, robust = (torch.stack([taught(machine) for machine in machines]).sum(0) for machines in (config.plain, config.robust))
    return Ensemble(torch.from_numpy(standard.mean), torch.from_numpy(standard.deviation), plain=plain, robust=robust,
                    judge=fit(judged, config.judge, standard, clean[:0], clean[:0])).eval()


def changed_copies(corpus: Corpus, count: int) -> Array:
    """Return the last `count` copies (C, R, P) of those that come after the clean one."""
    found = corpus.copies[1:]
    return found[max(len(found) - count, 0):]


def kept(corpus: Corpus, config: TrainingConfig) -> Places:
    """Return the recordings that are learnt from: of some corpora each so manieth."""
    steps = dict(config.every)
    parts = [np.flatnonzero(corpus.names == name)[::steps.get(str(name), 1)] for name in np.unique(corpus.names)]
    return np.sort(np.concatenate(parts))


def lesson(corpus: Corpus, parts: Sequence[tuple[Array, Places]], config: TrainingConfig) -> Lesson:
    """Return what there is to learn of emotions and strength, all emotions with the same weight; parts: copies, and places in them."""
    places = np.concatenate([chosen for _, chosen in parts])
    labels, strong = corpus.labels[places], corpus.strong[places]
    emotions = np.eye(len(HEARD))[labels] - 1 / len(HEARD)
    strength = np.where(strong < 0, np.nan, strong - 0.5)
    weights = np.where(corpus.names[places] == NONSPEECH, config.nonspeech, 1.0)
    total = np.bincount(labels, weights, len(HEARD))
    weights = weights / total[labels] * total.sum() / np.count_nonzero(total)
    return Lesson(np.concatenate([copy[chosen] for copy, chosen in parts]),
                  np.column_stack([emotions, strength]).astype(np.float32), weights.astype(np.float32))


def sounds(clean: Array, changed: Sequence[Array]) -> Lesson:
    """Return what there is to learn of changes: -.5 of clean recordings, .5 of changed ones, each half with the same weight."""
    count = len(changed) * len(clean)
    said = np.concatenate([np.full(len(clean), -0.5), np.full(count, 0.5)])[:, None]
    weights = np.concatenate([np.full(len(clean), float(len(changed))), np.ones(count)])
    return Lesson(np.concatenate([clean, *changed]), said.astype(np.float32), weights.astype(np.float32))


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
        yield held, train(corpus, np.setdiff1d(np.arange(len(corpus.labels)), held), config)
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
    parser.add_argument("--seed", type=int, default=TrainingConfig.seed)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    corpus = Corpus.read(options.data, options.work)
    config = TrainingConfig(seed=options.seed)
    calibration = cross_validate(corpus, config)
    log.info("%s", json.dumps(calibration.figures))
    if options.cross_validate or options.out is None:
        return
    ensemble = train(corpus, np.arange(len(corpus.labels)), config)
    export(ensemble.calibrated(calibration.temperature, calibration.strength, config.prior), options.out)


if __name__ == "__main__":
    main()
