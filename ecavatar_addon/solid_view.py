"""What solid shading shows of the skin: the photo's albedo with roots where hair grows and the mouth's inside in the light that gets
there, in an image that no shader is linked to.

Solid shading draws hair as lines of one pixel and knows no shader: between dark hairs the pale scalp of the albedo would shine
through.
"""

from hashlib import sha256

import bpy
import numpy as np

from ..core.hair.shades import at_roots
from ..core.head.model import HeadBasis
from ..core.head.mouth_light import mouth_light
from ..core.head.scalp import with_roots
from ..core.head.uv_image import spread
from ..core.job import JobResult
from ..core.pictures.colours import linear
from ..core.types import Floats
from .skin import ALBEDO, TAG, group_node, new_image, roots_of

SOLID = "solid view"            # value of our images' property
MADE_OF = "ecavatar_made_of"    # property of our images: the digest of what they show
SIDE = 1024                     # pixels of the image
SHADES = linear(np.arange(256, dtype=np.uint8)).astype(np.float32)


def paint_roots(skin: bpy.types.Object, result: JobResult, basis: HeadBasis, hair: Floats) -> None:
    """Let solid shading show the albedo with a mouth that is dark inside and the scalp's roots, in the colours the materials' groups
    have, or that of roots of `hair`, linear (3,), where an artist has taken the group out."""
    dark = 1 - mouth_light(basis)[basis.part("skin").vertices]
    for material in materials(skin):
        nodes = material.node_tree.nodes
        ours, active = [node for node in nodes if shows(node, SOLID)], nodes.active
        if not ours:
            ours = [nodes.new("ShaderNodeTexImage")]
            ours[0].label, ours[0].location = "Solid View", (-700, -150)
            nodes.active = ours[0] if active is None or shows(active, ALBEDO) else active        # the one that solid shading shows
        scalp, roots = roots_of(skin, material)
        roots = at_roots(hair) if roots is None else roots
        shown = (scalp, np.float32(roots), dark)
        digest = sha256(result.albedo.read_bytes() + b"".join(one.tobytes() for one in shown)).hexdigest()
        old = {node.image for node in ours} - {None}
        made = next((one for one in old if one.get(MADE_OF) == digest), None) or image(result, basis, scalp, roots, dark)
        made[MADE_OF] = digest
        for node in ours:
            node.image = made
        drop(old - {made})


def unpaint_roots(skin: bpy.types.Object) -> None:
    """Let solid shading show the albedo alone, and what an artist has linked, too."""
    for material in materials(skin):
        nodes = material.node_tree.nodes
        bare = next((node for node in nodes if shows(node, ALBEDO)), None)
        for node in [node for node in nodes if shows(node, SOLID)]:
            old = node.image
            if not any(socket.is_linked for socket in node.outputs):
                nodes.remove(node)
            elif bare is not None:
                node.image = bare.image
            drop({old})
        if nodes.active is None:
            nodes.active = bare


def materials(skin: bpy.types.Object) -> list[bpy.types.Material]:
    """Return the skin's materials that are ours, whatever an artist has made of them."""
    found = (slot.material for slot in skin.material_slots)
    return [material for material in found if material is not None and material.node_tree is not None
            and (group_node(material) is not None or any(shows(node, SOLID) for node in material.node_tree.nodes))]


def shows(node: bpy.types.Node, kind: str) -> bool:
    """Say whether a node shows an image of ours of this kind."""
    return node.type == "TEX_IMAGE" and node.image is not None and node.image.get(TAG) == kind


def drop(images: set[bpy.types.Image]) -> None:
    """Remove images that nothing shows any more."""
    for one in images:
        if one.users == 0:
            bpy.data.images.remove(one)


def image(result: JobResult, basis: HeadBasis, scalp: Floats, roots: Floats, dark: Floats) -> bpy.types.Image:
    """Return the albedo with roots, less the share `dark` (V, 3) of the skin's light, SIDE pixels wide and high, packed."""
    photo = bpy.data.images.load(str(result.albedo))
    photo.scale(SIDE, SIDE)
    pixels = np.empty((SIDE, SIDE, 4), np.float32)
    photo.pixels.foreach_get(pixels.ravel())
    bpy.data.images.remove(photo)
    albedo = SHADES[(255 * pixels[::-1, :, :3] + 0.5).astype(np.uint8)]         # Blender's rows begin at the bottom
    pixels[::-1, :, :3] = with_roots(albedo, np.float32(roots), scalp, basis) * (1 - spread(dark, basis, SIDE, SIDE))
    made = new_image(f"{result.folder.name} {SOLID}", pixels)
    made[TAG] = SOLID
    return made
