"""The skin's fine relief for the node group "ECAvatar Skin": pores, the lines between them and the lips'.

Everything lies on the skin at rest, so that nothing swims when the face moves. Heights are millimetres.
"""

from dataclasses import dataclass

import bpy

from .shader_tree import ShaderTree, Socket

REST, PORES = "rest_position", "ecavatar_pores"         # attributes: of Blender, metres; of the skin's vertices, 0..1
SLIDER, USUAL = "Pores", 0.5                            # the slider, and its value for which the heights below hold
CELL = 0.0007                  # metres from pore to pore
PORE, WIDTH = 0.06, 0.4        # a pore's depth, and half of its width in cells
LINE = 0.03                     # depth of the lines around cells where there are no pores
LIP_LINE, LIP_LINES = 0.1, (0.0012, 0.008, 0.006)      # depth of the lips' lines; metres across, from front to back, and down
PATCH = 0.0025                  # metres: size of patches of more or less shine, deeper or flatter pores, redder or paler tone
HOLLOW = (0.07, 0.13, 0.15)       # of red, green and blue that a pore of full depth takes
SHINE, DULL, TINT = 0.3, 0.6, 0.02      # share of the shine that patches take and give, and pores take; of the tone's red and yellow


@dataclass(frozen=True)
class Relief:
    """The normal on pores and lines; factors of the shine and of the tone (a vector)."""

    normal: Socket
    shine: Socket
    tint: Socket


def relief(tree: ShaderTree, *, amount: Socket, normal: Socket, lips: Socket, lids: Socket) -> Relief:
    """Add the relief on a surface of this normal; amount: of the slider."""
    rest = tree.node("Attribute", attribute_name=REST).outputs["Vector"]
    known = tree.math("GREATER_THAN", tree.node("VectorMath", {0: rest}, operation="LENGTH").outputs["Value"], 0.0)     # 0 without it
    patches = tree.node("TexNoise", {"Vector": rest, "Scale": 1 / PATCH, "Detail": 0.0}).outputs["Color"]
    deeper, shinier, redder = (tree.math("MULTIPLY_ADD", part, 2.0, -1.0) for part in tree.split(patches))
    bare = tree.math("MULTIPLY", tree.math("SUBTRACT", 1.0, lips), tree.math("SUBTRACT", 1.0, lids))
    depth = tree.math("MULTIPLY", tree.node("Attribute", attribute_name=PORES).outputs["Fac"], bare)
    depth = tree.math("MULTIPLY", depth, tree.math("ADD", deeper, 1.0))
    away = tree.node("TexVoronoi", {"Vector": rest, "Scale": 1 / CELL}).outputs["Distance"]
    away = tree.math("MULTIPLY", away, away)
    # where pores are shallow only the cells whose middle lies on the surface have one: they are fewer
    pore = tree.math("MAXIMUM", tree.math("MULTIPLY_ADD", away, -1 / WIDTH**2, depth), 0.0)
    lines = tree.math("MULTIPLY", away, tree.math("MULTIPLY", bare, -LINE))
    height = tree.math("MULTIPLY_ADD", pore, -PORE, lines)
    height = tree.math("MULTIPLY_ADD", tree.math("MULTIPLY", lips, lip_lines(tree, rest)), LIP_LINE, height)
    share = tree.math("MULTIPLY", tree.math("DIVIDE", amount, USUAL), known)
    bumped = tree.node("Bump", {"Height": height, "Distance": tree.math("MULTIPLY", share, 0.001), "Normal": normal}).outputs[0]
    patchy = tree.math("MULTIPLY_ADD", tree.math("MULTIPLY", share, shinier), SHINE, 1.0)
    dull = tree.math("MULTIPLY_ADD", tree.math("MULTIPLY", share, pore), -DULL, 1.0)
    tinted = tree.math("MULTIPLY", tree.math("MULTIPLY", share, redder), TINT)
    tint = tree.join((tree.math("ADD", tinted, 1.0), 1.0, tree.math("SUBTRACT", 1.0, tinted)))
    hollow = tree.math("MULTIPLY", share, pore)
    tint = tree.vector("SUBTRACT", tint, tree.scaled(HOLLOW, hollow))
    return Relief(bumped, tree.math("MAXIMUM", tree.math("MULTIPLY", patchy, dull), 0.0), tint)


def seen(tree: ShaderTree, amount: Socket) -> Socket:
    """Add 1 where the relief shows, 0 where Cycles need not work it out: in light on its way between surfaces."""
    diffuse = tree.node("LightPath").outputs["Is Diffuse Ray"]
    return tree.math("MULTIPLY", tree.math("SUBTRACT", 1.0, diffuse), tree.math("GREATER_THAN", amount, 0.0))


def lip_lines(tree: ShaderTree, rest: Socket) -> Socket:
    """Add the folds that run down the lips: 0 in a line, up to 1 between."""
    place = tree.vector("DIVIDE", rest, LIP_LINES)
    noise = tree.node("TexNoise", {"Vector": place, "Scale": 1.0, "Detail": 0.0}).outputs[0]
    return tree.math("MULTIPLY", tree.math("ABSOLUTE", tree.math("SUBTRACT", noise, 0.5)), 2.0)


def keep_rest(part: bpy.types.Object) -> None:
    """Let the shader know where each point of a mesh lies at rest."""
    part.add_rest_position_attribute = True
