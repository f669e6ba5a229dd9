"""What solid shading shows of the skin (core/head/solid_view.py), in an image that no shader is linked to.

Solid shading draws hair as lines of one pixel and knows no shader: between dark hairs the pale scalp of the albedo would shine
through. The worker has made the image, and it is made anew where other roots are wanted.
"""

import bpy
import numpy as np

from ..core.files import digest
from ..core.hair.look import Look
from ..core.hair.shades import at_roots
from ..core.head.model import HeadBasis
from ..core.head.solid_view import made_of, solid_skin
from ..core.job import JobResult
from ..core.types import Bytes, Floats
from .images import drawn_image, packed_image
from .skin import ALBEDO, TAG, group_node, roots_of

SOLID = "solid view"            # value of our images' property
MADE_OF = "ecavatar_made_of"    # property of our images: the digest of what they show


def paint_roots(skin: bpy.types.Object, result: JobResult, basis: HeadBasis, look: Look, hair: Floats) -> None:
    """Let solid shading show the albedo with a mouth that is dark inside and the scalp's roots, in the colours the materials' groups
    have, or that of roots of `hair`, linear (3,), where an artist has taken the group out."""
    picture = digest(result.albedo)
    for material in materials(skin):
        nodes = material.node_tree.nodes
        ours, active = [node for node in nodes if shows(node, SOLID)], nodes.active
        if not ours:
            ours = [nodes.new("ShaderNodeTexImage")]
            ours[0].label, ours[0].location = "Solid View", (-700, -150)
            nodes.active = ours[0] if active is None or shows(active, ALBEDO) else active        # the one that solid shading shows
        scalp, roots = roots_of(skin, material)
        roots = at_roots(hair) if roots is None else roots
        wanted = made_of(picture, basis, scalp=scalp, roots=roots, light=look.light)
        old = {node.image for node in ours} - {None}
        made = next((one for one in old if one.get(MADE_OF) == wanted), None)
        if made is None:
            name = f"{result.folder.name} {SOLID}"
            made = packed_image(name, look.skin) if look.skin_of == wanted else drawn_image(name, solid_skin(
                pixels(result), basis, scalp=scalp, roots=roots, light=look.light))
            made[TAG], made[MADE_OF] = SOLID, wanted
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


def pixels(result: JobResult) -> Bytes:
    """Return the albedo, sRGB (H, W, 3), top row first."""
    photo = bpy.data.images.load(str(result.albedo))
    values = np.empty((photo.size[1], photo.size[0], 4), np.float32)
    photo.pixels.foreach_get(values.ravel())
    bpy.data.images.remove(photo)
    values *= 255
    values += 0.5
    return values.astype(np.uint8)[::-1, :, :3]
