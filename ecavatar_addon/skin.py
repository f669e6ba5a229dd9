"""Materials: Cycles skin that mirrors the paper's BSSRDF (Sec. 4.4), teeth, gums, tongue, eyes and lashes."""

import math
from collections.abc import Mapping

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.head_model import MATERIALS, HeadBasis
from ..core.job import JobResult
from ..core.types import SkinParams
from .head import OBJECTS, Parts

Colour = tuple[float, float, float]
# base colour (linear), roughness, subsurface weight, subsurface scale in metres, coat
PLAIN: Mapping[str, tuple[Colour, float, float, float, float]] = {
    "teeth": ((0.72, 0.66, 0.54), 0.18, 0.5, 0.001, 0.3),
    "gums": ((0.48, 0.13, 0.12), 0.3, 0.6, 0.0015, 0.3),
    "tongue": ((0.46, 0.14, 0.13), 0.38, 0.7, 0.002, 0.2),
}
REDDISH = (1.0, 0.35, 0.2)          # subsurface radii of mucous membrane, relative
WHITE_OF_EYE: Colour = (0.78, 0.74, 0.70)
LASH: Colour = (0.010, 0.007, 0.006)
LASH_SIZE = (64, 512)               # pixels of the lashes' image, high and wide
# distances from the eye's axis in shares of the eyeball's diameter
PUPIL, IRIS, LIMBUS = 0.072, 0.185, 0.215


def apply(parts: Parts, result: JobResult, basis: HeadBasis) -> None:
    """Fill the material slots of all parts."""
    made = {name: plain(name, *values) for name, values in PLAIN.items()}
    made["skin"] = skin(result, SkinParams())
    made["lashes"] = lashes()
    made["eye"] = eye(linear(result.head["iris_colour"]))
    for role, members in OBJECTS.items():
        kinds = np.unique(np.concatenate([basis.material[basis.part(member).faces] for member in members]))
        for slot, kind in enumerate(kinds):
            parts[role].data.materials[slot] = made[MATERIALS[kind]]


def diffuse_mean_free_path(params: SkinParams) -> tuple[float, float, float]:
    """Return 1 / sigma_tr per colour channel, millimetres; sigma_tr = sqrt(3 sigma_a (sigma_a + sigma_s')) (Jensen et al. 2001)."""
    red, green, blue = (1 / math.sqrt(3 * absorption * (absorption + scattering))
                        for absorption, scattering in zip(params.absorption, params.scattering, strict=True))
    return red, green, blue


def skin(result: JobResult, params: SkinParams) -> bpy.types.Material:
    """Return the skin: the photo's albedo over subsurface scattering with the distances and the gloss of `params`."""
    material, shader = new_material("skin", (0.55, 0.35, 0.26))
    nodes, links = material.node_tree.nodes, material.node_tree.links
    picture = nodes.new("ShaderNodeTexImage")
    picture.location = (-400, 200)
    picture.image = bpy.data.images.load(str(result.albedo))
    picture.image.name = f"{result.folder.name} albedo"
    picture.image.pack()                                    # the .blend does not depend on the job folder
    links.new(picture.outputs["Color"], shader.inputs["Base Color"])
    distances = np.array(diffuse_mean_free_path(params)) / 1000
    put(shader, {"Subsurface Weight": 1.0, "Subsurface Scale": distances.max(),
                 "Subsurface Radius": tuple(distances / distances.max()), "Roughness": math.sqrt(params.roughness),
                 "IOR": params.eta, "Specular IOR Level": 0.5})
    return material


def plain(name: str, colour: Colour, roughness: float, subsurface: float, scale: float, coat: float) -> bpy.types.Material:
    """Return a material of one colour."""
    material, shader = new_material(name, colour)
    put(shader, {"Base Color": (*colour, 1.0), "Roughness": roughness, "Subsurface Weight": subsurface, "Subsurface Scale": scale,
                 "Subsurface Radius": REDDISH, "Coat Weight": coat, "Coat Roughness": 0.1})
    return material


def lashes() -> bpy.types.Material:
    """Return the lashes: hairs drawn on the transparent strips, so that every render engine shows them."""
    material, shader = new_material("lashes", LASH)
    nodes, links = material.node_tree.nodes, material.node_tree.links
    picture = nodes.new("ShaderNodeTexImage")
    picture.location = (-400, 200)
    height, width = LASH_SIZE
    picture.image = bpy.data.images.new("ECAvatar lashes", width, height, alpha=True)
    pixels = np.empty((height, width, 4), np.float32)
    pixels[..., :3], pixels[..., 3] = LASH, lash_opacity(np.random.default_rng(0))
    picture.image.pixels.foreach_set(pixels.ravel())
    picture.image.pack()
    links.new(picture.outputs["Alpha"], shader.inputs["Alpha"])
    put(shader, {"Base Color": (*LASH, 1.0), "Roughness": 0.6})
    return material


def lash_opacity(random: np.random.Generator) -> NDArray[np.float32]:
    """Return the opacity LASH_SIZE of hairs from root (bottom) to tip: the lower lid's below, the denser upper lid's above."""
    height, width = LASH_SIZE
    opacity = np.zeros(LASH_SIZE, np.float32)
    columns = np.arange(width)
    for first, hairs, longest, thick in ((0, 40, 0.55, 1.4), (height // 2, 84, 1.0, 2.4)):
        roots = (np.arange(hairs) + random.uniform(0.2, 0.8, hairs)) * width / hairs
        lengths = longest * random.uniform(0.6, 1.0, hairs) * np.sin(np.pi * np.clip(roots / width, 0.08, 0.9)) ** 0.4
        leans = (roots / width - 0.35) * width * 0.05 + random.normal(0, 2.0, hairs)
        for row in range(height // 2):
            share = row / (height // 2)
            reach = np.clip(1 - share / lengths, 0, 1)
            distance = np.abs(columns[:, None] - (roots + leans * share ** 1.5))
            opacity[first + row] = np.clip((thick * reach + 0.5) * (reach > 0) - distance, 0, 1).max(axis=1)
    return opacity


def eye(iris: NDArray[np.float64]) -> bpy.types.Material:
    """Return the eye: pupil, an iris darker at its rim, and the white, by the distance from the eye's axis."""
    material, shader = new_material("eye", WHITE_OF_EYE)
    nodes, links = material.node_tree.nodes, material.node_tree.links
    place = nodes.new("ShaderNodeTexCoord")                 # Generated: 0..1 over the eyeball at rest, whatever it looks at
    centred = nodes.new("ShaderNodeVectorMath")
    centred.operation = "SUBTRACT"
    centred.inputs[1].default_value = (0.5, 0.0, 0.5)
    flat = nodes.new("ShaderNodeVectorMath")
    flat.operation = "MULTIPLY"
    flat.inputs[1].default_value = (1.0, 0.5, 1.0)          # the back of the eyeball is far from the iris
    length = nodes.new("ShaderNodeVectorMath")
    length.operation = "LENGTH"
    colours = nodes.new("ShaderNodeValToRGB")
    for step, node in enumerate((place, centred, flat, length, colours)):
        node.location = (200 * step - 1200, 200)
    ramp = colours.color_ramp
    stops: list[tuple[float, NDArray[np.float64]]] = [
        (PUPIL - 0.006, np.full(3, 0.003)), (PUPIL, iris * 0.8), (PUPIL + 0.03, iris * 1.5), (IRIS - 0.02, iris * 1.1),
        (IRIS, iris * 0.35), (LIMBUS, np.array(WHITE_OF_EYE))]
    for position, colour in stops[2:]:
        ramp.elements.new(position).color = (*np.minimum(colour, 1.0), 1.0)
    for element, (position, colour) in zip(ramp.elements, sorted(stops, key=lambda stop: stop[0]), strict=True):
        element.position, element.color = position, (*np.minimum(colour, 1.0), 1.0)
    for source, target in ((place.outputs["Generated"], centred.inputs[0]), (centred.outputs[0], flat.inputs[0]),
                           (flat.outputs[0], length.inputs[0]), (length.outputs["Value"], colours.inputs[0]),
                           (colours.outputs["Color"], shader.inputs["Base Color"])):
        links.new(source, target)
    put(shader, {"Roughness": 0.25, "Coat Weight": 1.0, "Coat Roughness": 0.02, "IOR": 1.376})
    return material


def new_material(name: str, colour: Colour) -> tuple[bpy.types.Material, bpy.types.ShaderNode]:
    """Return a material with a Principled shader, and the shader; `colour` (linear) is shown in solid shading."""
    material = bpy.data.materials.new(f"ECAvatar {name}")
    if bpy.app.version < (5, 0):
        material.use_nodes = True
    material.diffuse_color = (*colour, 1.0)
    shader = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    return material, shader


def put(shader: bpy.types.ShaderNode, values: Mapping[str, object]) -> None:
    """Set inputs of a shader by name: defaults and order differ between versions of Blender."""
    for name, value in values.items():
        shader.inputs[name].default_value = value


def linear(colour: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return an sRGB colour (3,) uint8 as linear values 0..1 (IEC 61966-2-1)."""
    share = colour.astype(np.float64) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
