"""The picture of an avatar: the preview of its collection, which Blender draws, keeps in the file and shows in its asset browser."""

import bpy


def shoot(context: bpy.types.Context, root: bpy.types.Object) -> None:
    """Let Blender draw the avatar's picture, in the background; where it cannot, there is none."""
    collection = root.users_collection[0]
    with context.temp_override(id=collection):
        if bpy.ops.ed.lib_id_generate_preview.poll():       # type: ignore[call-arg]        # its stub wants the operator itself
            bpy.ops.ed.lib_id_generate_preview()


def icon(root: bpy.types.Object) -> int:
    """Return the picture as Blender numbers icons; 0 where there is none."""
    preview = root.users_collection[0].preview if root.users_collection else None
    return preview.icon_id if preview is not None and all(preview.image_size) else 0
