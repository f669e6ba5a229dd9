"""How an avatar looks: presets of its skin, lights around it, a camera that frames it."""

import bpy

from ..core.choices import LIGHTS, SKINS
from . import lip_sync, roots
from .late import lights, skin, skin_nodes, skin_optics

PHOTO = "photo"
SKIN_ITEMS = ((PHOTO, "Photo", "The tone of the photo, on skin that scatters as the paper's skin1"),
              *((name, f"Skin {name[-1]}", f"The measured {name} of Jensen et al. 2001, with the photo's spots") for name in SKINS))
STUDIO_ITEMS = tuple((name, name.capitalize(), f"Lights of the {name} preset") for name in LIGHTS)


def skin_node(root: bpy.types.Object) -> bpy.types.Node | None:
    """Return the node with the sliders of an avatar's skin; None where the artist has put another material on it."""
    part = roots.parts_of(root).get("skin")
    slots = part.material_slots if part is not None else ()
    return next((node for slot in slots if (node := skin.group_node(slot.material)) is not None), None)


def choose_skin(node: bpy.types.Node, name: str) -> None:
    """Set all sliders to a preset."""
    skin_nodes.set_params(node, skin_optics.PRESETS.get(name, skin_nodes.DEFAULTS))
    roughness = node.inputs["Roughness"].default_value
    for slider in skin_nodes.sliders_of(node):
        node.inputs[slider.name].default_value = slider.default
    node.inputs["Roughness"].default_value = roughness
    node.inputs["Tone from Photo"].default_value = float(name == PHOTO)


class ECAVATAR_OT_skin_preset(lip_sync.ForAvatar, bpy.types.Operator):
    """Set the sliders of the skin to a measured skin, or to the photo's"""

    bl_idname = "ecavatar.skin_preset"
    bl_label = "Skin Preset"
    bl_options = {"REGISTER", "UNDO"}

    preset: bpy.props.EnumProperty(name="Preset", items=SKIN_ITEMS)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set them."""
        node = skin_node(roots.root_of(context.active_object))
        if node is None:
            self.report({"ERROR"}, "the skin has another material; the skin's slot; empty the slot and generate again")
            return {"CANCELLED"}
        choose_skin(node, self.preset)
        return {"FINISHED"}


class ECAVATAR_OT_light_preset(lip_sync.ForAvatar, bpy.types.Operator):
    """Light the head; lights that ECAvatar has put there before are replaced, your own stay"""

    bl_idname = "ecavatar.light_preset"
    bl_label = "Light Preset"
    bl_options = {"REGISTER", "UNDO"}

    preset: bpy.props.EnumProperty(name="Preset", items=STUDIO_ITEMS)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Replace them."""
        if not lights.relight(context.scene, roots.root_of(context.active_object), self.preset):
            self.report({"WARNING"}, "the scene's world stays as it is, without the light that this preset has from all around")
        return {"FINISHED"}


class ECAVATAR_OT_frame_head(lip_sync.ForAvatar, bpy.types.Operator):
    """Look at the head through a portrait camera; a camera of your own stays where it is"""

    bl_idname = "ecavatar.frame_head"
    bl_label = "Frame Head"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Place the camera."""
        lights.frame(context.scene, roots.root_of(context.active_object))
        return {"FINISHED"}


CLASSES = (ECAVATAR_OT_skin_preset, ECAVATAR_OT_light_preset, ECAVATAR_OT_frame_head)
