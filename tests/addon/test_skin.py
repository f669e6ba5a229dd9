"""Materials: every slot filled, the photo packed, distances from the paper's parameters."""

import dataclasses

import bpy
import numpy as np
import pytest
from ecavatar.core.hair.look import Look
from ecavatar.core.head import drawn
from ecavatar.core.pictures.colours import encoded, linear
from ecavatar.core.types import SkinParams
from ecavatar.ecavatar_addon import skin as skins
from ecavatar.ecavatar_addon.avatar import import_avatar
from ecavatar.ecavatar_addon.head import parts_of
from ecavatar.ecavatar_addon.skin_nodes import DARK, skin_group
from ecavatar.ecavatar_addon.solid_view import SOLID


def shader(material):
    return next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")


def test_every_slot_has_its_material(avatar):
    parts = parts_of(avatar)
    names = {role: [slot.material.name.split(".")[0] for slot in part.material_slots] for role, part in parts.items() if part.data}
    assert names["skin"] == ["ECAvatar skin"] and names["lashes"] == ["ECAvatar lashes"]
    assert names["teeth_lower"] == ["ECAvatar teeth", "ECAvatar gums"]
    assert names["eye_left"] == names["eye_right"] == ["ECAvatar eye"] and names["tongue"] == ["ECAvatar tongue"]


def test_the_photo_is_in_the_file_and_on_the_skin(avatar):
    material = parts_of(avatar)["skin"].material_slots[0].material
    group = shader(material).inputs["Base Color"].links[0].from_node
    assert group == skins.group_node(material)
    picture = group.inputs["Albedo"].links[0].from_node.image
    assert picture.packed_file is not None and tuple(picture.size) == (2048, 2048)
    assert material.node_tree.nodes.active.image[skins.TAG] == SOLID              # what solid shading shows


def test_light_goes_furthest_in_red(avatar):
    red, green, blue = skins.diffuse_mean_free_path(SkinParams())
    assert (red, green, blue) == pytest.approx((3.67, 1.37, 0.68), abs=0.01)      # millimetres, by hand from Jensen et al. 2001
    inputs = shader(parts_of(avatar)["skin"].material_slots[0].material).inputs
    assert inputs["Subsurface Weight"].default_value == 1.0
    method = shader(parts_of(avatar)["skin"].material_slots[0].material).subsurface_method
    assert method == ("RANDOM_WALK_LEGACY" if bpy.app.version >= (5, 2) else "RANDOM_WALK")        # they look alike
    radii = np.array(inputs["Subsurface Radius"].default_value) * inputs["Subsurface Scale"].default_value
    np.testing.assert_allclose(radii, np.array([red, green, blue]) / 1000, rtol=1e-4)


def test_lashes_are_hairs_not_sheets():
    opacity = drawn.lash_opacity(np.random.default_rng(0))
    upper = opacity[opacity.shape[0] // 2:]
    coverage = upper.mean(axis=1)
    assert coverage[0] > 0.5 > coverage[len(coverage) // 2] > coverage[-1] and coverage[-1] < 0.05
    assert upper.mean() > opacity[:opacity.shape[0] // 2].mean()                  # the lower lid has fewer


def test_the_iris_has_the_photos_colour(avatar, result):
    wanted = linear(result.head["iris_colour"])
    side = drawn.EYE_SIDE
    colours = drawn.eye_colours(wanted, linear(result.head["white_of_eye"]), np.random.default_rng(0))[..., :3]
    steps = (np.arange(side) + 0.5) / side * 2 - 1
    angle = np.hypot(*np.meshgrid(steps, steps)) * drawn.EYE_CONE
    ring = colours[(angle > 12) & (angle < 16)].mean(axis=0)
    np.testing.assert_allclose(ring / ring.max(), wanted / wanted.max(), atol=0.02)
    white = (colours / linear(result.head["white_of_eye"])).mean(axis=2)
    around, up = (angle > 22) & (angle < 40), np.arange(side)[:, None] + np.zeros(side) - side / 2
    assert colours[angle < 6].max() < 0.01 < 0.2 < white[around].min() and white[around].max() < 0.85     # pupil black, white shaded
    above, below = (white[around & (sign * up > side / 6)].mean() for sign in (1, -1))
    assert above < 0.75 * below                                     # by the upper lid most of all
    material = parts_of(avatar)["eye_left"].material_slots[0].material
    image = shader(material).inputs["Base Color"].links[0].from_node.image
    assert image.packed_file is not None and tuple(image.size) == (side, side)


def test_the_eyes_in_blender_are_those_that_are_drawn(avatar, result, monkeypatch):
    read = Look.read
    for head in (result.head, dict(result.head) | {"white_of_eye": result.head["white_of_eye"] // 2}):
        if head is not result.head:                 # as of a job of before, whose eye Blender draws
            monkeypatch.setattr(Look, "read", lambda *given: dataclasses.replace(read(*given), eye=b""))
            import_avatar(dataclasses.replace(result, head=head), bpy.context.scene)
        image = shader(parts_of(avatar)["eye_left"].material_slots[0].material).inputs["Base Color"].links[0].from_node.image
        shown = np.empty(4 * drawn.EYE_SIDE**2, np.float32)
        image.pixels.foreach_get(shown)
        colours = drawn.eye_colours(linear(head["iris_colour"]), linear(head["white_of_eye"]), np.random.default_rng(0))
        wanted = np.concatenate([encoded(colours[..., :3]), colours[..., 3:]], axis=2)
        np.testing.assert_allclose(shown, wanted.ravel(), atol=1 / 255)         # kept as bytes, sRGB


def test_the_image_data_is_not_left_behind(avatar):
    assert not [image for image in bpy.data.images if image.users == 0 and not image.use_fake_user and image.name != "Render Result"]


def in_mouth(avatar, role):
    """Return what solid shading shows of a row's teeth: linear green (F,), and how far their faces are from the middle (F,)."""
    part = parts_of(avatar)[role]
    slot = next(number for number, one in enumerate(part.material_slots) if "teeth" in one.material.name)
    node = part.material_slots[slot].material.node_tree.nodes.active
    assert node.image.packed_file is not None and not any(socket.is_linked for socket in node.outputs)
    values = np.empty((node.image.size[1], node.image.size[0], 4), np.float32)
    node.image.pixels.foreach_get(values.ravel())
    uv, found = part.data.uv_layers.active.data, []
    for face in part.data.polygons:
        if face.material_index == slot:
            across, up = np.mean([uv[corner].uv for corner in face.loop_indices], axis=0)
            pixel = values[int(up * values.shape[0]), int(across * values.shape[1]), 1]
            found.append((linear(np.uint8(255 * pixel + 0.5)), abs(face.center.x)))
    return np.array(found).T


@pytest.mark.parametrize("role", ["teeth_upper", "teeth_lower"])
def test_molars_lie_in_shadow(avatar, role):
    shown, away = in_mouth(avatar, role)
    assert np.quantile(shown[away > 0.018], 0.9) < 0.5 * np.quantile(shown[away < 0.008], 0.9)


def test_gums_and_tongue_are_shown_with_them(avatar):
    parts = parts_of(avatar)
    shown = {slot.material.node_tree.nodes.active.image for role in ("teeth_upper", "teeth_lower", "tongue")
             for slot in parts[role].material_slots}
    assert len(shown) == 1


def test_the_mouth_is_dark_in_eevee_which_has_no_light_go_to_and_fro(avatar):
    parts = parts_of(avatar)
    for role, most in (("teeth_upper", 0.3), ("teeth_lower", 0.7), ("tongue", 0.9), ("skin", 0.01)):
        mesh = parts[role].data
        dark = np.empty(len(mesh.vertices), np.float32)
        mesh.attributes[DARK].data.foreach_get("value", dark)
        assert 0 <= dark.min() < most and 0.8 < dark.max() < 1
        for slot in parts[role].material_slots:
            outputs = {node.target: node for node in slot.material.node_tree.nodes if node.type == "OUTPUT_MATERIAL"}
            assert outputs.keys() == {"CYCLES", "EEVEE"}
            if role != "skin":
                mixed = outputs["EEVEE"].inputs["Surface"].links[0].from_node
                assert mixed.inputs[0].links[0].from_node.attribute_name == DARK
                own, black = (mixed.inputs[place].links[0].from_node for place in (1, 2))
                assert own == shader(slot.material) == outputs["CYCLES"].inputs["Surface"].links[0].from_node
                assert black.inputs["Strength"].default_value == 0


def test_a_group_of_before_without_the_mouths_darkness_is_left_alone(addon):
    old = skin_group(1.4)
    old.nodes.remove(next(node for node in old.nodes if node.type == "ATTRIBUTE" and node.attribute_name == DARK))
    new = skin_group(1.4)
    assert new != old and skin_group(1.4) == new


def test_the_skins_colour_in_eevee_is_that_of_the_photo_but_in_the_mouth(avatar):
    group = skins.group_node(parts_of(avatar)["skin"].material_slots[0].material).node_tree
    attribute = next(node for node in group.nodes if node.type == "ATTRIBUTE" and node.attribute_name == DARK)
    light = attribute.outputs["Fac"].links[0].to_node
    assert light.operation == "SUBTRACT" and light.inputs[0].default_value == 1
    output = next(node for node in group.nodes if node.type == "GROUP_OUTPUT")
    lit = {link.to_node for link in light.outputs[0].links}
    assert lit == {output.inputs[name].links[0].from_node for name in ("Color", "Specular")}
