"""What solid shading shows of the skin: the photo's albedo with roots where hair grows, in an image that no shader is linked to.

Solid shading draws hair as lines of one pixel and knows no shader: between dark hairs the pale scalp of the albedo would shine
through.
"""

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.hair.shades import at_roots
from ..core.head.model import HeadBasis
from ..core.head.scalp import with_roots
from ..core.job import JobResult
from ..core.pictures.colours import linear
from ..core.types import Floats
from .skin import ALBEDO, TAG, group_node, new_image

SOLID = "solid view"            # value of our images' property
SIDE = 1024                     # pixels of the image


def paint_roots(skin: bpy.types.Object, result: JobResult, basis: HeadBasis, scalp: Floats, hair: NDArray[np.float64]) -> None:
    """Let solid shading show the albedo with roots of `hair`, linear (3,), on the scalp, 0..1 for each vertex (V_skin,)."""
    for material in materials(skin):
        node = next((node for node in material.node_tree.nodes if shows(node, SOLID)), None)
        if node is None:
            node = material.node_tree.nodes.new("ShaderNodeTexImage")
            node.label, node.location = "Solid View", (-700, -150)
            material.node_tree.nodes.active = node                  # which solid shading shows
        old, node.image = node.image, image(result, basis, scalp, hair)
        if old is not None and old.users == 0:
            bpy.data.images.remove(old)


def unpaint_roots(skin: bpy.types.Object) -> None:
    """Let solid shading show the albedo alone."""
    for material in materials(skin):
        nodes = material.node_tree.nodes
        for node in [node for node in nodes if shows(node, SOLID)]:
            old = node.image
            nodes.remove(node)
            if old.users == 0:
                bpy.data.images.remove(old)
        if nodes.active is None:
            nodes.active = next((node for node in nodes if shows(node, ALBEDO)), None)


def materials(skin: bpy.types.Object) -> list[bpy.types.Material]:
    """Return the skin's materials that are ours, whatever an artist has made of them."""
    found = (slot.material for slot in skin.material_slots)
    return [material for material in found if material is not None and group_node(material) is not None]


def shows(node: bpy.types.Node, kind: str) -> bool:
    """Say whether a node shows an image of ours of this kind."""
    return node.type == "TEX_IMAGE" and node.image is not None and node.image.get(TAG) == kind


def image(result: JobResult, basis: HeadBasis, scalp: Floats, hair: NDArray[np.float64]) -> bpy.types.Image:
    """Return the albedo with roots, SIDE pixels wide and high, packed."""
    photo = bpy.data.images.load(str(result.albedo))
    photo.scale(SIDE, SIDE)
    pixels = np.empty((SIDE, SIDE, 4), np.float32)
    photo.pixels.foreach_get(pixels.ravel())
    bpy.data.images.remove(photo)
    albedo = linear(np.asarray(255 * pixels[::-1, :, :3] + 0.5).astype(np.uint8))         # Blender's rows begin at the bottom
    pixels[::-1, :, :3] = with_roots(albedo, at_roots(hair), scalp, basis)
    made = new_image(f"{result.folder.name} {SOLID}", pixels)
    made[TAG] = SOLID
    return made
