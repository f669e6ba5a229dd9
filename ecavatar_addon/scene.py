"""Where the engine's world meets Blender's: axes, place, time and sound. Only this file converts."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
from mathutils import Vector
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..core.job import JobResult
    from ..core.render.studio import Place

HEAD_HALF_SIZE = (0.10, 0.15, 0.15)     # metres, Blender's axes: half of the room a head needs
NECK = 0.125                            # metres from the head's middle down to the rim of its neck
STRIP, TAG = "ECAvatar speech", "ecavatar"
VIEW = (-0.35, 1.0, -0.08)              # where the view looks to after generating: at the face, a little from its left
CHANNELS = 128                          # of a sequencer
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


def play(target: bpy.types.Scene, root: bpy.types.Object, result: "JobResult", *, start: int, last: int) -> None:
    """Put the recording into the sequencer at frame `start`, let the frame range go on to `last`, and keep sound and picture in step.

    A sound strip of the same job from before is replaced. Where there is no sound (some builds), or the recording is gone, only
    the range is set.
    """
    remove_sound(result.folder, [target])
    if Path(result.audio).is_file() and bpy.app.build_options.audaspace:
        strips = sequence(target)
        length = len(result.bake["weights"])
        strip = strips.new_sound(f"{STRIP} {root.name}", result.audio, free_channel(strips, start, start + length), start)
        strip[TAG] = str(result.folder)
        if Path(result.audio).parent == result.folder:          # decoded by us: it lives as long as the .blend
            strip.sound.pack()
    target.frame_end = last
    target.frame_set(start)
    target.sync_mode = "AUDIO_SYNC"


def sequence(target: bpy.types.Scene) -> Any:
    """Return the strips of the scene's sequencer, "sequences" before Blender 4.4."""
    editor = target.sequence_editor or target.sequence_editor_create()
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def free_channel(strips: Any, first: float, last: float) -> int:
    """Return the lowest channel that is empty, or holds sound strips of avatars alone and none from frame `first` to `last`."""
    newer = bpy.app.version >= (5, 2, 0)                # the other names warn there
    left, right = ("left_handle", "right_handle") if newer else ("frame_final_start", "frame_final_end")
    taken = {strip.channel for strip in strips
             if TAG not in strip or (getattr(strip, left) < last and getattr(strip, right) > first)}
    return next((number for number in range(1, CHANNELS + 1) if number not in taken), CHANNELS)


def sounds_of(folder: Path, targets: Iterable[bpy.types.Scene]) -> Iterator[tuple[Any, Any]]:
    """Give the sound strips of a job, each with the strips among which it is."""
    for target in targets:
        strips = sequence(target) if target.sequence_editor is not None else ()
        for strip in [strip for strip in strips if strip.get(TAG) == str(folder)]:
            yield strips, strip


def remove_sound(folder: Path, targets: Iterable[bpy.types.Scene]) -> None:
    """Take the sound strips of a job out of some scenes."""
    for strips, strip in sounds_of(folder, targets):
        sound = strip.sound
        strips.remove(strip)
        if sound is not None and sound.users == 0:
            bpy.data.sounds.remove(sound)


def scenes_of(root: bpy.types.Object) -> list[bpy.types.Scene]:
    """Return the scenes that an avatar is in."""
    return [target for target in bpy.data.scenes if root.name in target.objects]


def move_sound(folder: Path, frames: int, targets: Iterable[bpy.types.Scene]) -> None:
    """Move the sound strips of a job in some scenes by so many frames, into a free channel if need be."""
    begin = "content_start" if bpy.app.version >= (5, 2, 0) else "frame_start"
    for strips, strip in sounds_of(folder, targets):
        start, length = getattr(strip, begin), getattr(strip, begin.replace("start", "duration"))
        tag = strip[TAG]
        del strip[TAG]                                  # else its own place would count as free
        channel = strip.channel
        strip.channel = CHANNELS
        strip[TAG] = tag
        setattr(strip, begin, start + frames)
        others = [other for other in strips if other != strip]
        held = {other.channel for other in others}
        strip.channel = channel if channel not in held else free_channel(others, start + frames, start + frames + length)


def cover(target: bpy.types.Scene, last: float) -> None:
    """Let the scene's frame range go on to an avatar's last frame, if it ends before."""
    target.frame_end = max(target.frame_end, round(last))


def add_object(name: str, data: bpy.types.ID, collection: bpy.types.Collection) -> bpy.types.Object:
    """Add an object with `data` to the collection."""
    made = bpy.data.objects.new(name, data)
    collection.objects.link(made)
    return made


def aim(made: bpy.types.Object, root: bpy.types.Object, place: "Place", at: "Place") -> None:
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
        space.shading.show_object_outline = False               # else a dark one around each hair
    space.region_3d.view_rotation = Vector(VIEW).to_track_quat("-Z", "Y")
    with context.temp_override(window=window, area=area, region=region):
        bpy.ops.view3d.view_selected()
