"""The avatar's motion on meshes of the artist's own: lips shut and open, tracks stay his, nothing of his is lost."""

import bpy
import numpy as np
import pytest
from ecavatar.core.arrays import to_performance
from ecavatar.core.bake.gaze import LOOKS, eye_angles, look_weights
from ecavatar.core.errors import InputError
from ecavatar.core.head.model import HeadBasis
from ecavatar.core.pack import DEFAULT, Pack
from ecavatar.ecavatar_addon import character
from ecavatar.ecavatar_addon.actions import channels_of, our_action, sample
from ecavatar.ecavatar_addon.head import parts_of
from ecavatar.ecavatar_addon.motion_source import sources_of

from .own_characters import (
    SHAPES,
    apply,
    gap_mm,
    gltf,
    keys,
    lip_gap,
    lips_apart,
    moments,
    own_head,
    select,
    show,
    vowels_of_vrm,
    with_arkit,
    with_vowels,
)

TRACKS = ["Rest", "Speech", "Blinks", "Gaze", "Emotion", "Emotion Lips"]


def value(target, name):
    return keys(target).key_blocks[name].value


@pytest.fixture
def root(own):
    return next(candidate for candidate in bpy.context.scene.objects if candidate.ecavatar.role == "avatar")


def test_a_gltf_with_arkit_morphs(root, result, tmp_path):
    target = gltf(with_arkit(), tmp_path / "face")
    select(target)
    assert bpy.ops.ecavatar.apply_to_selected() == {"FINISHED"}
    assert target.ecavatar.character.convention == "ARKit" and character.missing(target) == ""
    shut, wide, gaps = moments(result)
    show(shut)
    assert lip_gap(target) == pytest.approx(gaps[shut], abs=0.3)
    show(wide)
    skin = parts_of(root)["skin"].data.shape_keys
    worn = gap_mm(SHAPES, np.array([[skin.key_blocks[name].value for name in SHAPES]]))[0]      # with what is felt
    assert lip_gap(target) == pytest.approx(worn, rel=0.2) and min(lip_gap(target), gaps[wide]) > 7
    for name in ("mouthSmileLeft", "jawOpen", "browDownRight", "eyeBlinkLeft"):
        spelt = name.replace("Left", "_L").replace("Right", "_R")
        assert value(target, spelt) == pytest.approx(skin.key_blocks[name].value, abs=1e-4)


def test_a_vrm(root, result, tmp_path):
    target = gltf(with_vowels(), tmp_path / "person", vrm=vowels_of_vrm())
    said = apply(target)
    assert target.ecavatar.character.convention == "VRM" and said == []
    shut, wide, gaps = moments(result)
    show(shut)
    assert lip_gap(target) == pytest.approx(0.0, abs=0.3)
    show(wide)
    assert lip_gap(target) == pytest.approx(gaps[wide], abs=1.5) and value(target, "Fcl_MTH_A") > 0.6
    assert "mouthSmile, " in character.missing(target)


def test_a_head_with_makehumans_names(own, root, result):
    assert bpy.ops.ecavatar.apply_to_selected() == {"FINISHED"}
    assert own.ecavatar.character.convention == "MakeHuman"
    basis = HeadBasis.load(Pack.open(DEFAULT).path("head"))
    middle = [side[len(side) // 2] for side in (basis.inner_lip_upper, basis.inner_lip_lower)]
    shut, wide, _ = moments(result)
    found, = lips_apart(shut, middle, own)
    assert found == pytest.approx(0.0, abs=0.6)
    found, wanted = lips_apart(wide, middle, own, parts_of(root)["skin"])
    assert found == pytest.approx(wanted, rel=0.25)


def test_layers_are_the_avatars_and_mute_alone(own, root, result):
    apply(own)
    tracks = keys(own).animation_data.nla_tracks
    assert [track.name for track in tracks] == TRACKS and keys(own).animation_data.action is None
    angry = int(4.5 * 24)
    show(angry)
    assert value(own, "eyebrows-left-down") == pytest.approx(value(parts_of(root)["skin"], "browDownLeft"), abs=1e-3)
    assert value(own, "eyebrows-left-down") > 0.3
    tracks["Emotion"].mute = True
    show(angry)
    assert value(own, "eyebrows-left-down") == 0.0
    tracks["Speech"].mute = tracks["Emotion Lips"].mute = True
    show(moments(result)[1])
    assert value(own, "mouth-open") == 0.0


def test_applying_again_keeps_edits_and_makes_no_doubles(own):
    apply(own)
    action = keys(own).animation_data.nla_tracks["Speech"].strips[0].action
    curve = channels_of(action, keys(own))[1][0]
    curve.keyframe_points[3].co.y += 0.25
    curve.update()
    count = len(bpy.data.actions)
    said = apply(own)
    assert [text for text in said if "edited keys are kept" in text] and len(bpy.data.actions) == count + 1
    assert [track.name for track in keys(own).animation_data.nla_tracks] == TRACKS
    assert apply(own) == [] and len(bpy.data.actions) == count + 1


def test_what_is_disabled_comes_to_rest(own, root, result):
    apply(own)
    show(moments(result)[1])
    assert value(own, "mouth-open") > 0.2
    row = next(row for row in own.ecavatar.character.keys if row.name == "mouth-open")
    row.enabled = False
    apply(own)
    show(moments(result)[1])
    assert value(own, "mouth-open") == 0.0
    row.enabled, row.source, row.strength = True, "mouthSmileLeft", 0.5                   # a source of the artist's choice
    apply(own)
    show(10)
    assert value(own, "mouth-open") == pytest.approx(0.5 * value(parts_of(root)["skin"], "mouthSmileLeft"), abs=1e-3)


def test_an_edit_of_the_avatar_comes_along(own, root):
    skin = keys(parts_of(root)["skin"])
    apply(own)
    show(50)
    before = value(own, "mouth-open")
    strip = skin.animation_data.nla_tracks["Speech"].strips[0]
    curve = next(curve for curve in channels_of(strip.action, skin)[1] if "jawOpen" in curve.data_path)
    for point in curve.keyframe_points:
        point.co.y = 0.7
    curve.update()
    strip.frame_end, strip.frame_start = strip.frame_end + 100, strip.frame_start + 100
    apply(own)
    assert keys(own).animation_data.nla_tracks["Speech"].strips[0].frame_start == pytest.approx(101)
    show(150)
    assert value(own, "mouth-open") > before + 0.3


def test_an_active_action_is_pushed_down_and_works_below(own):
    action = bpy.data.actions.new("mine")
    data = keys(own).animation_data_create()
    _, channels = channels_of(action, keys(own))
    channels.new('key_blocks["mouth-open"].value').keyframe_points.insert(1, 0.9)
    data.action = action
    if hasattr(action, "slots"):
        data.action_slot = action.slots[0]
    other = bpy.data.actions.new("spoken by hand")
    channels_of(other, keys(own))[1].new('key_blocks["mouth-pursing"].value').keyframe_points.insert(1, 0.3)
    track = data.nla_tracks.new()
    track.name, _ = "Speech", track.strips.new("by hand", 1, other)
    said = apply(own)
    assert data.action is None and any("now the NLA track mine" in text for text in said)
    assert any("NLA track Speech is now named Speech own" in text for text in said)
    assert [track.name for track in data.nla_tracks] == ["Speech own", "mine", *TRACKS]
    assert len(channels_of(other, keys(own))[1]) == 1 and len(channels_of(action, keys(own))[1]) == 1
    show(0)
    assert value(own, "mouth-open") < 0.2


def test_teeth_follow_by_name_and_by_meaning(own, root, result):
    teeth, tongue = (own_head(root, names) for names in ({"jawOpen": "mouth-open"}, {"jawOpen": "Jaw Open", "tongueOut": "tongueOut"}))
    teeth.parent = own
    select(own, tongue)
    assert bpy.ops.ecavatar.apply_to_selected() == {"FINISHED"}
    for _ in range(2):
        show(moments(result)[1])
        bpy.context.view_layer.update()
        shown = [value(mesh, name) for mesh, name in ((own, "mouth-open"), (teeth, "mouth-open"), (tongue, "Jaw Open"))]
        assert np.ptp(shown) < 1e-6 and shown[0] > 0.2                              # single precision
        assert all(curve.driver.is_simple_expression or curve.driver.type == "SUM" for curve in keys(teeth).animation_data.drivers)
        apply(own, tongue)
    assert len(keys(teeth).animation_data.drivers) == 1
    assert keys(tongue).animation_data.nla_tracks["Speech"]                            # what the face has no key for is keyed there


def test_meshes_with_a_list_of_their_own_are_named(own, root):
    child, chosen, near = (own_head(root, {"jawOpen": "jawOpen"}) for _ in range(3))
    own.parent = near.parent = bpy.data.objects.new("rig", bpy.data.armatures.new("rig"))
    child.parent = own
    for mesh in (child, chosen, near):
        character.read(mesh)
    names = f"{child.name}, {chosen.name}"
    assert apply(own, chosen) == [f"these have a list of their own, so apply to them too: {names}"]
    assert not any(keys(mesh).animation_data for mesh in (child, chosen, near))


def test_odd_names_and_short_sliders(own):
    block = keys(own).key_blocks["mouth-open"]
    block.name = 'odd "name" \\ [ö]'
    block.slider_max = 0.1
    character.read(own)
    row = next(row for row in own.ecavatar.character.keys if row.name == block.name)
    row.source, row.enabled = "jawOpen", True
    said = apply(own)
    assert any("range ends" in text and block.name in text for text in said)
    values = []
    for frame in range(0, 240, 6):
        show(frame)
        values.append(block.value)
    assert 0.099 < max(values) <= block.slider_max


def test_blinks_and_gaze_are_as_strong_as_the_avatars(own, root):
    skin, sliders = keys(parts_of(root)["skin"]), root.ecavatar.performance
    blinks = channels_of(skin.animation_data.nla_tracks["Blinks"].strips[0].action, skin)[1][0]
    shut = round(blinks.keyframe_points[1].co.x)
    for strength in (0.0, 0.5, 1.5, 1.0):
        sliders.blinks = sliders.gaze = strength
        assert apply(own) == []
        bpy.context.scene.frame_set(shut)
        assert value(own, "eye-left-closure") == pytest.approx(skin.key_blocks["eyeBlinkLeft"].value, abs=1e-3)
        for name in ("Blinks", "Gaze"):
            strip = keys(own).animation_data.nla_tracks[name].strips[0]
            assert (strip.action["ecavatar"]["gain"], strip.influence) == (max(strength, 1.0), min(strength, 1.0))
    assert value(own, "eye-left-closure") > 0.5


def test_eyes_do_not_make_up_for_a_head_that_does_not_turn(root, result, tmp_path):
    target = own_head(root, {name: name for name in LOOKS})
    frames = np.arange(len(result.bake["weights"]), dtype=np.float64)
    moments, angles = eye_angles(to_performance(result.bake), head=0.0)
    skin = keys(parts_of(root)["skin"])

    def gaze(owner):
        return sample(our_action(owner, "Gaze"), owner, LOOKS, frames + bpy.context.scene.frame_start)

    still = np.stack([np.interp(frames / 24, moments, look_weights(angles)[name]) for name in LOOKS], axis=1)
    assert np.abs(gaze(skin) - still).max() > 0.05
    apply(target)
    np.testing.assert_allclose(gaze(keys(target)), still, atol=1e-3)        # the recording's end is rounded to 0.1 ms
    folder, root.ecavatar.job = root.ecavatar.job, str(tmp_path / "gone")
    apply(target)
    np.testing.assert_allclose(gaze(keys(target)), gaze(skin), atol=1e-4)
    root.ecavatar.job = folder
    channels_of(our_action(skin, "Gaze"), skin)[1][0].keyframe_points[1].co.y += 0.25
    apply(target)
    np.testing.assert_allclose(gaze(keys(target)), gaze(skin), atol=1e-4)


def test_other_drivers_stay(own):
    curve = keys(own).key_blocks["mouth-open"].driver_add("value")
    curve.driver.expression = "0.5"
    said = apply(own)
    assert any("other drivers move mouth-open" in text for text in said)
    assert keys(own).animation_data.drivers[0].driver.expression == "0.5"


def test_from_a_finished_job_without_an_avatar(own, root, finished, result):
    moved = result.bake["weights"][:, list(result.bake["names"]).index("jawOpen")]
    bpy.data.batch_remove([*root.children_recursive, root])
    with pytest.raises(InputError, match="no avatar"):
        apply(own)
    own.ecavatar.character.job = str(finished)
    apply(own)
    show(int(moved.argmax()))
    assert value(own, "mouth-open") > 0.2 and bpy.context.scene.frame_end == bpy.context.scene.frame_start + len(moved) - 1


def test_a_chosen_avatar_that_was_deleted_is_told(own, root, finished):
    own.ecavatar.character.avatar = chosen = root.copy()
    bpy.context.scene.collection.objects.link(chosen)
    select(chosen)
    assert bpy.ops.object.delete() == {"FINISHED"} and own.ecavatar.character.avatar == chosen
    with pytest.raises(InputError, match=f"the chosen avatar is not in this scene; {chosen.name}; choose another in Own Character"):
        apply(own)
    own.ecavatar.character.job = str(finished)
    assert [source.keys for source in sources_of(own, bpy.context.scene)] == [None]


def test_one_clear_report(own, root, tmp_path):
    plain = bpy.data.objects.new("plain", bpy.data.meshes.new("plain"))
    bpy.context.scene.collection.objects.link(plain)
    select(plain)
    with pytest.raises(RuntimeError, match="no shape keys; plain; select"):
        bpy.ops.ecavatar.apply_to_selected()
    twin = own.copy()
    bpy.context.scene.collection.objects.link(twin)
    assert any("2 objects share this mesh" in text for text in apply(own))
    select(parts_of(root)["skin"])
    assert not bpy.ops.ecavatar.apply_to_selected.poll()
    bpy.data.libraries.write(str(tmp_path / "library.blend"), {own})
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_, linked):
        linked.objects = ["own"]
    with pytest.raises(InputError, match="linked from another file"):
        apply(linked.objects[0])
