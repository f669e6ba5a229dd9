"""What an avatar does appears on other characters: a p shuts their lips, a wide vowel opens them, layers add up."""

from dataclasses import replace

import numpy as np
import pytest

from core.character.mapping import CharacterMap, MappedKey
from core.character.retarget import AvatarMotion, bounded_least_squares, gap_mm, parted_mm, retarget, trusted
from core.character.shape_names import detect
from core.character.shape_sources import ARKIT, GAP_MM, SHAPES, both
from core.head.model import HeadBasis
from core.head.mouth import gap
from core.pack import DEFAULT, Pack
from core.speech.lip_gap import effect

OPEN, SHUT, BITTEN, SILENT = 10, 20, 30, 55
VRM = ("A", "I", "U", "E", "O", "Joy", "blink")


def pose(weights, **recipe):
    for name, weight in both(**recipe).items():
        weights[SHAPES.index(name)] = weight


@pytest.fixture
def performance():
    """A wide vowel on frames 5 to 15, a p, a vowel, an f, silence from 36 on; happy all along; one blink."""
    speech, emotion, blinks, gaze = (np.zeros((60, len(SHAPES)), np.float32) for _ in range(4))
    for frame in range(5, 36):
        pose(speech[frame], jawOpen=0.4)
    for frame in (SHUT, SHUT + 1):
        pose(speech[frame], jawOpen=0.1, mouthClose=0.1)
    for frame in (BITTEN, BITTEN + 1):
        pose(speech[frame], jawOpen=0.32, mouthClose=0.22, mouthRollLower=1.0, mouthUpperUp=0.25)
    for frame in range(60):
        pose(emotion[frame], mouthSmile=0.5, cheekSquint=0.5)
    pose(blinks[50], eyeBlink=1.0)
    pose(gaze[40], eyeLookDown=0.5)
    return AvatarMotion(SHAPES, 24.0, speech, emotion, np.zeros_like(speech), blinks, gaze)


def shown(layers, frame, layer="speech"):
    return {key: float(weight) for key, weight in zip(layers.keys, getattr(layers, layer)[frame], strict=True) if weight > 0.03}


def test_gaps_are_those_of_the_head():
    basis = HeadBasis.load(Pack.open(DEFAULT).path("head"))
    measured = [1000 * effect(basis, {name: 1.0}) for name in GAP_MM]
    np.testing.assert_allclose(list(GAP_MM.values()), measured, atol=0.15)                  # the table has one decimal


def test_correctives_of_the_table_part_the_lips_as_the_heads_do():
    basis, random = HeadBasis.load(Pack.open(DEFAULT).path("head")), np.random.default_rng(3)
    worn = random.uniform(0, 1, (200, len(SHAPES))).astype(np.float32)
    alone = np.array([1000 * effect(basis, {name: 1.0}) for name in SHAPES])
    measured = 1000 * (gap(basis, SHAPES, worn) - gap(basis, SHAPES, 0 * worn[:1]))
    np.testing.assert_allclose(gap_mm(SHAPES, worn) - parted_mm(SHAPES, worn), measured - worn @ alone, atol=0.2)


def test_our_own_names_get_our_own_weights(performance):
    layers = retarget(performance, detect(SHAPES).mapping)
    places = [SHAPES.index(key) for key in layers.keys]
    np.testing.assert_allclose(layers.speech, performance.speech[:, places], atol=1e-6)
    np.testing.assert_allclose(layers.emotion, performance.emotion[:, places], atol=1e-6)
    assert not layers.lips.any()


def test_visemes_of_closures_take_their_full_weight(performance):
    layers = retarget(performance, detect(("PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "ih", "oh", "ou")).mapping)
    assert shown(layers, SHUT) == {"PP": pytest.approx(1.0, abs=0.01)}
    assert shown(layers, BITTEN) == {"FF": pytest.approx(1.0, abs=0.05)}
    assert shown(layers, OPEN) == {"aa": pytest.approx(1.0, abs=0.05)}
    assert shown(layers, SILENT) == {}
    assert not layers.emotion.any() and not layers.lips.any()                               # visemes do not smile


def test_vowels_let_go_where_lips_are_shut_and_a_face_is_happy(performance):
    layers = retarget(performance, detect(VRM).mapping)
    assert shown(layers, SHUT) == {} and shown(layers, OPEN)["A"] > 0.9
    assert shown(layers, OPEN, "emotion") == {"Joy": pytest.approx(0.6, abs=0.05)}
    assert shown(layers, 50, "blinks") == {"blink": pytest.approx(1.0, abs=1e-6)}


def test_where_there_is_no_mouth_close_the_jaw_closes(performance):
    layers = retarget(performance, detect(("mouth-open", "mouth-corner-puller")).mapping)
    assert shown(layers, SHUT) == {} and shown(layers, OPEN) == {"mouth-open": pytest.approx(0.4, abs=1e-3)}
    assert shown(layers, OPEN, "emotion") == {"mouth-corner-puller": pytest.approx(0.5, abs=1e-3)}


def test_strengths_scale_and_leave_lips_shut(performance):
    mapping = detect(SHAPES).mapping
    layers = retarget(performance, CharacterMap(mapping.rows, {"jaw": 0.5, "cheeks": 0.0}))
    gaps = gap_mm(layers.keys, layers.speech)
    assert gaps[SHUT] == pytest.approx(0.0, abs=0.05)
    assert gaps[OPEN] == pytest.approx(gap_mm(SHAPES, performance.speech)[OPEN] / 2, abs=0.1)
    assert not layers.emotion[:, layers.keys.index("cheekSquintLeft")].any()


def test_a_keys_own_strength_and_a_disabled_key(performance):
    layers = retarget(performance, CharacterMap((MappedKey("a", "jawOpen", 0.5), MappedKey("b", "mouthSmile", enabled=False))))
    assert layers.keys == ("a",) and layers.speech[OPEN, 0] == pytest.approx(0.2, abs=1e-3)


def test_lips_keep_the_sum_within_bounds(performance):
    performance.speech[:, SHAPES.index("mouthSmileLeft")] = 0.8
    layers = retarget(performance, CharacterMap((MappedKey("smile", "mouthSmileLeft"),)))
    np.testing.assert_allclose(layers.speech + layers.emotion + layers.lips, 1.0, atol=1e-3)


def test_lips_of_a_smile_that_presses_them_are_as_far_apart_as_ours(performance):
    mapping = detect(SHAPES).mapping
    ours = np.array([GAP_MM.get(row.key, 0.0) for row in mapping.driven], np.float32)
    own = ours - 6.0 * np.array([row.key.startswith("mouthSmile") for row in mapping.driven], np.float32)
    layers = retarget(performance, mapping, own)
    total = layers.speech + layers.emotion + layers.lips
    wanted = gap_mm(SHAPES, performance.speech + performance.emotion)
    assert total.min() > -1e-6 and total.max() < 1 + 1e-6
    np.testing.assert_allclose(total @ own, wanted, atol=1e-3)
    pressed = retarget(performance, mapping)
    assert ((pressed.speech + pressed.emotion + pressed.lips) @ own - wanted).max() < -5            # as it would be
    np.testing.assert_allclose(layers.speech @ own, gap_mm(SHAPES, performance.speech), atol=1e-3)  # the smile is not the speech's


def test_a_mouth_close_that_shuts_no_lips_is_left_to_the_jaw(performance):
    mapping = detect(ARKIT).mapping
    ours = np.array([GAP_MM.get(row.key, 0.0) for row in mapping.driven], np.float32)
    worn = gap_mm(SHAPES, performance.speech + performance.emotion)
    assert trusted(mapping, ours) == (mapping, ours)
    for share in (0.0, 0.1):
        weak = np.where([row.key == "mouthClose" for row in mapping.driven], share * ours, ours)
        kept, gaps = trusted(mapping, weak)
        assert gaps is None and {row.key for row in mapping.driven} - {row.key for row in kept.driven} == {"mouthClose"}
        layers = retarget(performance, kept, gaps)
        assert parted_mm(layers.keys, layers.speech + layers.emotion + layers.lips)[SHUT] == pytest.approx(worn[SHUT], abs=0.05)


def test_lips_are_not_held_to_gaps_where_visemes_open_the_mouth():
    rows = CharacterMap((*detect(ARKIT).mapping.rows, MappedKey("aa", "viseme_aa")))
    for closing in (1.0, 0.0):
        gaps = np.array([GAP_MM.get(row.key, 0.0) * (closing if row.key == "mouthClose" else 1) for row in rows.driven], np.float32)
        kept, held = trusted(rows, gaps)
        assert held is None and len(kept.rows) == len(rows.rows) - (closing == 0)


@pytest.mark.parametrize(("pressed", "strengths"), [
    (6.0, {"jawOpen": 0.5}), (6.0, {"jawOpen": 1.5}), (6.0, {"mouthSmileLeft": 0.5, "jawOpen": 0.8}), (0.0, {"mouthClose": 0.7})])
def test_lips_meet_whatever_the_strengths_of_keys(performance, pressed, strengths):
    rows = tuple(replace(row, strength=strengths.get(row.key, 1.0)) for row in detect(SHAPES).mapping.driven)
    own = np.array([GAP_MM.get(row.key, 0.0) - pressed * row.key.startswith("mouthSmile") for row in rows], np.float32)
    worn = gap_mm(SHAPES, performance.speech + performance.emotion)
    pose(performance.lips[SHUT], mouthClose=worn[SHUT] / -GAP_MM["mouthClose"])         # what an avatar needs under its correctives
    layers = retarget(performance, CharacterMap(rows), own)
    gaps = (layers.speech + layers.emotion + layers.lips) @ own
    assert np.abs(gaps[[SHUT, SILENT]]).max() < 0.02                    # millimetres: our own lips are 0.01 short of it
    assert gaps[OPEN] == pytest.approx(strengths.get("jawOpen", 1.0) * worn[OPEN], abs=1e-3)


def test_least_squares_stay_within_bounds():
    poses = np.array([[1, 0, 0], [0.5, 0.5, 0]], np.float32)
    found = bounded_least_squares(poses, np.array([[1, 0, 0], [0.5, 0.5, 0], [-1, 0, 0], [9, 9, 0]], np.float32))
    assert found.min() >= 0 and found.max() <= 1
    np.testing.assert_allclose(found, [[1, 0], [0, 1], [0, 0], [1, 1]], atol=0.06)          # few at work: a little is given up
