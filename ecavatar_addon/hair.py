"""Hair and brows as Blender's hair curves, coloured from the photo; objects of their own that can be deleted or groomed.

They follow the skin (hair_nodes.py).
"""

from dataclasses import replace

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.hair.haircut import Haircut
from ..core.hair.look import Look, hairline_of
from ..core.hair.shades import ROOT, SHADES, SPREADS, TIP, inherent, paler
from ..core.hair.strands import Strands
from ..core.head.model import HeadBasis
from ..core.job import JobResult
from ..core.pictures.colours import linear
from ..core.types import Floats
from .hair_nodes import MODIFIER, PLACE, TRIANGLE, WEIGHTS, follow, group
from .head import attach, parts_of
from .scene import to_blender
from .skin import hide_roots, put, show_roots
from .skin_relief import keep_rest
from .solid_view import paint_roots, unpaint_roots

HAIR, BROWS = "hair", "brows"
UV = "UVMap"
PALER = "ecavatar_paler"        # of each curve: by which share it is lighter than others
STILL = 1e-5                    # metres: a head that moved less is the same one


def apply(root: bpy.types.Object, skin: bpy.types.Object, result: JobResult, basis: HeadBasis, look: Look, *,
          cut: Haircut) -> None:
    """Set the hair and the brows that the avatar has onto its new skin; where it has none and a style is wanted, grow them (no hair
    when the photo showed none), with such a `cut`."""
    parts, head = parts_of(root), result.head
    colours = {HAIR: head["hair_colour"], BROWS: head["brow_colour"]}
    if HAIR not in parts:
        hide_roots(skin)
        unpaint_roots(skin)
    for role, colour in colours.items():
        if role in parts:
            seat(parts[role], skin, head["vertices"], basis)
            if role != HAIR:
                continue
            if (kept := next(iter(parts[role].data.materials), None)) is not None:
                worn = replace(look.cut, hairline=parts[role].ecavatar.hairline or look.cut.hairline)       # none: grown before
                shown = look.scalp_as(worn, head, basis), np.array(kept.diffuse_color[:3], np.float64)
                show_roots(skin, *shown)
                paint_roots(skin, result, basis, look, shown[1])
            else:                               # of no colour that we know
                unpaint_roots(skin)
        elif cut.style != "NONE" and len(colour):
            strands = look.hair_as(cut, head, basis) if role == HAIR else look.brows
            grown = grow(root, role, skin, strands, basis)
            grown.data.materials.append(material(role, linear(colour)))
            if role == HAIR:
                grown.ecavatar.hairline = hairline_of(head, cut)
                shown = look.scalp_as(cut, head, basis), linear(colour)
                show_roots(skin, *shown)
                paint_roots(skin, result, basis, look, shown[1])


def wanted(scene: bpy.types.Scene) -> Haircut:
    """Return how the hair of the scene's next avatar is to be cut and worn."""
    settings = scene.ecavatar
    return Haircut(settings.hair, settings.fringe, settings.parting, settings.waves, settings.hairline)


def grow(root: bpy.types.Object, role: str, skin: bpy.types.Object, strands: Strands, basis: HeadBasis) -> bpy.types.Object:
    """Return a new object `role` of hair curves that follow the skin."""
    curves = bpy.data.hair_curves.new(f"{root.name} {role}")
    count, points = strands.radius.shape
    curves.add_curves([points] * count)
    for name, (kind, domain, values) in {
            "position": ("FLOAT_VECTOR", "POINT", to_blender(strands.points)), "radius": ("FLOAT", "POINT", strands.radius),
            "surface_uv_coordinate": ("FLOAT2", "CURVE", strands.uv(basis)), TRIANGLE: ("INT", "CURVE", strands.triangle),
            PALER: ("FLOAT", "CURVE", paler(strands.points, SPREADS[role])),
            WEIGHTS: ("FLOAT_VECTOR", "CURVE", strands.weights),
            PLACE: ("FLOAT_VECTOR", "CURVE", to_blender(strands.points[:, 0]))}.items():
        attribute = curves.attributes.get(name) or curves.attributes.new(name, kind, domain)
        plain = np.ascontiguousarray(values, np.int32 if kind == "INT" else np.float32)
        attribute.data.foreach_set("value" if kind in ("INT", "FLOAT") else "vector", plain.ravel())
    made = bpy.data.objects.new(curves.name, curves)
    attach(made, role, root)
    made.modifiers.new(MODIFIER, "NODES").node_group = group()
    bind(made, skin, basis)
    return made


def bind(hair: bpy.types.Object, skin: bpy.types.Object, basis: HeadBasis) -> None:
    """Make this skin the surface that the curves follow."""
    hair.data.surface, hair.data.surface_uv_map, hair.parent = skin, UV, skin
    keep_rest(skin)
    follow(hair, skin, basis)


def seat(hair: bpy.types.Object, skin: bpy.types.Object, vertices: Floats, basis: HeadBasis) -> None:
    """Move each curve as its place on the skin has moved since, groomed or not; vertices: (V, 3) of the head as it is now.

    Curves that an artist has added know no place, and stay.
    """
    bind(hair, skin, basis)
    attributes = hair.data.attributes
    if any(attributes.get(name) is None for name in (TRIANGLE, WEIGHTS, PLACE)):
        return
    count = len(hair.data.curves)
    triangle, weights, before = np.empty(count, np.int32), np.empty(3 * count, np.float32), np.empty(3 * count, np.float32)
    attributes[TRIANGLE].data.foreach_get("value", triangle)
    attributes[WEIGHTS].data.foreach_get("vector", weights)
    attributes[PLACE].data.foreach_get("vector", before)
    known = weights.reshape(-1, 3).sum(axis=1) > 0.5
    corners = vertices[basis.skin_triangles[np.clip(triangle, 0, len(basis.skin_triangles) - 1)]]
    now = to_blender(np.einsum("nk,nkc->nc", weights.reshape(-1, 3), corners)).astype(np.float32)
    move = np.where(known[:, None], now - before.reshape(-1, 3), 0)
    if np.abs(move).max(initial=0) < STILL:
        return
    points = np.empty(3 * len(hair.data.points), np.float32)
    attributes["position"].data.foreach_get("vector", points)
    lengths = np.array([curve.points_length for curve in hair.data.curves])
    points = points.reshape(-1, 3) + np.repeat(move, lengths, axis=0)
    attributes["position"].data.foreach_set("vector", np.ascontiguousarray(points, np.float32).ravel())
    attributes[PLACE].data.foreach_set("vector", np.ascontiguousarray(before.reshape(-1, 3) + move, np.float32).ravel())
    hair.data.update_tag()


def material(name: str, colour: NDArray[np.float64]) -> bpy.types.Material:
    """Return a hair material around this linear colour (3,): darker at the roots, strands and locks lighter and darker by chance."""
    made = bpy.data.materials.new(f"ECAvatar {name}")
    if bpy.app.version < (5, 0):
        made.use_nodes = True
    made.diffuse_color = (*colour, 1.0)
    nodes, links = made.node_tree.nodes, made.node_tree.links
    nodes.clear()
    info, along, chance, lock, shade, varied, tinted, held, shader, output = (nodes.new(kind) for kind in (
        "ShaderNodeHairInfo", "ShaderNodeMapRange", "ShaderNodeMapRange", "ShaderNodeAttribute", "ShaderNodeMath", "ShaderNodeMath",
        "ShaderNodeVectorMath", "ShaderNodeVectorMath", "ShaderNodeBsdfHairPrincipled", "ShaderNodeOutputMaterial"))
    for place, node in enumerate((info, along, chance, lock, shade, varied, tinted, held, shader, output)):
        node.location = (200 * place - 1100, -160 if node in (chance, lock) else 0)
    put(along, {"To Min": ROOT, "To Max": TIP})
    put(chance, {"To Min": SHADES[0], "To Max": SHADES[1]})
    lock.attribute_name = PALER                                         # 0 on curves that an artist adds
    shade.operation, varied.operation, tinted.operation = "MULTIPLY", "MULTIPLY_ADD", "SCALE"
    tinted.inputs[0].default_value = inherent(colour)
    held.operation, held.inputs[1].default_value = "MINIMUM", (1, 1, 1)       # beyond that the shader darkens again
    shader.parametrization = "COLOR"
    put(shader, {"Roughness": 0.38, "Radial Roughness": 0.55, "Random Roughness": 0.3})
    for source, target in ((info.outputs["Intercept"], along.inputs["Value"]), (info.outputs["Random"], chance.inputs["Value"]),
                           (along.outputs["Result"], shade.inputs[0]), (chance.outputs["Result"], shade.inputs[1]),
                           (shade.outputs[0], varied.inputs[0]), (lock.outputs["Fac"], varied.inputs[1]),
                           (shade.outputs[0], varied.inputs[2]), (varied.outputs[0], tinted.inputs["Scale"]),
                           (tinted.outputs[0], held.inputs[0]), (held.outputs[0], shader.inputs["Color"]),
                           (shader.outputs[0], output.inputs["Surface"])):
        links.new(source, target)
    return made
