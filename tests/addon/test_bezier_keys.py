"""Few Bezier keys in the scene: Blender has the core's values, the mesh is the dense one's, edits of handles are noticed."""

from types import SimpleNamespace

import bpy
import numpy as np
import pytest
from ecavatar.core import arrays
from ecavatar.core.bake.bezier import BezierKeys
from ecavatar.core.bake.few_keys import few_keys
from ecavatar.core.bake.key_error import LIMIT
from ecavatar.core.emotion.motion import EmotionCurves, emotion_curves
from ecavatar.core.files import digest, read_json, write_arrays, write_json
from ecavatar.core.head.mouth import gap
from ecavatar.core.job import JobError, read_result
from ecavatar.core.speech.lip_gap import SHUT
from ecavatar.core.types import EMOTIONS, EmotionTrack, EmotionWindow
from ecavatar.ecavatar_addon import animation, lip_sync
from ecavatar.ecavatar_addon.actions import STAMP, bezier_of, channels_of, digest_of, sample, scale_action, write_curve
from ecavatar.ecavatar_addon.animation import rekey_emotion
from ecavatar.ecavatar_addon.avatar import import_avatar
from ecavatar.ecavatar_addon.emotion import library_of
from ecavatar.ecavatar_addon.head import parts_of
from ecavatar.ecavatar_addon.panels import ECAVATAR_PT_generate

from .keyed import curves, keys, same, sampled, strip
from .layout import Layout
from .test_animation import evaluated

TRACKS = ("Speech", "Emotion Lips")


def channels(root, name="Speech"):
    return channels_of(strip(root, name).action, keys(root))[1]


@pytest.mark.parametrize("start", [0, 1, 9000])
def test_blender_and_the_engine_have_the_same_values(addon, start):
    random = np.random.default_rng(start)
    frames = start + np.cumsum(random.integers(1, 14, 60))
    points = np.stack([frames, random.uniform(0, 1, 60)], axis=1)
    room = np.diff(frames, prepend=frames[0] - 3, append=frames[-1] + 3)
    slopes = random.normal(0, 0.1, 60)
    reach = [np.ceil(256 * random.uniform(0, 1.5, 60) * side) / 256 for side in (room[:-1], room[1:])]     # some too long
    left, right = (points + sign * np.stack([side, side * slopes], axis=1) for sign, side in ((-1, reach[0]), (1, reach[1])))
    written = BezierKeys(*(part.astype(np.float32) for part in (points, left, right)))
    curve = bpy.data.objects.new("Empty", None).driver_add("location", 0)
    for modifier in list(curve.modifiers):
        curve.modifiers.remove(modifier)
    curve.extrapolation = "CONSTANT"                            # a driver's is not from Blender 5.2 on
    write_curve(curve, written)
    assert {point.handle_left_type for point in curve.keyframe_points} == {"ALIGNED"}
    places = np.arange(start - 3, frames[-1] + 3, 0.25)
    shown = [curve.evaluate(place) for place in places]
    np.testing.assert_allclose(bezier_of(curve).at(places), shown, atol=1e-5)
    np.testing.assert_allclose(written.at(places), shown, atol=1e-5)


def test_the_scene_shows_what_the_keys_say(root):
    names = tuple(block.name for block in keys(root).key_blocks[1:58])
    for track in keys(root).animation_data.nla_tracks:
        track.mute = track.name not in ("Rest", "Speech")
    frames = np.array([2.0, 40, 75, 111.5, 200])
    wanted = sample(strip(root).action, keys(root), names, frames)
    assert wanted.max() > 0.1
    for frame, row in zip(frames, wanted, strict=True):
        bpy.context.scene.frame_set(int(frame), subframe=float(frame % 1))
        np.testing.assert_allclose([keys(root).key_blocks[name].value for name in names], row, atol=1e-5)


def test_the_head_is_where_dense_keys_have_it(root):
    """Skin, teeth and tongue as Blender evaluates them, the jaw's turning among it."""
    frames = (20, 47, 75, 111, 150, 201)

    def shown():
        for track in keys(root).animation_data.nla_tracks:
            track.mute = track.name not in ("Rest", "Speech")
        found = []
        for frame in frames:
            bpy.context.scene.frame_set(frame)
            found.append({role: evaluated(parts_of(root)[role]) for role in ("skin", "teeth_lower", "teeth_upper", "tongue")})
        return found

    few = shown()
    lip_sync.update(root, dense=True)
    for sparse, dense in zip(few, shown(), strict=True):
        for role, vertices in dense.items():
            assert np.linalg.norm(sparse[role] - vertices, axis=1).max() <= LIMIT


def test_keys_are_few_and_dense_ones_come_on_request(root, result):
    count = len(result.bake["weights"])
    few = {name: curves(root, name) for name in TRACKS}
    assert 6 * sum(map(len, few["Speech"].values())) <= count * len(few["Speech"])
    bpy.context.scene.ecavatar.dense_keys = True
    assert bpy.ops.ecavatar.update_motion() == {"FINISHED"}
    for name in TRACKS:
        assert {len(points) for points in curves(root, name).values()} == {count}
        assert {point.interpolation for curve in channels(root, name) for point in curve.keyframe_points} == {"LINEAR"}
    root.ecavatar.emotion.windows[1].level = 1.0                # stays as it was keyed last
    assert {len(points) for points in curves(root, "Emotion Lips").values()} == {count}
    assert not any("edited" in action.name for action in bpy.data.actions)
    root.ecavatar.emotion.windows[1].level = 2.5
    bpy.context.scene.ecavatar.dense_keys = False
    assert bpy.ops.ecavatar.update_motion() == {"FINISHED"}
    assert same(curves(root), few["Speech"])


def test_the_scene_chooses_what_generate_keys(addon, result):
    bpy.context.scene.ecavatar.dense_keys, bpy.context.scene.ecavatar.hair = True, "NONE"
    made = import_avatar(result, bpy.context.scene)
    assert {len(points) for name in TRACKS for points in curves(made, name).values()} == {len(result.bake["weights"])}
    drawn = []
    ECAVATAR_PT_generate.draw(SimpleNamespace(layout=Layout(drawn)), bpy.context)
    assert "Dense Keys" in drawn


@pytest.mark.parametrize("track", TRACKS)
def test_a_dragged_handle_is_an_edit(root, track):
    point = channels(root, track)[0].keyframe_points[-1]
    point.handle_right.y += 0.05
    channels(root, track)[0].update()
    edited = bezier_of(channels(root, track)[0])
    name = strip(root, track).action.name
    lip_sync.update(root)
    strip(root, track).action = bpy.data.actions[f"{name} edited"]
    np.testing.assert_array_equal(bezier_of(channels(root, track)[0]).right, edited.right)


def test_what_blender_does_by_itself_is_no_edit(root, tmp_path):
    for name in TRACKS:
        action = strip(root, name).action
        for curve in channels(root, name):
            curve.update()
        assert action[STAMP]["keys"] == digest_of(channels(root, name))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    (back,) = [found for found in bpy.data.objects if found.ecavatar.role == "avatar"]
    assert all(strip(back, name).action[STAMP]["keys"] == digest_of(channels(back, name)) for name in TRACKS)


def test_a_gain_scales_the_handles_too(root):
    action = strip(root, "Emotion Lips").action
    before = [bezier_of(curve) for curve in channels(root, "Emotion Lips")]
    scale_action(action, keys(root), 1.25)
    for curve, keyed in zip(channels(root, "Emotion Lips"), before, strict=True):
        for name in ("points", "left", "right"):
            np.testing.assert_allclose(getattr(bezier_of(curve), name), getattr(keyed.scaled(1.25), name), atol=1e-5)
    assert action[STAMP]["keys"] == digest_of(channels(root, "Emotion Lips"))


@pytest.mark.once
def test_the_lips_stay_in_sync_under_every_emotion(root, result):
    basis, emolib, identity = library_of(root)
    names, speech = tuple(basis.expression_names), sampled(root, result.bake, "Speech")
    spoken = gap(basis, names, result.bake["weights"])          # what the few keys stand for
    shut = spoken <= SHUT
    assert shut.any()
    end = root.ecavatar.emotion.duration
    for emotion in EMOTIONS[1:]:
        track = EmotionTrack((EmotionWindow(0, end / 2, emotion, 3.0), EmotionWindow(end / 2, end, "neutral", 1.0)), 0.4)
        rekey_emotion(keys(root), emotion_curves(track, identity, emolib=emolib, basis=basis), basis)
        felt, lips = (sampled(root, result.bake, name) for name in ("Emotion", "Emotion Lips"))
        assert felt.any() and lips.any()
        shown = gap(basis, names, np.clip(speech + felt + lips, 0, 1))
        assert np.abs(shown - spoken)[~shut].max() < 0.0003 and shown[shut].max() <= SHUT + 5e-6     # those may be pressed together


def with_keys(folder, basis, **changes):
    """Let the job `folder` hold few keys as the worker leaves them there, some arrays of them changed; return the result."""
    result = read_result(folder)
    felt = EmotionCurves(result.bake["emotion_times"], result.bake["emotion_weights"])
    few = few_keys(result.bake["weights"], felt, basis, fps=float(result.bake["fps"]))
    write_arrays(folder / "bake.npz", result.bake | arrays.from_keys(few, len(result.bake["names"])) | changes)
    manifest = read_json(folder / "manifest.json", JobError)
    manifest["files"]["bake.npz"] = digest(folder / "bake.npz")
    write_json(folder / "manifest.json", manifest)
    return read_result(folder)


def written(root):
    """Points and handles of all curves of speech and lips."""
    return {(track, curve.data_path): bezier_of(curve) for track in TRACKS for curve in channels(root, track)}


def test_keys_that_the_worker_made_are_those_that_are_made_here(root, folder, monkeypatch):
    before = written(root)
    result = with_keys(folder, lip_sync.basis_of(root))
    monkeypatch.setattr(animation, "few_keys", lambda *given, **options: pytest.fail("keyed here"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.ecavatar.hair, scene.frame_start = "NONE", 1
    after = written(import_avatar(result, scene))
    assert list(after) == list(before) and {track for track, _ in after} == set(TRACKS)
    for channel, keyed in after.items():
        for part in ("points", "left", "right"):
            np.testing.assert_array_equal(getattr(keyed, part), getattr(before[channel], part))


def test_keys_that_do_not_fit_are_refused_before_anything_is_made(addon, folder, root):
    harmed, count = with_keys(folder, lip_sync.basis_of(root), keys=np.zeros((), np.float32)), len(bpy.data.objects)
    with pytest.raises(JobError, match="few keys.*do not fit"):
        import_avatar(harmed, bpy.context.scene)
    bpy.data.objects.remove(root)
    with pytest.raises(JobError, match="few keys.*do not fit"):
        import_avatar(harmed, bpy.context.scene)
    assert len(bpy.data.objects) == count - 1


def test_keys_of_another_version_are_made_here(root, folder):
    few = np.zeros((0, 3, 2), np.float32)
    other = {"keys_by": np.array("0" * 64), "keys": few, "key_counts": np.zeros((2, 57), np.int32)}
    before, result = written(root), with_keys(folder, lip_sync.basis_of(root), **other)
    after = written(import_avatar(result, bpy.context.scene))
    assert list(after) == list(before) and all(np.array_equal(after[name].points, before[name].points) for name in after)
