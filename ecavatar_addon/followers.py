"""Teeth, tongue, lashes of an artist's character: meshes whose keys follow those of the face by drivers."""

import bpy

from ..core.character.mapping import CharacterMap, kind_of
from ..core.character.shape_names import detect
from . import drivers
from .actions import path_of


def find(target: bpy.types.Object, others: list[bpy.types.Object]) -> tuple[list[bpy.types.Object], list[bpy.types.Object]]:
    """Return the meshes that follow a face: its children, those on its armature, and `others`, if they have editable keys.

    Meshes with a list of their own do not follow; those of them that are its children or among `others` are returned beside.
    """
    on_armature = target.parent.children_recursive if target.parent is not None and target.parent.type == "ARMATURE" else ()
    meant = (*target.children_recursive, *others)
    found = [mesh for mesh in dict.fromkeys((*target.children_recursive, *on_armature, *others))
             if mesh.type == "MESH" and mesh.data.shape_keys not in (None, target.data.shape_keys)
             and mesh.data.shape_keys.is_editable and not mesh.ecavatar.role]
    listed = [mesh for mesh in found if len(mesh.ecavatar.character.keys)]
    return [mesh for mesh in found if mesh not in listed], [mesh for mesh in listed if mesh in meant]


def driven_keys(keys: bpy.types.Key) -> frozenset[str]:
    """Return the names of keys that drivers move."""
    curves = keys.animation_data.drivers if keys.animation_data is not None else ()
    paths = {curve.data_path for curve in curves}
    return frozenset(block.name for block in keys.key_blocks if path_of(block.name) in paths)


def follow(follower: bpy.types.Object, keys: bpy.types.Key, mapping: CharacterMap) -> CharacterMap:
    """Let a mesh's keys follow those of the face with the same name, or that show the same; drivers of the artist's stay.

    Returns the map of what the mesh shows and the face has no key for.
    """
    own = follower.data.shape_keys
    names = {row.key for row in mapping.driven}
    by_source = {row.source: row.key for row in reversed(mapping.driven) if kind_of(row.source) == "shape"}
    found = detect([block.name for block in own.key_blocks if block != own.reference_key]).mapping
    taken = driven_keys(own)
    left = set()
    for row in found.rows:
        leader = row.key if row.key in names else by_source.get(row.source) if row.enabled else None
        if row.key in taken and not ours(own, row.key, keys):
            left.add(row.key)
        elif leader is not None:
            block = own.key_blocks[row.key]
            block.driver_remove("value")
            drivers.follow(block.driver_add("value"), keys, leader)
            left.add(row.key)
        elif kind_of(row.source) != "shape":
            left.add(row.key)
    return CharacterMap(found.without(frozenset(left)).rows, mapping.strengths)


def ours(own: bpy.types.Key, name: str, keys: bpy.types.Key) -> bool:
    """Whether a key's driver is one of those that `follow` makes for the face's `keys`."""
    curve = own.animation_data.drivers.find(path_of(name))
    variables = curve.driver.variables
    return curve.driver.type == "SUM" and len(variables) == 1 and variables[0].targets[0].id == keys
