"""Speech emotion recognition on speakers it was not trained on: one JSON line a figure, beside what is known of others.

    python -m benchmarks.bm_emotion --data DIR --work DIR

DIR holds ravdess, tess and emodb; WORK what training/emotion/features.py wrote. The recogniser is trained anew without a sixth of the
speakers, six times, and judged on those; neutral is likelier beforehand (PRIOR), as in the product. The speed, and what is heard in
unacted speech, are of the network in the pack. Intervals: of the mean over speakers, 95 %.
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core.emotion.hearing import listen
from core.emotion.network import NEUTRAL, EmotionNetwork, known_prior, known_share
from core.errors import JobError
from core.files import digest, read_arrays, write_arrays
from core.job import sources_digest
from core.pack import DEFAULT, Pack
from core.speech.audio import read_audio
from core.speech.voice import pooled
from core.speech.voice_encoder import VOICE_ENCODER, VoiceEncoder
from core.types import HEARD
from training.emotion.calibration import area, calibrate, calibration_error, expecting, recall
from training.emotion.descriptions import check_file
from training.emotion.features import Array, opened, sound, voice_of
from training.emotion.network import Ensemble
from training.emotion.recordings import recordings
from training.emotion.train import Corpus, Places, TrainingConfig, left_out, train
from training.speech.augmentation import limit_band

SURPRISE = HEARD.index("surprise")      # emodb has none
SOURCES = "core/speech", "core/emotion", "training/emotion", "training/speech"      # what descriptions of changed recordings come of
FEW, DRAWS = 8, 12              # unlabelled recordings of the speaker, and how often they are drawn
CONDITIONS: dict[str, Callable[[Array, np.random.Generator], Array]] = {
    "white noise 10 dB": lambda samples, rng: (samples + rng.normal(0, np.sqrt(np.mean(samples ** 2) / 10), len(samples))
                                               ).astype(np.float32),
    "telephone": lambda samples, rng: limit_band(samples, low=300, high=3400),
    "12 dB louder": lambda samples, rng: np.clip(4 * samples, -1, 1).astype(np.float32),
    "12 dB quieter": lambda samples, rng: (np.round(samples / 4 * 32768) / 32768).astype(np.float32),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    options = parser.parse_args()
    corpus, config, spoken = Corpus.read(options.data, options.work), TrainingConfig(), options.work / "unacted.npz"
    if spoken.is_file():
        check_file(spoken)
    speed(options.data)
    temperature = speakers_left_out(corpus, config, {name: condition(options.data, options.work, name) for name in CONDITIONS})
    other_corpus(corpus, config, temperature)
    if spoken.is_file():
        unacted(spoken)


def say(name: str, value: float, unit: str, **more: object) -> None:
    """Print one figure."""
    line = {"name": f"emotion: {name}", "value": round(value, 4), "unit": unit, **more,
            "machine": f"{platform.machine()} {platform.system()}"}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def condition(data: Path, work: Path, name: str) -> Array:
    """Return the descriptions (R, P) of RAVDESS's recordings, changed; worked out once and kept in `work`, and anew where those that
    are kept are of other recordings, by other encoders or by other code."""
    path = work / f"condition_{name.replace(' ', '_')}.npz"
    asked = [(index, recording) for index, recording in enumerate(recordings(data)) if recording.corpus == "ravdess"]
    made_of = [[index, digest(recording.path)] for index, recording in asked]
    key = sha256(json.dumps([made_of, Pack.open().digests("speech_encoder", VOICE_ENCODER), digest(Path(__file__)),
                             *map(sources_digest, SOURCES)]).encode()).hexdigest()
    if path.is_file():
        kept = read_arrays(path, ("key", "rows"), JobError)
        if str(kept["key"]) == key:
            return np.asarray(kept["rows"], np.float32)
    encoder, rows = opened(DEFAULT), []
    for index, recording in asked:
        voice = voice_of(CONDITIONS[name](sound(recording.path), np.random.default_rng(index)), encoder)
        rows.append(pooled(voice.layers, voice.prosody, voice.active))
    described = np.stack(rows).astype(np.float32)
    write_arrays(path, {"key": np.array(key), "rows": described})
    return described


def heard(ensemble: Ensemble, passages: Array) -> tuple[Array, Array]:
    """Return probabilities (R, 7) and strength (R,)."""
    with torch.no_grad():
        probabilities, strength = ensemble(torch.from_numpy(passages.astype(np.float32)))
    return probabilities.numpy(), strength.numpy()


def others_of(speakers: NDArray[np.str_], place: int, chosen: Places, few: int | None, rng: np.random.Generator) -> Places:
    """Return places of `few` other recordings, of those `chosen`, of the speaker of one, or of all others."""
    others = chosen[(speakers[chosen] == speakers[place]) & (chosen != place)]
    return rng.choice(others, min(few, len(others)), replace=False) if few else others


@dataclass
class Results:
    """What was heard in recordings: probabilities (R, 7), all alike beforehand, strength (R,), and places of the recordings of the
    speaker that were known."""

    probabilities: Array
    strength: Array
    others: list[Places]

    @classmethod
    def empty(cls, count: int) -> "Results":
        """Return room for so many recordings."""
        return cls(np.zeros((count, len(HEARD)), np.float32), np.zeros(count, np.float32), [np.zeros(0, np.int64)] * count)

    def add(self, places: Places, ensemble: Ensemble, passages: Array) -> None:
        """Hear some of the recordings."""
        self.probabilities[places], self.strength[places] = heard(ensemble, passages)

    def add_known(self, places: Places, ensemble: Ensemble, corpus: Corpus, few: int | None, rng: np.random.Generator) -> None:
        """Hear some of the recordings, without their speaker's manner, known from `few` others of those places or from all others."""
        mean, rows = ensemble.mean.numpy(), []
        for place in places:
            others = self.others[place] = others_of(corpus.speakers, place, places, few, rng)
            rows.append(corpus.copies[0][place] - known_share(len(others)) * (corpus.copies[0][others].mean(axis=0) - mean))
        self.add(places, ensemble, np.stack(rows))

    def expecting(self, places: Places, temperature: float, prior: float, alone: "Results") -> Array:
        """Return the probabilities (M, 7) of some recordings with a temperature, and neutral likelier as core/emotion/network.py takes
        it to be; alone: the same without knowing the speaker."""
        likely = expecting(alone.probabilities, temperature, prior)[:, NEUTRAL]
        priors = [known_prior(prior, likely[self.others[place]]) if len(self.others[place]) else prior for place in places]
        return expecting(self.probabilities[places], temperature, np.array(priors, np.float32))


def speakers_left_out(corpus: Corpus, config: TrainingConfig, changed: dict[str, Array]) -> float:
    """Print the figures on RAVDESS, trained on RAVDESS and TESS. Return the temperature."""
    single, some, every = "single recordings", f"{FEW} other recordings known", "all other recordings known"
    ravdess, rng = np.flatnonzero(corpus.names == "ravdess"), np.random.default_rng(1)
    results = {name: [Results.empty(len(ravdess)) for _ in range(DRAWS if name == some else 1)]
               for name in (single, some, every, *changed)}
    for held, ensemble in left_out(only(corpus, "ravdess", "tess", "nonspeech"), config):
        results[single][0].add(held, ensemble, corpus.copies[0][held])
        for name, few in ((some, FEW), (every, None)):
            for result in results[name]:
                result.add_known(held, ensemble, corpus, few, rng)
        for name, values in changed.items():
            results[name][0].add(held, ensemble, values[held])
    labels, strong, alone = corpus.labels[ravdess], corpus.strong[ravdess], results[single][0]
    calibration = calibrate(alone.probabilities, alone.strength, labels, strong, corpus.names[ravdess])
    for name, drawn in results.items():
        anchor = {single: 0.777, some: 0.82, every: 0.86}.get(name)
        likely = [result.expecting(ravdess, calibration.temperature, config.prior, alone) for result in drawn]
        alike = [expecting(result.probabilities, calibration.temperature, 1.0) for result in drawn]
        for how, judged in (("", likely), (", all alike beforehand", alike)):
            value, low, high = np.mean([over_speakers(one, labels, corpus.speakers[ravdess]) for one in judged], axis=0)
            say(f"RAVDESS, 7 classes, {name}{how}", value, "UAR", interval=[round(low, 3), round(high, 3)], recordings=len(labels),
                anchor=anchor)
    for name in (single, some, every):
        areas = [area(result.strength[strong >= 0], strong[strong >= 0]) for result in results[name]]
        say(f"RAVDESS, strong against normal, {name}", float(np.mean(areas)), "AUC", recordings=int(np.sum(strong >= 0)), anchor=0.89)
    calibrated(alone, labels, strong, calibration.temperature, config.prior)
    return calibration.temperature


def calibrated(alone: Results, labels: Places, strong: Places, temperature: float, prior: float) -> None:
    """Print how far probabilities may be trusted, and how well they say how strong the emotion is."""
    winner = alone.probabilities.max(axis=1)
    say("the same by the winning probability (Sec. 4.1)", area(winner[strong >= 0], strong[strong >= 0]), "AUC", anchor=0.58)
    say("calibration error before the temperature", calibration_error(alone.probabilities, labels), "ratio", anchor=0.075)
    values = expecting(alone.probabilities, temperature, 1.0)
    say("calibration error with one temperature", calibration_error(values, labels), "ratio", anchor=0.034)
    say("calibration error with neutral likelier beforehand",
        calibration_error(expecting(alone.probabilities, temperature, prior), labels), "ratio", anchor=None)
    rng = np.random.default_rng(1)
    chance = [calibration_error(values, (rng.random((len(values), 1)) > values.cumsum(axis=1)[:, :-1]).sum(axis=1)) for _ in range(50)]
    say("calibration error by chance alone, were they right", float(np.mean(chance)), "ratio", anchor=None)


def unacted(path: Path) -> None:
    """Print how much of unacted speech (training/emotion/unacted.py) the pack's network hears as neutral, by what made the voice,
    alone and with FEW other recordings of the voice known."""
    with np.load(path, allow_pickle=False) as stored:
        passages, speakers = stored["whole"].astype(np.float32), stored["speakers"]
    network = EmotionNetwork.load(Pack.open().path("emotion_network"))
    rng, everything = np.random.default_rng(1), np.arange(len(speakers))
    makers = np.array([str(speaker).partition("_")[0] for speaker in speakers])
    alone = network.judge(passages).probabilities
    known = np.concatenate([network.judge(passages[place:place + 1], passages[others_of(speakers, place, everything, FEW, rng)])
                            .probabilities for place in everything])
    for how, probabilities in (("", alone), (f", {FEW} other recordings known", known)):
        neutral = probabilities.argmax(axis=1) == NEUTRAL
        for maker in np.unique(makers):
            say(f"{maker}, heard as neutral{how}", float(neutral[makers == maker].mean()), "ratio",
                recordings=int(np.sum(makers == maker)))


def only(corpus: Corpus, *names: str) -> Corpus:
    """Return the corpus with the recordings of some corpora; the order must keep them in front."""
    kept = np.flatnonzero(np.isin(corpus.names, names))
    assert np.isin(corpus.names[:np.sum(corpus.names == "ravdess")], "ravdess").all()
    return Corpus(corpus.copies[:, kept], corpus.words[kept], corpus.labels[kept], corpus.speakers[kept], corpus.strong[kept],
                  corpus.names[kept])


def over_speakers(values: Array, labels: Places, speakers: NDArray[np.str_]) -> tuple[float, float, float]:
    """Return the unweighted average recall of all, and the 95 % interval of the speakers' mean about it."""
    each = [recall(values[speakers == speaker], labels[speakers == speaker]) for speaker in np.unique(speakers)]
    reach = 1.96 * float(np.std(each, ddof=1)) / np.sqrt(len(each))
    value = recall(values, labels)
    return value, round(value - reach, 3), round(value + reach, 3)


def other_corpus(corpus: Corpus, config: TrainingConfig, temperature: float) -> None:
    """Print the figures on emodb of a network that was trained on RAVDESS and TESS; temperature: RAVDESS's."""
    emodb = np.flatnonzero(corpus.names == "emodb")
    ensemble = train(corpus, np.flatnonzero(corpus.names != "emodb"), config)
    alone, known = Results.empty(len(corpus.labels)), Results.empty(len(corpus.labels))
    alone.add(emodb, ensemble, corpus.copies[0][emodb])
    known.add_known(emodb, ensemble, corpus, None, np.random.default_rng(1))
    for name, result, anchor in (("as is", alone, 0.55), ("speaker known", known, 0.73)):
        values = result.expecting(emodb, temperature, config.prior, alone)
        values[:, SURPRISE] = 0
        value, low, high = over_speakers(values, corpus.labels[emodb], corpus.speakers[emodb])
        say(f"emodb, 6 classes, trained on RAVDESS and TESS, {name}", value, "UAR", interval=[low, high], recordings=len(emodb),
            anchor=anchor)


def speed(data: Path) -> None:
    """Print how much faster than the recording the whole stage is."""
    pack = Pack.open()
    encoder = VoiceEncoder.of(pack)
    network = EmotionNetwork.load(pack.path("emotion_network"))
    clips = [read_audio(recording.path) for recording in recordings(data)[:20]]
    started = time.perf_counter()
    for clip in clips:
        listen(clip, encoder=encoder, network=network, window=3.0)
    say("speed of the stage", sum(clip.duration for clip in clips) / (time.perf_counter() - started), "x real time", anchor=50)


if __name__ == "__main__":
    main()
