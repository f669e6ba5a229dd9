"""The picture of an avatar: the preview of its collection, which Blender draws, keeps in the file and shows in its asset browser."""

import bpy


def shoot(context: bpy.types.Context, root: bpy.types.Object) -> list[str]:
    """Let Blender draw the avatar's picture, in the background; return what the artist should know: why there is none."""
    if not root.users_collection:
        return [told(root, "it lies in no collection")]
    with context.temp_override(id=root.users_collection[0]):
        if not bpy.ops.ed.lib_id_generate_preview.poll():       # type: ignore[call-arg]        # its stub wants the operator itself
            return [told(root, "Blender renders no previews here")]
        try:
            drawn = bpy.ops.ed.lib_id_generate_preview()
        except RuntimeError as error:                           # what the operator reports
            return [told(root, str(error).strip())]
    return [] if drawn == {"FINISHED"} else [told(root, "Blender did not finish it")]


def told(root: bpy.types.Object, reason: str) -> str:
    """Return the sentence that tells why there is no picture."""
    return f"there is no picture of the avatar ({reason}); {root.name}; the head itself is complete"


def icon(root: bpy.types.Object) -> int:
    """Return the picture as Blender numbers icons; 0 where there is none."""
    preview = root.users_collection[0].preview if root.users_collection else None
    return preview.icon_id if preview is not None and all(preview.image_size) else 0
