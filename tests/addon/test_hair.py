"""Hair is an object of its own: coloured from the photo, easy to leave out, kept when the avatar is generated again."""

import dataclasses

import bpy
import numpy as np
import pytest
from ecavatar.core.choices import HAIRCUT
from ecavatar.core.face.fit import Anchors
from ecavatar.core.files import write_arrays
from ecavatar.core.hair.brows import brow_hairs
from ecavatar.core.hair.curls import HANGING, SHORT
from ecavatar.core.hair.haircut import Haircut
from ecavatar.core.hair.long_hair import POINTS
from ecavatar.core.hair.look import Look
from ecavatar.core.hair.shades import at_roots, inherent, paler
from ecavatar.core.hair.short_hair import POINTS as SHORT_POINTS
from ecavatar.core.hair.short_hair import STRANDS
from ecavatar.core.hair.strands import Strands
from ecavatar.core.head.model import HeadBasis
from ecavatar.core.head.scalp import COVERED
from ecavatar.core.job import read_result
from ecavatar.core.pack import DEFAULT
from ecavatar.core.pictures.colours import linear
from ecavatar.ecavatar_addon.avatar import import_avatar
from ecavatar.ecavatar_addon.hair import wanted
from ecavatar.ecavatar_addon.head import parts_of
from ecavatar.ecavatar_addon.scene import to_blender
from ecavatar.ecavatar_addon.skin import group_node
from ecavatar.ecavatar_addon.skin_nodes import SCALP
from pytest import approx


def test_the_avatar_has_hair_in_the_photos_colour(avatar, result):
    hair = parts_of(avatar)["hair"]
    assert hair.type == "CURVES" and 0.9 * STRANDS < len(hair.data.curves) <= STRANDS
    assert (str(result.head["hair_parting"]), str(result.head["hair_waves"])) == ("RIGHT", "WAVY")        # as her photo shows
    assert str(result.head["hairline"]) == "FULL"
    assert len(hair.data.points) == round(POINTS * HANGING["WAVY"].points) * len(hair.data.curves)
    assert hair.parent.ecavatar.role == "skin"
    np.testing.assert_allclose(tone(hair), inherent(linear(result.head["hair_colour"])), atol=1e-6)


def test_locks_of_hair_differ_in_tone(avatar):
    hair = parts_of(avatar)["hair"]
    lighter, each = np.empty(len(hair.data.curves), np.float32), len(hair.data.points) // len(hair.data.curves)
    points = np.stack([rest(hair, place) for place in range(each)], axis=1)
    hair.data.attributes["ecavatar_paler"].data.foreach_get("value", lighter)
    # back from Blender's axes
    np.testing.assert_allclose(lighter, paler(np.stack([points[..., 0], points[..., 2], -points[..., 1]], axis=2)), atol=1e-3)
    nodes = hair.data.materials[0].node_tree.nodes
    read = next(node for node in nodes if node.type == "ATTRIBUTE")
    assert read.attribute_name == "ecavatar_paler" and read.outputs["Fac"].is_linked


def tone(hair):
    """Return the linear colour (3,) that a hair material scales."""
    scaled = next(node for node in hair.data.materials[0].node_tree.nodes if node.type == "VECT_MATH")
    return np.array(scaled.inputs[0].default_value)


def test_the_avatar_has_brows_in_the_photos_colour(avatar, result):
    brows = parts_of(avatar)["brows"]
    assert brows.type == "CURVES" and len(brows.data.curves) > 80
    np.testing.assert_allclose(tone(brows), inherent(linear(result.head["brow_colour"])), atol=1e-6)


def rest(curves, point=0):
    """Return the first `point` (N, 3) of each curve, or another, as it was made."""
    points = np.empty(3 * len(curves.data.points), np.float32)
    curves.data.attributes["position"].data.foreach_get("vector", points)
    return points.reshape(len(curves.data.curves), -1, 3)[:, point]


def roots(curves):
    """Return the first point (N, 3) of each curve as the modifiers leave it."""
    evaluated = curves.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    points = np.empty(3 * len(evaluated.points), np.float32)
    evaluated.attributes["position"].data.foreach_get("vector", points)
    return points.reshape(len(evaluated.curves), -1, 3)[:, 0]


@pytest.fixture
def still(avatar):
    """The avatar's parts; the skin is at rest."""
    parts = parts_of(avatar)
    parts["skin"].data.shape_keys.animation_data_clear()
    for block in parts["skin"].data.shape_keys.key_blocks[1:]:
        block.value = 0.0
    return parts


@pytest.mark.parametrize("role", ["hair", "brows"])
def test_nothing_moves_at_rest(still, role):
    np.testing.assert_allclose(roots(still[role]), rest(still[role]), atol=1e-6)            # metres


def test_brows_move_as_the_skin_below_them(still, result):
    still["skin"].data.shape_keys.key_blocks["browInnerUp"].value = 1.0
    bpy.context.view_layer.update()
    moved = roots(still["brows"]) - rest(still["brows"])
    basis, anchors = HeadBasis.load(DEFAULT / "head.npz"), Anchors.load(DEFAULT / "anchors.npz")
    hairs = brow_hairs(result.head["vertices"], basis, anchors, result.head["brow_density"], np.random.default_rng(0))
    offsets = result.bake["offsets"][list(result.bake["names"]).index("browInnerUp")]
    wanted = to_blender(np.einsum("nk,nkc->nc", hairs.weights, offsets[basis.skin_triangles[hairs.triangle]]))
    np.testing.assert_allclose(moved, wanted, atol=3e-4)                        # metres: Blender may cut a quad the other way
    inner = np.argsort(np.abs(rest(still["brows"])[:, 0]))[:20]
    assert moved[inner, 2].min() > 0.002                                        # upwards


def test_hair_follows_an_artists_own_shape(still):
    key = still["skin"].shape_key_add(name="larger", from_mix=False)
    points = np.empty(3 * len(key.data), np.float32)
    key.data.foreach_get("co", points)
    key.data.foreach_set("co", np.float32(1.1) * points)
    key.value = 1.0
    bpy.context.view_layer.update()
    np.testing.assert_allclose(roots(still["hair"]), 1.1 * rest(still["hair"]), atol=1e-5)  # metres


@pytest.mark.parametrize("role", ["hair", "brows"])
def test_roots_lie_on_the_skin_that_is_rendered(still, role):
    skin = still["skin"]
    smooth = skin.modifiers["Subdivision"]
    smooth.levels, smooth.show_viewport = smooth.render_levels, True
    bpy.context.view_layer.update()
    shown = skin.evaluated_get(bpy.context.evaluated_depsgraph_get())
    some = roots(still[role])[::20]
    nearest = np.array([shown.closest_point_on_mesh(place)[1] for place in some.tolist()])
    assert np.linalg.norm(nearest - some, axis=1).max() < 1e-4                  # metres


def test_it_can_be_left_out(addon, result):
    bpy.context.scene.ecavatar.hair = "NONE"
    assert not {"hair", "brows"} & set(parts_of(import_avatar(result, bpy.context.scene)))


def test_there_is_to_choose_what_the_engine_knows(addon):
    properties = bpy.context.scene.ecavatar.bl_rna.properties
    assert {name: tuple(item.identifier for item in properties[name].enum_items) for name in HAIRCUT} == HAIRCUT


def test_parting_and_waves_are_the_artists_choice(avatar, result):
    settings = bpy.context.scene.ecavatar
    bpy.data.objects.remove(parts_of(avatar)["hair"])
    settings.hair, settings.fringe, settings.parting, settings.waves = "SHORT", "NONE", "MIDDLE", "COILY"
    assert wanted(bpy.context.scene) == Haircut("SHORT", "NONE", "MIDDLE", "COILY")
    hair = parts_of(import_avatar(result, bpy.context.scene))["hair"]
    assert len(hair.data.points) == round(SHORT_POINTS * SHORT["COILY"].points) * len(hair.data.curves)


def test_a_hairline_that_goes_back_is_bare_skin(avatar, result):
    skin, settings = parts_of(avatar)["skin"], bpy.context.scene.ecavatar
    assert share_of_roots(skin) > 0.6
    bpy.data.objects.remove(parts_of(avatar)["hair"])
    settings.hair, settings.hairline = "CROPPED", "BALDING"
    parts = parts_of(import_avatar(result, bpy.context.scene))
    assert share_of_roots(parts["skin"]) == 0 and 0.3 * STRANDS < len(parts["hair"].data.curves) < STRANDS


def test_a_photo_without_hair_gives_none(addon, result):
    head = dict(result.head) | {"hair_colour": np.zeros(0, np.uint8)}
    parts = parts_of(import_avatar(dataclasses.replace(result, head=head), bpy.context.scene))
    assert "hair" not in parts and "brows" in parts


def test_strands_are_taken_from_the_job(addon, folder):
    result, basis = read_result(folder), HeadBasis.load(DEFAULT / "head.npz")
    look = Look.read(result.look, basis)
    few = Strands(*(getattr(look.hair, name)[:10] for name in ("points", "radius", "triangle", "weights")))
    write_arrays(result.look, dataclasses.replace(look, hair=few).arrays())
    hair = parts_of(import_avatar(result, bpy.context.scene))["hair"]
    np.testing.assert_array_equal(positions(hair), to_blender(few.points.reshape(-1, 3)))
    assert len(hair.data.curves) == 10


def test_groomed_hair_is_kept(avatar, result):
    grown = {role: parts_of(avatar)[role] for role in ("hair", "brows")}
    for hair in grown.values():
        hair.data.curves[0].points[0].position = (1.0, 2.0, 3.0)
    parts = parts_of(import_avatar(result, bpy.context.scene))
    for role, hair in grown.items():
        assert parts[role] == hair and tuple(hair.data.curves[0].points[0].position) == (1.0, 2.0, 3.0), role


@pytest.mark.parametrize("role", ["hair", "brows"])
def test_deleted_hair_comes_back_only_where_it_is_wanted(avatar, result, role):
    other = {"hair": "brows", "brows": "hair"}[role]
    kept, skin = parts_of(avatar)[other], parts_of(avatar)["skin"]
    assert 0.6 < share_of_roots(skin) <= COVERED and roots_colour(skin)[:3] == approx(at_roots(linear(result.head["hair_colour"])))
    bpy.data.objects.remove(parts_of(avatar)[role])
    bpy.context.scene.ecavatar.hair = "NONE"
    assert role not in parts_of(import_avatar(result, bpy.context.scene)) and parts_of(avatar)[other] == kept
    assert (SCALP in skin.data.attributes) == (role == "brows")                     # bare skin where no hair grows
    bpy.context.scene.ecavatar.hair = "SHORT"
    again = parts_of(import_avatar(result, bpy.context.scene))
    assert len(again[role].data.curves) > 80 and again[role].data.surface == again["skin"] and again[other] == kept


def roots_colour(skin):
    return tuple(group_node(skin.material_slots[0].material).inputs["Hair Roots"].default_value)


def share_of_roots(skin):
    """Return how much of the crown roots hide."""
    places, share = np.empty(3 * len(skin.data.vertices), np.float32), np.empty(len(skin.data.vertices), np.float32)
    skin.data.vertices.foreach_get("co", places)
    skin.data.attributes[SCALP].data.foreach_get("value", share)
    height = places[2::3]
    return float(share[height > height.max() - 0.03].min())


def test_a_new_skin_has_the_roots_of_the_hair_that_was_kept(avatar, result):
    skin = parts_of(avatar)["skin"]
    before = roots_colour(skin)
    bpy.data.objects.remove(skin)
    again = parts_of(import_avatar(result, bpy.context.scene))["skin"]
    assert share_of_roots(again) > 0.6 and roots_colour(again) == approx(before)
    group_node(again.material_slots[0].material).inputs["Hair Roots"].default_value = (0.5, 0.1, 0.1, 1.0)
    assert roots_colour(parts_of(import_avatar(result, bpy.context.scene))["skin"]) == approx((0.5, 0.1, 0.1, 1.0))   # the artist


def test_a_new_skin_has_the_hairline_of_the_hair_that_was_kept(avatar, result):
    settings, parts = bpy.context.scene.ecavatar, parts_of(avatar)
    bpy.data.objects.remove(parts["hair"])
    settings.hair, settings.hairline = "CROPPED", "BALDING"
    kept = parts_of(import_avatar(result, bpy.context.scene))["hair"]
    settings.hair = settings.hairline = "PHOTO"                     # full, as in the photo
    bpy.data.objects.remove(parts_of(avatar)["skin"])
    again = parts_of(import_avatar(result, bpy.context.scene))
    assert again["hair"] == kept and share_of_roots(again["skin"]) == 0
    bpy.data.objects.remove(kept)
    assert share_of_roots(parts_of(import_avatar(result, bpy.context.scene))["skin"]) > 0.6


def test_kept_hair_moves_with_a_new_head(avatar, result):
    grown = {role: parts_of(avatar)[role] for role in ("hair", "brows")}
    for hair in grown.values():
        hair.data.curves[0].points[1].position.z += 0.01                                        # groomed
    before = {role: positions(hair) for role, hair in grown.items()}
    other = dict(result.head) | {"vertices": (result.head["vertices"] * np.float32([1.1, 1.0, 1.05])).astype(np.float32)}
    parts = parts_of(import_avatar(dataclasses.replace(result, head=other), bpy.context.scene))
    for role, hair in grown.items():
        assert parts[role] == hair
        points = hair.data.curves[0].points_length
        was, now = (found.reshape(len(hair.data.curves), points, 3)[:, 0] for found in (before[role], positions(hair)))
        np.testing.assert_allclose(now, was * [1.1, 1.05, 1.0], atol=1e-4, err_msg=role)         # Blender's axes
    import_avatar(result, bpy.context.scene)
    for role, hair in grown.items():
        np.testing.assert_allclose(positions(hair), before[role], atol=1e-4, err_msg=role)


def positions(hair):
    """Return all points (N, 3) of the curves."""
    found = np.empty(3 * len(hair.data.points), np.float32)
    hair.data.attributes["position"].data.foreach_get("vector", found)
    return found.reshape(-1, 3)
