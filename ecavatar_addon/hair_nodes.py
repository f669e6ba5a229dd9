"""The geometry nodes "ECAvatar Hair on Skin", by which strands follow the skin that their roots lie on.

Renders leave it to Blender's own node (Deform Curves on Surface), which looks roots up by their UVs. In the viewport, where each frame
must be shown in time, a root's triangle is known already: the strand moves and turns with it. There curves are also shown as plain
lines between their points, or Blender would work out a dozen times as many just to know how far they reach.
"""

import bpy
import numpy as np

from .shader_tree import ShaderTree, Socket, Value

TREE, MODIFIER = "ECAvatar Hair on Skin", "Follow Skin"
EARLIER = "ECAvatar follow skin"        # the tree of avatars that earlier versions made
SURFACE, COUNT = "Skin", "Skin Points"  # inputs: the object, and how many points it has while no modifier has made others of it
TRIANGLE, WEIGHTS, PLACE = "ecavatar_triangle", "ecavatar_weights", "ecavatar_place"        # of a root on the skin: of each curve
CORNERS = "ecavatar_corners"            # the triangle's points of the skin
Corners = list[Socket]


def follow(hair: bpy.types.Object, skin: bpy.types.Object, triangles: np.ndarray) -> None:
    """Let the curves of `hair` that know their triangle, of `triangles` (F, 3) of the skin's points, follow that.

    Other curves, and all of a job of an earlier version, are left to Blender's own node. What the artist took away stays away.
    """
    attributes = hair.data.attributes
    known = attributes.get(TRIANGLE)
    if known is not None:
        places = np.empty(len(hair.data.curves), np.int32)
        known.data.foreach_get("value", places)
        corners = attributes.get(CORNERS) or attributes.new(CORNERS, "FLOAT_VECTOR", "CURVE")
        corners.data.foreach_set("vector", triangles[np.clip(places, 0, len(triangles) - 1)].astype(np.float32).ravel())
    for modifier in hair.modifiers:
        tree = modifier.node_group if modifier.type == "NODES" else None
        if tree is not None and tree.name.split(".")[0] in (TREE, EARLIER):
            tie(modifier, skin, count=len(skin.data.vertices))


def tie(modifier: bpy.types.Modifier, skin: bpy.types.Object | None, *, count: int) -> None:
    """Let a modifier move curves with this skin, which has `count` points."""
    modifier.node_group = group()
    sockets = {item.name: item.identifier for item in modifier.node_group.interface.items_tree if item.in_out == "INPUT"}
    for name, value in ((SURFACE, skin), (COUNT, count)):
        if hasattr(modifier, "properties"):             # Blender 5.2
            getattr(modifier.properties.inputs, sockets[name]).value = value
        else:
            modifier[sockets[name]] = value
    modifier.node_group = modifier.node_group           # else Blender does not know of the object it depends on


def group() -> bpy.types.NodeTree:
    """Return the tree, made once a file."""
    return bpy.data.node_groups.get(TREE) or new_group()


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
    skin = tree.node("GeometryNodeObjectInfo", {"Object": given[SURFACE]}, transform_space="RELATIVE").outputs
    shown = tree.node("GeometryNodeIsViewport").outputs[0]
    moved = tree.choice(tree.math("MULTIPLY", shown, can_be_quick(tree, given, skin["Geometry"])),
                        quick(tree, given["Geometry"], skin["Geometry"], skin["Transform"]),
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

    def per_curve(self, curves: Socket, **values: Socket) -> bpy.types.NodeOutputs:
        """Work fields out once for each curve, together; return the curves and the values, by name."""
        made = self.node("GeometryNodeCaptureAttribute", {0: curves}, domain="CURVE")
        for name, value in values.items():
            made.capture_items.new(value.type, name)
            self.set(made.inputs[name], value)
        return made.outputs


def can_be_quick(tree: GeometryTree, given: bpy.types.NodeOutputs, skin: Socket) -> Socket:
    """Return 1 where the skin's points are those that it was made with, their rest is known, and so is each curve's root, else 0."""
    rested = tree.statistic(skin, "POINT", tree.attribute("rest_position").outputs["Exists"], "Sum")
    weight = tree.node("VectorMath", {0: tree.attribute(WEIGHTS).outputs[0], 1: (1.0, 1.0, 1.0)}, operation="DOT_PRODUCT")
    known = tree.statistic(given["Geometry"], "CURVE", weight.outputs["Value"], "Mean")
    return tree.math("MULTIPLY", tree.math("COMPARE", rested, given[COUNT], 0.5), tree.math("COMPARE", known, 1.0, 1e-5))


def quick(tree: GeometryTree, curves: Socket, skin: Socket, transform: Socket) -> Socket:
    """Return curves that move and turn as the triangles under their roots have since rest."""
    place = tree.node("GeometryNodeInputPosition").outputs[0]
    rest = tree.attribute("rest_position").outputs[0]
    corners = tree.split(tree.attribute(CORNERS).outputs[0])
    weights = tree.split(tree.attribute(WEIGHTS).outputs[0])

    def sampled(value: Socket) -> Corners:
        return [tree.node("GeometryNodeSampleIndex", {"Geometry": skin, "Value": value, "Index": corner}, data_type="FLOAT_VECTOR",
                          domain="POINT").outputs[0] for corner in corners]

    now, before = sampled(place), sampled(tree.node("FunctionNodeTransformPoint", {0: rest, 1: transform}).outputs[0])
    back = tree.node("FunctionNodeInvertRotation", {0: frame(tree, before)}).outputs[0]
    turn = tree.node("FunctionNodeRotateRotation", {0: frame(tree, now), 1: back}, rotation_space="LOCAL").outputs[0]
    step = tree.vector("SUBTRACT", rooted(tree, now, weights), rotated(tree, rooted(tree, before, weights), turn))
    found = tree.per_curve(curves, turn=turn, step=step)
    moved = tree.vector("ADD", rotated(tree, place, found["turn"]), found["step"])
    return tree.node("GeometryNodeSetPosition", {"Geometry": found[0], "Position": moved}).outputs[0]


def frame(tree: GeometryTree, corners: Corners) -> Socket:
    """Return the rotation of a triangle: Z along its normal, X along its first side."""
    first, second = (tree.vector("SUBTRACT", corner, corners[0]) for corner in corners[1:])
    return tree.node("FunctionNodeAxesToRotation", {0: tree.vector("CROSS_PRODUCT", first, second), 1: first},
                     primary_axis="Z", secondary_axis="X").outputs[0]


def rooted(tree: GeometryTree, corners: Corners, weights: tuple[Socket, ...]) -> Socket:
    """Return the place of a root in a triangle."""
    first, second, third = (tree.scaled(corner, weight) for corner, weight in zip(corners, weights, strict=True))
    return tree.vector("ADD", tree.vector("ADD", first, second), third)


def rotated(tree: GeometryTree, vector: Socket, turn: Socket) -> Socket:
    """Return a vector rotated."""
    return tree.node("FunctionNodeRotateVector", {0: vector, 1: turn}).outputs[0]
