"""Clips on one head as one sequence: a fused one after another, in one undo step, in another file, and exported whole."""

import shutil
from dataclasses import replace

import bpy
import numpy as np
import pytest
import soundfile
from ecavatar.core.job import Request, read_result
from ecavatar.core.messages import silent
from ecavatar.core.pipeline import animate
from ecavatar.ecavatar_addon.actions import our_action, strips_of
from ecavatar.ecavatar_addon.avatar import add_clip, import_avatar
from ecavatar.ecavatar_addon.head import FUSED, parts_of

from .conftest import SPEECH
from .exported import read_glb
from .keyed import keys
from .test_reuse import seen

FPS, SECONDS = 12, 1.0
TRACKS = ("Speech", "Blinks", "Gaze", "Emotion", "Emotion Lips")


@pytest.fixture(scope="module")
def jobs(finished, tmp_path_factory):
    """Two finished job folders of a second each, the second one fused on the mesh; do not change them."""
    home, made = tmp_path_factory.mktemp("sequence"), []
    samples, rate = soundfile.read(SPEECH, start=20000, stop=20000 + round(SECONDS * 22050))
    soundfile.write(home / "brief.wav", samples, rate)
    for name, fusion in (("first", "shapes"), ("second", "harmonic")):
        folder = shutil.copytree(finished, home / name)
        request = Request.read(folder)
        emotions = replace(request.emotions, fusion=fusion, windows=())
        replace(request, audio=str(home / "brief.wav"), fps=float(FPS), emotions=emotions).write(folder)
        animate(folder, report=silent)
        made.append(folder)
    return made


@pytest.fixture(scope="module")
def pair_file(jobs, tmp_path_factory):
    return tmp_path_factory.mktemp("pair") / "pair.blend"


@pytest.fixture
def pair(addon, jobs, pair_file):
    """The root of a bald avatar with both clips; made once, and then opened."""
    if not pair_file.is_file():
        one(jobs[0])
        add_clip(bpy.data.objects["astronaut"], read_result(jobs[1]), bpy.context.scene)
        bpy.ops.wm.save_as_mainfile(filepath=str(pair_file), copy=True)
    bpy.ops.wm.open_mainfile(filepath=str(pair_file))
    return bpy.data.objects["astronaut"]


def one(job):
    """Import a job as the first clip of a new avatar into the scene and return its root, selected."""
    scene = bpy.context.scene
    scene.render.fps, scene.ecavatar.hair = FPS, "NONE"
    root = import_avatar(read_result(job), scene)
    root.name = "astronaut"
    bpy.context.view_layer.objects.active = parts_of(root)["skin"]
    return root


def faces(root, frames):
    """Vertices (T, V, 3) of the skin on frames of the scene."""
    found = []
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        found.append(seen(parts_of(root)["skin"]))
    return np.stack(found)


def spans(root):
    """First and last frame of each clip."""
    return [(clip.start, clip.start + round(clip.length * FPS) - 1) for clip in root.ecavatar.clips]


def test_a_fused_clip_after_another_looks_as_it_does_alone(pair, jobs):
    (first, last), (second, end) = spans(pair)
    frames = np.arange(first, last + 1)
    shown = [faces(pair, frames), faces(pair, frames + second - first)]
    assert any(block.name.startswith(FUSED) for block in keys(pair).key_blocks) and end - second == last - first
    for job, wanted in zip(jobs, shown, strict=True):
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        np.testing.assert_allclose(faces(one(job), frames), wanted, atol=2e-6)              # metres: single precision of later frames
    assert np.abs(shown[0] - shown[1]).max() > 1e-4


def test_a_further_clip_is_one_undo_step(pair, jobs):
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    one(jobs[0])
    bpy.ops.ed.undo_push(message="Before")
    assert bpy.ops.ecavatar.import_job(directory=str(jobs[1]), placing="AFTER") == {"FINISHED"}
    bpy.ops.ed.undo_push(message="After")                       # a window does this by the operator's UNDO
    root = bpy.data.objects["astronaut"]
    assert [len(strips_of(keys(root), name)) for name in TRACKS] == [2] * 5 and len(root.ecavatar.clips) == 2
    assert bpy.ops.ed.undo() == {"FINISHED"}
    root = bpy.data.objects["astronaut"]
    assert [len(strips_of(keys(root), name)) for name in TRACKS] == [1] * 5 and len(root.ecavatar.clips) == 1
    assert not any(block.name.startswith(FUSED) for block in keys(root).key_blocks)
    assert bpy.context.scene.frame_end == spans(root)[0][1] and "UNDO" in bpy.types.ECAVATAR_OT_import_job.bl_options


@pytest.mark.parametrize("how", ["appended", "overridden"])
def test_both_clips_play_in_another_file(pair, pair_file, how):
    frames = [frame for first, last in spans(pair) for frame in (first, (first + last) // 2)]
    wanted, name = faces(pair, frames), pair.users_collection[0].name
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(pair_file), link=how == "overridden") as (_, loaded):
        loaded.collections = [name]
    collection = loaded.collections[0]
    bpy.context.scene.collection.children.link(collection)
    if how == "overridden":
        collection.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer)
    avatars = [root for root in bpy.data.objects if root.ecavatar.role == "avatar"]
    (found,) = [root for root in avatars if bool(root.override_library) == (how == "overridden")]
    np.testing.assert_allclose(faces(found, frames), wanted, atol=1e-6)
    assert len(found.ecavatar.clips) == 2 and our_action(keys(found), "Speech", 2) is not None


def test_the_whole_sequence_is_exported(pair, tmp_path):
    assert bpy.ops.ecavatar.export(filepath=str(tmp_path / "pair.glb")) == {"FINISHED"}
    file, values = read_glb(tmp_path / "pair.glb")
    (animation,) = file["animations"]
    (first, _), (second, last) = spans(pair)
    skin = next(place for place, node in enumerate(file["nodes"]) if node["name"].endswith("_skin"))
    (channel,) = [found for found in animation["channels"] if found["target"] == {"node": skin, "path": "weights"}]
    sampler = animation["samplers"][channel["sampler"]]
    times = values(sampler["input"])[:, 0]
    assert times[0] == 0 and times[-1] == pytest.approx((last - first) / FPS, abs=1e-4)
    names = file["meshes"][file["nodes"][skin]["mesh"]]["extras"]["targetNames"]
    weights = values(sampler["output"]).reshape(len(times), len(names))
    for frame in ((first + second) // 4, (second + last) // 2):
        bpy.context.scene.frame_set(frame)
        shown = weights[np.abs(times - (frame - first) / FPS).argmin()]
        for name in ("jawOpen", "mouthPucker", "mouthSmileLeft"):
            assert shown[names.index(name)] == pytest.approx(keys(pair).key_blocks[name].value, abs=1e-4)
    opened = weights[:, names.index("jawOpen")]
    assert all(opened[(times >= (begin - first) / FPS) & (times <= (end - first) / FPS)].max() > 0.02 for begin, end in spans(pair))
