"""The speech training on tiny data: phones, teacher, augmentation, features of labels, one short fit and its export."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from core.speech.articulation import CHANNELS
from core.speech.lipsync import LipNetwork as ExportedNetwork
from training.speech.augmentation import augment, change_speed, cut_end, make_nonspeech, pad
from training.speech.export import export
from training.speech.features import effort, label_frames
from training.speech.network import VISIBLE, LipModel, LipNetwork, LipNetworkConfig, LipReader, Performer
from training.speech.phones import (
    INVENTORY,
    Phone,
    check_contiguous,
    from_arpabet,
    from_ipa,
    split_stops,
    trim_into_silence,
)
from training.speech.synthesis import HIBARI_FRAME_S, HIBARI_LATENESS_S, RATE, Utterance, hibari_phones
from training.speech.teacher import seals, teach
from training.speech.text import generate
from training.speech.train import Corpus, TrainingConfig, fit, loss_of

APERTURE, JAW, PUCKER, LABIODENTAL, TONGUE_TIP = (
    CHANNELS.index(channel) for channel in ("aperture", "jaw", "pucker", "labiodental", "tongue_tip"))


def word(*labels: str, length: float = 0.1) -> tuple[Phone, ...]:
    """Return phones of equal length between half seconds of silence."""
    phones, time = [Phone(0.0, 0.5, "sil")], 0.5
    for label in labels:
        phones.append(Phone(time, time + length, label))
        time += length
    return (*phones, Phone(time, time + 0.5, "sil"))


def at(motion: np.ndarray, time: float) -> np.ndarray:
    return motion[int(round(time * 60))]


@pytest.mark.parametrize("closure", ["m", "pcl", "bcl"])
def test_lips_seal_for_bilabials_and_part_around_them(closure: str) -> None:
    motion = teach(word("aa", closure, "aa"), 80, 60)
    assert at(motion, 0.65)[APERTURE] < 0.01
    assert at(motion, 0.55)[APERTURE] > 0.4 and at(motion, 0.76)[APERTURE] > 0.4


def test_other_closures_stay_open() -> None:
    motion = teach(word("aa", "tcl", "aa", "kcl", "iy"), 100, 60)
    assert motion[32:58, APERTURE].min() > 0.2


def test_a_short_seal_is_seen_at_24_pictures_a_second() -> None:
    phones = word("aa", "bcl", "aa", length=0.02)
    (start, end), = seals(phones)
    assert end - start == pytest.approx(0.05)


def test_lower_lip_meets_teeth_for_f_only() -> None:
    motion = teach(word("aa", "f", "aa", "s", "aa"), 100, 60)
    assert at(motion, 0.65)[LABIODENTAL] > 0.9 and at(motion, 0.85)[LABIODENTAL] < 0.1


def test_rounding_spreads_to_the_neighbour() -> None:
    rounded, plain = (teach(word("s", vowel), 80, 60) for vowel in ("uw", "iy"))
    assert at(rounded, 0.55)[PUCKER] > 0.3 > at(plain, 0.55)[PUCKER]


def test_open_vowels_open_the_jaw_and_loudness_widens_it() -> None:
    phones = word("aa", "iy")
    motion = teach(phones, 70, 60)
    louder = teach(phones, 70, 60, effort=np.full(70, 1.1, np.float32))
    assert at(motion, 0.55)[JAW] > at(motion, 0.65)[JAW] + 0.15
    assert at(louder, 0.55)[JAW] > at(motion, 0.55)[JAW]


def test_silence_is_a_closed_mouth_without_snapping() -> None:
    motion = teach(word("aa", "t", "iy"), 110, 60)
    assert motion[:22, APERTURE].max() < 0.02 and motion[60:, APERTURE].max() < 0.02
    assert np.abs(np.diff(motion, axis=0)).max() < 0.35


def test_every_phone_has_rules() -> None:
    motion = teach(word(*(label for label in INVENTORY if label != "sil")), 400, 60)
    assert np.isfinite(motion).all() and motion.min() >= 0 and motion.max() <= 1


def test_stops_are_divided_at_the_burst() -> None:
    samples = np.zeros(RATE // 2, np.float32)
    samples[int(0.26 * RATE):int(0.28 * RATE)] = np.random.default_rng(0).normal(0, 0.1, int(0.02 * RATE))
    samples[int(0.28 * RATE):] = 0.2 * np.sin(np.arange(RATE // 2 - int(0.28 * RATE)) * 0.05)
    divided = split_stops([Phone(0.0, 0.2, "aa"), Phone(0.2, 0.28, "p"), Phone(0.28, 0.5, "aa")], samples, RATE)
    assert [phone.label for phone in divided] == ["aa", "pcl", "p", "aa"]
    assert divided[2].start == pytest.approx(0.26, abs=0.006)
    check_contiguous(divided)


def test_inaudible_ends_become_silence() -> None:
    samples = np.zeros(RATE, np.float32)
    samples[:RATE // 2] = 0.1 * np.sin(np.arange(RATE // 2) * 0.1)
    trimmed = trim_into_silence((Phone(0.0, 0.8, "aa"), Phone(0.8, 1.0, "sil")), samples, RATE)
    assert trimmed[0].end == pytest.approx(0.5, abs=0.011) and trimmed[1] == Phone(trimmed[0].end, 1.0, "sil")


def test_gaps_are_refused() -> None:
    with pytest.raises(ValueError, match="contiguous"):
        check_contiguous((Phone(0, 1, "aa"), Phone(1.1, 2, "aa")))


def test_hibari_symbols_become_phones() -> None:
    phones = hibari_phones(["", "m", "ˈ", "ɑ", "ː", " ", "t", ""], np.array([10, 4, 1, 4, 1, 2, 4, 10], np.float32),
                           1.0)
    assert [phone.label for phone in phones] == ["sil", "m", "aa", "t", "sil"]
    vowel = phones[2]
    assert vowel.end - vowel.start == pytest.approx(7 * HIBARI_FRAME_S)
    assert phones[1].start == pytest.approx(10 * HIBARI_FRAME_S - HIBARI_LATENESS_S)
    assert phones[-1].end == 1.0


def test_unknown_labels_are_named() -> None:
    assert from_arpabet("AA1") == "aa" and from_ipa("ʃ") == "sh"
    with pytest.raises(ValueError, match="xyz"):
        from_arpabet("xyz")
    with pytest.raises(ValueError, match="%"):
        from_ipa("%")


def test_text_is_drawn_from_the_seed_alone() -> None:
    first, again, other = (generate(30, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == again != other and len(first) == 30
    assert not any("{" in sentence for sentence in first)


def utterance() -> Utterance:
    phones = word("aa", "m", "aa")
    samples = np.random.default_rng(0).normal(0, 0.05, int(phones[-1].end * RATE)).astype(np.float32)
    return Utterance(samples, phones, "test", "")


@pytest.mark.parametrize("seed", range(6))
def test_augmented_phones_cover_the_augmented_sound(seed: int) -> None:
    changed = augment(utterance(), np.random.default_rng(seed), babble=[utterance().samples])
    check_contiguous(changed.phones)
    assert changed.phones[0].start == 0
    assert changed.phones[-1].end == pytest.approx(len(changed.samples) / RATE, abs=0.002)
    assert np.isfinite(changed.samples).all()
    assert [phone.label for phone in changed.phones] == [phone.label for phone in utterance().phones]


def test_speed_moves_the_phones() -> None:
    faster = change_speed(utterance(), 1.25)
    assert faster.phones[2].start == pytest.approx(utterance().phones[2].start / 1.25)


def test_the_end_may_be_cut() -> None:
    cut = cut_end(utterance(), 0.1)
    assert cut.phones[-1].end - cut.phones[-1].start == pytest.approx(0.1)
    assert len(cut.samples) == pytest.approx(cut.phones[-1].end * RATE, abs=1)


def test_sound_without_speech_is_labelled_silence() -> None:
    sound = make_nonspeech(0.5, np.random.default_rng(3))
    assert sound.phones == (Phone(0.0, 0.5, "sil"),) and len(pad(sound, np.random.default_rng(0)).phones) == 1


def test_frames_take_the_phone_at_their_time() -> None:
    labels = label_frames((Phone(0.0, 0.1, "sil"), Phone(0.1, 0.2, "aa")), 13)
    assert INVENTORY[labels[5]] == "sil" and INVENTORY[labels[6]] == "aa" and INVENTORY[labels[12]] == "aa"


def test_louder_passages_get_more_effort() -> None:
    samples = np.random.default_rng(0).normal(0, 1, 2 * RATE).astype(np.float32)
    samples[:RATE] *= 0.05
    factor = effort(samples, 120)
    assert factor[:40].max() < factor[80:].min() and factor.min() >= 0.75 and factor.max() <= 1.15


def tiny() -> LipNetwork:
    torch.manual_seed(0)
    return LipNetwork(LipNetworkConfig(encoder=288, spectrum=80, width=16, trunk="convolutions", dilations=(1, 2),
                                       channels=len(CHANNELS), phones=len(INVENTORY)))


def tiny_corpus() -> Corpus:
    """Return frames whose first input tells the aperture."""
    rng = np.random.default_rng(0)
    encoder = rng.normal(size=(600, 288)).astype(np.float32)
    motion = np.full((600, len(CHANNELS)), 0.5, np.float32)
    motion[:, APERTURE] = 1 / (1 + np.exp(-3 * encoder[:, 0]))
    return Corpus(torch.from_numpy(encoder), torch.zeros(600, 80), torch.from_numpy(motion),
                  torch.zeros(600, dtype=torch.int16))


def test_training_learns() -> None:
    network, corpus = tiny(), tiny_corpus()
    config = TrainingConfig(steps=40, batch=4, frames=60, rate=1e-2)
    batch = corpus.cut(np.array([0, 100, 200]), 60)
    before = loss_of(network.eval(), batch, config).item()
    fit(network, corpus, config)
    assert loss_of(network, batch, config).item() < 0.5 * before


def test_the_exported_network_is_the_same_network(tmp_path: Path) -> None:
    torch.manual_seed(0)
    members = [tiny(), LipNetwork(replace(tiny().config, trunk="decoder", span=20))]
    network, path = LipModel(members, Performer(len(CHANNELS), len(INVENTORY))).eval(), tmp_path / "lip network.onnx"
    export(network, path)
    encoder, spectrum = torch.randn(1, 137, 288), torch.randn(1, 137, 80)
    with torch.no_grad():
        motion, phones = network(encoder, spectrum)
    session = onnxruntime.InferenceSession(str(path))
    exported = session.run(None, {"encoder": encoder.numpy(), "spectrum": spectrum.numpy()})
    np.testing.assert_allclose(exported[0], motion.numpy(), atol=2e-3)      # weights in half precision
    np.testing.assert_allclose(np.exp(exported[1]), phones.exp().numpy(), atol=2e-3)
    assert ExportedNetwork.load(path).labels == INVENTORY


@pytest.mark.parametrize("trunk", ["convolutions", "decoder"])
@pytest.mark.parametrize("performed", [False, True])
def test_no_frame_depends_on_more_than_the_reach(trunk: str, performed: bool) -> None:
    torch.manual_seed(0)
    member = LipNetwork(replace(tiny().config, trunk=trunk, layers=2, span=9))
    network = LipModel([member], Performer(len(CHANNELS), len(INVENTORY), dilations=(1, 2)) if performed else None).eval()
    reach = network.reach
    encoder, spectrum = torch.randn(1, 2 * reach + 21, 288), torch.randn(1, 2 * reach + 21, 80)
    changed = encoder.clone()
    changed[:, 10 + reach + 1:] += 1
    with torch.no_grad():
        torch.testing.assert_close(network(encoder, spectrum)[0][:, 10], network(changed, spectrum)[0][:, 10])


def test_the_paper_s_decoder_learns_too() -> None:
    """The whole clip at once, and offsets of vertices, which start at the neutral face."""
    torch.manual_seed(0)
    corpus = tiny_corpus()
    network = LipNetwork(replace(tiny().config, trunk="decoder", width=32))
    config = TrainingConfig(steps=60, batch=4, frames=60, rate=3e-3)
    batch = corpus.cut(np.array([0, 100, 200]), 60)
    before = loss_of(network.eval(), batch, config).item()
    fit(network, corpus, config)
    assert loss_of(network, batch, config).item() < 0.5 * before


def test_vertices_are_learnt_as_in_the_paper() -> None:
    """Offsets in mm of a few vertices, with the lip-reading branch; before training the face is neutral."""
    torch.manual_seed(0)
    channels = tiny_corpus()
    offsets = 4 * (channels.motion @ torch.randn(len(CHANNELS), 3 * 7) - 0.5)
    corpus = Corpus(channels.encoder, channels.spectrum, offsets, channels.phones)
    network = LipNetwork(replace(tiny().config, trunk="decoder", width=32, bounded=False, channels=3 * 7, dropout=0.1)).eval()
    batch = corpus.cut(np.array([0, 100, 200]), 60)
    config = TrainingConfig(steps=60, batch=4, frames=60, rate=3e-3, noise=0.05, reading=0.005)
    with torch.no_grad():
        assert not network(batch[0], batch[1])[0].any()
    before = loss_of(network, batch, config).item()
    fit(network, corpus, config)
    assert loss_of(network, batch, config).item() < 0.5 * before


def test_unknown_trunks_are_named() -> None:
    with pytest.raises(ValueError, match="recurrent"):
        LipNetwork(replace(tiny().config, trunk="recurrent"))


def test_the_lip_reader_teaches_the_network() -> None:
    """What is read from the lips reaches the motion's weights, and only through the motion."""
    torch.manual_seed(0)
    network, corpus = tiny(), tiny_corpus()
    reader = LipReader(len(VISIBLE), len(INVENTORY))
    config = TrainingConfig(velocity=0.0, content=0.0, reading=1.0)
    batch = corpus.cut(np.array([0, 100]), 60)
    alone, read = loss_of(network.eval(), batch, config), loss_of(network, batch, config, reader)
    torch.autograd.backward(read - alone)
    assert network.motion.weight.grad is not None and network.motion.weight.grad.abs().sum() > 0
    assert network.phones.weight.grad is None or not network.phones.weight.grad.any()
    assert reader.phones.weight.grad is not None
