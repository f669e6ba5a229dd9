"""Solid shading shows the scalp in the roots' colour while the avatar has hair, and the plain albedo otherwise."""

import json

import bpy
import numpy as np
import pytest
from ecavatar.core.errors import JobError
from ecavatar.core.files import digest, write_arrays, write_json
from ecavatar.core.hair.shades import at_roots
from ecavatar.core.head.model import HeadBasis
from ecavatar.core.head.mouth_light import mouth_light
from ecavatar.core.head.scalp import COVERED
from ecavatar.core.head.solid_view import SIDE
from ecavatar.core.head.uv_image import spread
from ecavatar.core.job import read_result
from ecavatar.core.pack import DEFAULT
from ecavatar.core.pictures.colours import linear
from ecavatar.ecavatar_addon import solid_view
from ecavatar.ecavatar_addon.avatar import import_avatar
from ecavatar.ecavatar_addon.head import parts_of
from ecavatar.ecavatar_addon.skin import ALBEDO, TAG, group_node
from ecavatar.ecavatar_addon.skin_nodes import ROOTS, SCALP
from ecavatar.ecavatar_addon.solid_view import SOLID

from .conftest import imported


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
    basis = HeadBasis.load(DEFAULT / "head.npz")
    in_mouth = spread(1 - mouth_light(basis)[basis.part("skin").vertices, :1], basis, SIDE, SIDE)[::-1, :, 0] > 0
    changed = (np.abs(covered - bare).max(axis=2) > 0.1) & ~in_mouth
    assert 0.1 < changed.mean() < 0.6
    roots = at_roots(linear(result.head["hair_colour"]))
    pale, dark = (linear((values[changed] * 255 + 0.5).astype(np.uint8)) for values in (bare, covered))
    dense = dark[:, 1] < np.quantile(dark[:, 1], 0.3)               # no skin but what shows between roots
    np.testing.assert_allclose(np.median((pale + (dark - pale) / COVERED)[dense], axis=0), roots, atol=0.01)
    assert np.median(np.abs(covered - bare)[~changed]) < 0.005          # roundings
    assert not albedo.is_dirty


@pytest.fixture
def worn(addon, folder):
    """An avatar of that folder with the photo's hair."""
    return imported(folder, hair="PHOTO")


def again(folder):
    return import_avatar(read_result(folder), bpy.context.scene)


def nodes_of(avatar):
    return parts_of(avatar)["skin"].material_slots[0].material.node_tree.nodes


def ours(nodes, kind=SOLID):
    return [node for node in nodes if node.type == "TEX_IMAGE" and node.image is not None and node.image.get(TAG) == kind]


def solid_images():
    return [image for image in bpy.data.images if image.get(TAG) == SOLID]


def take_group_out(nodes):
    nodes.remove(next(node for node in nodes if node.type == "GROUP"))


def make_bald(avatar):
    bpy.data.objects.remove(parts_of(avatar)["hair"])
    bpy.context.scene.ecavatar.hair = "NONE"


def other_photo(folder):
    """Turn the albedo into its negative."""
    image = bpy.data.images.load(str(folder / "head.png"))
    values = np.empty(4 * image.size[0] * image.size[1], np.float32)
    image.pixels.foreach_get(values)
    values.reshape(-1, 4)[:, :3] *= -1
    values.reshape(-1, 4)[:, :3] += 1
    image.pixels.foreach_set(values)
    image.save()
    bpy.data.images.remove(image)


@pytest.mark.parametrize("grouped", [True, False])
def test_it_is_renewed_with_the_photo(worn, folder, grouped):
    nodes = nodes_of(worn)
    nodes.active = copy = nodes.new("ShaderNodeTexImage")
    copy.image = ours(nodes)[0].image                               # as if an artist had copied the node
    if not grouped:
        take_group_out(nodes)
    before = pixels(copy.image)
    result = read_result(folder)                                    # which verifies the files
    other_photo(folder)
    import_avatar(result, bpy.context.scene)
    image, = solid_images()
    assert shown(worn) == image and [node.image for node in ours(nodes)] == [image, image] and image.packed_file is not None
    bare = pixels(next(other for other in bpy.data.images if other.get(TAG) == ALBEDO))
    after = pixels(image)
    assert np.median(np.abs(after - bare)) < 0.005 and np.median(np.abs(after - before)) > 0.1


@pytest.mark.parametrize("grouped", [True, False])
def test_it_goes_with_the_hair(worn, folder, grouped):
    if not grouped:
        take_group_out(nodes_of(worn))
    make_bald(worn)
    again(folder)
    assert shown(worn)[TAG] == ALBEDO and not solid_images()


def test_it_goes_when_kept_hair_has_no_colour(worn, folder):
    parts_of(worn)["hair"].data.materials.clear()
    again(folder)
    assert shown(worn)[TAG] == ALBEDO and not solid_images()


def test_a_node_that_an_artist_has_linked_stays_without_roots(worn, folder):
    nodes = nodes_of(worn)
    linked, = ours(nodes)
    shader = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    nodes.id_data.links.new(linked.outputs["Color"], shader.inputs["Base Color"])
    make_bald(worn)
    again(folder)
    assert linked in ours(nodes, ALBEDO) and linked.outputs["Color"].is_linked and not solid_images()


def test_what_shows_the_same_is_not_made_again(worn, folder):
    first, = solid_images()
    first["mark"] = 1
    again(folder)
    assert shown(worn).get("mark") == 1


def relook(folder, change):
    """Change the arrays of a job's look.npz and its sum in the manifest."""
    with np.load(folder / "look.npz") as stored:
        arrays = {name: stored[name] for name in stored.files}
    write_arrays(folder / "look.npz", change(arrays))
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"]["look.npz"] = digest(folder / "look.npz")
    write_json(folder / "manifest.json", manifest)


def test_it_is_renewed_with_the_mouths_light(worn, folder):
    first, = solid_images()
    first["mark"] = 1
    relook(folder, lambda arrays: {**arrays, "light": 0.5 * arrays["light"]})
    again(folder)
    assert "mark" not in shown(worn) and len(solid_images()) == 1


def unmade(*arguments, **named):
    raise AssertionError("Blender draws what the worker has drawn")


def test_blender_draws_none_of_the_workers_pictures(addon, folder, monkeypatch):
    monkeypatch.setattr(solid_view, "solid_skin", unmade)
    monkeypatch.setattr("ecavatar.ecavatar_addon.skin.mouth_image", unmade)
    monkeypatch.setattr("ecavatar.ecavatar_addon.skin.eye_image", unmade)
    image = shown(imported(folder, hair="PHOTO"))
    assert tuple(image.size) == (SIDE, SIDE) and image.packed_file is not None and image[TAG] == SOLID


def test_a_job_of_before_looks_the_same(addon, folder):
    def pictures():
        values = {}
        for image in (shown(imported(folder, hair="PHOTO")), *(bpy.data.images[f"ECAvatar {name}"] for name in ("mouth", "eye"))):
            assert image.packed_file is not None and not image.is_dirty and image.colorspace_settings.name == "sRGB"
            values[image.name] = np.empty(4 * image.size[0] * image.size[1], np.float32)
            image.pixels.foreach_get(values[image.name])
        return values

    now = pictures()
    relook(folder, lambda arrays: {name: arrays[name] for name in arrays.keys() - {"light", "mouth", "eye", "skin", "skin_of"}})
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    before = pictures()
    assert now.keys() == before.keys() and all(np.array_equal(now[name], before[name]) for name in now)


def test_a_damaged_picture_is_told(addon, folder):
    relook(folder, lambda arrays: {**arrays, "skin": arrays["skin"][9:]})
    with pytest.raises(JobError, match="does not fit the head model.*no PNG file.*generate it again"):
        imported(folder, hair="PHOTO")
    assert not bpy.data.objects


@pytest.mark.parametrize(("colour", "scalp"), [((0.5, 0.1, 0.1), None), (None, 0.0)])
def test_an_artists_roots_are_shown(worn, folder, colour, scalp):
    skin = parts_of(worn)["skin"]
    if colour is not None:
        group_node(skin.material_slots[0].material).inputs[ROOTS].default_value = (*colour, 1)
    else:
        skin.data.attributes[SCALP].data.foreach_set("value", np.full(len(skin.data.vertices), scalp, np.float32))
    before = pixels(shown(worn))
    again(folder)
    bare = pixels(next(other for other in bpy.data.images if other.get(TAG) == ALBEDO))
    changed = np.abs(before - bare).max(axis=2) > 0.1
    found = np.median(linear((pixels(shown(worn))[changed] * 255 + 0.5).astype(np.uint8)), axis=0)
    wanted = colour if colour is not None else np.median(linear((bare[changed] * 255 + 0.5).astype(np.uint8)), axis=0)
    np.testing.assert_allclose(found, wanted, atol=0.02)            # some skin shows between roots


def test_an_artists_choice_of_what_is_shown_stays(avatar, result):
    nodes = nodes_of(avatar)
    nodes.active = chosen = ours(nodes, ALBEDO)[0]
    import_avatar(result, bpy.context.scene)
    assert nodes.active == chosen


def test_an_artists_own_picture_stays_active_when_the_node_is_new(avatar, result):
    nodes = nodes_of(avatar)
    nodes.remove(ours(nodes)[0])
    nodes.active = own = nodes.new("ShaderNodeTexImage")
    own.image = bpy.data.images.new("baked", 8, 8)
    import_avatar(result, bpy.context.scene)
    assert nodes.active == own and len(ours(nodes)) == 1


def test_the_cheeks_inside_lies_in_shadow_too(avatar):
    basis = HeadBasis.load(DEFAULT / "head.npz")
    skin, bare = parts_of(avatar)["skin"], next(other for other in bpy.data.images if other.get(TAG) == ALBEDO)
    dark = mouth_light(basis)[basis.part("skin").vertices].max(axis=1) < 0.3
    uv = np.array([skin.data.uv_layers.active.data[corner].uv for face in skin.data.polygons if dark[list(face.vertices)].all()
                   for corner in face.loop_indices])
    row, column = (uv.T[::-1] * SIDE).astype(int)
    before, after = (linear((pixels(image)[row, column, 1] * 255 + 0.5).astype(np.uint8)) for image in (bare, shown(avatar)))
    assert 0.05 < np.median(after / before) < 0.3
