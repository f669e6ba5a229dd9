"""The recogniser's training on made-up voices: names of files, speakers kept apart, machines, calibration, a fit and its export."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.emotion.network import EmotionNetwork
from core.errors import InputError
from core.speech.prosody import CEPSTRUM
from core.speech.voice import pooled
from core.speech.voice_encoder import WIDTHS
from core.types import HEARD
from training.emotion.calibration import area, calibrate, calibration_error, expecting, recall
from training.emotion.descriptions import WIDTH as DESCRIBED
from training.emotion.descriptions import check_file
from training.emotion.export import export
from training.emotion.features import MOMENT, words_of
from training.emotion.machines import (
    NUISANCES,
    SPREAD,
    STRENGTH_MELODY,
    Lesson,
    MachineConfig,
    Standard,
    columns_of,
    fit,
    main_directions,
    scales_of,
)
from training.emotion.network import CHANGED, MOST, PLAIN, Ensemble
from training.emotion.recordings import recordings
from training.emotion.train import Corpus, TrainingConfig, changed_copies, cross_validate, folds, kept, lesson, train

WIDTH = 24
WHOLE = MachineConfig()
CONFIG = TrainingConfig(plain=(MachineConfig(share=0.5),) * 2, robust=(MachineConfig(copies=1),), judge=MachineConfig(copies=1))


@pytest.fixture(scope="module")
def corpus():
    """Twelve speakers with a manner of their own; each emotion moves one direction, strength another."""
    rng = np.random.default_rng(0)
    labels, speakers, strong = np.repeat(np.tile(np.arange(7), 12), 8), np.repeat(np.arange(12), 56), np.tile([0, 1], 12 * 28)
    clean = rng.normal(0, 0.5, (len(labels), WIDTH)) + rng.normal(0, 0.5, (12, WIDTH))[speakers]
    clean += 2 * np.eye(7, WIDTH)[labels]
    clean[:, 10] += 2 * strong
    copies = np.stack([clean, clean + rng.normal(0, 0.2, clean.shape)]).astype(np.float32)
    words = rng.normal(0, 1, (len(labels), WIDTH)) * np.eye(WIDTH)[22]
    return Corpus(copies, words.astype(np.float32), labels, np.array([f"ravdess-{number}" for number in speakers]), strong,
                  np.full(len(labels), "ravdess"))


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


def test_a_machine_may_see_some_layers_of_a_description_only():
    wide, total = WIDTHS[0], sum(WIDTHS)
    inputs = 2 * total + 61
    seen = columns_of((1,), inputs)
    assert len(seen) == 2 * wide + 61 == len(set(seen)) and seen[0] == wide and seen[wide] == total + wide
    last = columns_of((len(WIDTHS) - 1,), inputs)
    assert list(last[:2]) == [total - WIDTHS[-1], total - WIDTHS[-1] + 1] and last[-1] == inputs - 1
    assert len(last) == 2 * WIDTHS[-1] + 61
    assert len(columns_of((), inputs)) == inputs
    standard = Standard(np.zeros(inputs, np.float32), np.ones(inputs, np.float32))
    rng = np.random.default_rng(0)
    passages = rng.normal(0, 1, (30, inputs)).astype(np.float32)
    taught = Lesson(passages, rng.normal(0, 1, (30, 2)).astype(np.float32), np.ones(30, np.float32))
    weights = fit(taught, MachineConfig((1,)), standard, passages[:0], passages[:0]).numpy()
    assert weights.shape == (inputs + 1, 2) and weights[seen].all() and not np.delete(weights, [*seen, inputs], axis=0).any()
    half = fit(taught, MachineConfig((1,), share=0.5), standard, passages[:0], passages[:0]).numpy()
    np.testing.assert_allclose(2 * half, weights, rtol=1e-5)


def test_a_machine_says_what_it_was_taught_and_is_deaf_to_changes():
    rng = np.random.default_rng(0)
    passages = rng.normal(0, 1, (200, WIDTH)).astype(np.float32)
    said = np.stack([np.tanh(passages[:, 0]), np.where(np.arange(200) < 150, passages[:, 1], np.nan)], 1).astype(np.float32)
    changes = np.zeros((NUISANCES, WIDTH), np.float32)
    changes[:, -1] = rng.normal(0, 3, NUISANCES)
    standard = Standard(np.zeros(WIDTH, np.float32), np.ones(WIDTH, np.float32))
    weights = fit(Lesson(passages, said, np.ones(200, np.float32)), WHOLE, standard, changes[:1], passages[:0]).numpy()
    heard = standard(passages) @ weights
    assert np.corrcoef(heard[:, 0], said[:, 0])[0, 1] > 0.9 and np.corrcoef(heard[150:, 1], passages[150:, 1])[0, 1] > 0.6
    other = passages.copy()
    other[:, -1] += 2
    np.testing.assert_allclose(standard(other) @ weights, heard, atol=1e-4)      # single precision
    np.testing.assert_array_equal(Standard(np.ones(2, np.float32), np.full(2, 0.5, np.float32))(
        np.array([[2, -9]], np.float32)), [[2, -MOST, 1]])


def test_a_machine_says_the_same_of_all_where_there_is_nothing_to_tell():
    rng = np.random.default_rng(0)
    taught = Lesson(rng.normal(3, 1, (80, WIDTH)).astype(np.float32), np.full((80, 1), 0.4, np.float32), np.ones(80, np.float32))
    standard = Standard(np.full(WIDTH, 3, np.float32), np.ones(WIDTH, np.float32))
    weights = fit(taught, WHOLE, standard, taught.passages[:0], taught.passages[:0]).numpy()
    heard = standard(rng.normal(3, 1, (20, WIDTH)).astype(np.float32)) @ weights
    np.testing.assert_allclose(heard, 0.4, atol=0.02)                   # the ridge holds the last weight back, too


def test_a_machine_does_not_go_by_words():
    rng = np.random.default_rng(0)
    said = rng.normal(0, 1, (100, 1)).astype(np.float32)
    passages = (np.repeat(said, WIDTH, axis=1) + rng.normal(0, 0.2, (100, WIDTH))).astype(np.float32)     # every number tells it
    standard = Standard(np.zeros(WIDTH, np.float32), np.full(WIDTH, 2, np.float32))
    words = standard.moved(rng.normal(0, 4, (50, 1)).astype(np.float32))
    assert words.shape == (50, WIDTH) and not words[:, 1:].any() and np.abs(words).max() <= MOST
    taught, config = Lesson(passages, said, np.ones(100, np.float32)), MachineConfig(words=100.0)
    deaf, plain = (fit(taught, config, standard, words[:0], given).numpy()[:, 0] for given in (words, words[:0]))
    assert abs(deaf[0]) < 0.1 * plain[0] and deaf[1:-1].mean() > plain[1:-1].mean()
    thrice = fit(taught, config, standard, words[:0], np.repeat(words, 3, axis=0)).numpy()
    np.testing.assert_allclose(thrice[:, 0], deaf, atol=1e-4)           # however many there are, they weigh the same in all


def test_the_recogniser_hears_no_emotion_in_words(corpus):
    silent = replace(corpus, words=0 * corpus.words)
    loud = corpus.copies + 1.5 * (corpus.labels == 3)[:, None].astype(np.float32) * np.eye(WIDTH, dtype=np.float32)[22]
    heard = [train(replace(given, copies=loud), np.arange(300), CONFIG).plain[22, 3].abs() for given in (corpus, silent)]
    assert heard[0] < 0.9 * heard[1]                                    # they weigh a tenth


def test_deviations_weigh_less_for_emotions_and_melody_more_for_their_strength():
    total = sum(WIDTHS)
    columns = np.array([0, total - 1, total, 2 * total - 1, 2 * total, 2 * total + 60])
    np.testing.assert_allclose(scales_of(columns, MachineConfig()) ** 2, [1, 1, SPREAD, SPREAD, 1, 1], rtol=1e-6)
    np.testing.assert_allclose(scales_of(columns, MachineConfig().of_strength()) ** 2, [1, 1, 1, 1] + [STRENGTH_MELODY] * 2, rtol=1e-6)
    rng = np.random.default_rng(0)
    passages = rng.normal(0, 1, (60, 2 * total + 61)).astype(np.float32)
    told = passages[:, [0, total]].mean(axis=1, keepdims=True)                          # by a mean and by a deviation alike
    weights = fit(Lesson(passages, told, np.ones(60, np.float32)), WHOLE, Standard(np.zeros(2 * total + 61, np.float32),
                  np.ones(2 * total + 61, np.float32)), passages[:0], passages[:0]).numpy()
    assert 0 < weights[total, 0] < 0.5 * weights[0, 0]


def test_strength_is_learnt_from_recordings_of_which_it_is_known():
    said = np.zeros((4, 8), np.float32)
    said[:, 7] = [0.5, np.nan, -0.5, np.nan]
    given = Lesson(np.arange(8, dtype=np.float32).reshape(4, 2), said, np.arange(4, dtype=np.float32))
    strength = given.of_strength()
    np.testing.assert_array_equal(strength.passages, [[0, 1], [4, 5]])
    np.testing.assert_array_equal(strength.said, [[0.5], [-0.5]])
    np.testing.assert_array_equal(strength.weights, [0, 2])
    assert given.of_emotions().said.shape == (4, 7) and len(given.of_emotions().passages) == 4


def test_main_directions_are_those_in_which_rows_are_largest():
    rows = np.diag([3.0, 0.1, 2.0, 0.1]).astype(np.float32)
    torch.testing.assert_close(main_directions(rows, 2).abs(), torch.eye(4)[:, [0, 2]], atol=1e-4, rtol=0)     # single precision
    assert main_directions(rows[:0], 2).shape == (4, 0)


def test_every_emotion_weighs_the_same_and_strength_is_learnt_where_it_is_known(corpus):
    strong = np.where(corpus.labels == 0, -1, corpus.strong)
    given = Corpus(corpus.copies, corpus.words, corpus.labels, corpus.speakers, strong, corpus.names)
    taught = lesson(given, [(corpus.copies[0], np.arange(100)), (corpus.copies[1], np.arange(50))], CONFIG)
    labels = np.concatenate([corpus.labels[:100], corpus.labels[:50]])
    total = np.bincount(labels, taught.weights, 7)[np.unique(labels)]
    np.testing.assert_allclose(total, total[0], rtol=1e-5)
    assert (np.isnan(taught.said[:, 7]) == (labels == 0)).all()
    np.testing.assert_array_equal(taught.said[:, :7].argmax(1), labels)
    assert len(kept(corpus, TrainingConfig(every=(("ravdess", 3),)))) == len(corpus.labels) // 3


def test_descriptions_by_other_encoders_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"no descriptions of recordings .*nonspeech.npz; run training"):
        Corpus.read(tmp_path, tmp_path)
    whole = np.zeros((3, DESCRIBED), np.float32)
    np.savez(tmp_path / "nonspeech.npz", whole=whole)
    np.savez(tmp_path / "voices_0.npz", whole=whole[:0])
    with pytest.raises(InputError, match=r"no array named words; .*voices_0.npz; run training"):
        Corpus.read(tmp_path, tmp_path)
    np.savez(tmp_path / "voices_0.npz", whole=whole[:0], words=whole[:0, :sum(WIDTHS)])
    found = Corpus.read(tmp_path, tmp_path)
    assert found.copies.shape == (1, 3, DESCRIBED) and found.words.shape == (3, sum(WIDTHS)) and not found.words.any()
    np.savez(tmp_path / "unacted.npz", whole=whole[:, 2:])
    with pytest.raises(InputError, match=f"described by {DESCRIBED - 2} numbers there, not {DESCRIBED}.*unacted.npz"):
        check_file(tmp_path / "unacted.npz")
    np.savez(tmp_path / "voices_1.npz", whole=whole[:0, 1:])
    with pytest.raises(InputError, match=f"described by {DESCRIBED - 1} numbers there, not {DESCRIBED}.*voices_1.npz"):
        Corpus.read(tmp_path, tmp_path)


def test_a_description_is_as_wide_as_training_expects():
    layers, spoken = np.zeros((20, sum(WIDTHS)), np.float32), np.zeros((20, 4 + CEPSTRUM), np.float32)
    assert pooled(layers, spoken, np.ones(20, bool)).shape == (DESCRIBED,)


def test_words_are_how_a_moment_differs_from_the_whole():
    spoken = np.repeat(np.arange(3, dtype=np.float32), MOMENT)[:, None] * np.ones((1, 2), np.float32)
    drawn = np.array([words_of(spoken, np.random.default_rng(seed)) for seed in range(200)])
    assert drawn.shape == (200, 2) and drawn.min() < -0.8 and drawn.max() > 0.8 and np.abs(drawn).max() <= 1
    np.testing.assert_array_equal(words_of(spoken[:MOMENT - 1], np.random.default_rng(0)), 0)


def test_the_more_changed_a_sound_is_the_more_the_robust_machines_say():
    happy, sad = (torch.stack([torch.zeros(8), torch.eye(8)[index]]) for index in (1, 3))
    ensemble = Ensemble(torch.zeros(1), torch.ones(1), plain=happy, robust=sad, judge=torch.tensor([[1.0], [0.0]]))
    said, _ = ensemble(torch.tensor([[PLAIN], [(PLAIN + CHANGED) / 2], [CHANGED]]))
    assert said[0, 1] > 0.99 and said[2, 3] > 0.99 and said[1, 1] == pytest.approx(float(said[1, 3]))


def test_machines_learn_from_as_many_changed_copies_as_they_are_given():
    copies = np.arange(3, dtype=np.float32)[:, None, None] * np.ones((1, 3, 2), np.float32)     # clean, two changed
    corpus = Corpus(copies, copies[0], np.zeros(3, int), np.array(["a"] * 3), np.zeros(3, int), np.array(["ravdess"] * 3))
    assert [list(changed_copies(corpus, count)[:, 0, 0]) for count in (0, 1, 2, 9)] == [[], [2], [1, 2], [1, 2]]


def test_a_changed_sound_is_told_from_a_plain_one(corpus):
    changed = corpus.copies[0] + np.eye(WIDTH, dtype=np.float32)[20] * 4
    ensemble = train(replace(corpus, copies=np.stack([corpus.copies[0], changed])), np.arange(len(corpus.labels)), CONFIG)
    standard = Standard(ensemble.mean.numpy(), ensemble.deviation.numpy())
    said = [(standard(copy[::5]) @ ensemble.judge.numpy()).mean() for copy in (corpus.copies[0], changed)]
    assert said[0] < -0.3 and said[1] > 0.3


def test_speakers_left_out_are_recognised_and_what_is_said_is_calibrated(corpus):
    calibration = cross_validate(corpus, CONFIG)
    assert calibration.figures["uar_ravdess"] > 0.8 and calibration.figures["strength_auc"] > 0.8
    assert calibration.figures["calibration_error"] < 0.12


def test_the_exported_network_says_the_same(tmp_path, corpus):
    ensemble = train(corpus, np.arange(len(corpus.labels)), CONFIG).calibrated(0.8, (1.2, -0.3))
    export(ensemble, tmp_path / "emotion.onnx")
    network = EmotionNetwork.load(tmp_path / "emotion.onnx")
    with torch.no_grad():
        probabilities, strength = ensemble(torch.from_numpy(corpus.copies[0][:9]))
    judged = network.judge(corpus.copies[0][:9])
    np.testing.assert_allclose(judged.probabilities, probabilities.numpy(), atol=1e-5)        # single precision
    np.testing.assert_allclose(judged.strength, strength.numpy(), atol=1e-5)
    np.testing.assert_allclose(network.mean, corpus.copies[0].mean(axis=0), atol=1e-4)
    assert len(network.judge(corpus.copies[0][:1]).strength) == 1 and network.prior == 1


def test_the_exported_network_knows_its_prior(tmp_path, corpus):
    ensemble = train(corpus, np.arange(200), CONFIG)
    for prior in (3.0, 0.5):
        export(ensemble.calibrated(0.8, (1.0, 0.0), prior), tmp_path / "emotion.onnx")
        assert EmotionNetwork.load(tmp_path / "emotion.onnx").prior == pytest.approx(prior)


def test_neutral_may_be_likelier_before_anything_is_heard(corpus):
    neutral = HEARD.index("neutral")
    ensemble = train(corpus, np.arange(len(corpus.labels)), CONFIG)
    passages = torch.from_numpy(corpus.copies[0][::9])
    with torch.no_grad():
        plain = ensemble(passages)[0].numpy()
        likely = ensemble.calibrated(0.8, (1.0, 0.0), 4.0)(passages)[0].numpy()
    alike = expecting(plain, 0.8, 1.0)
    others = np.delete(np.arange(len(HEARD)), neutral)
    odds = (likely[:, neutral] / likely[:, others[0]]) / (alike[:, neutral] / alike[:, others[0]])
    np.testing.assert_allclose(odds, 4, rtol=1e-3)              # single precision
    np.testing.assert_allclose(likely, expecting(plain, 0.8, 4.0), atol=1e-5)
    assert (likely[:, neutral] >= alike[:, neutral]).all()


def test_training_is_repeatable(corpus):
    first, second = (train(corpus, np.arange(300), CONFIG) for _ in range(2))
    torch.testing.assert_close(first.state_dict(), second.state_dict())


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
