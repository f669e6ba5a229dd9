"""Shader and geometry nodes, written as formulas: each call adds a node and returns what comes out of it."""

from collections.abc import Mapping, Sequence

import bpy

Socket = bpy.types.NodeSocket
Value = Socket | float | Sequence[float]
COLUMN, ROW, ROWS = 190, 160, 7         # pixels of the editor from node to node, and how many stand below one another


class ShaderTree:
    """Adds nodes to a node tree, from left to right."""

    def __init__(self, tree: bpy.types.NodeTree) -> None:
        """Begin with an empty tree."""
        self.tree = tree
        tree.nodes.clear()

    def node(self, kind: str, inputs: Mapping[str | int, Value] | None = None, **properties: object) -> bpy.types.Node:
        """Add a node of this type with properties, and inputs by name or place: values, or outputs of other nodes."""
        place = len(self.tree.nodes)
        made = self.tree.nodes.new(kind if "Node" in kind else f"ShaderNode{kind}")
        made.location = (place // ROWS * COLUMN, -(place % ROWS) * ROW)
        for name, value in properties.items():
            setattr(made, name, value)
        for name, value in (inputs or {}).items():
            self.set(made.inputs[name], value)
        return made

    def set(self, socket: Socket, value: Value) -> None:
        """Give an input a value, or link it to an output."""
        if isinstance(value, Socket):
            self.tree.links.new(value, socket)
        else:
            socket.default_value = value

    def math(self, operation: str, *values: Value) -> Socket:
        """Compute with numbers."""
        return self.node("Math", dict(enumerate(values)), operation=operation).outputs[0]

    def vector(self, operation: str, *values: Value) -> Socket:
        """Compute with vectors or colours, part by part."""
        return self.node("VectorMath", dict(enumerate(values)), operation=operation).outputs[0]

    def scaled(self, vector: Value, factor: Value) -> Socket:
        """Multiply a vector by a number."""
        return self.node("VectorMath", {0: vector, "Scale": factor}, operation="SCALE").outputs[0]

    def blend(self, factor: Value, first: Value, second: Value) -> Socket:
        """Go from the first number to the second as the factor goes from 0 to 1, and on."""
        return self.math("MULTIPLY_ADD", factor, self.math("SUBTRACT", second, first), first)

    def blend_vectors(self, factor: Value, first: Value, second: Value) -> Socket:
        """Go from the first vector to the second as the factor goes from 0 to 1, and on."""
        return self.vector("ADD", first, self.scaled(self.vector("SUBTRACT", second, first), factor))

    def polynomial(self, variable: Value, coefficients: Sequence[float]) -> Socket:
        """Evaluate a polynomial by Horner's rule, highest power first."""
        result: Value = float(coefficients[0])
        for coefficient in coefficients[1:]:
            result = self.math("MULTIPLY_ADD", result, variable, float(coefficient))
        return result

    def split(self, vector: Value) -> tuple[Socket, ...]:
        """Return the three parts of a vector or colour."""
        return tuple(self.node("SeparateXYZ", {0: vector}).outputs)

    def join(self, parts: Sequence[Value]) -> Socket:
        """Make a vector of three parts."""
        return self.node("CombineXYZ", dict(enumerate(parts))).outputs[0]

    def add(self, first: Socket, second: Socket) -> Socket:
        """Add what two shaders send out."""
        return self.node("AddShader", {0: first, 1: second}).outputs[0]
