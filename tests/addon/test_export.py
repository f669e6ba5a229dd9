"""Exported files move as the avatar does, and numbers are what it shows."""

import csv
import json

import bpy
import numpy as np
import pytest
from ecavatar.core.bake.face_motion import from_bake
from ecavatar.core.character.live_link import ARKIT
from ecavatar.ecavatar_addon import export as module
from ecavatar.ecavatar_addon import lip_sync
from ecavatar.ecavatar_addon.export import export
from ecavatar.ecavatar_addon.export_samples import meshes_of
from ecavatar.ecavatar_addon.head import parts_of
from ecavatar.ecavatar_addon.performance import LEAST_LOOK
from mathutils import Matrix

from .exported import EXACT, FIRST, LAST, imported, read_glb, seen, twins

ROLES = ("skin", "teeth_lower", "tongue", "lashes", "eye_left")


def telling_frames(root):
    """Frames with the jaw most shut and most open, and with the lids most shut."""
    found = []
    for frame in range(FIRST, LAST + 1):
        bpy.context.scene.frame_set(frame)
        blocks = parts_of(root)["skin"].data.shape_keys.key_blocks
        found.append((blocks["jawOpen"].value, blocks["eyeBlinkLeft"].value))
    jaw, lid = np.array(found).T
    assert np.ptp(jaw) > 0.1 and lid.max() > 0.9 > 0.1 > lid.min()
    return FIRST, FIRST + int(jaw.argmin()), FIRST + int(jaw.argmax()), FIRST + int(lid.argmax())


def check_round_trip(root, path, *, begin):
    """Compare the file's meshes with the avatar's; begin: the frame that the importer gives the first one."""
    frames = telling_frames(root)
    parts = parts_of(root)
    wanted = {role: [seen(parts[role], frame) for frame in frames] for role in ROLES}
    assert np.abs(wanted["skin"][2] - wanted["skin"][1]).max() > 0.003
    with imported(path) as meshes:
        for role in ROLES:
            (part,) = [mesh for mesh in meshes if role in mesh.name]
            shown = [seen(part, frame - FIRST + begin) for frame in frames]
            rows = twins(wanted[role][0], shown[0])
            for one, other in zip(wanted[role], shown, strict=True):
                np.testing.assert_allclose(other[rows], one, atol=EXACT)


def test_glb(told, tmp_path):
    path = tmp_path / "head.glb"
    assert bpy.ops.ecavatar.export(filepath=str(path)) == {"FINISHED"}
    check_round_trip(told, path, begin=0)
    file, values = read_glb(path)
    (animation,) = file["animations"]
    nodes = {node["name"].removeprefix(f"{told.name}_"): place for place, node in enumerate(file["nodes"])}
    channels = {(channel["target"]["node"], channel["target"]["path"]): animation["samplers"][channel["sampler"]]
                for channel in animation["channels"]}
    weights = channels[nodes["skin"], "weights"]
    skin = file["meshes"][file["nodes"][nodes["skin"]]["mesh"]]
    names = skin["extras"]["targetNames"]
    assert set(ARKIT) < set(names) and "eyeBlinkLeft_halfway" in names and len(names) == len(skin["primitives"][0]["targets"])
    times, curves = values(weights["input"]).ravel(), values(weights["output"]).reshape(-1, len(names))
    np.testing.assert_allclose(times, np.arange(LAST - FIRST + 1) / 24, atol=1e-6)
    assert np.ptp(curves[:, names.index("eyeBlinkLeft")]) > 0.9 and np.ptp(curves[:, names.index("jawOpen")]) > 0.1
    assert (nodes["teeth_lower"], "rotation") in channels and len(file["skins"]) == 1
    primitive = skin["primitives"][0]
    low, high = (np.array(file["accessors"][primitive["attributes"]["POSITION"]][end]) for end in ("min", "max"))
    assert 0.2 < (high - low)[1] < 0.4 and (high - low)[1] > (high - low)[0]               # metres, and up is Y
    assert file["materials"][primitive["material"]]["pbrMetallicRoughness"]["baseColorTexture"] and len(file["images"]) == 3


@pytest.mark.parametrize("name", ["head.fbx", "head.usdc", "head.abc"])
def test_round_trip(told, tmp_path, name):
    assert bpy.ops.ecavatar.export(filepath=str(tmp_path / name)) == {"FINISHED"}
    check_round_trip(told, tmp_path / name, begin=FIRST)
    beside = {"textures"} if name == "head.usdc" else set()
    assert {path.name for path in tmp_path.iterdir()} == {name, *beside}


def test_a_point_cache_moves_the_mesh_it_was_made_of(told, tmp_path):
    export(told, tmp_path / "head.mdd", bpy.context.scene, frames="SCENE")
    assert len(list(tmp_path.glob("head*.mdd"))) == 7
    for role, name in (("skin", "head.mdd"), ("teeth_lower", "head_teeth_lower.mdd")):
        part = parts_of(told)[role]
        copy = bpy.data.objects.new("copy", part.data.copy())
        copy.shape_key_clear()
        bpy.context.collection.objects.link(copy)
        cache = copy.modifiers.new("Cache", "MESH_CACHE")
        cache.cache_format, cache.filepath, cache.frame_start = "MDD", str(tmp_path / name), FIRST
        cache.forward_axis, cache.up_axis = "POS_Z", "NEG_Y"
        for frame in telling_frames(told):
            np.testing.assert_allclose(seen(copy, frame), seen(part, frame), atol=EXACT)


def test_a_point_cache_needs_the_vertices_that_the_mesh_has(told, tmp_path):
    parts_of(told)["skin"].modifiers["Subdivision"].show_viewport = True
    with pytest.raises(RuntimeError, match="changes the number of vertices.*skin"):
        bpy.ops.ecavatar.export(filepath=str(tmp_path / "head.mdd"))
    assert not (tmp_path / "head.mdd").exists()


def test_numbers_need_the_vertices_that_the_eyes_have(told, tmp_path):
    parts_of(told)["eye_left"].modifiers.new("Smooth", "SUBSURF")
    with pytest.raises(RuntimeError, match="changes the number of vertices.*eye_left"):
        bpy.ops.ecavatar.export(filepath=str(tmp_path / "head.csv"))


def test_the_frames_are_those_of_the_moved_speech(root, folder):
    for owner in (parts_of(root)["skin"].data.shape_keys, parts_of(root)["neck"]):
        for track in owner.animation_data.nla_tracks:
            if track.name != "Rest":
                track.strips[0].frame_end += 300
                track.strips[0].frame_start += 300
    assert module.extent(root, meshes_of(root), bpy.context.scene, module.AVATAR) == (301, 541)


def test_numbers_are_what_the_face_shows(told, tmp_path):
    parts = parts_of(told)
    blocks = parts["skin"].data.shape_keys.key_blocks
    for name in ("head.csv", "head.json"):
        export(told, tmp_path / name, bpy.context.scene, frames="SCENE")
    with (tmp_path / "head.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    values = json.loads((tmp_path / "head.json").read_text())
    assert len(rows) == len(values["weights"]) == LAST - FIRST + 1
    assert set(values["names"]) == {block.name for block in blocks[1:]}
    for frame in (*telling_frames(told), LAST):
        bpy.context.scene.frame_set(frame)
        pose = parts["neck"].evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones["head"]
        row, weights = rows[frame - FIRST], dict(zip(values["names"], values["weights"][frame - FIRST], strict=True))
        for name in ARKIT:
            assert float(row[name[0].upper() + name[1:]]) == pytest.approx(blocks[name].value, abs=1e-6)
        assert all(weights[block.name] == pytest.approx(block.value, abs=1e-6) for block in blocks[1:])
        assert float(row["LeftEyeYaw"]) == pytest.approx(-np.radians(14), abs=1e-4)                  # outwards, to the person's left
        assert float(row["RightEyeYaw"]) == pytest.approx(0, abs=1e-4)
        yaw, pitch, roll = (float(row[f"Head{name}"]) for name in ("Yaw", "Pitch", "Roll"))
        turned = Matrix.Rotation(-yaw, 3, "Z") @ Matrix.Rotation(pitch, 3, "X") @ Matrix.Rotation(roll, 3, "Y")
        np.testing.assert_allclose(turned, (pose.matrix @ pose.bone.matrix_local.inverted()).to_3x3(), atol=1e-4)
    assert abs(pitch) > 0.2 and abs(yaw) > 0.05


def test_arkit_shapes_only(told, tmp_path):
    bpy.context.scene.ecavatar.export.arkit_only = True
    assert bpy.ops.ecavatar.export(filepath=str(tmp_path / "head.fbx")) == {"FINISHED"}
    with imported(tmp_path / "head.fbx") as meshes:
        skin = next(mesh for mesh in meshes if "skin" in mesh.name)
        assert {block.name for block in skin.data.shape_keys.key_blocks[1:]} == set(ARKIT)


def test_all_of_it_is_what_the_command_line_exports(root, result, tmp_path):
    lip_sync.update(root, dense=True)
    assert bpy.ops.ecavatar.export(filepath=str(tmp_path / "a.json")) == {"FINISHED"}
    values, motion = json.loads((tmp_path / "a.json").read_text()), from_bake(result.bake)
    difference = np.array(values["weights"])[:, [values["names"].index(name) for name in motion.names]] - motion.weights
    looks = np.array([name.startswith("eyeLook") for name in motion.names])
    assert np.abs(difference[:, ~looks]).max() < 1e-4                                       # float32 keys and influences
    assert np.abs(difference[:, looks]).max() < LEAST_LOOK + 1e-4 and motion.weights[:, looks].any()
    np.testing.assert_allclose(np.array(values["turns"]["head"]), motion.head, atol=np.radians(0.2))
