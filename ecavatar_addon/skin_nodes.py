"""The node group "ECAvatar Skin": the paper's skin (Eq. 7-10) in Cycles, with sliders an artist understands.

What goes on below the surface is Jensen's dipole as two lobes of Christensen and Burley (core/render/skin_fit.py); what the surface
mirrors is Beckmann's distribution with Schlick's Fresnel term. Absorption is worked out from the tone in the nodes: every slider acts
at once. docs/skin.md has the formulas.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import bpy

from ..core.render.skin_fit import LEAST, MOST, fit
from ..core.render.skin_optics import NORMAL_REFLECTANCE, boundary, total_reflectance, transmittance
from ..core.types import SkinParams
from . import skin_relief
from .shader_tree import ShaderTree, Socket

GROUP, CHANNEL, ETA = "ECAvatar Skin", "ECAvatar Skin Channel", "ecavatar_eta"
LIPS, LIDS, SCALP = "ecavatar_lips", "ecavatar_lids", "ecavatar_scalp"          # attributes of the skin's vertices, 0..1
DARK = "ecavatar_dark"          # attribute, of the mouth's parts too: share of the light outside that a place in the mouth lacks
ROOTS, NO_ROOTS = "Hair Roots", (0.0, 0.0, 0.0, 1.0)    # the scalp's colour where hair grows, and its value before any has
PHOTO = "Photo Tone"                                    # the albedo's mean, which its spots are seen relative to
RADIUS = 4 * math.pi * 1.04     # of Cycles, times d: its lobe has d = radius / (4 pi s), s = 1.9 - A + 3.5 (A - .8)^2 for A = 1
# absorption, 1/mm, that one step of a slider adds in red, green and blue. Blood: haemoglobin, three quarters oxygenated (Prahl 1999).
# Melanin: about as the absorption of the dipole rises from fair skin (R_d .60 .39 .28) to dark (.13 .07 .04), less in red; melanin's
# own spectrum is flatter, but it lies above what scatters, and taken for an even absorption it would make skin olive
BLOOD, MELANIN = (0.006, 0.085, 0.07), (0.03, 0.15, 0.33)
ENTRY = math.sqrt(0.5)          # cosine of 45 degrees
NARROWER = 0.9                  # m of Cycles by the paper's: its shadowing and cosines make the same m wider (benchmarks/bm_skin.py)
LEAST_ABSORPTION = 0.2          # of the tone's own: what sliders below zero leave of it
LIP_DISTANCE = 0.25             # of the scatter distance: lips are thin, and the flat dipole carries red light around their edge
LIP_ROUGHNESS, LIP_SHINE = 0.22, 0.24                   # of moist lips: m and rho_s


@dataclass(frozen=True)
class Slider:
    """An input of the group: name, default, least and most value, and what it does."""

    name: str
    default: float
    least: float
    most: float
    text: str


DEFAULTS = SkinParams()
SLIDERS = (
    Slider("Tone from Photo", 1.0, 0.0, 1.0, "1: the photo's tone; 0: the tone of the preset, with the photo's spots"),
    Slider("Scatter Distance", 1.0, 0.0, 5.0, "How far light goes below the skin; 1 is as measured"),
    Slider("Blood", 0.0, -1.0, 1.0, "Redder above 0, paler below"),
    Slider("Melanin", 0.0, -1.0, 1.0, "Browner above 0, fairer below"),
    Slider("Oiliness", 0.5, 0.0, 1.0, "Strength of the shine; 0.5 is as measured"),
    Slider("Roughness", DEFAULTS.roughness, 0.05, 1.0, "Width of the shine: m of Beckmann's distribution"),
    Slider("Lip Moisture", 0.5, 0.0, 1.0, "How wet the lips are; 0 is as the skin around"),
    Slider(skin_relief.SLIDER, skin_relief.USUAL, 0.0, 1.0, "Depth of pores and fine lines; 0 is smooth"),
)


def skin_group(eta: float) -> bpy.types.NodeTree:
    """Return the group for skin of this index of refraction, made once a file; those of files of before lack sliders or the mouth's
    darkness, and stay with their avatars."""
    whole = (tree for tree in groups_of(GROUP, eta) if all(slider.name in tree.interface.items_tree for slider in SLIDERS)
             and any(node.type == "ATTRIBUTE" and node.attribute_name == DARK for node in tree.nodes))
    return next(whole, None) or new_skin_group(eta)


def groups_of(name: str, eta: float) -> Iterator[bpy.types.NodeTree]:
    """Yield this file's own groups for an index of refraction; those of a linked file are not this one's."""
    return (tree for tree in bpy.data.node_groups
            if tree.library is None and tree.get(ETA) == eta and tree.name.split(".")[0] == name)


def sliders_of(node: bpy.types.Node) -> tuple[Slider, ...]:
    """Return the sliders that a group node has: files of before lack some."""
    return tuple(slider for slider in SLIDERS if slider.name in node.inputs)


def set_params(node: bpy.types.Node, params: SkinParams) -> None:
    """Let the preset of a group node be this skin, tone and all; sliders that have nothing to do with it stay."""
    node.inputs["Preset Tone"].default_value = (*total_reflectance(params), 1.0)
    node.inputs["Scattering"].default_value = params.scattering
    node.inputs["Roughness"].default_value = params.roughness
    node.inputs["Shine"].default_value = params.specular


def new_skin_group(eta: float) -> bpy.types.NodeTree:
    """Make the group."""
    group = bpy.data.node_groups.new(GROUP, "ShaderNodeTree")
    group[ETA] = eta
    declare(group)
    tree = ShaderTree(group)
    given = tree.node("NodeGroupInput").outputs
    lips, lids, scalp = (tree.node("Attribute", attribute_name=name).outputs["Fac"] for name in (LIPS, LIDS, SCALP))
    albedo = tree.blend_vectors(scalp, given["Albedo"], given[ROOTS])
    fine = skin_relief.relief(tree, amount=given[skin_relief.SLIDER], normal=given["Normal"], lips=lips, lids=lids)
    albedo = tree.vector("MULTIPLY", albedo, fine.tint)
    spots = tree.vector("DIVIDE", albedo, tree.vector("MAXIMUM", given[PHOTO], (0.005,) * 3))
    tone = tree.blend_vectors(given["Tone from Photo"], given["Preset Tone"], given[PHOTO])
    extra = tree.vector("ADD", tree.scaled(BLOOD, given["Blood"]), tree.scaled(MELANIN, given["Melanin"]))
    distance = tree.math("MULTIPLY", given["Scatter Distance"], tree.blend(lips, 1.0, LIP_DISTANCE))
    weights, radii, colour, path = below(tree, given, tone=tone, extra=extra, distance=distance, eta=eta)
    mirrored_away = tree.node("Fresnel", {"IOR": eta, "Normal": given["Normal"]}).outputs[0]
    seen = tree.scaled(spots, tree.math("MULTIPLY", tree.math("SUBTRACT", 1.0, mirrored_away), entering(eta)))
    lobes = [tree.node("SubsurfaceScattering", {"Color": tree.vector("MULTIPLY", weight, seen), "Scale": 1.0, "Radius": radius,
                                                "Normal": given["Normal"]}, falloff="BURLEY").outputs[0]
             for weight, radius in zip(weights, radii, strict=True)]
    moist = tree.math("MULTIPLY", lips, tree.math("MULTIPLY", given["Lip Moisture"], 2.0))
    roughness = tree.math("MAXIMUM", tree.blend(moist, given["Roughness"], LIP_ROUGHNESS), 0.02)
    level = tree.math("MULTIPLY", tree.blend(moist, given["Shine"], LIP_SHINE), tree.math("MULTIPLY", given["Oiliness"], 2 * math.pi))
    # Beckmann's density is the paper's by pi, and D of the normal itself goes with 1 / m^2
    width, height = tree.math("SQRT", tree.math("MULTIPLY", roughness, NARROWER)), tree.math("MULTIPLY", level, NARROWER**2)
    smooth, rough = (mirrored(tree, width, *surface)
                     for surface in ((height, given["Normal"]), (tree.math("MULTIPLY", height, fine.shine), fine.normal)))
    shine = tree.node("MixShader", {0: skin_relief.seen(tree, given[skin_relief.SLIDER]), 1: smooth, 2: rough}).outputs[0]
    plain = tree.math("MULTIPLY", tree.math("MULTIPLY", level, fine.shine), 0.5)
    light = tree.math("SUBTRACT", 1.0, tree.node("Attribute", attribute_name=DARK).outputs["Fac"])        # which Cycles finds itself
    results = {"Cycles": tree.add(tree.add(*lobes), shine), "Color": tree.scaled(tree.vector("MULTIPLY", colour, spots), light),
               "Radius": path, "Roughness": tree.math("SQRT", roughness), "Specular": tree.math("MULTIPLY", plain, light),
               "Normal": fine.normal}
    tree.node("NodeGroupOutput", results)
    return group


def entering(eta: float) -> float:
    """Return the share of light that enters at ENTRY; Cycles does not say from where it comes."""
    return float(transmittance(ENTRY, eta))


def declare(group: bpy.types.NodeTree) -> None:
    """Give the group its inputs and outputs."""
    def socket(name: str, kind: str, value: object = None, direction: str = "INPUT") -> bpy.types.NodeTreeInterfaceSocket:
        made = group.interface.new_socket(name, in_out=direction, socket_type=f"NodeSocket{kind}")
        if value is not None:
            made.default_value = value
        return made

    white = (0.8, 0.8, 0.8, 1.0)
    socket("Albedo", "Color", white)
    for slider in SLIDERS:
        made = socket(slider.name, "Float", slider.default)
        made.min_value, made.max_value, made.description = slider.least, slider.most, slider.text
        made.subtype = "FACTOR"
    tone = (*total_reflectance(DEFAULTS), 1.0)
    socket("Preset Tone", "Color", tone).description = "Total diffuse reflectance of the preset"
    socket(PHOTO, "Color", tone).description = "Mean of the albedo"
    socket("Scattering", "Vector", DEFAULTS.scattering).description = "Reduced scattering coefficient, 1/mm, in red, green and blue"
    socket("Shine", "Float", DEFAULTS.specular).description = "rho_s of the paper's specular term"
    socket(ROOTS, "Color", NO_ROOTS).description = "Colour of the scalp where hair grows"
    socket("Normal", "Vector").hide_value = True
    for name, kind in (("Cycles", "Shader"), ("Color", "Color"), ("Radius", "Vector"), ("Roughness", "Float"), ("Specular", "Float"),
                       ("Normal", "Vector")):
        socket(name, kind, direction="OUTPUT")


def below(tree: ShaderTree, given: bpy.types.NodeOutputs, *, tone: Socket, extra: Socket, distance: Socket,
          eta: float) -> tuple[list[Socket], list[Socket], Socket, Socket]:
    """Add what goes on below the surface: both lobes' weights and radii, the tone with what the sliders add, and 1 / sigma_tr."""
    group = channel_group(eta)
    parts = []
    for reflectance, scattering, absorbed in zip(*(tree.split(part) for part in (tone, given["Scattering"], extra)), strict=True):
        node = tree.node("Group", node_tree=group)
        for name, value in (("Reflectance", reflectance), ("Scattering", scattering), ("Extra Absorption", absorbed),
                            ("Distance", distance)):
            tree.set(node.inputs[name], value)
        parts.append(node.outputs)
    joined = {name: tree.join([outputs[name] for outputs in parts]) for name in parts[0].keys()}       # noqa: SIM118 -- Blender's
    return ([joined["Narrow Weight"], joined["Wide Weight"]], [joined["Narrow Radius"], joined["Wide Radius"]], joined["Reflectance"],
            joined["Path"])


def channel_group(eta: float) -> bpy.types.NodeTree:
    """Return the group that works out one colour channel: from reflectance and sigma_s' to the lobes of core/render/skin_fit.py."""
    old = next(groups_of(CHANNEL, eta), None)
    if old is not None:
        return old
    group = bpy.data.node_groups.new(CHANNEL, "ShaderNodeTree")
    group[ETA] = eta
    for name in ("Reflectance", "Scattering", "Extra Absorption", "Distance"):
        group.interface.new_socket(name, in_out="INPUT", socket_type="NodeSocketFloat")
    for name in ("Narrow Weight", "Wide Weight", "Narrow Radius", "Wide Radius", "Reflectance", "Path"):
        group.interface.new_socket(name, in_out="OUTPUT", socket_type="NodeSocketFloat")
    tree, fitted = ShaderTree(group), fit(eta)
    given = tree.node("NodeGroupInput").outputs
    scattering = tree.math("MAXIMUM", given["Scattering"], 1e-3)
    reflectance = clamped(tree, given["Reflectance"])
    share = tree.math("POWER", tree.polynomial(tree.math("SQRT", reflectance), fitted.absorbed), 2.0)         # 1 - alpha'
    share = tree.math("MINIMUM", tree.math("MAXIMUM", share, 1e-5), 0.99)
    own = tree.math("DIVIDE", share, tree.math("SUBTRACT", 1.0, share))                                       # sigma_a / sigma_s'
    added = tree.math("ADD", own, tree.math("DIVIDE", given["Extra Absorption"], scattering))
    absorbed = tree.math("MAXIMUM", added, tree.math("MULTIPLY", own, LEAST_ABSORPTION))
    changed = tree.math("DIVIDE", reflected(tree, absorbed, eta), reflected(tree, own, eta))
    reflectance = clamped(tree, tree.math("MULTIPLY", reflectance, changed))
    root = tree.math("SQRT", reflectance)
    path = tree.math("DIVIDE", 0.001, tree.math("MULTIPLY", scattering, tree.math("ADD", absorbed, 1.0)))     # 1 / sigma_t', metres
    path = tree.math("MULTIPLY", path, given["Distance"])
    narrow = tree.math("MULTIPLY", reflectance, tree.polynomial(root, fitted.weight))
    radii = [tree.math("MULTIPLY", tree.math("MULTIPLY", path, RADIUS), tree.polynomial(root, distance))
             for distance in (fitted.narrow, fitted.wide)]
    fade = tree.math("SQRT", tree.math("DIVIDE", tree.math("ADD", absorbed, 1.0), tree.math("MULTIPLY", absorbed, 3.0)))
    tree.node("NodeGroupOutput", {
        "Narrow Weight": narrow, "Wide Weight": tree.math("SUBTRACT", reflectance, narrow), "Narrow Radius": radii[0],
        "Wide Radius": radii[1], "Reflectance": reflectance, "Path": tree.math("MULTIPLY", path, fade)})
    return group


def clamped(tree: ShaderTree, reflectance: Socket) -> Socket:
    """Hold a reflectance where the fit holds."""
    return tree.math("MINIMUM", tree.math("MAXIMUM", reflectance, LEAST), MOST)


def reflected(tree: ShaderTree, absorbed: Socket, eta: float) -> Socket:
    """Add the total reflectance of skin with this sigma_a / sigma_s' (core.render.skin_optics.reflectance_of)."""
    albedo = tree.math("DIVIDE", 1.0, tree.math("ADD", absorbed, 1.0))
    steep = tree.math("SQRT", tree.math("MULTIPLY", tree.math("SUBTRACT", 1.0, albedo), 3.0))
    inside = tree.math("EXPONENT", tree.math("MULTIPLY", steep, -4 / 3 * boundary(eta)))
    fading = tree.math("EXPONENT", tree.math("MULTIPLY", steep, -1.0))
    return tree.math("MULTIPLY", tree.math("MULTIPLY", tree.math("ADD", inside, 1.0), fading), tree.math("MULTIPLY", albedo, 0.5))


def mirrored(tree: ShaderTree, roughness: Socket, level: Socket, normal: Socket) -> Socket:
    """Add the surface's shine: level times Beckmann's distribution with Schlick's Fresnel term.

    Blender before 4.3 has no node that takes the Fresnel term at the half-angle vector: it is then taken at the view.
    """
    if hasattr(bpy.types, "ShaderNodeBsdfMetallic"):
        metal = tree.node("BsdfMetallic", {
            "Base Color": (*(NORMAL_REFLECTANCE,) * 3, 1.0), "Edge Tint": (1.0,) * 4, "Roughness": roughness, "Normal": normal},
            distribution="BECKMANN", fresnel_type="F82").outputs[0]
        return tree.node("MixShader", {0: level, 2: metal}).outputs[0]
    facing = tree.node("LayerWeight", {"Blend": 0.5, "Normal": normal}).outputs["Facing"]              # 1 - cosine
    facing = tree.math("MINIMUM", facing, 0.5)          # the view passes the surface at a smaller angle than light ever meets the half
    fresnel = tree.math("MULTIPLY_ADD", tree.math("POWER", facing, 5.0), 1 - NORMAL_REFLECTANCE, NORMAL_REFLECTANCE)
    return tree.node("BsdfAnisotropic", {"Color": tree.scaled((1.0, 1.0, 1.0), tree.math("MULTIPLY", fresnel, level)),
                                         "Roughness": roughness, "Normal": normal}, distribution="BECKMANN").outputs[0]
