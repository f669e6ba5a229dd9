"""The recogniser's training on made-up voices: names of files, speakers kept apart, manners, calibration, a fit and its export."""

import numpy as np
import pytest
import torch

from core.emotion_network import EmotionNetwork
from core.types import HEARD
from training.emotion.calibration import area, calibrate, calibration_error, recall
from training.emotion.export import export
from training.emotion.network import Ensemble
from training.emotion.recordings import recordings
from training.emotion.train import Corpus, TrainingConfig, cross_validate, folds, manners, train

WIDTH = 24
CONFIG = TrainingConfig(epochs=25, members=1, weights=(("ravdess", 1.0),))


@pytest.fixture(scope="module")
def corpus():
    """Twelve speakers with a manner of their own; each emotion moves one direction, strength another."""
    rng = np.random.default_rng(0)
    labels, speakers, strong = np.repeat(np.tile(np.arange(7), 12), 8), np.repeat(np.arange(12), 56), np.tile([0, 1], 12 * 28)
    clean = rng.normal(0, 0.5, (len(labels), WIDTH)) + rng.normal(0, 0.5, (12, WIDTH))[speakers]
    clean += 2 * np.eye(7, WIDTH)[labels]
    clean[:, 10] += 2 * strong
    copies = np.stack([clean, clean + rng.normal(0, 0.2, clean.shape)]).astype(np.float32)
    return Corpus(copies, labels, np.array([f"ravdess-{number}" for number in speakers]), strong, np.full(len(labels), "ravdess"))


def test_file_names_tell_emotion_speaker_and_strength(tmp_path):
    for name in ("ravdess/03-01-05-02-01-01-07", "ravdess/03-01-02-01-01-01-07", "ravdess/03-01-01-01-01-01-08", "tess/OAF_back_ps",
                 "emodb/03a01Wa", "emodb/03a01Lb"):
        path = tmp_path / f"{name}.flac"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    found = {recording.path.stem: recording for recording in recordings(tmp_path)}
    assert set(found) == {"03-01-05-02-01-01-07", "03-01-01-01-01-01-08", "OAF_back_ps", "03a01Wa"}     # neither calm nor bored
    assert (found["03-01-05-02-01-01-07"].emotion, found["03-01-05-02-01-01-07"].strong) == ("angry", True)
    assert found["03-01-01-01-01-01-08"].strong is None and found["03-01-01-01-01-01-08"].speaker == "ravdess-08"
    assert found["OAF_back_ps"].emotion == "surprise" and found["03a01Wa"].emotion == "angry"


def test_no_speaker_is_in_two_folds_and_everybody_is_in_one(corpus):
    parts = folds(corpus, np.random.default_rng(0))
    assert sorted(np.concatenate(parts)) == list(range(len(corpus.labels)))
    owners = [set(corpus.speakers[part]) for part in parts]
    assert sum(map(len, owners)) == 12 == len(set.union(*owners))


def test_a_manner_is_how_a_speaker_differs_and_is_shrunk(corpus):
    mean = corpus.copies[0].mean(axis=0)
    own = corpus.copies[0][corpus.speakers == "ravdess-3"].mean(axis=0) - mean
    vectors = manners(corpus.copies[0], corpus.speakers, mean, np.random.default_rng(0))["ravdess-3"]
    assert np.corrcoef(vectors.mean(axis=0), own)[0, 1] > 0.9
    assert np.linalg.norm(vectors.mean(axis=0)) < np.linalg.norm(own)


def test_speakers_left_out_are_recognised_and_what_is_said_is_calibrated(corpus):
    calibration = cross_validate(corpus, CONFIG)
    assert calibration.figures["uar_ravdess"] > 0.8 and calibration.figures["strength_auc"] > 0.8
    assert calibration.figures["calibration_error"] < 0.12


def test_the_exported_network_says_the_same(tmp_path, corpus):
    ensemble = Ensemble(train(corpus, np.arange(len(corpus.labels)), CONFIG), temperature=0.8, strength=(1.2, -0.3)).eval()
    export(ensemble, tmp_path / "emotion.onnx")
    network = EmotionNetwork.load(tmp_path / "emotion.onnx")
    with torch.no_grad():
        probabilities, strength = ensemble(torch.from_numpy(corpus.copies[0][:9]))
    judged = network.judge(corpus.copies[0][:9])
    np.testing.assert_allclose(judged.probabilities, probabilities.numpy(), atol=0.01)        # weights in half precision
    np.testing.assert_allclose(judged.strength, strength.numpy(), atol=0.01)
    np.testing.assert_allclose(network.mean, corpus.copies[0].mean(axis=0), atol=1e-4)
    assert len(network.judge(corpus.copies[0][:1]).strength) == 1


def test_training_is_repeatable(corpus):
    short = TrainingConfig(epochs=2, members=1, weights=(("ravdess", 1.0),))
    first, second = (train(corpus, np.arange(300), short)[0].emotion.weight for _ in range(2))
    torch.testing.assert_close(first, second)


def test_figures_are_what_they_are_called():
    labels = np.array([0, 0, 1, 1])
    sure = np.eye(len(HEARD), dtype=np.float32)[[0, 0, 1, 0]]
    assert recall(sure, labels) == pytest.approx(0.75) and calibration_error(sure, labels) == pytest.approx(0.25)
    assert area(np.array([0.1, 0.4, 0.3, 0.9]), np.array([0, 0, 1, 1])) == pytest.approx(0.75)


def test_a_recogniser_that_is_too_sure_is_cooled():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 7, 4000)
    said = np.where(rng.random(4000) < 0.6, labels, rng.integers(0, 7, 4000))
    probabilities = np.full((4000, 7), 0.01, np.float32)
    probabilities[np.arange(4000), said] = 0.94
    strong = rng.integers(0, 2, 4000)
    strength = np.where(strong == 1, 0.9, 0.6).astype(np.float32)
    calibration = calibrate(probabilities, strength, labels, strong, np.full(4000, "ravdess"))
    assert calibration.temperature > 1.3 and calibration.figures["calibration_error"] < 0.03
    logit = np.log(strength / (1 - strength)) * calibration.strength[0] + calibration.strength[1]
    assert ((logit > 0) == (strong == 1)).all()
