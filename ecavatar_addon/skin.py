"""Materials: Cycles skin that mirrors the paper's BSSRDF (Sec. 4.4), teeth, gums, tongue, eyes and lashes."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.hair.look import Look
from ..core.hair.shades import at_roots
from ..core.head.drawn import LASH, LASH_SIZE, eye_image, lash_opacity
from ..core.head.model import MATERIALS, REGIONS, HeadBasis
from ..core.head.mouth_light import mouth_image
from ..core.head.pores import pores
from ..core.job import JobResult
from ..core.pictures.colours import GUMS, TEETH, TONGUE, WHITE_OF_EYE, Colour
from ..core.render.skin_optics import transport
from ..core.types import Floats, SkinParams
from .head import OBJECTS, Parts
from .images import drawn_image, new_image, packed_image
from .skin_nodes import DARK, ETA, GROUP, LIDS, LIPS, NO_ROOTS, PHOTO, ROOTS, SCALP, set_params, skin_group
from .skin_relief import PORES, REST, keep_rest

TAG, ALBEDO, EYE = "ecavatar", "albedo", "eye"          # custom property of our images, and its values
REDDISH, EVEN = (1.0, 0.35, 0.2), (1.0, 0.9, 0.75)      # subsurface radii, relative: of mucous membrane, of dentine


@dataclass(frozen=True)
class Moist:
    """What lies in the mouth: base colour (linear), roughness, subsurface weight, scale (metres) and relative radii, coat of saliva,
    height of the bumps (metres)."""

    colour: Colour
    roughness: float
    subsurface: float
    scale: float
    coat: float
    bumps: float = 0.0
    radii: Colour = REDDISH


PLAIN: Mapping[str, Moist] = {
    "teeth": Moist(TEETH, 0.18, 0.5, 0.001, 0.5, radii=EVEN),
    "gums": Moist(GUMS, 0.3, 0.6, 0.0015, 0.8, 0.00004),
    "tongue": Moist(TONGUE, 0.4, 0.7, 0.002, 0.6, 0.00012),
}
BUMPS = 1100.0                      # a metre: of papillae and of the stippling of gums
SALIVA = 1.33                       # index of refraction
LID_TRAVEL = 0.5                    # of the way a blink moves the lid's rim: what moves this far is lid


def apply(parts: Parts, result: JobResult, basis: HeadBasis, look: Look) -> None:
    """Fill the empty material slots of all parts; give the materials that are there already the new photo's images."""
    albedo, iris = cache(lambda: albedo_image(result)), cache(lambda: drawn_eye(result, look))
    mouth, tone = cache(lambda: mouth_in_light(look, basis)), look.tone
    makers: dict[str, Callable[[], bpy.types.Material]] = {
        "skin": lambda: skin(albedo(), tone, SkinParams()), "lashes": lashes, "eye": lambda: eye(iris()),
        **{name: partial(plain, name, values, mouth) for name, values in PLAIN.items()}}
    made: dict[str, bpy.types.Material] = {}
    dark = 1 - look.light[:, 0]                 # by the channel that is darkened least: lamps may cast shadows too
    for role in OBJECTS:
        kinds = np.unique(basis.material[basis.part(role).faces])
        for kind, slot in zip(kinds, parts[role].material_slots, strict=False):
            name = MATERIALS[kind]
            if slot.material is None:
                made[name] = made.get(name) or makers[name]()
                slot.material = made[name]
            elif slot.material not in made.values():
                refresh(slot.material, {ALBEDO: albedo, EYE: iris})
                if (node := group_node(slot.material)) is not None:
                    node.inputs[PHOTO].default_value = (*tone, 1.0)
        if role == "skin" or any(MATERIALS[kind] in PLAIN for kind in kinds):
            keep_rest(parts[role])
            mark(parts[role].data, {DARK: dark[basis.part(role).vertices]})
    mark(parts["skin"].data, {LIPS: basis.regions == REGIONS.index("lips"), LIDS: lids(basis), PORES: pores(basis)})


def group_node(material: bpy.types.Material | None) -> bpy.types.Node | None:
    """Return the node of the skin's group in a material, None where it has none."""
    nodes = material.node_tree.nodes if material is not None and material.node_tree is not None else ()
    return next((node for node in nodes if node.type == "GROUP" and node.node_tree is not None and ETA in node.node_tree), None)


def lids(basis: HeadBasis) -> Floats:
    """Return how far the skin's vertices belong to the lids (V_skin,), 0..1."""
    skin_part = basis.part("skin").vertices
    blink = np.linalg.norm(basis.expressions[basis.indices(("eyeBlinkLeft", "eyeBlinkRight"))].sum(axis=0), axis=1)[skin_part]
    return np.asarray(np.clip(blink / (LID_TRAVEL * blink.max()), 0, 1), np.float32)


def mark(mesh: bpy.types.Mesh, attributes: Mapping[str, NDArray[Any]]) -> None:
    """Tell the material what places are by attributes (V,) 0..1 of the mesh's vertices; what is there stays."""
    for name, values in attributes.items():
        if mesh.attributes.get(name) is None:
            mesh.attributes.new(name, "FLOAT", "POINT").data.foreach_set("value", np.asarray(values, np.float32))


def show_roots(skin: bpy.types.Object, scalp: Floats, hair: NDArray[np.float64]) -> None:
    """Give the scalp, 0..1 for each vertex (V_skin,), the colour of the roots of `hair`, linear (3,), unless it has one: skin would
    shine through between strands."""
    if skin.data.attributes.get(SCALP) is None:
        skin.data.attributes.new(SCALP, "FLOAT", "POINT").data.foreach_set("value", scalp)
    for slot in skin.material_slots:
        node = group_node(slot.material)
        if node is not None and ROOTS in node.inputs and tuple(node.inputs[ROOTS].default_value) == NO_ROOTS:
            node.inputs[ROOTS].default_value = (*at_roots(hair), 1.0)


def roots_of(skin: bpy.types.Object, material: bpy.types.Material) -> tuple[Floats, Floats | None]:
    """Return how much of the skin roots hide, 0..1 for each vertex (V_skin,), and their linear colour (3,) in a material, None where
    it has no group of ours: as `show_roots` or an artist has set them."""
    scalp = np.empty(len(skin.data.vertices), np.float32)
    skin.data.attributes[SCALP].data.foreach_get("value", scalp)
    node = group_node(material)
    return scalp, np.float32(node.inputs[ROOTS].default_value[:3]) if node is not None and ROOTS in node.inputs else None


def hide_roots(skin: bpy.types.Object) -> None:
    """Let the scalp be bare skin."""
    if (roots := skin.data.attributes.get(SCALP)) is not None:
        skin.data.attributes.remove(roots)
    for slot in skin.material_slots:
        node = group_node(slot.material)
        if node is not None and ROOTS in node.inputs:
            node.inputs[ROOTS].default_value = NO_ROOTS


def refresh(material: bpy.types.Material, images: Mapping[str, Callable[[], bpy.types.Image]]) -> None:
    """Put the new photo's images in place of those of the last one, wherever the artist's material uses them."""
    for node in material.node_tree.nodes if material.node_tree is not None else ():
        old = node.image if node.type == "TEX_IMAGE" else None
        if old is not None and (kind := old.get(TAG)) in images and old != images[kind]():
            node.image = images[kind]()
            if old.users == 0:
                bpy.data.images.remove(old)


def diffuse_mean_free_path(params: SkinParams) -> tuple[float, float, float]:
    """Return 1 / sigma_tr per colour channel, millimetres (Jensen et al. 2001)."""
    red, green, blue = (float(distance) for distance in 1 / transport(params))
    return red, green, blue


def albedo_image(result: JobResult) -> bpy.types.Image:
    """Return the photo's albedo, packed: the .blend does not depend on the job folder."""
    image = bpy.data.images.load(str(result.albedo))
    image.name = f"{result.folder.name} albedo"
    image[TAG] = ALBEDO
    image.pack()
    return image


def drawn_eye(result: JobResult, look: Look) -> bpy.types.Image:
    """Return the image of the person's eye."""
    name, colours = "ECAvatar eye", (result.head["iris_colour"], result.head["white_of_eye"])
    image = packed_image(name, look.eye) if look.eye else drawn_image(name, eye_image(*colours))
    image[TAG] = EYE
    return image


def skin(albedo: bpy.types.Image, tone: Floats, params: SkinParams) -> bpy.types.Material:
    """Return the skin: in Cycles the node group of the paper's skin, elsewhere a Principled shader with the group's colour.

    tone: (3,) mean of the albedo, linear.
    """
    material, shader = new_material("skin", (0.55, 0.35, 0.26))
    nodes, links = material.node_tree.nodes, material.node_tree.links
    picture = nodes.new("ShaderNodeTexImage")
    picture.image = albedo
    group = nodes.new("ShaderNodeGroup")
    group.node_tree, group.label, group.width = skin_group(params.eta), GROUP, 220
    set_params(group, params)
    group.inputs[PHOTO].default_value = (*tone, 1.0)
    links.new(picture.outputs["Color"], group.inputs["Albedo"])
    # values beside the links: what other programs and an artist who unlinks the group find
    put(shader, {"Subsurface Weight": 1.0, "Subsurface Scale": 1.0, "IOR": params.eta, "Roughness": math.sqrt(params.roughness),
                 "Subsurface Radius": tuple(distance / 1000 for distance in diffuse_mean_free_path(params))})
    for name, value in (("Base Color", "Color"), ("Subsurface Radius", "Radius"), ("Roughness", "Roughness"),
                        ("Specular IOR Level", "Specular"), ("Normal", "Normal")):
        links.new(group.outputs[value], shader.inputs[name])
    output = next(node for node in nodes if node.type == "OUTPUT_MATERIAL")
    output.target = "EEVEE"
    cycles = nodes.new("ShaderNodeOutputMaterial")
    cycles.target = "CYCLES"
    links.new(group.outputs["Cycles"], cycles.inputs["Surface"])
    for node, place in ((picture, (-700, 200)), (group, (-350, 200)), (shader, (0, 100)), (output, (320, 100)), (cycles, (320, 300))):
        node.location = place
    nodes.active = picture              # which solid shading shows
    return material


def mouth_in_light(look: Look, basis: HeadBasis) -> bpy.types.Image:
    """Return the image of what lies in the mouth, for solid shading: it casts no shadows."""
    name = "ECAvatar mouth"
    return packed_image(name, look.mouth) if look.mouth else drawn_image(name, mouth_image(basis, look.light))


def plain(name: str, moist: Moist, shown: Callable[[], bpy.types.Image]) -> bpy.types.Material:
    """Return a material of one colour, wet, with bumps that the coat of saliva evens; solid shading has the image `shown`."""
    material, shader = new_material(name, moist.colour)
    solid = material.node_tree.nodes.new("ShaderNodeTexImage")
    solid.label, solid.location, solid.image = "Solid View", (-400, 200), shown()
    material.node_tree.nodes.active = solid             # no shader is linked to it
    shade_in_eevee(material, shader)
    put(shader, {"Base Color": (*moist.colour, 1.0), "Roughness": moist.roughness, "Subsurface Weight": moist.subsurface,
                 "Subsurface Scale": moist.scale, "Subsurface Radius": moist.radii, "Coat Weight": moist.coat, "Coat Roughness": 0.08,
                 "Coat IOR": SALIVA})
    if moist.bumps:
        nodes, links = material.node_tree.nodes, material.node_tree.links
        place, noise, bump = (nodes.new(f"ShaderNode{kind}") for kind in ("Attribute", "TexNoise", "Bump"))
        place.attribute_name = REST
        noise.inputs["Scale"].default_value = BUMPS
        bump.inputs["Distance"].default_value = moist.bumps
        for left, node in ((-800, place), (-600, noise), (-400, bump)):
            node.location = (left, -200)
        links.new(place.outputs["Vector"], noise.inputs["Vector"])
        links.new(noise.outputs[0], bump.inputs["Height"])
        links.new(bump.outputs["Normal"], shader.inputs["Normal"])
    return material


def shade_in_eevee(material: bpy.types.Material, shader: bpy.types.ShaderNode) -> None:
    """Darken a shader where the mouth is dark, but not in Cycles, where light finds its own way: Material Preview has no shadows."""
    nodes, links = material.node_tree.nodes, material.node_tree.links
    next(node for node in nodes if node.type == "OUTPUT_MATERIAL").target = "CYCLES"
    dark, black, mixed, eevee = (nodes.new(f"ShaderNode{kind}") for kind in ("Attribute", "Emission", "MixShader", "OutputMaterial"))
    dark.attribute_name, black.inputs["Strength"].default_value, eevee.target = DARK, 0.0, "EEVEE"
    for place, socket in enumerate((dark.outputs["Fac"], shader.outputs[0], black.outputs[0])):
        links.new(socket, mixed.inputs[place])
    links.new(mixed.outputs[0], eevee.inputs["Surface"])
    for node, location in ((dark, (0, -500)), (black, (0, -700)), (mixed, (320, -300)), (eevee, (540, -300))):
        node.location = location


def lashes() -> bpy.types.Material:
    """Return the lashes: hairs drawn on the transparent strips, so that every render engine shows them."""
    material, shader = new_material("lashes", LASH)
    nodes, links = material.node_tree.nodes, material.node_tree.links
    picture = nodes.new("ShaderNodeTexImage")
    picture.location = (-400, 200)
    pixels = np.empty((*LASH_SIZE, 4), np.float32)
    pixels[..., :3], pixels[..., 3] = LASH, lash_opacity(np.random.default_rng(0))
    picture.image = new_image("ECAvatar lashes", pixels)
    links.new(picture.outputs["Alpha"], shader.inputs["Alpha"])
    put(shader, {"Base Color": (*LASH, 1.0), "Roughness": 0.6})
    return material


def eye(drawn: bpy.types.Image) -> bpy.types.Material:
    """Return the eye: a drawn image on the eyeball's own UVs (docs/head_model.md), under a clear coat."""
    material, shader = new_material("eye", WHITE_OF_EYE)
    picture = material.node_tree.nodes.new("ShaderNodeTexImage")
    picture.location = (-400, 200)
    picture.image = drawn
    material.node_tree.links.new(picture.outputs["Color"], shader.inputs["Base Color"])
    put(shader, {"Roughness": 0.25, "Coat Weight": 1.0, "Coat Roughness": 0.02, "IOR": 1.376})
    return material


def new_material(name: str, colour: Colour) -> tuple[bpy.types.Material, bpy.types.ShaderNode]:
    """Return a material with a Principled shader, and the shader; `colour` (linear) is shown in solid shading."""
    material = bpy.data.materials.new(f"ECAvatar {name}")
    if bpy.app.version < (5, 0):
        material.use_nodes = True
    material.diffuse_color = (*colour, 1.0)
    shader = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    methods = shader.bl_rna.properties["subsurface_method"].enum_items.keys()
    # Blender 5.2 walks further for the same radius; its older way is that of the releases before
    shader.subsurface_method = "RANDOM_WALK_LEGACY" if "RANDOM_WALK_LEGACY" in methods else "RANDOM_WALK"
    return material, shader


def put(shader: bpy.types.ShaderNode, values: Mapping[str, object]) -> None:
    """Set inputs of a shader by name: defaults and order differ between versions of Blender."""
    for name, value in values.items():
        shader.inputs[name].default_value = value
