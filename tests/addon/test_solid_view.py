"""Solid shading shows the scalp in the roots' colour while the avatar has hair, and the plain albedo otherwise."""

import bpy
import numpy as np
import pytest
from ecavatar.core.hair.shades import at_roots
from ecavatar.core.pictures.colours import linear
from ecavatar.ecavatar_addon.avatar import import_avatar
from ecavatar.ecavatar_addon.head import parts_of
from ecavatar.ecavatar_addon.skin import ALBEDO, TAG
from ecavatar.ecavatar_addon.solid_view import SIDE, SOLID


def shown(avatar):
    """Return the image that solid shading shows of the skin."""
    return parts_of(avatar)["skin"].material_slots[0].material.node_tree.nodes.active.image


def pixels(image):
    """Return an image's sRGB pixels (SIDE, SIDE, 3), 0..1."""
    copy = image.copy()
    copy.scale(SIDE, SIDE)
    values = np.empty((SIDE, SIDE, 4), np.float32)
    copy.pixels.foreach_get(values.ravel())
    bpy.data.images.remove(copy)
    return values[..., :3]


def test_the_scalp_has_the_roots_colour_and_the_face_its_own(avatar, result):
    image = shown(avatar)
    assert image[TAG] == SOLID and image.packed_file is not None
    albedo = next(other for other in bpy.data.images if other.get(TAG) == ALBEDO)
    bare, covered = pixels(albedo), pixels(image)
    changed = np.abs(covered - bare).max(axis=2) > 0.1
    assert 0.1 < changed.mean() < 0.6
    roots = at_roots(linear(result.head["hair_colour"]))
    scalp = np.median(linear(np.asarray(covered[changed] * 255).astype(np.uint8)), axis=0)
    np.testing.assert_allclose(scalp, roots, atol=0.04)
    assert np.median(np.abs(covered - bare)[~changed]) < 0.005          # roundings
    assert not albedo.is_dirty


def test_it_goes_with_the_hair_and_is_renewed_with_the_photo(avatar, result):
    first = shown(avatar)
    name = first.name
    import_avatar(result, bpy.context.scene)
    assert shown(avatar)[TAG] == SOLID and len([image for image in bpy.data.images if image.get(TAG) == SOLID]) == 1, name
    bpy.data.objects.remove(parts_of(avatar)["hair"])
    bpy.context.scene.ecavatar.hair = "NONE"
    import_avatar(result, bpy.context.scene)
    assert shown(avatar)[TAG] == ALBEDO and not [image for image in bpy.data.images if image.get(TAG) == SOLID]


@pytest.mark.parametrize("again", [False, True])
def test_an_artists_choice_of_what_is_shown_stays(avatar, result, again):
    nodes = parts_of(avatar)["skin"].material_slots[0].material.node_tree.nodes
    nodes.active = chosen = next(node for node in nodes if node.type == "TEX_IMAGE" and node.image[TAG] == ALBEDO)
    if again:
        import_avatar(result, bpy.context.scene)
    assert nodes.active == chosen
