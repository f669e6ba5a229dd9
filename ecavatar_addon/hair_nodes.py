"""The geometry nodes "ECAvatar Hair on Skin", by which strands follow the skin that their roots lie on.

Renders leave it to Blender's own node (Deform Curves on Surface), which looks roots up by their UVs. In the viewport, where each frame
must be shown in time, a root's triangle is known already: the strand moves with it and turns with the smooth normal, as by that node.
There curves are also shown as plain lines between their points, or Blender would work out a dozen times as many just to know how far
they reach.
"""

import bpy
import numpy as np

from ..core.hair.strands import uv_of
from ..core.head.model import HeadBasis
from .shader_tree import ShaderTree, Socket, Value

TREE, MODIFIER = "ECAvatar Hair on Skin", "Follow Skin"
EARLIER = "ECAvatar follow skin"        # the tree of avatars that earlier versions made
EARLIER_NODES = 3
SURFACE, COUNT = "Skin", "Skin Points"  # inputs: the object, and how many points it has while no modifier has made others of it
TRIANGLE, WEIGHTS, PLACE = "ecavatar_triangle", "ecavatar_weights", "ecavatar_place"        # of a root on the skin: of each curve
CORNERS, ROOT = "ecavatar_corners", "ecavatar_root"     # the triangle's points of the skin; the root's UVs, as they follow from it
NORMAL, SIDE = "ecavatar_normal", "ecavatar_side"       # of the skin at rest: its smooth normal at the root, the triangle's first side
KNOWN, STILL = 1e-5, 1e-4               # of UVs and weights, and metres: by what a root may be off and still be where it was made


def follow(hair: bpy.types.Object, skin: bpy.types.Object, basis: HeadBasis) -> None:
    """Let the curves of `hair` that know their triangle, one of the skin's in `basis`, follow that.

    Other curves, and all of a job of an earlier version, are left to Blender's own node. What the artist took away or changed stays.
    """
    if all(hair.data.attributes.get(name) is not None for name in (TRIANGLE, WEIGHTS, PLACE)):
        note_rest(hair.data, skin.data, basis)
    for modifier in hair.modifiers:
        tree = modifier.node_group if modifier.type == "NODES" else None
        if tree is not None and (is_whole(tree) or is_earlier(tree)):
            tie(modifier, skin, count=len(skin.data.vertices))


def note_rest(curves: bpy.types.Curves, skin: bpy.types.Mesh, basis: HeadBasis) -> None:
    """Note for each curve what the skin is at its root while it rests."""
    attributes, count = curves.attributes, len(curves.curves)
    places, weights = np.empty(count, np.int32), np.empty((count, 3), np.float32)
    attributes[TRIANGLE].data.foreach_get("value", places)
    attributes[WEIGHTS].data.foreach_get("vector", weights.ravel())
    places = np.clip(places, 0, len(basis.skin_triangles) - 1)
    corners = basis.skin_triangles[places]
    points, normals = np.empty((len(skin.vertices), 3), np.float32), np.empty((len(skin.vertices), 3), np.float32)
    skin.vertices.foreach_get("co", points.ravel())
    skin.vertices.foreach_get("normal", normals.ravel())
    for name, kind, values in ((CORNERS, "FLOAT_VECTOR", corners), (ROOT, "FLOAT2", uv_of(places, weights, basis)),
                               (NORMAL, "FLOAT_VECTOR", np.einsum("nk,nkc->nc", weights, normals[corners])),
                               (SIDE, "FLOAT_VECTOR", points[corners[:, 1]] - points[corners[:, 0]])):
        attribute = attributes.get(name) or attributes.new(name, kind, "CURVE")
        attribute.data.foreach_set("vector", np.ascontiguousarray(values, np.float32).ravel())


def tie(modifier: bpy.types.Modifier, skin: bpy.types.Object | None, *, count: int) -> None:
    """Let a modifier move curves with this skin, which has `count` points; a tree of ours that it has already stays."""
    tree = modifier.node_group
    if tree is None or not is_whole(tree):
        modifier.node_group = tree = group()
    sockets = inputs_of(tree)
    for name, value in ((SURFACE, skin), (COUNT, count)):
        if hasattr(modifier, "properties"):             # Blender 5.2
            getattr(modifier.properties.inputs, sockets[name]).value = value
        else:
            modifier[sockets[name]] = value
    modifier.node_group = tree                          # else Blender does not know of the object it depends on


def is_whole(tree: bpy.types.NodeTree) -> bool:
    """Say whether a tree is ours and has its inputs, whatever else an artist has made of it."""
    return tree.name.split(".")[0] == TREE and {SURFACE, COUNT} <= inputs_of(tree).keys()


def is_earlier(tree: bpy.types.NodeTree) -> bool:
    """Say whether a tree is an earlier version's that no artist has added anything to: in, Blender's node, out."""
    return tree.name.split(".")[0] == EARLIER and len(tree.nodes) <= EARLIER_NODES


def inputs_of(tree: bpy.types.NodeTree) -> dict[str, str]:
    """Return the identifiers of a tree's inputs by their names."""
    return {item.name: item.identifier for item in tree.interface.items_tree if item.item_type == "SOCKET" and item.in_out == "INPUT"}


def group() -> bpy.types.NodeTree:
    """Return the tree, made once a file; that of a linked file is not this one's."""
    return next((tree for tree in bpy.data.node_groups if tree.library is None and is_whole(tree)), None) or new_group()


def new_group() -> bpy.types.NodeTree:
    """Make the tree."""
    made = bpy.data.node_groups.new(TREE, "GeometryNodeTree")
    made.is_modifier = True
    for name, kind in (("Geometry", "Geometry"), (SURFACE, "Object")):
        made.interface.new_socket(name, in_out="INPUT", socket_type=f"NodeSocket{kind}")
    count = made.interface.new_socket(COUNT, in_out="INPUT", socket_type="NodeSocketInt")
    count.default_value, count.hide_in_modifier = -1, True                  # no skin has so few: not even one that is missing
    made.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    tree = GeometryTree(made)
    given = tree.node("NodeGroupInput").outputs
    skin, relative = (tree.node("GeometryNodeObjectInfo", {"Object": given[SURFACE]}, transform_space=space).outputs
                      for space in ("ORIGINAL", "RELATIVE"))            # a skin that is transformed is a copy
    shown = tree.node("GeometryNodeIsViewport").outputs[0]
    moved = tree.choice(tree.math("MULTIPLY", shown, can_be_quick(tree, given, skin["Geometry"])),
                        quick(tree, given["Geometry"], skin["Geometry"], relative["Transform"]),
                        tree.node("GeometryNodeDeformCurvesOnSurface", {0: given["Geometry"]}).outputs[0])
    lines = tree.node("GeometryNodeCurveSplineType", {"Curve": moved}, spline_type="POLY").outputs[0]
    tree.node("NodeGroupOutput", {0: tree.choice(shown, lines, moved)})
    return made


class GeometryTree(ShaderTree):
    """Adds geometry nodes to a node tree."""

    def choice(self, condition: Value, yes: Socket, no: Socket) -> Socket:
        """Return one of two geometries; the other one is not worked out."""
        return self.node("GeometryNodeSwitch", {"Switch": condition, "True": yes, "False": no}, input_type="GEOMETRY").outputs[0]

    def attribute(self, name: str) -> bpy.types.Node:
        """Return a node whose outputs are a vector attribute, and whether it exists."""
        made = self.node("GeometryNodeInputNamedAttribute", data_type="FLOAT_VECTOR")
        made.inputs["Name"].default_value = name
        return made

    def statistic(self, geometry: Socket, domain: str, value: Socket, name: str) -> Socket:
        """Return a statistic of a number on a geometry's domain."""
        inputs = {"Geometry": geometry, "Attribute": value}
        return self.node("GeometryNodeAttributeStatistic", inputs, data_type="FLOAT", domain=domain).outputs[name]

    def distance(self, first: Socket, second: Socket) -> Socket:
        """Return how far two vectors are apart."""
        return self.node("VectorMath", {0: first, 1: second}, operation="DISTANCE").outputs["Value"]

    def per_curve(self, curves: Socket, **values: Socket) -> bpy.types.NodeOutputs:
        """Work fields out once for each curve, together; return the curves and the values, by name."""
        made = self.node("GeometryNodeCaptureAttribute", {0: curves}, domain="CURVE")
        for name, value in values.items():
            made.capture_items.new(value.type, name)
            self.set(made.inputs[name], value)
        return made.outputs


def can_be_quick(tree: GeometryTree, given: bpy.types.NodeOutputs, skin: Socket) -> Socket:
    """Return 1 where the skin's points are as many as it was made with, their rest is known, and so is each curve's root, else 0.

    A root is not known where it has been slid elsewhere, or where the skin's rest has been sculpted.
    """
    rested = tree.attribute("rest_position").outputs
    count = tree.statistic(skin, "POINT", rested["Exists"], "Sum")
    weight = tree.node("VectorMath", {0: tree.attribute(WEIGHTS).outputs[0], 1: (1.0, 1.0, 1.0)}, operation="DOT_PRODUCT")
    unknown = tree.math("ABSOLUTE", tree.math("SUBTRACT", weight.outputs["Value"], 1.0))
    slid = tree.distance(tree.attribute(ROOT).outputs[0], tree.attribute("surface_uv_coordinate").outputs[0])
    sculpted = tree.distance(rooted(tree, skin, rested[0])[0], tree.attribute(PLACE).outputs[0])
    off = tree.math("MAXIMUM", tree.math("ADD", unknown, slid), tree.math("MULTIPLY", sculpted, KNOWN / STILL))
    off = tree.statistic(given["Geometry"], "CURVE", tree.math("GREATER_THAN", off, KNOWN), "Sum")       # the largest takes longer
    return tree.math("MULTIPLY", tree.math("COMPARE", count, given[COUNT], 0.5), tree.math("LESS_THAN", off, 0.5))


def quick(tree: GeometryTree, curves: Socket, skin: Socket, transform: Socket) -> Socket:
    """Return curves that move as the skin at their roots has since rest, and turn as its smooth normals there have."""
    def direction(vector: Socket) -> Socket:
        return tree.node("FunctionNodeTransformDirection", {0: vector, 1: transform}).outputs[0]

    def seat(place: Socket, normal: Socket, side: Socket) -> tuple[Socket, Socket]:
        frame = tree.node("FunctionNodeAxesToRotation", {0: direction(normal), 1: direction(side)}, primary_axis="Z",
                          secondary_axis="X").outputs[0]
        return tree.node("FunctionNodeTransformPoint", {0: place, 1: transform}).outputs[0], frame

    before, old = seat(*(tree.attribute(name).outputs[0] for name in (PLACE, NORMAL, SIDE)))
    place, side = rooted(tree, skin, tree.node("GeometryNodeInputPosition").outputs[0])
    now, new = seat(place, rooted(tree, skin, tree.node("GeometryNodeInputNormal").outputs[0])[0], side)
    turn = tree.node("FunctionNodeRotateRotation", {0: new, 1: tree.node("FunctionNodeInvertRotation", {0: old}).outputs[0]},
                     rotation_space="LOCAL").outputs[0]
    step = tree.vector("SUBTRACT", now, rotated(tree, before, turn))
    found = tree.per_curve(curves, turn=turn, step=step)
    position = tree.node("GeometryNodeInputPosition").outputs[0]
    moved = tree.vector("ADD", rotated(tree, position, found["turn"]), found["step"])
    return tree.node("GeometryNodeSetPosition", {"Geometry": found[0], "Position": moved}).outputs[0]


def rooted(tree: GeometryTree, skin: Socket, value: Socket) -> tuple[Socket, Socket]:
    """Return a vector of the skin's points at the curves' roots, and by how much it changes along the triangle's first side."""
    corners, weights = (tree.split(tree.attribute(name).outputs[0]) for name in (CORNERS, WEIGHTS))
    values = [tree.node("GeometryNodeSampleIndex", {"Geometry": skin, "Value": value, "Index": corner}, data_type="FLOAT_VECTOR",
                        domain="POINT").outputs[0] for corner in corners]
    first, second, third = (tree.scaled(found, weight) for found, weight in zip(values, weights, strict=True))
    return tree.vector("ADD", tree.vector("ADD", first, second), third), tree.vector("SUBTRACT", values[1], values[0])


def rotated(tree: GeometryTree, vector: Socket, turn: Socket) -> Socket:
    """Return a vector rotated."""
    return tree.node("FunctionNodeRotateVector", {0: vector, 1: turn}).outputs[0]
