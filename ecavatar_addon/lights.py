"""Lights, surroundings and a camera for a portrait, from the studios that the reference renderer photographs in too."""

import bpy

from ..core.render.studio import CAMERA, STUDIO, STUDIOS, AreaLight, LightName, Studio
from .scene import TAG, add_object, aim
from .shader_tree import ShaderTree

WORLD = "world"                 # value of our tag on a world
MARK = "ecavatar_made"          # of objects, holds their name: a copy by the artist has another. "ecavatar" is the pointer's own there
DEFAULT_GREY = 0.05087609       # of the world in Blender's new files
MIDDLE = (0.0, 0.0, 0.0)


def furnish(target: bpy.types.Scene, root: bpy.types.Object) -> None:
    """Add a portrait camera if the scene has none, and the studio's lights if it has none."""
    if not any(other.type == "LIGHT" for other in target.objects):
        add_lights(root, STUDIO)
        if target.world is None:
            surround(target, STUDIO)
    if target.camera is None:
        target.camera = add_camera(root)


def relight(target: bpy.types.Scene, root: bpy.types.Object, name: LightName) -> bool:
    """Replace the lights that we have put into the scene, and no other; False when a world of the artist's keeps its own light."""
    for old in [other for other in target.objects if other.type == "LIGHT" and other.get(MARK) == other.name]:
        data = old.data
        bpy.data.objects.remove(old)
        if data.users == 0:
            bpy.data.lights.remove(data)
    add_lights(root, STUDIOS[name])
    return surround(target, STUDIOS[name])


def add_lights(root: bpy.types.Object, studio: Studio) -> None:
    """Add the lamps of a studio around the head."""
    for lamp in studio.lights:
        flat = isinstance(lamp, AreaLight)
        data = bpy.data.lights.new(f"{root.name} {lamp.name} light", "AREA" if flat else "POINT")
        data.energy, data.color = lamp.power, lamp.colour
        if isinstance(lamp, AreaLight):
            data.shape, data.size, data.size_y = "RECTANGLE", lamp.width, lamp.height
        made = add_object(data.name, data, root.users_collection[0])
        made[MARK] = made.name
        aim(made, root, lamp.place, lamp.at if isinstance(lamp, AreaLight) else MIDDLE)


def surround(target: bpy.types.Scene, studio: Studio) -> bool:
    """Let the world give the studio's light and show its backdrop; whether that was free to do: a world of the artist's stays."""
    world = target.world
    if world is not None and world.get(TAG) != WORLD and not untouched(world):
        return not any(studio.surroundings)
    if world is None or world.get(TAG) != WORLD:
        world = bpy.data.worlds.new("ECAvatar surroundings")
        world[TAG] = WORLD
        if bpy.app.version < (5, 0):
            world.use_nodes = True
        target.world = world
    world.color = studio.backdrop
    tree = ShaderTree(world.node_tree)
    light, backdrop = (tree.node("Background", {"Color": (*colour, 1.0)}).outputs[0]
                       for colour in (studio.surroundings, studio.backdrop))
    seen = tree.node("LightPath").outputs["Is Camera Ray"]
    tree.node("OutputWorld", {"Surface": tree.node("MixShader", {0: seen, 1: light, 2: backdrop}).outputs[0]})
    return True


def untouched(world: bpy.types.World) -> bool:
    """Whether a world is as Blender makes it: one even grey."""
    nodes = world.node_tree.nodes if world.node_tree is not None else ()
    backgrounds = [node for node in nodes if node.type == "BACKGROUND"]
    greys = [tuple(node.inputs["Color"].default_value)[:3] for node in backgrounds] or [tuple(world.color)]
    return len(nodes) in (0, 2) and all(abs(part - DEFAULT_GREY) < 1e-3 for grey in greys for part in grey)


def frame(target: bpy.types.Scene, root: bpy.types.Object) -> None:
    """Look at the head through a portrait camera: ours, which is put back where it belongs, or a new one. The artist's own stays."""
    ours = next((other for other in target.objects if other.type == "CAMERA" and other.get(MARK) == other.name), None)
    if ours is None:
        target.camera = add_camera(root)
        return
    aim(ours, root, CAMERA.place, CAMERA.at)
    ours.data.lens, ours.data.sensor_width = CAMERA.lens, CAMERA.sensor
    target.camera = ours


def add_camera(root: bpy.types.Object) -> bpy.types.Object:
    """Add a portrait camera in front of the head."""
    data = bpy.data.cameras.new(f"{root.name} camera")
    data.lens, data.sensor_width, data.clip_start = CAMERA.lens, CAMERA.sensor, 0.01
    made = add_object(data.name, data, root.users_collection[0])
    made[MARK] = made.name
    aim(made, root, CAMERA.place, CAMERA.at)
    return made
