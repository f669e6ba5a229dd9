"""Where the engine's world meets Blender's: axes, place, time and sound. Only this file converts."""

from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Vector
from numpy.typing import NDArray

from ..core.job import JobResult
from ..core.render.studio import Place

HEAD_HALF_SIZE = (0.10, 0.15, 0.15)     # metres, Blender's axes: half of the room a head needs
NECK = 0.125                            # metres from the head's middle down to the rim of its neck
STRIP, TAG = "ECAvatar speech", "ecavatar"
VIEW = (-0.35, 1.0, -0.08)              # where the view looks to after generating: at the face, a little from its left
CLEARANCE = 0.05                        # metres kept from what stands in the way


def to_blender(points: NDArray[Any]) -> NDArray[Any]:
    """Turn points (..., 3) of the engine's world (+Y up, face towards +Z) into Blender's (+Z up, face towards -Y)."""
    return np.stack([points[..., 0], -points[..., 2], points[..., 1]], axis=-1)


def to_engine(points: NDArray[Any]) -> NDArray[Any]:
    """Turn points (..., 3) of Blender's world into the engine's."""
    return np.stack([points[..., 0], points[..., 2], -points[..., 1]], axis=-1)


def frames_per_second(target: bpy.types.Scene) -> float:
    """Return the scene's frame rate; seconds = frame * fps_base / fps."""
    return float(target.render.fps / target.render.fps_base)


def free_place(target: bpy.types.Scene, root: bpy.types.Object) -> Vector:
    """Return the 3D cursor, or a place in front of whatever mesh stands there (a new file has a cube), for the head's middle."""
    place = target.cursor.location + Vector((0.0, 0.0, NECK))
    half = Vector(HEAD_HALF_SIZE)
    for other in target.objects:
        if other.type != "MESH" or other == root:
            continue
        corners = [other.matrix_world @ Vector(corner) for corner in other.bound_box]
        low, high = (Vector(map(pick, zip(*corners, strict=True))) for pick in (min, max))
        if all(low[axis] < place[axis] + half[axis] and high[axis] > place[axis] - half[axis] for axis in range(3)):
            place.y = min(place.y, low.y - half.y - CLEARANCE)
    return place


def play(target: bpy.types.Scene, root: bpy.types.Object, result: JobResult) -> None:
    """Put the recording into the sequencer where the motion starts, set the frame range, and keep sound and picture in step.

    A speech strip of this avatar from before is replaced. Where there is no sound (some builds), or the recording is gone, only
    the range is set.
    """
    editor = target.sequence_editor or target.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences       # "sequences" before Blender 4.4
    for old in [strip for strip in strips if strip.get(TAG) == str(result.folder)]:
        sound = old.sound
        strips.remove(old)
        if sound is not None and sound.users == 0:
            bpy.data.sounds.remove(sound)
    used = {strip.channel for strip in strips}
    channel = next(number for number in range(1, 129) if number not in used)
    if Path(result.audio).is_file() and bpy.app.build_options.audaspace:
        strip = strips.new_sound(f"{STRIP} {root.name}", result.audio, channel, target.frame_start)
        strip[TAG] = str(result.folder)
        if Path(result.audio).parent == result.folder:          # decoded by us: it lives as long as the .blend
            strip.sound.pack()
    target.frame_end = target.frame_start + len(result.bake["weights"]) - 1
    target.frame_set(target.frame_start)
    target.sync_mode = "AUDIO_SYNC"


def add_object(name: str, data: bpy.types.ID, collection: bpy.types.Collection) -> bpy.types.Object:
    """Add an object with `data` to the collection."""
    made = bpy.data.objects.new(name, data)
    collection.objects.link(made)
    return made


def aim(made: bpy.types.Object, root: bpy.types.Object, place: Place, at: Place) -> None:
    """Put an object at `place`, of the engine's world and relative to the head, and let it look at `at`."""
    here, there = (Vector(to_blender(np.array(point))) for point in (place, at))
    made.location = root.location + here
    made.rotation_euler = (there - here).to_track_quat("-Z", "Y").to_euler()


def find(session_uid: int) -> bpy.types.Scene | None:
    """Return the scene with this uid, which undo keeps and another file has not."""
    return next((candidate for candidate in bpy.data.scenes if candidate.session_uid == session_uid), None)


def show(context: bpy.types.Context, target: bpy.types.Scene, root: bpy.types.Object) -> None:
    """Select the avatar's skin and show it from the front, with its texture, in every 3D view of the scene.

    In a camera's view, or while something is being edited, the artist's view and selection are left alone.
    """
    skin = next(child for child in root.children if child.ecavatar.role == "skin")
    for window in context.window_manager.windows:
        layer = window.view_layer
        active = layer.objects.active
        if window.scene != target or skin.name not in layer.objects or (active is not None and active.mode != "OBJECT"):
            continue
        for other in layer.objects:
            other.select_set(other == skin, view_layer=layer)
        layer.objects.active = skin
        for area in window.screen.areas:
            region = next((region for region in area.regions if region.type == "WINDOW"), None)
            if area.type == "VIEW_3D" and region is not None:
                show_in(context, window, area, region)


def show_in(context: bpy.types.Context, window: bpy.types.Window, area: bpy.types.Area, region: bpy.types.Region) -> None:
    """Turn one 3D view to the front of what is selected, frame it, and show textures in solid shading."""
    space = area.spaces.active
    if space.region_3d.view_perspective == "CAMERA":
        return
    if space.shading.type == "SOLID" and space.shading.color_type == "MATERIAL":
        space.shading.color_type = "TEXTURE"
    space.region_3d.view_rotation = Vector(VIEW).to_track_quat("-Z", "Y")
    with context.temp_override(window=window, area=area, region=region):
        bpy.ops.view3d.view_selected()
