"""Decoding of what the lip network says, blocks, and the committed network itself."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import PackError
from core.speech.articulation import (
    CHANNELS,
    LEAST,
    MOST,
    NEEDED,
    OPEN_LEAST,
    REST_FRAMES,
    TOUCH_APERTURE,
    UNROUNDING,
    Articulation,
    decode,
    decode_blocks,
    hold,
    rest,
)
from core.speech.encoder import RATE, SpeechEncoder
from core.speech.lipsync import BLOCK, LipNetwork, animate_lips, speech_warnings
from core.speech.log_mel import WIDTH as SPECTRUM_WIDTH
from core.types import AudioClip
from tests.core.mouth_stand_in import LocalNetwork, stand_in

LABELS = ("sil", "aa", "iy", "ih", "ey", "eh", "ae", "y", "uw", "ue", "sh", "zh", "ch", "jh", "th", "dh", "t", "f", "v", "w",
          "p", "b", "m", "pcl", "bcl")
NETWORK = Path(__file__).parents[3] / "assets" / "lip_network.onnx"
APERTURE, LABIODENTAL, PUCKER, FUNNEL = (CHANNELS.index(name) for name in ("aperture", "labiodental", "pucker", "funnel"))


def articulation(labels: list[str], aperture: list[float]) -> Articulation:
    channels = np.zeros((len(labels), len(CHANNELS)), np.float32)
    channels[:, APERTURE] = aperture
    phones = np.zeros((len(labels), len(LABELS)), np.float32)
    phones[np.arange(len(labels)), [LABELS.index(label) for label in labels]] = 1
    return Articulation(channels, phones, LABELS)


def test_sure_bilabials_are_sealed() -> None:
    opening = decode(articulation(["aa"] * 4 + ["m"] * 5 + ["aa"] * 4, [0.5] * 13))[:, APERTURE]
    assert (opening[5:8] == 0).all() and (opening[:3] == 0.5).all() and (opening[10:] == 0.5).all()
    np.testing.assert_array_equal(opening[[4, 8, 3, 9]], np.float32([0.125, 0.125, 0.375, 0.375]))     # lips do not snap


def test_the_way_to_a_seal_is_as_long_as_the_way_from_it() -> None:
    opening = decode(articulation(["aa"] * 6 + ["m"] * 5 + ["aa"] * 6, [0.5] * 17))[:, APERTURE]
    np.testing.assert_array_equal(opening, opening[::-1])


@pytest.mark.parametrize(("heard", "before"), [(1, 2), (3, 3)])
def test_the_shortest_seal_is_shut_in_one_frame_and_three_quarters_in_three(heard: int, before: int) -> None:
    opening = decode(articulation(["aa"] * 4 + ["pcl"] * heard + ["aa"] * 4, [0.5] * (8 + heard)))[:, APERTURE]
    np.testing.assert_array_equal(opening, np.float32([0.5] * before + [0.375, 0.125, 0, 0.125, 0.375] + [0.5] * before))


def test_sounds_without_lip_contact_keep_the_lips_apart() -> None:
    opening = decode(articulation(["t", "w", "sil"], [0.02, 0.02, 0.02]))[:, APERTURE]
    assert opening[0] == pytest.approx(OPEN_LEAST) and opening[1] == opening[2] == pytest.approx(0.02)


def test_the_lower_lip_meets_the_teeth_where_f_or_v_is_heard() -> None:
    labels = ["aa"] * 4 + ["f", "v", "f", "f", "v"] + ["aa"] * 4
    channels = decode(articulation(labels, [0.5] * 13))
    np.testing.assert_allclose(channels[5:8, LABIODENTAL], 1, atol=1e-6)               # shares in single precision
    np.testing.assert_allclose(channels[5:8, APERTURE], TOUCH_APERTURE, atol=1e-6)
    assert (channels[[4, 8], LABIODENTAL] > 0.9).all() and (channels[[0, 12], LABIODENTAL] == 0).all()
    assert (np.diff(channels[:5, LABIODENTAL]) > 0).all() and channels[0, APERTURE] == 0.5


def test_spread_vowels_are_not_rounded() -> None:
    heard = articulation(["w"] * 6 + ["iy"] * 7, [0.5] * 13)
    heard.channels[:, [PUCKER, FUNNEL]] = 0.8
    channels = decode(heard)
    for column in (PUCKER, FUNNEL):
        np.testing.assert_allclose(channels[:4, column], 0.8, atol=1e-6)
        np.testing.assert_allclose(channels[8:, column], 0.8 * (1 - UNROUNDING), atol=1e-6)


@pytest.mark.parametrize(("label", "channel"), [("iy", "spread"), ("sh", "funnel"), ("th", "tongue_out")])
def test_sounds_have_the_shape_they_are_known_by(label: str, channel: str) -> None:
    shown = decode(articulation(["aa"] * 6 + [label] * 7, [0.5] * 13))[:, CHANNELS.index(channel)]
    assert (shown[:4] == 0).all() and shown[8:] == pytest.approx(LEAST[channel][0], abs=1e-6)


def test_lips_come_close_to_each_other_in_oo_and_w() -> None:
    heard = articulation(["aa"] * 6 + ["uw"] * 7 + ["w"] * 4, [0.9] * 17)
    heard.channels[:, CHANNELS.index("jaw")] = 0.9
    channels = decode(heard)
    for channel, most in MOST.items():
        shown = channels[:, CHANNELS.index(channel)]
        assert (shown[:4] == np.float32(0.9)).all() and shown[8:] == pytest.approx(most, abs=1e-6)
    narrower = decode(articulation(["uw"] * 5, [0.3] * 5))[:, APERTURE]
    assert narrower == pytest.approx(0.3, abs=1e-6)


def test_a_seal_beside_f_stays_shut() -> None:
    channels = decode(articulation(["aa", "f", "f", "m", "m", "m", "f", "aa"], [0.5] * 8))
    assert channels[4, APERTURE] == 0 and (channels[3:6, APERTURE] <= 0.125).all() and (channels[3:6, LABIODENTAL] == 0).all()


def test_a_recording_without_speech_is_told() -> None:
    opening = np.zeros(600, np.float32)
    assert "hardly any speech" in speech_warnings(opening)[0]
    opening[100:160] = 0.006
    assert speech_warnings(opening) == ()


def spoken(level: list[float]) -> np.ndarray:
    """The aperture of a mouth that the network leaves open while the sound has these levels."""
    return rest(np.full((len(level), len(CHANNELS)), 0.4, np.float32), np.array(level, np.float32))[:, APERTURE]


def test_the_mouth_rests_in_a_pause_and_is_ready_for_the_next_sound() -> None:
    opening = spoken([-5.0] * 20 + [-60.0] * 30 + [-5.0] * 20)
    assert (opening[:20] == np.float32(0.4)).all() and (opening[44:] == np.float32(0.4)).all()
    assert (opening[20 + REST_FRAMES - 1:40] == 0).all()


def test_the_mouth_rests_after_the_last_word_of_a_cut_recording() -> None:
    opening = spoken([-5.0] * 20 + [-60.0] * 5)
    assert opening[-1] == 0 and np.abs(np.diff(opening)).max() < 0.25


def test_closures_and_whispers_are_no_pauses() -> None:
    assert (spoken([-5.0] * 20 + [-60.0] * 6 + [-5.0] * 20) == np.float32(0.4)).all()
    whisper = spoken([-5.0] * 20 + [-38.0] * 200)
    assert (whisper[90:] == np.float32(0.4)).all()


def test_blocks_are_decoded_as_the_whole() -> None:
    random = np.random.default_rng(3)
    channels = random.random((90, len(CHANNELS))).astype(np.float32)
    phones = random.dirichlet(np.full(len(LABELS), 0.1), 90).astype(np.float32)          # mostly one sound a frame
    whole = decode(Articulation(channels, phones, LABELS))
    for edges in ([], [7, 50], [30, 60, 89]):
        parts = zip(np.split(channels, edges), np.split(phones, edges), strict=True)
        np.testing.assert_array_equal(np.concatenate(list(decode_blocks(Articulation(*part, LABELS) for part in parts))), whole)


def test_hold_leaves_long_peaks_alone() -> None:
    seal = np.array([0, 0.2, 0.8, 1, 1, 1, 0.5, 0, 0], np.float32)
    np.testing.assert_array_equal(hold(seal, 3), seal)


class LocalLipNetwork:
    """A session whose motion at a frame depends on the frames up to `reach` away."""

    def __init__(self, reach: int) -> None:
        self.reach = reach

    def run(self, outputs: None, inputs: dict[str, Any]) -> list[Any]:
        values = inputs["encoder"][0, :, 0].astype(np.float64)
        kernel = np.ones(2 * self.reach + 1) / (2 * self.reach + 1)
        heard = np.convolve(values, kernel, "same").astype(np.float32)
        return [np.repeat(heard[None, :, None], len(CHANNELS), axis=2), np.zeros((1, len(values), 1), np.float32)]


def test_blocks_equal_the_whole() -> None:
    network = LipNetwork(LocalLipNetwork(7), {"reach": 7, "phones": ["sil"]})
    frames = BLOCK * 2 + 100
    noise = np.random.default_rng(0).normal(size=frames).astype(np.float32)
    result = network.articulate(lambda times: noise[np.round(times * 60).astype(int), None],
                                lambda first, count: np.zeros((count, SPECTRUM_WIDTH), np.float32), frames,
                                lambda fraction: None)
    whole = LocalLipNetwork(7).run(None, {"encoder": noise[None, :, None]})[0][0]
    np.testing.assert_allclose(result.channels, whole, atol=1e-6)      # float32 sums in another order


def test_the_committed_network_runs_on_any_length() -> None:
    network = LipNetwork.load(NETWORK)
    encoder = SpeechEncoder(LocalNetwork())
    for seconds in (0.05, 0.5, 2.0):
        samples = np.random.default_rng(1).normal(0, 0.1, int(seconds * RATE)).astype(np.float32)
        heard: list[float] = []
        track = animate_lips(AudioClip(samples, RATE), encoder=encoder, network=network, basis=stand_in(),
                             tick=heard.append)
        assert len(track.weights) == int(np.ceil(seconds * 60)) + 1 and track.fps == 60
        assert track.weights.min() >= 0 and track.weights.max() <= 1
        assert heard == sorted(heard) and heard[-1] == pytest.approx(1)


def test_the_same_recording_gives_the_same_motion() -> None:
    network, encoder = LipNetwork.load(NETWORK), SpeechEncoder(LocalNetwork())
    clip = AudioClip(np.random.default_rng(2).normal(0, 0.1, RATE).astype(np.float32), RATE)
    first, second = (animate_lips(clip, encoder=encoder, network=network, basis=stand_in()) for _ in range(2))
    np.testing.assert_array_equal(first.weights, second.weights)


def test_another_network_is_refused() -> None:
    with pytest.raises(PackError, match="format None"):
        LipNetwork.load(NETWORK.parent / "third_party" / "moonshine_tiny_encoder.ort")


def test_a_network_without_a_phone_that_is_needed_is_refused(tmp_path: Path) -> None:
    content = NETWORK.read_bytes()
    for phone in sorted(NEEDED):
        assert f'"{phone}"'.encode() in content                     # the committed one's metadata
    (tmp_path / "old.onnx").write_bytes(content.replace(b'"zh"', b'"zz"').replace(b'"y"', b'"j"'))
    with pytest.raises(PackError, match="phones y zh;"):
        LipNetwork.load(tmp_path / "old.onnx")


def test_every_phone_that_decoding_asks_for_is_needed() -> None:
    labels = tuple(sorted(NEEDED))
    decode(Articulation(np.zeros((9, len(CHANNELS)), np.float32), np.zeros((9, len(labels)), np.float32), labels))


def test_a_missing_network_is_told() -> None:
    encoder = NETWORK.parent / "no_such_network.onnx"
    with pytest.raises(PackError, match="missing"):
        LipNetwork.load(encoder)
