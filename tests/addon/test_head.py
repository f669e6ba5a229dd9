"""The head as objects: parts, units, axes, shapes, names."""

import bpy
import numpy as np
import pytest
from ecavatar.core.head.model import REGIONS, HeadBasis
from ecavatar.core.pack import DEFAULT
from ecavatar.ecavatar_addon.head import parts_of
from ecavatar.ecavatar_addon.scene import to_blender

ROLES = {"skin", "teeth_upper", "teeth_lower", "tongue", "eye_left", "eye_right", "jaw", "hair", "brows", "lashes", "neck"}


@pytest.fixture(scope="module")
def basis():
    return HeadBasis.load(DEFAULT / "head.npz")


def world(part):
    """Vertices (V, 3) of an object in the world."""
    bpy.context.view_layer.update()
    points = np.empty(3 * len(part.data.vertices), np.float32)
    part.data.vertices.foreach_get("co", points)
    return points.reshape(-1, 3) @ np.array(part.matrix_world.to_3x3()).T + np.array(part.matrix_world.translation)


def test_who_moves_the_skin_moves_the_head(avatar):
    parts = parts_of(avatar)
    before = {role: world(part).mean(axis=0) for role, part in parts.items() if part.type == "MESH"}
    parts["skin"].location = (0.5, 0.0, 0.0)
    for role, centre in before.items():
        np.testing.assert_allclose(world(parts[role]).mean(axis=0) - centre, (0.5, 0, 0), atol=1e-5)


def test_axes_keep_left_and_right():
    turned = to_blender(np.eye(3))
    np.testing.assert_array_equal(turned, [[1, 0, 0], [0, 0, 1], [0, -1, 0]])     # left stays, up is +Z, the face looks to -Y
    assert np.linalg.det(turned) == pytest.approx(1)


def test_all_parts_are_objects_of_the_avatar(avatar):
    parts = parts_of(avatar)
    assert set(parts) == ROLES
    assert {part.parent.ecavatar.role for role, part in parts.items() if role in ("teeth_lower", "tongue")} == {"jaw"}
    assert all(part.name.startswith(avatar.name) for part in parts.values())
    assert {part.users_collection[0] for part in parts.values()} == {avatar.users_collection[0]}


def test_the_head_has_its_real_size_and_place(avatar, result):
    parts = parts_of(avatar)
    skin = world(parts["skin"])
    expected = to_blender(result.head["vertices"])[:len(skin)] + np.array(avatar.location)
    np.testing.assert_allclose(skin[:1000], expected[:1000], atol=1e-6)           # float32 of a position up to 1 m
    assert 0.2 < np.ptp(skin[:, 2]) < 0.35
    for role in ("teeth_lower", "tongue", "eye_left", "teeth_upper"):
        inside = world(parts[role])
        assert (inside.min(axis=0) > skin.min(axis=0)).all() and (inside.max(axis=0) < skin.max(axis=0)).all()
    assert world(parts["eye_left"])[:, 0].mean() > avatar.location.x > world(parts["eye_right"])[:, 0].mean()
    assert world(parts["teeth_lower"])[:, 2].mean() < world(parts["teeth_upper"])[:, 2].mean()


def test_skin_has_all_shapes_under_apples_names(avatar, result):
    blocks = parts_of(avatar)["skin"].data.shape_keys.key_blocks
    names = {block.name for block in blocks}
    assert {"Basis", "jawOpen", "mouthSmileLeft", "eyeBlinkRight", "browInnerUp"} <= names
    assert len(blocks) == len(result.bake["names"]) + len(result.bake["corrective_names"]) + 1
    jaw = np.empty(3 * len(blocks["Basis"].data), np.float32)
    rest = jaw.copy()
    blocks["jawOpen"].data.foreach_get("co", jaw)
    blocks["Basis"].data.foreach_get("co", rest)
    offsets = (jaw - rest).reshape(-1, 3)
    wanted = to_blender(result.bake["offsets"][list(result.bake["names"]).index("jawOpen")])[:4242]
    np.testing.assert_allclose(offsets[:4242], wanted, atol=1e-6)
    assert offsets[:, 2].min() < -0.02                                            # the chin goes down by centimetres


def test_meshes_are_quads_with_uvs_and_regions(avatar, basis):
    skin = parts_of(avatar)["skin"]
    sides = np.array([polygon.loop_total for polygon in skin.data.polygons])
    assert (sides == 4).mean() > 0.99 and skin.data.uv_layers.active is not None
    assert {group.name for group in skin.vertex_groups} == {*REGIONS, "neck", "head"}
    lips = skin.vertex_groups["lips"].index
    members = sum(lips in {group.group for group in vertex.groups} for vertex in skin.data.vertices)
    assert members == (basis.regions == REGIONS.index("lips")).sum()
    assert not skin.data.validate()                                               # nothing to mend


def test_tongue_and_eyes_have_shapes_of_their_own(avatar):
    parts = parts_of(avatar)
    assert {"tongueOut", "tongueTipUp"} <= {block.name for block in parts["tongue"].data.shape_keys.key_blocks}
    assert parts["eye_left"].data.shape_keys is None                              # it turns as a whole
    assert parts["teeth_upper"].data.shape_keys is None
