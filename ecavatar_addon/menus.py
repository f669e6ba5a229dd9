"""The menu Object > ECAvatar: all that the tab does, so that searching (F3) finds it by name."""

import bpy

ENTRIES = (
    (("generate", "USER"), ("cancel", "CANCEL"), ("add_photos", "ADD"), ("add_voices", "ADD"), ("play_recording", "PLAY"),
     ("import_job", "IMPORT")),
    (("generate_clip", "FILE_REFRESH"), ("remove_clip", "REMOVE"), ("update_motion", "FILE_REFRESH"), ("reset_lip_sync", "LOOP_BACK"),
     ("add_shape", "ADD"), ("new_take", "FILE_REFRESH")),
    (("add_emotion", "ADD"), ("split_emotion", "MOD_EDGESPLIT"), ("remove_emotion", "REMOVE"), ("update_emotion", "FILE_REFRESH"),
     ("hear_again", "SPEAKER")),
    (("frame_head", "CAMERA_DATA"), ("find_shape_keys", "SHAPEKEY_DATA"), ("load_mapping", "IMPORT"), ("save_mapping", "FILE_TICK"),
     ("apply_to_selected", "PLAY"), ("export", "EXPORT"), ("film", "RENDER_ANIMATION"), ("open_pack", "FILE_FOLDER")))
CHOICES = (("skin_preset", "preset", "Skin Preset", "MATERIAL"), ("light_preset", "preset", "Light Preset", "LIGHT"),
           ("choose_pack", "pack", "Model Pack", "PACKAGE"))


class ECAVATAR_MT_object(bpy.types.Menu):
    """Everything about talking heads"""

    bl_label = "ECAvatar"

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw what the tab has, in its order."""
        layout = self.layout
        for group in ENTRIES:
            for name, icon in group:
                layout.operator(f"ecavatar.{name}", icon=icon)
            layout.separator()
        for name, what, text, icon in CHOICES:
            layout.operator_menu_enum(f"ecavatar.{name}", what, text=text, icon=icon)


def draw_in(menu: bpy.types.Menu, _context: bpy.types.Context) -> None:
    """Draw our menu in one of Blender's."""
    menu.layout.menu(ECAVATAR_MT_object.__name__, icon="USER")


CLASSES = (ECAVATAR_MT_object,)


def attach() -> None:
    """Add it."""
    bpy.types.VIEW3D_MT_object.append(draw_in)


def detach() -> None:
    """Take it away."""
    bpy.types.VIEW3D_MT_object.remove(draw_in)
