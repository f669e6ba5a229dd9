"""Several recordings one after another on one head: each plays, is edited, made again, moved and removed alone."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
import soundfile
from ecavatar.core.errors import ECAvatarError
from ecavatar.core.hair.curls import SHORT
from ecavatar.core.hair.haircut import Haircut
from ecavatar.core.hair.short_hair import POINTS
from ecavatar.core.job import Request, read_result
from ecavatar.ecavatar_addon import clips, jobs
from ecavatar.ecavatar_addon.actions import STAMP, is_edited, our_action, strips_of
from ecavatar.ecavatar_addon.avatar import add_clip, import_avatar
from ecavatar.ecavatar_addon.hair import wanted
from ecavatar.ecavatar_addon.head import parts_of
from ecavatar.ecavatar_addon.panels_clips import ECAVATAR_PT_clips, ECAVATAR_UL_clips

from .conftest import PHOTO, SPEECH, imported, reopened
from .keyed import keys
from .layout import Layout
from .own_characters import select

LENGTH, FPS = 241, 24
SECOND = 1 + LENGTH + round(clips.PAUSE * FPS)          # where a clip after the first one begins
SOUND = bool(bpy.app.build_options.audaspace)           # the module of Blender 4.2 has none
TRACKS = ("Speech", "Blinks", "Gaze", "Emotion", "Emotion Lips")


@pytest.fixture
def two(addon, finished, scenes):
    """The root of a bald avatar that says its recording twice."""
    def make():
        root = imported(finished, hair="NONE")
        add_clip(root, read_result(shutil.copytree(finished, scenes / "second")), bpy.context.scene)
        bpy.context.view_layer.objects.active = parts_of(root)["skin"]
    return reopened(scenes / "two.blend", make)


def shown(root, frame):
    """Weights of all shapes and the head's angles at a frame of the scene."""
    bpy.context.scene.frame_set(frame)
    bone = parts_of(root)["neck"].pose.bones["head"]
    return np.array([*(block.value for block in keys(root).key_blocks[1:]), *bone.rotation_euler])     # Blender 5.2 has 1 at the first


def keyed(root, number):
    """All keys of a clip."""
    parts = parts_of(root)
    found = [(keys(root), name) for name in TRACKS] + [(parts["neck"], "Head Motion")]
    return {name: our_action(owner, name, number)[STAMP]["keys"] for owner, name in found}


def sounds(scene=None):
    editor = (scene or bpy.context.scene).sequence_editor
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    begin = "content_start" if bpy.app.version >= (5, 2, 0) else "frame_start"
    return sorted((getattr(strip, begin), strip.channel) for strip in strips)


def test_both_play_and_the_face_rests_between(two):
    assert [(clip.name, clip.start, round(clip.length, 2)) for clip in two.ecavatar.clips] == [
        ("beckett", 1, round(LENGTH / FPS, 2)), ("beckett", SECOND, round(LENGTH / FPS, 2))]
    for frame in (1, 30, 77, 150, LENGTH):
        np.testing.assert_allclose(shown(two, SECOND - 1 + frame), shown(two, frame), atol=1e-5)    # single precision of later frames
    assert np.abs(shown(two, 77)).max() > 0.2
    rest = shown(two, (LENGTH + SECOND) // 2)
    np.testing.assert_allclose(rest, 0, atol=1e-6)
    assert bpy.context.scene.frame_end == SECOND + LENGTH - 1
    assert sounds() == ([(1, 1), (SECOND, 1)] if SOUND else [])


def test_nothing_jumps_into_or_out_of_a_clip(two):
    """No step between frames is larger than within half a second to rest; without leads it would be all of the face."""
    across = np.array([shown(two, frame) for frame in range(LENGTH, SECOND + 1)])
    steps, largest = np.abs(np.diff(across, axis=0)).max(axis=0), np.abs(across[[0, -1]]).max(axis=0)
    felt = largest > 0.05
    assert felt.sum() >= 4 and (steps[felt] < 0.35 * largest[felt]).all()


def test_a_clip_is_made_again_in_its_place_and_the_other_is_not_touched(two):
    before, first = keyed(two, 1), shown(two, 77)
    root = import_avatar(read_result(Path(two.ecavatar.clips[1].job)), bpy.context.scene)
    assert root == two and keyed(two, 1) == before and [clip.start for clip in two.ecavatar.clips] == [1, SECOND]
    np.testing.assert_array_equal(shown(two, 77), first)
    np.testing.assert_allclose(shown(two, SECOND + 76), first, atol=1e-5)
    assert [len(strips_of(keys(two), name)) for name in TRACKS] == [2] * 5 and len(sounds()) == 2 * SOUND
    second = keyed(two, 2)
    import_avatar(read_result(Path(two.ecavatar.clips[0].job)), bpy.context.scene)
    assert keyed(two, 2) == second and [clip.start for clip in two.ecavatar.clips] == [1, SECOND]


def test_settings_belong_to_the_selected_clip(two):
    first = keyed(two, 1)
    two.ecavatar.active_clip = 1
    assert bpy.context.scene.frame_current == SECOND
    two.ecavatar.emotion.windows[0].category = "sad"
    two.ecavatar.performance.take = 3
    assert keyed(two, 1) == first and two.ecavatar.clips[0].emotion.windows[0].category == "happy"
    at_rest = shown(two, (LENGTH + SECOND) // 2)
    np.testing.assert_allclose(at_rest, 0, atol=1e-6)                                       # its leads are there as before
    second = keyed(two, 2)
    two.ecavatar.clips[0].emotion.windows[0].category = "fear"                              # a script may, without selecting it
    assert keyed(two, 2) == second and keyed(two, 1)["Emotion"] != first["Emotion"] and two.ecavatar.active_clip == 1
    two.ecavatar.emotion.strength = 0.0
    for number, influence in ((1, 1.0), (2, 0.0)):
        strip = strips_of(keys(two), "Emotion")[number]
        assert strip.fcurves.find("influence").evaluate(1) == influence
    assert bpy.ops.ecavatar.update_motion() == {"FINISHED"} and keyed(two, 1)["Speech"] == first["Speech"]


def test_a_clip_moves_with_its_sound_and_never_over_another(two):
    clip, look = two.ecavatar.clips[1], shown(two, SECOND + 76)
    clip.start = 400
    assert clip.start == 400 and bpy.context.scene.frame_end == 400 + LENGTH - 1 and len(sounds()) == 2 * SOUND
    assert not SOUND or sounds()[1][0] == 400
    np.testing.assert_allclose(shown(two, 476), look, atol=1e-5)
    clip.start = 100                                                                        # the first one plays there
    least = clip.start
    assert LENGTH + 2 <= least <= LENGTH + 1 + FPS
    np.testing.assert_allclose(shown(two, least + 76), look, atol=1e-5)
    two.ecavatar.clips[0].start = 1000
    assert [clip.start for clip in two.ecavatar.clips] == [1000, least]
    np.testing.assert_allclose(shown(two, 1076), look, atol=1e-5)
    assert not is_edited(our_action(keys(two), "Speech"), keys(two))


@pytest.mark.skipif(not SOUND, reason="the module of Blender 4.2 has no sound")
def test_the_sound_of_a_copied_scene_moves_and_goes_with_its_clip(two):
    here, copy, other = bpy.context.scene, bpy.context.scene.copy(), bpy.context.scene.copy()
    for collection in list(other.collection.children):
        other.collection.children.unlink(collection)                                        # the avatar is not in this one
    kept = sounds(other)
    two.ecavatar.clips[1].start = 400
    assert sounds(here) == sounds(copy) == [(1, 1), (400, 1)] and sounds(other) == kept == [(1, 1), (SECOND, 1)]
    two.ecavatar.active_clip = 1
    assert bpy.ops.ecavatar.remove_clip() == {"FINISHED"}
    assert sounds(here) == sounds(copy) == [(1, 1)] and sounds(other) == kept and len(bpy.data.sounds) > 0


def test_a_clip_is_removed_with_what_it_brought(two):
    first, counts = shown(two, 77), (len(bpy.data.actions), len(bpy.data.sounds))
    two.ecavatar.active_clip = 1
    assert bpy.ops.ecavatar.remove_clip() == {"FINISHED"}
    assert len(two.ecavatar.clips) == 1 and two.ecavatar.number == 1 and not bpy.ops.ecavatar.remove_clip.poll()
    assert len(bpy.data.actions) == counts[0] - 6 and len(sounds()) == SOUND
    assert [len(strips_of(keys(two), name)) for name in TRACKS] == [1] * 5
    np.testing.assert_array_equal(shown(two, 77), first)
    assert np.abs(shown(two, SECOND + 76)).max() < 1e-6


def test_made_again_after_its_first_clip_was_removed_it_replaces_the_other(two, finished):
    clips.remove(two, 0)
    second = Path(two.ecavatar.clips[0].job)
    assert import_avatar(read_result(finished), bpy.context.scene) == two
    (clip,) = two.ecavatar.clips
    assert clip.job == str(finished) != str(second) and second.is_dir()                     # the folder of the other one stays
    assert [len(strips_of(keys(two), name)) for name in TRACKS] == [1] * 5 and len(sounds()) == SOUND
    assert np.abs(shown(two, clip.start + 76)).max() > 0.2


def test_generate_lets_the_head_say_a_further_recording_and_leaves_it_alone(ready, tmp_path):
    """Its head is not made again, nor changed; where the playhead has no room, the clip comes after and it is told."""
    scene = bpy.context.scene
    root = imported(ready, hair="NONE")
    bpy.context.view_layer.objects.active = skin = parts_of(root)["skin"]
    skin.data.vertices[0].co.z += 0.5                                                       # would come back with the head
    samples, rate = soundfile.read(SPEECH, stop=32000)
    soundfile.write(tmp_path / "second.wav", samples, rate)
    settings = scene.ecavatar
    settings.photo, settings.audio, settings.emotion, settings.placing = str(PHOTO), str(tmp_path / "second.wav"), "sad", "PLAYHEAD"
    before = [shown(root, frame) for frame in (1, 77, LENGTH)]
    scene.frame_set(100)
    assert bpy.ops.ecavatar.generate() == {"FINISHED"}
    first, second = root.ecavatar.clips
    assert (first.name, first.start, second.name) == ("beckett", 1, "second") and LENGTH < second.start < LENGTH + FPS
    assert any("no room at frame 100" in text for text in jobs.current.warnings) and scene.frame_current == second.start
    # Blender 5.2 works out a moved strip's curves with another last bit
    np.testing.assert_allclose([shown(root, frame) for frame in (1, 77, LENGTH)], before, rtol=0, atol=6e-8)
    assert skin.data.vertices[0].co.z > 0.4
    manifest = json.loads((Path(second.job) / "manifest.json").read_text(encoding="utf-8"))
    assert Path(second.job).parent.parent == ready and manifest["seconds"]["head"] < 1.0   # it takes ten when it is made
    assert [found.ecavatar.role for found in scene.objects].count("avatar") == 1
    scene.render.fps = 12
    start, first_keys = second.start, keyed(root, 1)
    settings.hair, settings.fringe, settings.parting, settings.waves = "SHORT", "NONE", "MIDDLE", "COILY"
    settings.hairline = "TEMPLES"
    assert bpy.ops.ecavatar.generate_clip() == {"FINISHED"}
    assert Request.read(Path(second.job)).cut == wanted(scene) == Haircut("SHORT", "NONE", "MIDDLE", "COILY", "TEMPLES")
    assert len(parts_of(root)["hair"].data.points) == round(POINTS * SHORT["COILY"].points) * len(parts_of(root)["hair"].data.curves)
    assert second.start == start and strips_of(keys(root), "Speech")[2].action[STAMP]["fps"] == 12 and keyed(root, 1) == first_keys


def test_clips_whose_keys_went_with_a_deleted_skin_are_told(two, finished):
    said = []
    import_avatar(read_result(finished), bpy.context.scene, said)
    assert not said
    bpy.data.objects.remove(parts_of(two)["skin"])
    two.ecavatar.clips[1].name = "Farewell"
    import_avatar(read_result(finished), bpy.context.scene, said)
    assert len(strips_of(keys(two), "Speech")) == 1 and len(said) == 1 and "Farewell; Clips; Generate Again" in said[0]


def test_a_character_of_the_artists_says_both(own, finished, tmp_path):
    root = next(found for found in bpy.context.scene.objects if found.ecavatar.role == "avatar")
    add_clip(root, read_result(shutil.copytree(finished, tmp_path / "second")), bpy.context.scene)
    select(own)
    blocks = own.data.shape_keys.key_blocks[1:]

    def moved(frame):
        bpy.context.scene.frame_set(frame)
        return np.array([block.value for block in blocks])

    assert bpy.ops.ecavatar.apply_to_selected() == {"FINISHED"}
    for frame in (30, 77, 150):
        np.testing.assert_allclose(moved(SECOND - 1 + frame), moved(frame), atol=1e-5)
    assert moved(77).max() > 0.1 and np.abs(moved((LENGTH + SECOND) // 2)).max() < 1e-6
    clips.remove(root, 0)
    assert bpy.ops.ecavatar.apply_to_selected() == {"FINISHED"}
    assert not moved(77).any() and moved(SECOND + 76).max() > 0.1


def test_a_job_is_refused_where_it_cannot_be_a_clip(two, addon):
    again = read_result(Path(two.ecavatar.clips[1].job))
    with pytest.raises(ECAvatarError, match="clip of the avatar already"):
        add_clip(two, again, bpy.context.scene)
    with pytest.raises(ECAvatarError, match="another head model"):
        add_clip(two, replace(again, head_model="0" * 64), bpy.context.scene)
    bpy.context.view_layer.objects.active = None
    with pytest.raises(RuntimeError, match="no avatar is selected"):
        bpy.ops.ecavatar.import_job(directory=two.ecavatar.clips[1].job, placing="AFTER")
    assert len(two.ecavatar.clips) == 2 and [len(strips_of(keys(two), name)) for name in TRACKS] == [2] * 5


def test_the_panel_lists_clips(two):
    drawn = []
    ECAVATAR_PT_clips.draw(SimpleNamespace(layout=Layout(drawn)), bpy.context)
    for clip in two.ecavatar.clips:
        ECAVATAR_UL_clips.draw_item(None, bpy.context, Layout(drawn), two.ecavatar, clip, 0, None, "active_clip")
    text = " ".join(drawn)
    assert "ecavatar.remove_clip" in text and "ecavatar.generate_clip" in text and "10.0 s" in text
