"""Roots of avatars: an empty that all objects of one hang on. Drawing asks for them each time, so little is loaded here."""

from pathlib import Path

import bpy

AVATAR = "avatar"               # role of a root


def find_root(folder: Path, target: bpy.types.Scene) -> bpy.types.Object | None:
    """Return the root of the avatar generated in `folder`, or that has a clip generated there, if the scene has it.

    An avatar of an earlier version has no clips, and is not found.
    """
    for candidate in target.objects:
        found = candidate.ecavatar
        if found.role == AVATAR and len(found.clips) and str(folder) in (found.home, *(clip.job for clip in found.clips)):
            return candidate
    return None


def root_of(chosen: bpy.types.Object | None) -> bpy.types.Object | None:
    """Return the root of the avatar that an object belongs to, or is; not of one of an earlier version, which has no clips."""
    while chosen is not None and chosen.ecavatar.role != AVATAR:
        chosen = chosen.parent
    return chosen if chosen is not None and len(chosen.ecavatar.clips) else None


def parts_of(root: bpy.types.Object) -> dict[str, bpy.types.Object]:
    """Return the avatar's objects by role; of copies an artist has made, the first."""
    found: dict[str, bpy.types.Object] = {}
    for child in root.children_recursive:
        if child.ecavatar.role:
            found.setdefault(child.ecavatar.role, child)
    return found
