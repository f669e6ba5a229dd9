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
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core.emotion.hearing import listen
from core.emotion.network import SHRINK, EmotionNetwork
from core.pack import DEFAULT, Pack
from core.speech.audio import read_audio
from core.speech.voice import pooled
from core.speech.voice_encoder import VoiceEncoder
from core.types import HEARD
from training.emotion.calibration import area, calibrate, calibration_error, expecting, recall
from training.emotion.descriptions import WIDTH
from training.emotion.features import Array, opened, sound, voice_of
from training.emotion.network import Ensemble
from training.emotion.recordings import recordings
from training.emotion.train import Corpus, Places, TrainingConfig, left_out, train
from training.speech.augmentation import limit_band

SURPRISE = HEARD.index("surprise")      # emodb has none
FEW = 8                         # unlabelled recordings of the speaker
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
    corpus, config = Corpus.read(options.data, options.work), TrainingConfig()
    speed(options.data)
    temperature = speakers_left_out(corpus, config, {name: condition(options.data, options.work, name) for name in CONDITIONS})
    other_corpus(corpus, config, temperature)
    if (options.work / "unacted.npz").is_file():
        unacted(options.work)


def say(name: str, value: float, unit: str, **more: object) -> None:
    """Print one figure."""
    line = {"name": f"emotion: {name}", "value": round(value, 4), "unit": unit, **more,
            "machine": f"{platform.machine()} {platform.system()}"}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def condition(data: Path, work: Path, name: str) -> Array:
    """Return the descriptions (R, P) of RAVDESS's recordings, changed; worked out once and kept in `work`, and anew where those that
    are kept are of other recordings or by other encoders."""
    path = work / f"condition_{name.replace(' ', '_')}.npy"
    asked = [(index, recording) for index, recording in enumerate(recordings(data)) if recording.corpus == "ravdess"]
    kept = np.load(path, allow_pickle=False) if path.is_file() else np.zeros(0)
    if kept.shape != (len(asked), WIDTH):
        encoder = opened(DEFAULT)
        rows = []
        for index, recording in asked:
            voice = voice_of(CONDITIONS[name](sound(recording.path), np.random.default_rng(index)), encoder)
            rows.append(pooled(voice.layers, voice.prosody, voice.active))
        kept = np.stack(rows)
        np.save(path, kept)
    return np.asarray(kept, np.float32)


def heard(ensemble: Ensemble, passages: Array) -> tuple[Array, Array]:
    """Return probabilities (R, 7) and strength (R,)."""
    with torch.no_grad():
        probabilities, strength = ensemble(torch.from_numpy(passages.astype(np.float32)))
    return probabilities.numpy(), strength.numpy()


def without_manner(corpus: Corpus, chosen: Places, ensemble: Ensemble, few: int | None, rng: np.random.Generator) -> Array:
    """Return the descriptions of recordings without their speaker's manner, known from `few` other recordings or from all others."""
    mean = ensemble.mean.numpy()
    rows = []
    for place in chosen:
        others = chosen[(corpus.speakers[chosen] == corpus.speakers[place]) & (chosen != place)]
        others = rng.choice(others, min(few, len(others)), replace=False) if few else others
        share = len(others) / (len(others) + SHRINK)
        rows.append(corpus.copies[0][place] - share * (corpus.copies[0][others].mean(axis=0) - mean))
    return np.stack(rows)


def speakers_left_out(corpus: Corpus, config: TrainingConfig, changed: dict[str, Array]) -> float:
    """Print the figures on RAVDESS, trained on RAVDESS and TESS. Return the temperature."""
    names = ("single recordings", f"{FEW} other recordings known", "all other recordings known", *changed)
    ravdess = np.flatnonzero(corpus.names == "ravdess")
    results = {name: np.zeros((len(corpus.labels), len(HEARD)), np.float32) for name in names}
    strength = np.zeros(len(corpus.labels), np.float32)
    rng = np.random.default_rng(1)
    for held, ensemble in left_out(only(corpus, "ravdess", "tess", "nonspeech"), config):
        passages = corpus.copies[0][held]
        results[names[0]][held], strength[held] = heard(ensemble, passages)
        for name, few in ((names[1], FEW), (names[2], None)):
            results[name][held] = heard(ensemble, without_manner(corpus, held, ensemble, few, rng))[0]
        for name, values in changed.items():
            results[name][held] = heard(ensemble, values[np.searchsorted(ravdess, held)])[0]
    labels, known = corpus.labels[ravdess], ravdess[corpus.strong[ravdess] >= 0]
    single = results[names[0]][ravdess]
    calibration = calibrate(single, strength[ravdess], labels, corpus.strong[ravdess], corpus.names[ravdess])
    for name, values in results.items():
        anchor = {names[0]: 0.777, names[1]: 0.82, names[2]: 0.86}.get(name)
        for how, prior in (("", config.prior), (", all alike beforehand", 1.0)):
            likely = expecting(values[ravdess], calibration.temperature, prior)
            value, low, high = over_speakers(likely, labels, corpus.speakers[ravdess])
            say(f"RAVDESS, 7 classes, {name}{how}", value, "UAR", interval=[low, high], recordings=len(labels), anchor=anchor)
    say("RAVDESS, strong against normal", area(strength[known], corpus.strong[known]), "AUC", recordings=len(known), anchor=0.89)
    winner = results[names[0]][known].max(axis=1)
    say("the same by the winning probability (Sec. 4.1)", area(winner, corpus.strong[known]), "AUC", anchor=0.58)
    say("calibration error before the temperature", calibration_error(single, labels), "ratio", anchor=0.075)
    say("calibration error with one temperature", calibration.figures["calibration_error"], "ratio", anchor=0.034)
    likely = expecting(single, calibration.temperature, config.prior)
    say("calibration error with neutral likelier beforehand", calibration_error(likely, labels), "ratio", anchor=None)
    return calibration.temperature


def unacted(work: Path) -> None:
    """Print how much of unacted speech (training/emotion/unacted.py) the pack's network hears as neutral, by what made the voice."""
    with np.load(work / "unacted.npz", allow_pickle=False) as stored:
        judged = EmotionNetwork.load(Pack.open().path("emotion_network")).judge(stored["whole"].astype(np.float32))
        makers = np.array([str(speaker).partition("_")[0] for speaker in stored["speakers"]])
    neutral = judged.probabilities.argmax(axis=1) == HEARD.index("neutral")
    for maker in np.unique(makers):
        say(f"{maker}, heard as neutral", float(neutral[makers == maker].mean()), "ratio", recordings=int(np.sum(makers == maker)))


def only(corpus: Corpus, *names: str) -> Corpus:
    """Return the corpus with the recordings of some corpora; the order must keep them in front."""
    kept = np.flatnonzero(np.isin(corpus.names, names))
    assert np.isin(corpus.names[:np.sum(corpus.names == "ravdess")], "ravdess").all()
    return Corpus(corpus.copies[:, kept], corpus.labels[kept], corpus.speakers[kept], corpus.strong[kept], corpus.names[kept])


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
    rng = np.random.default_rng(1)
    for name, passages, anchor in (("as is", corpus.copies[0][emodb], 0.55),
                                   ("speaker known", without_manner(corpus, emodb, ensemble, None, rng), 0.73)):
        values = expecting(heard(ensemble, passages)[0], temperature, config.prior)
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
