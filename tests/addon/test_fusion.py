"""Emotion and speech fused on the mesh, in Blender: the skin is the fused one; shape weights again leave nothing behind."""

import shutil
from dataclasses import replace

import bpy
import numpy as np
import pytest
from ecavatar.core.emotion.fused_shapes import MOST
from ecavatar.core.emotion.fusion import Fusion, felt_weights, offsets_of
from ecavatar.core.emotion.motion import EmotionCurves
from ecavatar.core.head.model import HeadBasis
from ecavatar.core.job import Request, read_result
from ecavatar.core.messages import silent
from ecavatar.core.pack import Pack
from ecavatar.core.pipeline import animate
from ecavatar.ecavatar_addon import clips, emotion, lip_sync
from ecavatar.ecavatar_addon.animation import FUSE_AGAIN
from ecavatar.ecavatar_addon.avatar import add_clip, import_avatar
from ecavatar.ecavatar_addon.head import FUSED, clip_of_fused, parts_of

from .conftest import copied
from .keyed import curves, keys, same


@pytest.fixture(scope="module")
def job(finished, tmp_path_factory):
    """A finished job folder, fused on the mesh; do not change it."""
    folder = shutil.copytree(finished, tmp_path_factory.mktemp("fused") / "astronaut-22222222")
    return again(folder, "harmonic")


def again(folder, fusion):
    """Run the job with another fusion."""
    request = Request.read(folder)
    replace(request, emotions=replace(request.emotions, fusion=fusion)).write(folder)
    animate(folder, report=silent)
    return folder


@pytest.fixture
def folder(job, scenes):
    return copied(job, scenes / job.name)


@pytest.fixture
def fused(root):
    """An avatar of that folder, fused on the mesh."""
    return root


def shown(root, frame):
    """The skin's offsets (V, 3) from its basis at a frame, Blender's axes, metres."""
    bpy.context.scene.frame_set(frame)
    skin = parts_of(root)["skin"]
    mesh = skin.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    points = [np.empty(3 * len(mesh.vertices), np.float32) for _ in range(2)]
    mesh.vertices.foreach_get("co", points[0])
    skin.data.shape_keys.reference_key.data.foreach_get("co", points[1])
    return (points[0] - points[1]).reshape(-1, 3)


def shapes(root):
    return [block.name for block in keys(root).key_blocks if block.name.startswith(FUSED)]


def test_the_skin_is_the_fused_one(fused, folder):
    fused.ecavatar.performance.gaze = fused.ecavatar.performance.head_motion = 0.0
    result, basis = read_result(folder), HeadBasis.load(Pack.open().path("head"))
    skin = basis.part("skin").vertices
    fps, blinks = float(result.bake["fps"]), result.bake["blinks"]
    open_eyes = [frame for frame in (70, 100, 122, 140) if np.abs(blinks[:, 0] - frame / fps).min() > 0.3]
    felt = EmotionCurves(result.bake["emotion_times"], result.bake["emotion_weights"]).at(np.array(open_eyes, np.float32) / fps)
    speech = result.bake["weights"][open_eyes]
    wanted = Fusion.make(basis, "harmonic")(offsets_of(basis, speech), offsets_of(basis, felt_weights(felt, speech, basis)))[:, skin]
    assert len(open_eyes) >= 2 and shapes(fused)
    for frame, offsets in zip(open_eyes, wanted, strict=True):
        x, z, y = shown(fused, 1 + frame).T
        lids = 1e-4                                     # the person's lids are fitted to its eyes, the model's are not
        assert np.linalg.norm(np.stack([x, y, -z], axis=1) - offsets, axis=1).max() < MOST + lids


def test_no_strength_is_the_speech_alone(fused):
    fused.ecavatar.emotion.strength = 0.0
    bpy.context.scene.frame_set(100)
    assert all(abs(keys(fused).key_blocks[name].value) < 1e-6 for name in shapes(fused))


def test_shape_weights_again_leave_nothing_behind(fused, folder):
    skin = parts_of(fused)["skin"]
    material = skin.active_material
    assert import_avatar(read_result(again(folder, "shapes")), bpy.context.scene) == fused
    assert parts_of(fused)["skin"] == skin and skin.active_material == material
    assert not shapes(fused) and not any(name.startswith(FUSED) for name in (*curves(fused, "Rest"), *curves(fused, "Emotion Lips")))


def test_a_fused_clip_comes_to_a_head_whose_parts_the_artist_took_away(fused, job, tmp_path):
    parts = parts_of(fused)
    bpy.data.objects.remove(parts["teeth_lower"])
    parts["tongue"].shape_key_clear()
    first, before = shapes(fused), shown(fused, 100)
    result = read_result(shutil.copytree(job, tmp_path / "second"))
    result.bake["fusion_offsets"][0, HeadBasis.load(Pack.open().path("head")).part("lashes").vertices] += np.float32(0.001)
    add_clip(fused, result, bpy.context.scene)
    parts, added = parts_of(fused), [name for name in shapes(fused) if clip_of_fused(name) == 2]
    assert "teeth_lower" not in parts and parts["tongue"].data.shape_keys is None and len(added) == len(first) > 0
    lashes = parts["lashes"].data.shape_keys                                                # they follow the skin's key
    assert [curve.data_path.split('"')[1] for curve in lashes.animation_data.drivers].count(added[0]) == 1
    assert shapes(fused)[-len(added):] == added and added[0] in lashes.key_blocks
    np.testing.assert_allclose(shown(fused, 100), before, atol=1e-6)                        # metres: the first clip is as it was
    late = fused.ecavatar.clips[1].start + 99
    np.testing.assert_allclose(shown(fused, late), before, atol=1e-5)                       # single precision of later frames
    clips.remove(fused, 1)
    assert shapes(fused) == first and "teeth_lower" not in parts_of(fused)


def test_a_change_keys_the_emotion_and_says_what_the_lips_need(fused):
    lips, felt = curves(fused, "Emotion Lips"), curves(fused, "Emotion")
    fused.ecavatar.emotion.windows[0].category = "sad"
    assert not same(felt, curves(fused, "Emotion")) and same(lips, curves(fused, "Emotion Lips"))
    assert FUSE_AGAIN in fused.ecavatar.emotion.said
    assert FUSE_AGAIN in lip_sync.update(fused)


def test_the_choice_reaches_the_next_request(fused):
    assert emotion.settings_of(fused).fusion == "harmonic"
    fused.ecavatar.emotion.fusion = "network"
    assert emotion.settings_of(fused).fusion == "network"
