"""Roots of avatars: an empty that all objects of one hang on. Drawing asks for them each time, so little is loaded here."""

from collections.abc import Iterable
from pathlib import Path

import bpy

AVATAR, NECK, JAW = "avatar", "neck", "jaw"     # roles of a root, of the armature that moves the head, and of what turns the jaw
REST = "Rest"                   # NLA track at the bottom, which holds all that is keyed at rest


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


def layers_of(root: bpy.types.Object) -> list[bpy.types.NlaTrack]:
    """Return the NLA tracks of skin and neck, the artist's own too, from the top down, but for the one at rest."""
    parts = parts_of(root)
    owners = (parts["skin"].data.shape_keys if "skin" in parts else None, parts.get(NECK))
    stacks = [owner.animation_data.nla_tracks for owner in owners if owner is not None and owner.animation_data is not None]
    return [track for stack in stacks for track in reversed(stack) if track.name != REST]


def parts_of(root: bpy.types.Object) -> dict[str, bpy.types.Object]:
    """Return the avatar's objects by role; of copies an artist has made, the first."""
    found: dict[str, bpy.types.Object] = {}
    for child in root.children_recursive:
        if child.ecavatar.role:
            found.setdefault(child.ecavatar.role, child)
    return found


def gather(root: bpy.types.Object) -> None:
    """Hang on the root what hung on a skin, neck or jaw that an artist has deleted, else it would be made a second time.

    It is looked for in the root's collections, then in its scenes, unless there are other avatars, or what is left of them.
    """
    for child in root.children_recursive:
        if child.ecavatar.role and not child.users_collection:      # deleted, and there only because the hair's nodes name it,
            if child.use_fake_user:                                 # or since the artist wants to keep it
                for part in (child, *child.children):
                    part.parent = None
            else:
                bpy.data.objects.remove(child)
    if root.ecavatar.head_model and not {"skin", NECK, JAW} <= set(parts_of(root)):      # a new avatar has lost nothing
        for collection in root.users_collection:
            if sum(other.ecavatar.role == AVATAR for other in collection.objects) == 1:
                adopt(root, collection.objects)
        for scene in bpy.data.scenes:
            heads = [other for other in scene.objects if other.ecavatar.role == AVATAR
                     or (other.ecavatar.role == "skin" and root_of(other) is None)]
            if heads == [root]:
                adopt(root, scene.objects)


def adopt(root: bpy.types.Object, objects: Iterable[bpy.types.Object]) -> None:
    """Hang on the root those parts that it lacks, and that hang on nothing."""
    for other in objects:
        if other.parent is None and other.ecavatar.role and other.ecavatar.role not in (AVATAR, *parts_of(root)):
            other.parent = root
