"""Characters as artists have them: a glTF file with ARKit's morphs, a VRM, and a head with MakeHuman's names."""

import json
import shutil
import struct

import bpy
import numpy as np
from ecavatar.core.character.retarget import gap_mm
from ecavatar.core.character.shape_sources import ARKIT, SHAPES, VISEMES
from ecavatar.core.head.model import HeadBasis
from ecavatar.core.pack import DEFAULT, Pack
from ecavatar.ecavatar_addon import character
from ecavatar.ecavatar_addon.head import parts_of

from .test_animation import evaluated

LIP_DISTANCE = 1.0              # metres that the upper lip's strip lies behind the lower one's, so that a file cannot mix them up
MAKEHUMAN = {"jawOpen": "mouth-open", "mouthFunnel": "mouth-eversion", "mouthPucker": "mouth-pursing",
             "eyeBlinkLeft": "eye-left-closure", "eyeBlinkRight": "eye-right-closure",
             "browDownLeft": "eyebrows-left-down", "browDownRight": "eyebrows-right-down"}


def lips(recipes):
    """Return an object of the two inner lips of our head, strips of quads, with a key for each of the recipes in our shapes."""
    basis = HeadBasis.load(Pack.open(DEFAULT).path("head"))
    sides = basis.inner_lip_upper, basis.inner_lip_lower
    rest = np.concatenate([np.concatenate([basis.vertices[side], basis.vertices[side] + [0, 0, -0.01]]) for side in sides])
    count = len(sides[0])
    rest[:2 * count, 2] -= LIP_DISTANCE
    first = [side + place for side in (0, 2 * count) for place in range(count - 1)]
    faces = [(one, one + 1, one + count + 1, one + count) for one in first]
    mesh = bpy.data.meshes.new("lips")
    mesh.from_pydata(blender(rest), [], faces, shade_flat=False)
    made = bpy.data.objects.new("lips", mesh)
    bpy.context.scene.collection.objects.link(made)
    made.shape_key_add(name="Basis", from_mix=False)
    for name, recipe in recipes.items():
        rows = basis.indices(tuple(recipe))
        moved = sum(weight * basis.expression_basis[row].astype(np.float32) for row, weight in zip(rows, recipe.values(), strict=True))
        offset = np.concatenate([np.tile(moved[side], (2, 1)) for side in sides])
        made.shape_key_add(name=name, from_mix=False).data.foreach_set("co", blender(rest + offset).ravel())
    return made


def blender(points):
    """Turn points of the engine's world into Blender's."""
    return np.stack([points[:, 0], -points[:, 2], points[:, 1]], axis=1).astype(np.float32)


def lip_gap(made):
    """Return how much further apart the strips' middles are than at rest, millimetres, as the depsgraph shows them."""
    rest = np.empty(3 * len(made.data.vertices), np.float32)
    made.data.shape_keys.reference_key.data.foreach_get("co", rest)
    matrix = np.array(made.matrix_world)
    rest = rest.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]
    middle = np.abs(rest[:, 0]) < 0.012
    upper = rest[:, 1] > LIP_DISTANCE / 2
    moved = (evaluated(made) - rest)[:, 2] * 1000
    return moved[middle & upper].mean() - moved[middle & ~upper].mean()


def gltf(made, path, *, vrm=None):
    """Write an object as a glTF binary with its morph targets, `vrm` as its extension, and import it again as an artist would.

    Returns the imported mesh; the object is removed.
    """
    if "io_scene_gltf2" not in bpy.context.preferences.addons:
        bpy.ops.preferences.addon_enable(module="io_scene_gltf2")
    bpy.ops.object.select_all(action="DESELECT")
    made.select_set(True)
    bpy.ops.export_scene.gltf(filepath=str(path.with_suffix(".glb")), use_selection=True, export_animations=False,
                              export_materials="NONE", export_morph=True, export_morph_normal=False)
    bpy.data.objects.remove(made)
    if vrm is not None:
        write_vrm(path.with_suffix(".glb"), path.with_suffix(".vrm"), vrm)
        shutil.move(path.with_suffix(".vrm"), path.with_suffix(".glb"))                # Blender's importer looks at the suffix
    before = set(bpy.data.objects)
    bpy.ops.import_scene.gltf(filepath=str(path.with_suffix(".glb")))
    return next(found for found in set(bpy.data.objects) - before if found.type == "MESH" and found.data.shape_keys)


def write_vrm(source, target, extension):
    """Write the glTF binary `source` as a VRM: chunks as they are, one more extension in the JSON."""
    data = source.read_bytes()
    length, = struct.unpack_from("<I", data, 12)
    values = json.loads(data[20:20 + length])
    values.setdefault("extensionsUsed", []).append(next(iter(extension)))
    values.setdefault("extensions", {}).update(extension)
    text = json.dumps(values).encode()
    text += b" " * (-len(text) % 4)
    rest = data[20 + length:]
    target.write_bytes(struct.pack("<4sIII4s", b"glTF", 2, 20 + len(text) + len(rest), len(text), b"JSON") + text + rest)


def with_arkit():
    """Return the lips with ARKit's 52 keys, spelt as exporters do."""
    return lips({name.replace("Left", "_L").replace("Right", "_R"): {name: 1.0} for name in ARKIT})


def with_vowels():
    """Return the lips with the vowels of VRM."""
    sounds = {"A": "aa", "I": "ih", "U": "ou", "E": "E", "O": "oh"}
    return lips({f"Fcl_MTH_{name}": VISEMES[f"viseme_{sound}"] for name, sound in sounds.items()})


def vowels_of_vrm():
    """Return VRM 1.0's extension, with a preset for each vowel."""
    presets = {name: {"morphTargetBinds": [{"node": 0, "index": index, "weight": 1.0}]}
               for index, name in enumerate(("aa", "ih", "ou", "ee", "oh"))}
    return {"VRMC_vrm": {"specVersion": "1.0", "meta": {"name": "lips", "authors": ["us"], "licenseUrl": "https://vrm.dev/licenses/1.0/"},
                         "humanoid": {"humanBones": {}}, "expressions": {"preset": presets}}}


def own_head(root, names):
    """Return a copy of an avatar's skin without its animation, and with those of its keys alone that `names` renames."""
    skin = parts_of(root)["skin"]
    made = skin.copy()
    made.data = skin.data.copy()
    made.name, made.ecavatar.role, made.parent = "own", "", None
    made.data.shape_keys.animation_data_clear()
    bpy.context.scene.collection.objects.link(made)
    for block in list(made.data.shape_keys.key_blocks)[1:]:
        if block.name in names:
            block.name, block.value = names[block.name], 0.0
        else:
            made.shape_key_remove(block)
    return made


def select(target, *others):
    """Select objects, the first of them active."""
    bpy.ops.object.select_all(action="DESELECT")
    for chosen in (target, *others):
        chosen.select_set(True)
    bpy.context.view_layer.objects.active = target


def moments(result):
    """Return a frame on which lips are shut between open ones, and the one on which they are widest; and the gaps there, mm."""
    names = list(map(str, result.bake["names"]))
    gaps = gap_mm(SHAPES, result.bake["weights"][:, [names.index(name) for name in SHAPES]])
    around = [gaps[max(frame - 5, 0):frame + 6].max() for frame in range(len(gaps))]
    shut = next(frame for frame in range(len(gaps)) if gaps[frame] < 0.4 and around[frame] > 4)
    return shut, int(gaps.argmax()), gaps


def show(frame):
    bpy.context.scene.frame_set(bpy.context.scene.frame_start + frame)


def apply(target, *others):
    return character.apply(target, list(others), bpy.context.scene)


def keys(target):
    return target.data.shape_keys


def resting(made):
    return places(keys(made).reference_key)


def places(block):
    found = np.empty(3 * len(block.data), np.float32)
    block.data.foreach_get("co", found)
    return found.reshape(-1, 3)


def lips_apart(frame, lips, *heads):
    """Return how much further apart than at rest the upper and the lower vertex `lips` of some heads are on a frame, millimetres."""
    show(frame)
    return [1000 * float((evaluated(head) - resting(head))[lips, 2] @ [1, -1]) for head in heads]
