"""Short hair as Blender's hair curves, coloured from the photo; an object of its own that can be deleted or groomed."""

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.hair import POINTS, short_hair
from ..core.head_model import HeadBasis
from ..core.job import JobResult
from .head import attach, parts_of
from .scene import to_blender
from .skin import linear, put

HAIR = "hair"
ROOT_RADIUS, TIP_RADIUS = 0.00014, 0.00004          # metres: thicker than hair, since there are fewer


def add(root: bpy.types.Object, result: JobResult, basis: HeadBasis) -> bpy.types.Object | None:
    """Add hair to the avatar's skin and return it; None when the photo showed none, or the avatar has hair already."""
    parts = parts_of(root)
    colour = result.head["hair_colour"]
    if HAIR in parts or not len(colour):
        return None
    strands = to_blender(short_hair(result.head["vertices"], basis, np.random.default_rng(0)))
    curves = bpy.data.hair_curves.new(f"{root.name} {HAIR}")
    curves.add_curves([POINTS] * len(strands))
    curves.attributes["position"].data.foreach_set("vector", strands.astype(np.float32).ravel())
    radius = curves.attributes.get("radius") or curves.attributes.new("radius", "FLOAT", "POINT")
    along = np.linspace(ROOT_RADIUS, TIP_RADIUS, POINTS, dtype=np.float32)
    radius.data.foreach_set("value", np.tile(along, len(strands)))
    curves.materials.append(material(linear(colour)))
    made = bpy.data.objects.new(curves.name, curves)
    attach(made, HAIR, root)
    made.parent = parts["skin"]
    return made


def material(colour: NDArray[np.float64]) -> bpy.types.Material:
    """Return a hair material of this linear colour (3,)."""
    made = bpy.data.materials.new("ECAvatar hair")
    if bpy.app.version < (5, 0):
        made.use_nodes = True
    made.diffuse_color = (*colour, 1.0)
    nodes = made.node_tree.nodes
    nodes.clear()
    shader, output = nodes.new("ShaderNodeBsdfHairPrincipled"), nodes.new("ShaderNodeOutputMaterial")
    shader.location, output.location = (0, 0), (300, 0)
    shader.parametrization = "COLOR"
    put(shader, {"Color": (*colour, 1.0), "Roughness": 0.4, "Radial Roughness": 0.5, "Random Roughness": 0.3})
    made.node_tree.links.new(shader.outputs[0], output.inputs["Surface"])
    return made
