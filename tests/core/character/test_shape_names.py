"""Names of many makers are told apart; what says the same twice is driven once."""

import pytest

from core.character.shape_names import detect
from core.character.shape_sources import ARKIT, folded

OCULUS = ("sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "ih", "oh", "ou")


def sources(*keys):
    """Return key -> source of the driven keys."""
    return {row.key: row.source for row in detect(keys).mapping.driven}


@pytest.mark.parametrize("key", ["mouthSmileLeft", "mouthSmile_L", "MouthSmile.L", "mouth_smile_left", "mouthSmileL", "L_mouthSmile",
                                 "Mouth_Smile_Left", "blendShape1.mouthSmile_L", "A38_Mouth_Smile_Left", "mouthsmileleft",
                                 "mouthSmileLeft.001", "lipCornerPullerL"])
def test_any_usual_spelling_and_side(key):
    assert sources(key, "blendShape1.a1", "blendShape1.b2")[key] == "mouthSmileLeft"


def test_the_52_names_are_themselves():
    found = detect(ARKIT)
    assert len(ARKIT) == 52 and found.convention == "ARKit" and found.mapping.missing() == ()
    assert all(row.source == row.key and row.enabled for row in found.mapping.rows)


def test_a_prefix_that_keys_share_is_left_out():
    prefix = "Face.M_F00_000_00_Fcl_"
    found = sources(*(prefix + name for name in ("MTH_A", "MTH_I", "EYE_Close", "EYE_Close_L", "EYE_Close_R", "ALL_Joy", "HA_Fung1")))
    assert found == {prefix + "MTH_A": "viseme_aa", prefix + "MTH_I": "viseme_ih", prefix + "EYE_Close_L": "eyeBlinkLeft",
                     prefix + "EYE_Close_R": "eyeBlinkRight", prefix + "ALL_Joy": "emotion_happy"}


def test_vowels_and_expressions_of_vrm():
    found = detect(("A", "I", "U", "E", "O", "blink", "happy", "relaxed", "lookLeft"))
    assert found.convention.startswith("VRM")
    assert {row.source for row in found.mapping.driven} == {
        "viseme_aa", "viseme_ih", "viseme_ou", "viseme_E", "viseme_oh", "eyeBlink", "emotion_happy", "lookLeft"}


@pytest.mark.parametrize("prefix", ["", "viseme_", "vrc.v_"])
def test_the_15_of_oculus(prefix):
    found = detect([prefix + name for name in OCULUS])
    assert found.convention == "Oculus visemes" and len(found.mapping.driven) == 14     # silence is rest


def test_the_22_of_microsoft():
    found = detect([f"viseme_{number}" for number in range(22)])
    assert found.convention == "Microsoft visemes"
    assert {"viseme_21": "viseme_PP", "viseme_2": "viseme_aa", "viseme_18": "viseme_FF"}.items() <= {
        row.key: row.source for row in found.mapping.driven}.items()


def test_the_22_of_microsoft_by_their_sounds():
    keys = ("aa_02", "aa_ah_ax_01", "ao_03", "aw_09", "ay_11", "d_t_n_19", "er_05", "ey_eh_uh_04", "f_v_18", "h_12", "k_g_ng_20",
            "l_14", "ow_08", "oy_10", "p_b_m_21", "r_13", "sh_ch_jh_zh_16", "sil_00", "s_z_15", "th_dh_17", "w_uw_07", "y_iy_ih_ix_06")
    found = detect(("$md-$ca-$fe-$yn", *keys, "eyeBlinkLeft"))              # as MPFB has them
    numbered = detect(tuple(f"viseme_{int(key.rpartition('_')[2])}" for key in keys)).mapping
    shown = {row.key: row.source for row in found.mapping.rows}
    assert found.convention == "Microsoft visemes, ARKit" and [shown[key] for key in keys] == [row.source for row in numbered.rows]


def test_what_keys_of_makehuman_show_was_measured():
    """On its base mesh eversion is a raised chin, elevation a raised lip, and protusion parts the lips 2.7 times as far as ours."""
    keys = ("mouth-eversion", "mouth-elevation", "mouth-protusion", "mouth-upward-retraction")
    rows = {row.key: row for row in detect(keys).mapping.rows}
    assert {key: row.source for key, row in rows.items()} == {
        "mouth-eversion": "mouthShrugLower", "mouth-elevation": "mouthUpperUp", "mouth-protusion": "mouthFunnel",
        "mouth-upward-retraction": ""}
    assert rows["mouth-protusion"].strength == 0.37 and rows["mouth-elevation"].strength == 1.0


def test_names_of_makehuman_and_reallusion():
    assert sources("mouth-open", "mouth-corner-puller", "eye-left-closure", "eyebrows-right-inner-up") == {
        "mouth-open": "jawOpen", "mouth-corner-puller": "mouthSmile", "eye-left-closure": "eyeBlinkLeft",
        "eyebrows-right-inner-up": "browInnerUp"}
    assert sources("V_Open", "V_Explosive", "Eye_Blink_L", "Eye_L_Look_R", "Brow_Raise_Inner_L") == {
        "V_Open": "viseme_aa", "V_Explosive": "viseme_PP", "Eye_Blink_L": "eyeBlinkLeft", "Eye_L_Look_R": "eyeLookInLeft",
        "Brow_Raise_Inner_L": "browInnerUp"}


def test_what_says_the_same_twice_is_driven_once():
    assert sources("jawOpen", "mouthOpen", "Mouth_Smile", "Mouth_Smile_L", "Mouth_Smile_R", "viseme_aa", "viseme_PP", "browInnerUp",
                   "happy") == {"jawOpen": "jawOpen", "Mouth_Smile_L": "mouthSmileLeft", "Mouth_Smile_R": "mouthSmileRight",
                                "browInnerUp": "browInnerUp"}
    assert sources("browInnerUp_L", "browInnerUp_R") == {"browInnerUp_L": "browInnerUp", "browInnerUp_R": "browInnerUp"}


@pytest.mark.parametrize("key", ["Big Nose", "Head_A", "fat", "Mouth_Big", "e", "PP", 'ä"x\\y', "", "1", "Basis"])
def test_other_names_mean_nothing(key):
    assert sources(key) == {}


def test_pairs_are_named_once():
    assert folded(("browDownLeft", "browDownRight", "jawOpen", "eyeBlinkLeft")) == ("browDown", "jawOpen", "eyeBlinkLeft")


def test_what_no_key_shows_is_named():
    lacking = detect(("jawOpen", "mouthSmile_L", "viseme_aa")).mapping.missing()
    assert "mouthSmileRight" in lacking and "mouthClose" in lacking and "mouthSmileLeft" not in lacking
    lacking = detect(OCULUS).mapping.missing()
    assert "mouthClose" not in lacking and "mouthSmileLeft" in lacking and "browInnerUp" in lacking
