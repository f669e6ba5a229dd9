"""Short hair and brows as Blender's hair curves, coloured from the photo; objects of their own that can be deleted or groomed.

They follow the skin: Blender's own node deforms curves with the surface their roots lie on, found by its UVs.
"""

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.brows import brow_hairs
from ..core.face_fit import Anchors
from ..core.hair import short_hair
from ..core.head_model import HeadBasis
from ..core.job import JobResult
from ..core.strands import Strands
from .head import attach, parts_of
from .scene import to_blender
from .skin import linear, put

HAIR, BROWS = "hair", "brows"
UV, DEFORM = "UVMap", "ECAvatar follow skin"
# of the colour: of all hair, since among strands light brightens once more what the photo shows lit; at the root; of single strands
TONE, DARK_ROOT, SHADES = 0.5, 0.55, (0.72, 1.35)


def add(root: bpy.types.Object, result: JobResult, basis: HeadBasis, anchors: Anchors) -> None:
    """Add hair and brows to the avatar's skin: no hair when the photo showed none, and nothing that the avatar has already."""
    parts = parts_of(root)
    vertices, hair_colour = result.head["vertices"], result.head["hair_colour"]
    if HAIR not in parts and len(hair_colour):
        strands = short_hair(vertices, basis, np.random.default_rng(0))
        grow(root, HAIR, strands, basis).materials.append(material(HAIR, linear(hair_colour)))
    if BROWS not in parts:
        strands = brow_hairs(vertices, basis, anchors, result.head["brow_density"], np.random.default_rng(0))
        grow(root, BROWS, strands, basis).materials.append(material(BROWS, linear(result.head["brow_colour"])))


def grow(root: bpy.types.Object, role: str, strands: Strands, basis: HeadBasis) -> bpy.types.ID:
    """Add an object `role` of hair curves that follow the skin, and return the curves."""
    skin = parts_of(root)["skin"]
    curves = bpy.data.hair_curves.new(f"{root.name} {role}")
    count, points = strands.radius.shape
    curves.add_curves([points] * count)
    curves.attributes["position"].data.foreach_set("vector", to_blender(strands.points).astype(np.float32).ravel())
    radius = curves.attributes.get("radius") or curves.attributes.new("radius", "FLOAT", "POINT")
    radius.data.foreach_set("value", strands.radius.ravel())
    place = curves.attributes.new("surface_uv_coordinate", "FLOAT2", "CURVE")
    place.data.foreach_set("vector", strands.uv(basis).ravel())
    curves.surface, curves.surface_uv_map = skin, UV
    skin.add_rest_position_attribute = True
    made = bpy.data.objects.new(curves.name, curves)
    attach(made, role, root)
    made.parent = skin
    made.modifiers.new("Follow Skin", "NODES").node_group = follow()
    return curves


def follow() -> bpy.types.NodeTree:
    """Return the geometry nodes that let curves follow their surface; one tree for all."""
    tree = bpy.data.node_groups.get(DEFORM)
    if tree is None:
        tree = bpy.data.node_groups.new(DEFORM, "GeometryNodeTree")
        for direction in ("INPUT", "OUTPUT"):
            tree.interface.new_socket("Geometry", in_out=direction, socket_type="NodeSocketGeometry")
        nodes = [tree.nodes.new(kind) for kind in ("NodeGroupInput", "GeometryNodeDeformCurvesOnSurface", "NodeGroupOutput")]
        for place, node in enumerate(nodes):
            node.location = (220 * place, 0)
        tree.links.new(nodes[0].outputs[0], nodes[1].inputs[0])
        tree.links.new(nodes[1].outputs[0], nodes[2].inputs[0])
    return tree


def material(name: str, colour: NDArray[np.float64]) -> bpy.types.Material:
    """Return a hair material around this linear colour (3,): darker at the roots, strands lighter and darker by chance."""
    made = bpy.data.materials.new(f"ECAvatar {name}")
    if bpy.app.version < (5, 0):
        made.use_nodes = True
    made.diffuse_color = (*colour, 1.0)
    nodes, links = made.node_tree.nodes, made.node_tree.links
    nodes.clear()
    info, along, chance, shade, tinted, shader, output = (nodes.new(kind) for kind in (
        "ShaderNodeHairInfo", "ShaderNodeMapRange", "ShaderNodeMapRange", "ShaderNodeMath", "ShaderNodeVectorMath",
        "ShaderNodeBsdfHairPrincipled", "ShaderNodeOutputMaterial"))
    for place, node in enumerate((info, along, chance, shade, tinted, shader, output)):
        node.location = (200 * place - 900, -160 if node == chance else 0)
    put(along, {"From Max": 0.6, "To Min": DARK_ROOT})
    put(chance, {"To Min": SHADES[0], "To Max": SHADES[1]})
    shade.operation, tinted.operation = "MULTIPLY", "SCALE"
    tinted.inputs[0].default_value = TONE * colour
    shader.parametrization = "COLOR"
    put(shader, {"Roughness": 0.38, "Radial Roughness": 0.55, "Random Roughness": 0.3})
    for source, target in ((info.outputs["Intercept"], along.inputs["Value"]), (info.outputs["Random"], chance.inputs["Value"]),
                           (along.outputs["Result"], shade.inputs[0]), (chance.outputs["Result"], shade.inputs[1]),
                           (shade.outputs[0], tinted.inputs["Scale"]), (tinted.outputs[0], shader.inputs["Color"]),
                           (shader.outputs[0], output.inputs["Surface"])):
        links.new(source, target)
    return made
