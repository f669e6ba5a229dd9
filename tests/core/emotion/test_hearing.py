"""What is heard in a recording: passages, silence and music, level, long recordings in blocks, other recordings of the voice."""

import json
from dataclasses import replace

import numpy as np
import pytest

from building.onnx_file import Graph
from core.emotion.hearing import ARRAYS, Heard, cut_at_pauses, describe, listen
from core.emotion.network import EmotionNetwork, Judgement, known_prior
from core.errors import JobError, PackError
from core.files import write_arrays
from core.job import Request
from core.pack import DEFAULT, Pack
from core.pipeline import EMOTION_FILES, animate, hears, present
from core.speech.audio import read_audio
from core.speech.encoder import RATE
from core.speech.voice import active_frames
from core.speech.voice_encoder import HEARS, VOICE_ENCODER, WIDTHS, VoiceEncoder
from core.threads import VARIABLE
from core.types import HEARD, AudioClip

NEUTRAL = HEARD.index("neutral")


@pytest.fixture(scope="module")
def encoder():
    return VoiceEncoder.of(Pack.open())


@pytest.fixture(scope="module")
def network():
    return EmotionNetwork.load(Pack.open().path("emotion_network"))


@pytest.fixture(scope="module")
def speech():
    clip = read_audio(DEFAULT / "third_party" / "beckett.wav")
    return replace(clip, samples=clip.samples[:6 * RATE])


def test_passages_cover_the_recording_and_probabilities_add_up(encoder, network, speech):
    ticks = []
    heard = listen(speech, encoder=encoder, network=network, window=3.0, tick=ticks.append)
    assert heard.cuts[0] == 0 and heard.cuts[-1] == pytest.approx(6.0) and len(heard.cuts) == 3 and heard.spoken.all()
    np.testing.assert_allclose(heard.passages.probabilities.sum(axis=1), 1, atol=1e-4)
    assert ((heard.passages.strength >= 0) & (heard.passages.strength <= 1)).all()
    assert heard.whole.probabilities.shape == (1, 7) and ticks[-1] == 1


def test_silence_is_neutral_and_not_strong(encoder, network):
    heard = listen(AudioClip(np.zeros(3 * RATE, np.float32), RATE), encoder=encoder, network=network, window=1.5)
    assert not heard.spoken.any() and not heard.passages.strength.any()
    assert (heard.passages.probabilities.argmax(axis=1) == NEUTRAL).all() and heard.whole.probabilities[0, NEUTRAL] == 1


def test_music_is_neutral(encoder, network):
    times = np.arange(6 * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * pitch * 2 ** (np.floor(times / 0.5) % 3 * 2 / 12) * times) for pitch in (220.0, 277.2, 329.6))
    music = (0.1 * chord * np.exp(-2 * (times % 0.5))).astype(np.float32)
    heard = listen(AudioClip(music, RATE), encoder=encoder, network=network, window=3.0)
    assert heard.whole.probabilities[0].argmax() == NEUTRAL


@pytest.mark.parametrize("factor", [0.25, 4.0])
def test_the_level_of_the_recording_does_not_matter(factor, encoder, network, speech):
    louder = replace(speech, samples=speech.samples * np.float32(factor))
    heard, other = (listen(clip, encoder=encoder, network=network, window=3.0) for clip in (speech, louder))
    np.testing.assert_allclose(other.whole.probabilities, heard.whole.probabilities, atol=0.05)


def test_a_long_recording_is_described_in_blocks(monkeypatch, encoder, network, speech):
    whole = listen(speech, encoder=encoder, network=network, window=2.0)
    monkeypatch.setattr("core.emotion.hearing.BLOCK", 2.5)
    blocks = listen(speech, encoder=encoder, network=network, window=2.0)
    np.testing.assert_array_equal(blocks.cuts, whole.cuts)
    # the encoder hears less around
    np.testing.assert_allclose(blocks.passages.probabilities, whole.passages.probabilities, atol=0.15)
    np.testing.assert_allclose(blocks.whole.probabilities[0], blocks.passages.probabilities.mean(axis=0), atol=1e-5)


def test_other_recordings_of_the_voice_take_its_manner_away(encoder, network, speech):
    own = describe(speech, encoder)
    assert own is not None and describe(AudioClip(np.zeros(RATE, np.float32), RATE), encoder) is None
    alone, known = network.judge(own[None]), network.judge(own[None], np.stack([own] * 4))
    half = network.judge((own - 0.5 * (own - network.mean))[None])                      # four recordings take half away
    odds = half.probabilities[0].copy()
    odds[NEUTRAL] *= known_prior(network.prior, alone.probabilities[[0] * 4, NEUTRAL]) / network.prior
    np.testing.assert_allclose(known.probabilities[0], odds / odds.sum(), atol=1e-5)
    np.testing.assert_allclose(known.strength, half.strength, atol=1e-5)
    assert np.abs(known.probabilities - alone.probabilities).max() > 1e-3


def test_neutral_is_as_likely_beforehand_as_it_was_in_what_is_known_of_a_voice():
    assert known_prior(3.0, np.zeros(0, np.float32)) == pytest.approx(3)
    assert known_prior(3.0, np.full(4, 1 / 3, np.float32)) == pytest.approx(3)          # as voices in general
    plain = known_prior(3.0, np.full(8, 1.0, np.float32))
    assert plain == pytest.approx(6 * 7 / 2)        # 7 of 9: two thirds of it are plain, a third is as voices in general
    assert plain < known_prior(3.0, np.ones(1000, np.float32)) < np.inf


def test_what_is_known_of_a_voice_is_judged_by_what_follows_from_it():
    settled = known_prior(3.0, np.full(8, 0.6, np.float32))                 # odds 3/2, where 1/2 was expected: three times as likely
    chance = settled / (settled + 6)
    again = 3 * chance / (3 * chance + 1 - chance)
    assert chance == pytest.approx(1 / 3 + 2 / 3 * (again - 1 / 3), abs=1e-5) and chance > 0.65     # judged once it is .51


def test_neutral_is_never_less_likely_than_another_emotion():
    assert known_prior(3.0, np.zeros(8, np.float32)) == 1 == known_prior(3.0, np.full(50, 0.01, np.float32))
    assert 1 < known_prior(3.0, np.full(8, 0.25, np.float32)) < 3
    assert known_prior(0.5, np.zeros(8, np.float32)) == 0.5                 # unless a network takes it so of all voices


def test_what_was_heard_survives_a_file_and_damage_is_told(tmp_path):
    one = np.eye(7, dtype=np.float32)[:1]
    heard = Heard(np.array([0, 2], np.float32), np.ones(1, bool), Judgement(one, np.ones(1, np.float32)),
                  Judgement(one, np.zeros(1, np.float32)))
    path = tmp_path / "heard.npz"
    write_arrays(path, heard.arrays())
    again = Heard.read(path)
    np.testing.assert_array_equal(again.passages.probabilities, one)
    assert set(heard.arrays()) == set(ARRAYS)
    write_arrays(path, {**heard.arrays(), "probabilities": one[:, :3]})
    with pytest.raises(JobError, match="damaged"):
        Heard.read(path)


def test_both_encoders_hear_the_same_moment(encoder, speech):
    times = (np.arange(40, dtype=np.float32) + 60.5) * np.float32(0.024)
    samples = speech.samples[:3 * RATE]
    delayed = np.concatenate([np.zeros(7680, np.float32), samples])                     # by .48 s, twenty frames
    plain = encoder.layers(samples, times)
    early, same, late = (encoder.layers(delayed, times + np.float32(0.48 + shift)) for shift in (-0.048, 0.0, 0.048))
    assert plain.shape == (40, sum(WIDTHS))
    split = sum(WIDTHS[:5])
    for part in (slice(0, split), slice(split, None)):          # Whisper's frames know their place, so they are not equal, but alike
        alike = [np.corrcoef(plain[:, part].ravel(), other[:, part].ravel())[0, 1] for other in (early, same, late)]
        assert alike[1] > max(alike[0], alike[2]) + 0.03


@pytest.mark.parametrize("threads", ["2", "4"])
def test_one_thread_hears_the_same_as_several(monkeypatch, speech, threads):
    times = (np.arange(20, dtype=np.float32) + 20.5) * np.float32(0.024)
    samples, heard = speech.samples[:RATE], []
    for allowed in ("1", threads):              # 2: both encoders at the same time; 4: each with two threads, too
        monkeypatch.setenv(VARIABLE, allowed)
        heard.append(VoiceEncoder.of(Pack.open()).layers(samples, times))
    np.testing.assert_array_equal(*heard)


def test_a_pack_without_whispers_layers_is_refused_in_one_sentence():
    pack = Pack.open(only=("speech_encoder",))
    with pytest.raises(PackError, match=f"no '{VOICE_ENCODER}'"):
        VoiceEncoder.of(pack)
    assert present(EMOTION_FILES, pack) == ["speech_encoder", "emotion_network"]


def test_a_job_without_whispers_layers_is_refused_before_a_head_is_made(tmp_path, monkeypatch):
    entries = {name: entry for name, entry in Pack.open().entries.items() if name != VOICE_ENCODER}
    pack = Pack(DEFAULT, "deaf", entries)
    Request(str(DEFAULT / "examples" / "astronaut.jpg"), str(DEFAULT / "third_party" / "beckett.wav")).write(tmp_path)
    with pytest.raises(PackError, match=f"no '{VOICE_ENCODER}'"):
        animate(tmp_path, report=lambda message: None, pack=pack)
    assert not (tmp_path / "head.npz").exists()
    assert hears(Pack.open()) and not hears(Pack(DEFAULT, "without", {}))
    monkeypatch.setattr(EmotionNetwork, "load", lambda path: EmotionNetwork(None, np.zeros(0, np.float32), samples=True))
    assert hears(pack)


def test_a_network_that_hears_with_other_layers_is_refused(tmp_path):
    graph = Graph()
    graph.node("Identity", ["passages"], "probabilities")
    path = tmp_path / "emotion_network.onnx"
    metadata = {"format": 1, "emotions": HEARD, "mean": [0.0] * 7}
    for layers in (None, {"moonshine_tiny": [0, 1, 2, 3, 4]}):
        content = json.dumps(metadata | ({"hears": layers} if layers else {}))
        path.write_bytes(graph.model({"passages": ("passages", 7)}, {"probabilities": ("passages", 7)}, {"ecavatar": content}))
        with pytest.raises(PackError, match="other layers"):
            EmotionNetwork.load(path)


@pytest.mark.parametrize("prior", [0, -1.0, "3", None, 1e999])
def test_a_network_with_a_senseless_prior_is_refused(tmp_path, prior):
    graph = Graph()
    graph.node("Identity", ["passages"], "probabilities")
    path = tmp_path / "emotion_network.onnx"
    content = json.dumps({"format": 1, "emotions": HEARD, "mean": [0.0] * 7, "hears": HEARS, "prior": prior})
    path.write_bytes(graph.model({"passages": ("passages", 7)}, {"probabilities": ("passages", 7)}, {"ecavatar": content}))
    with pytest.raises(PackError, match="a prior of"):
        EmotionNetwork.load(path)


def test_another_network_is_refused():
    with pytest.raises(PackError, match="its own emotions"):
        EmotionNetwork.load(DEFAULT / "lip_network.onnx")
    with pytest.raises(PackError, match="missing"):
        EmotionNetwork.load(DEFAULT / "nothing.onnx")


def test_speech_is_what_is_loud_enough():
    spoken = np.zeros((100, 17), np.float32)
    spoken[:, 2] = -70.0
    assert not active_frames(spoken).any()
    spoken[40:60, 2] = -20.0
    assert active_frames(spoken)[40:60].all() and active_frames(spoken).sum() == 20


@pytest.mark.parametrize("duration", [0.2, 2.9, 3.1, 61.0])
def test_cuts_follow_one_another(duration):
    level = np.random.default_rng(0).normal(-30, 8, max(round(duration / 0.024), 1)).astype(np.float32)
    cuts = cut_at_pauses(level, duration, 3.0)
    assert cuts[0] == 0 and cuts[-1] == pytest.approx(duration, abs=1e-3) and (np.diff(cuts) > 0.1).all()
