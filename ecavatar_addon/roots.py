"""Roots of avatars: an empty that all objects of one hang on. Drawing asks for them each time, so little is loaded here."""

from pathlib import Path

import bpy

AVATAR = "avatar"               # role of a root


def find_root(folder: Path, target: bpy.types.Scene) -> bpy.types.Object | None:
    """Return the root of the avatar generated in `folder`, if the scene has it."""
    for candidate in target.objects:
        if candidate.ecavatar.role == AVATAR and candidate.ecavatar.job == str(folder):
            return candidate
    return None


def root_of(chosen: bpy.types.Object | None) -> bpy.types.Object | None:
    """Return the root of the avatar that an object belongs to, or is."""
    while chosen is not None and chosen.ecavatar.role != AVATAR:
        chosen = chosen.parent
    return chosen


def parts_of(root: bpy.types.Object) -> dict[str, bpy.types.Object]:
    """Return the avatar's objects by role; of copies an artist has made, the first."""
    found: dict[str, bpy.types.Object] = {}
    for child in root.children_recursive:
        if child.ecavatar.role:
            found.setdefault(child.ecavatar.role, child)
    return found
