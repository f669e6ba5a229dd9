"""The demo's pictures show all of a head."""

import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector

from building.studio import AROUND, DISTANCE, PORTRAIT, contain


@pytest.fixture
def scene():
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(scene.camera)
    scene.render.resolution_x = scene.render.resolution_y = 100
    return scene


def shown(scene, places, azimuth):
    """Return where places (N, 3) are in the picture (N, 2), 0..1, of a camera that was made to contain them."""
    place = Vector((np.sin(azimuth) * DISTANCE, -np.cos(azimuth) * DISTANCE, 0.1))
    scene.camera.location, scene.camera.rotation_euler = place, (-place).to_track_quat("-Z", "Y").to_euler()
    contain(scene.camera, places, PORTRAIT)
    bpy.context.view_layer.update()
    return np.array([world_to_camera_view(scene, scene.camera, Vector(place))[:2] for place in places])


@pytest.mark.parametrize("azimuth", np.radians([0, 40, 90]))
@pytest.mark.parametrize("middle", [(0.0, 0.0, 0.0), (0.0, 0.0, 0.08), (0.03, 0.02, -0.05)])
def test_wide_hair_is_all_there_and_the_picture_no_wider_than_needed(scene, azimuth, middle):
    places = np.random.default_rng(0).uniform(-1, 1, (300, 3)) * [0.14, 0.15, 0.20] + middle
    seen = shown(scene, places, azimuth)
    assert scene.camera.data.lens < PORTRAIT and seen.min() > 0 and seen.max() < 1
    assert max(2 * np.abs(seen[:, 0] - 0.5).max(), np.ptp(seen[:, 1])) == pytest.approx(1 / AROUND, abs=0.01)
    assert seen[:, 1].min() + seen[:, 1].max() == pytest.approx(1, abs=0.01)           # as much room above as below


def test_a_small_head_is_seen_with_the_longest_lens(scene):
    places = np.random.default_rng(0).uniform(-0.08, 0.08, (300, 3))
    seen = shown(scene, places, 0.0)
    assert scene.camera.data.lens == pytest.approx(PORTRAIT) and seen.min() > 0.1 and seen.max() < 0.9
