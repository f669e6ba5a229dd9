"""The skin's node group and its sliders, presets, lights and camera."""

import math
from functools import cache
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
from ecavatar.core.job import read_result
from ecavatar.core.render.skin_fit import lobes_of
from ecavatar.core.render.skin_optics import PRESETS, total_reflectance
from ecavatar.core.render.studio import STUDIOS
from ecavatar.core.types import SkinParams
from ecavatar.ecavatar_addon import skin_nodes
from ecavatar.ecavatar_addon.avatar import import_avatar
from ecavatar.ecavatar_addon.head import parts_of
from ecavatar.ecavatar_addon.look import skin_node
from ecavatar.ecavatar_addon.panels_look import SHORTER, ECAVATAR_PT_look

from .layout import Layout


@pytest.fixture
def node(root):
    return skin_node(root)


def material_of(root):
    return parts_of(root)["skin"].material_slots[0].material


def lamps(scene):
    return {other.name for other in scene.objects if other.type == "LIGHT"}


def evaluated(group, output, end=None, **given):
    """What an output of the group, or an input of a node in it, amounts to, by its nodes' formulas."""
    @cache
    def value(socket):
        if not socket.is_linked:
            return socket.default_value
        source = socket.links[0].from_socket
        if source.node.type == "GROUP_INPUT":
            return given[source.name.replace(" ", "_")]
        if source.node.type == "ATTRIBUTE":
            return given[source.node.attribute_name]
        numbers = [value(one) for one in source.node.inputs]
        first, second, third = numbers
        return {"ADD": lambda: first + second, "SUBTRACT": lambda: first - second, "MULTIPLY": lambda: first * second,
                "DIVIDE": lambda: first / second, "MULTIPLY_ADD": lambda: first * second + third, "SQRT": lambda: math.sqrt(first),
                "POWER": lambda: first**second, "EXPONENT": lambda: math.exp(first), "MINIMUM": lambda: min(first, second),
                "MAXIMUM": lambda: max(first, second)}[source.node.operation]()
    end = end or next(node for node in group.nodes if node.type == "GROUP_OUTPUT")
    return value(end.inputs[output])


def test_the_skin_has_the_group_in_cycles_and_a_plain_shader_elsewhere(root, node):
    outputs = {found.target: found for found in material_of(root).node_tree.nodes if found.type == "OUTPUT_MATERIAL"}
    assert set(outputs) == {"CYCLES", "EEVEE"}
    assert outputs["CYCLES"].inputs["Surface"].links[0].from_node == node
    assert outputs["EEVEE"].inputs["Surface"].links[0].from_node.type == "BSDF_PRINCIPLED"
    assert [socket.name for socket in node.inputs][:9] == ["Albedo", *(slider.name for slider in skin_nodes.SLIDERS)]
    assert sum(found.type == "SUBSURFACE_SCATTERING" for found in node.node_tree.nodes) == 2
    params = SkinParams()                               # what the preset is made from
    np.testing.assert_allclose(node.inputs["Preset Tone"].default_value[:3], total_reflectance(params), rtol=1e-5)
    np.testing.assert_allclose(node.inputs["Scattering"].default_value, params.scattering, rtol=1e-5)
    assert node.inputs["Roughness"].default_value == pytest.approx(params.roughness)
    assert node.inputs["Shine"].default_value == pytest.approx(params.specular)
    mesh = parts_of(root)["skin"].data
    for name, least, most in ((skin_nodes.LIPS, 60, 500), (skin_nodes.LIDS, 60, 700)):
        values = np.empty(len(mesh.vertices), np.float32)
        mesh.attributes[name].data.foreach_get("value", values)
        assert least < (values > 0.9).sum() < most and values.min() == 0 and values.max() == 1


@pytest.mark.parametrize("name", PRESETS)
def test_the_nodes_compute_the_fitted_lobes(addon, name):
    params = PRESETS[name]
    lobes, group = lobes_of(params), skin_nodes.channel_group(params.eta)
    for channel in range(3):
        given = {"Reflectance": total_reflectance(params)[channel], "Scattering": params.scattering[channel], "Extra_Absorption": 0.0,
                 "Distance": 1.0}
        for place, lobe in enumerate(("Narrow", "Wide")):
            assert evaluated(group, f"{lobe} Weight", **given) == pytest.approx(lobes.weights[place, channel], rel=1e-3)
            # the absorption, and with it the mean free path, comes from the tone by a polynomial
            radius = evaluated(group, f"{lobe} Radius", **given) / skin_nodes.RADIUS * 1000
            assert radius == pytest.approx(lobes.distances[place, channel], rel=0.02)


def test_light_goes_less_far_below_lips(addon):
    group = skin_nodes.skin_group(1.3)
    channels = [node for node in group.nodes if node.type == "GROUP"]
    for lips, share in ((0.0, 1.0), (1.0, skin_nodes.LIP_DISTANCE)):
        far = [evaluated(group, "Distance", channel, Scatter_Distance=3.0, ecavatar_lips=lips) for channel in channels]
        assert far == [pytest.approx(3 * share)] * 3 and share <= 1


def test_lids_have_the_blood_that_the_photo_shows_and_no_more(addon):
    """On top of the albedo's own red it made lids purple."""
    group = skin_nodes.skin_group(1.3)
    found, ahead = set(), [node.inputs["Extra Absorption"] for node in group.nodes if node.type == "GROUP"]
    assert len(ahead) == 3
    while ahead:
        nodes = {link.from_node for socket in ahead for link in socket.links}
        found |= nodes
        ahead = [socket for node in nodes for socket in node.inputs]
    assert any(node.type == "GROUP_INPUT" for node in found)
    assert not any(node.type == "ATTRIBUTE" for node in found)


def test_melanin_darkens_and_less_of_it_lightens(addon):
    group, given = skin_nodes.channel_group(1.3), {"Reflectance": 0.4, "Scattering": 1.0, "Distance": 1.0}
    tones = [evaluated(group, "Reflectance", Extra_Absorption=extra, **given) for extra in (-0.2, 0.0, 0.1, 0.2)]
    assert tones[0] > tones[1] == pytest.approx(0.4) and tones[1] > tones[2] > tones[3] > 0.1
    radii = [evaluated(group, "Wide Radius", Extra_Absorption=extra, **given) for extra in (0.1, 0.0)]
    assert radii[0] < radii[1]


def test_presets_set_the_sliders_and_generating_again_keeps_them(root, node, folder):
    node.inputs["Blood"].default_value = 0.7
    assert bpy.ops.ecavatar.skin_preset(preset="skin2") == {"FINISHED"}
    np.testing.assert_allclose(node.inputs["Preset Tone"].default_value[:3], total_reflectance(PRESETS["skin2"]), rtol=1e-5)
    assert node.inputs["Tone from Photo"].default_value == 0 and node.inputs["Blood"].default_value == 0
    bpy.ops.ecavatar.skin_preset(preset="photo")
    assert node.inputs["Tone from Photo"].default_value == 1
    # generating again keeps what the artist has set
    node.inputs["Blood"].default_value, node.inputs["Oiliness"].default_value = 0.4, 0.8
    node.inputs["Pores"].default_value = 0.9
    node.inputs["Photo Tone"].default_value = (0.1, 0.1, 0.1, 1.0)
    import_avatar(read_result(folder), bpy.context.scene)
    node = skin_node(root)
    assert node.inputs["Blood"].default_value == pytest.approx(0.4) and node.inputs["Oiliness"].default_value == pytest.approx(0.8)
    assert node.inputs["Pores"].default_value == pytest.approx(0.9)
    assert node.inputs["Photo Tone"].default_value[0] > 0.2                         # the photo's, not the artist's
    assert sum(group.name.startswith(skin_nodes.GROUP) for group in bpy.data.node_groups) == 2
    parts_of(root)["skin"].material_slots[0].material = bpy.data.materials.new("own")
    with pytest.raises(RuntimeError, match="another material"):
        bpy.ops.ecavatar.skin_preset(preset="skin1")


@pytest.mark.parametrize(("worn", "grey"), [
    ({"waves": "CURLY"}, set()), ({"waves": "COILY"}, {"fringe", "parting"}), ({"hair": "CROPPED"}, {"fringe", "parting", "waves"}),
    ({"hair": "BUN", "hairline": "RECEDING"}, {"fringe"}), ({"hair": "BUN", "fringe": "NONE"}, {"parting", "waves"}),
    ({"hair": "PONYTAIL", "fringe": "NONE"}, {"parting"}), ({"hair": "NONE"}, {"fringe", "parting", "waves", "hairline"})])
def test_what_hair_so_worn_has_not_is_grey(addon, worn, grey):
    class Shades(Layout):
        active = True

        def prop(self, data, name, **_):
            self.drawn.append((name, self.active))

    drawn = []
    for name, value in worn.items():
        setattr(bpy.context.scene.ecavatar, name, value)
    ECAVATAR_PT_look.draw(SimpleNamespace(layout=Shades(drawn)), bpy.context)
    shades = dict(one for one in drawn if isinstance(one, tuple))
    assert {name for name, active in shades.items() if not active} == grey and shades["hair"]


def test_the_panel_draws_presets_sliders_lights_and_camera(root):
    def draw():
        drawn = []
        ECAVATAR_PT_look.draw(SimpleNamespace(layout=Layout(drawn)), bpy.context)
        return drawn

    lights = ["Light", *["ecavatar.light_preset"] * len(STUDIOS), "ecavatar.frame_head"]
    presets = ["ecavatar.skin_preset"] * (len(PRESETS) + 1)                         # and the photo's
    sliders = [SHORTER.get(slider.name, slider.name) for slider in skin_nodes.SLIDERS]
    assert draw() == ["Hair", "Fringe", "Parting", "Waves", "Hairline", "Skin", *presets, *sliders, *lights]
    parts_of(root)["skin"].material_slots[0].material = bpy.data.materials.new("own")
    told = draw()
    assert "another material" in " ".join(told) and told[-len(lights):] == lights and "ecavatar.skin_preset" not in told


def test_a_light_preset_replaces_ours_only_and_keeps_the_artists_world(root):
    scene = bpy.context.scene
    data = bpy.data.lights.new("mine", "SUN")
    scene.collection.objects.link(bpy.data.objects.new("mine", data))
    for name, studio in STUDIOS.items():
        assert [other for other in scene.objects if other.ecavatar.role == "avatar"] == [root]      # as the panel asks each time
        assert bpy.ops.ecavatar.light_preset(preset=name) == {"FINISHED"}
        assert lamps(scene) == {"mine", *(f"{root.name} {lamp.name} light" for lamp in studio.lights)}
    assert len(bpy.data.lights) == len(lamps(scene))                                # nothing is left behind
    scene.world = bpy.data.worlds.new("mine")
    if bpy.app.version < (5, 0):
        scene.world.use_nodes = True
    scene.world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.2, 0.0, 0.0, 1.0)
    bpy.ops.ecavatar.light_preset(preset="window")
    assert scene.world.name == "mine"
    scene.world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.05087609,) * 3 + (1.0,)
    bpy.ops.ecavatar.light_preset(preset="window")                                  # as Blender makes it: nobody's
    lit = next(node for node in scene.world.node_tree.nodes if node.type == "BACKGROUND")
    assert scene.world.name != "mine" and tuple(lit.inputs["Color"].default_value)[:3] == pytest.approx(STUDIOS["window"].surroundings)


def test_the_camera_frames_the_head_and_leaves_the_artists_alone(root):
    scene = bpy.context.scene
    ours = scene.camera
    own = bpy.data.objects.new("own", bpy.data.cameras.new("own"))
    own.location = (3, 3, 3)
    scene.collection.objects.link(own)
    scene.camera, ours.location = own, (9, 9, 9)
    bpy.ops.ecavatar.frame_head()
    assert scene.camera == ours and tuple(own.location) == (3, 3, 3)
    assert (np.array(ours.location) - np.array(root.location)) @ [0, -1, 0] > 0.5    # in front of the face
    # seen through it in 32 pixels: skin is lit, redder than blue, and every value is a number
    scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 8, False
    scene.render.resolution_x = scene.render.resolution_y = 32
    scene.render.image_settings.file_format, scene.camera.data.lens = "OPEN_EXR", 260
    scene.render.filepath = bpy.app.tempdir + "skin.exr"
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(scene.render.filepath)
    pixels = np.empty(32 * 32 * 4, np.float32)
    image.pixels.foreach_get(pixels)
    red, green, blue = pixels.reshape(-1, 4)[:, :3].mean(axis=0)
    assert np.isfinite(pixels).all() and 0.05 < blue < green < red < 1
