"""Pictures of skin, of the renderer, and of mouths: `python -m building.skin_gallery [NAME ...] [--job JOB] [--samples N]`.

NAMES: closeups, mouths, presets, render, reference, tones, slab; all without one. JOB: a finished job of a neutral voice; without
it, the example's is made. It needs bpy and scikit-image. The slab asks for the most samples and takes the longest. Nobody
is shown but the example photo's astronaut and heads that are drawn.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("BLENDER_USER_RESOURCES", tempfile.mkdtemp())

import bpy
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks import bm_skin, skin_heads
from benchmarks.skin_heads import PHOTO, encoded, job_of, stage
from benchmarks.skin_stage import radiance
from core.job import read_result
from core.render.command import prepared
from core.render.frame import Settings, developed, render
from core.render.portrait import Portrait
from core.render.studio import CAMERA, STUDIOS, LightName, Place
from core.speech.lip_gap import JAW_SHAPE

from . import skin_pictures
from .skin_pictures import IMAGES, QUALITY, beside, rows

SIDE = 240                              # pixels of a close-up
PRESET_SIDE, PRESET_LENS = 200, 150     # pixels, millimetres
RENDER_SIDE, RENDER_SHOWN = 640, (400, 520)         # pixels; of each picture, its middle
HEAD: Place = (0.0, -0.005, -0.045)                 # its middle, behind the face
RENDERED: tuple[tuple[LightName, float, bool], ...] = (("studio", 0, False), ("window", 40, True), ("rim", 40, False))
SLAB_SAMPLES, FIGURE_SIDE = 200, 192
# presets of the skin's node, and what is set after that
LOOKS: tuple[tuple[str, Mapping[str, float]], ...] = (
    ("photo", {}), ("skin1", {}), ("skin2", {}), ("photo", {"Melanin": 0.8, "Oiliness": 0.9, "Roughness": 0.2}),
    ("photo", {"Blood": 0.8}))


@dataclass(frozen=True)
class Closeup:
    """What is looked at, from where (metres from there, world of the engine), how wide (metres), in which light, with which shapes."""

    part: str
    way: Place
    width: float
    light: LightName
    shapes: tuple[tuple[str, float], ...] = ()


CLOSEUPS = (Closeup("lips", (0.05, 0.03, 0.5), 0.085, "studio"), Closeup("ear", (0.05, 0.0, 0.5), 0.09, "rim"),
            Closeup("lips", (0.0, 0.04, 0.5), 0.1, "studio", (("jawOpen", 0.65), ("tongueOut", 0.5))),
            Closeup("eye", (0.1, 0.0, 0.5), 0.075, "window"), Closeup("nose", (0.15, 0.05, 0.5), 0.05, "studio"))
# what a mouth shows: speaking, wide open, from the side, laughing; ee, th, l, oo
SMILE = (("mouthSmileLeft", 0.8), ("mouthSmileRight", 0.8), ("mouthUpperUpLeft", 0.3), ("mouthUpperUpRight", 0.3))
SPREAD = (("mouthStretchLeft", 0.35), ("mouthStretchRight", 0.35), ("mouthSmileLeft", 0.3), ("mouthSmileRight", 0.3),
          ("mouthLowerDownLeft", 0.35), ("mouthLowerDownRight", 0.35))
FRONT, ASIDE = (0.0, 0.02, 0.5), (0.34, 0.05, 0.4)
MOUTHS = tuple(Closeup("lips", way, 0.08, "studio", shapes) for way, shapes in (
    (FRONT, (("jawOpen", 0.3),)), (FRONT, (("jawOpen", 0.7),)), (ASIDE, (("jawOpen", 0.6),)), (FRONT, (*SMILE, ("jawOpen", 0.25))),
    (FRONT, (*SPREAD, ("jawOpen", 0.14))), (FRONT, (("jawOpen", 0.2), ("tongueTipTeeth", 1.0))),
    (FRONT, (("jawOpen", 0.3), ("tongueTipUp", 0.9))), (FRONT, (("jawOpen", 0.12), ("mouthPucker", 0.7), ("mouthFunnel", 0.35)))))


def points_of(owner: bpy.types.Object, root: bpy.types.Object) -> NDArray[np.float64]:
    """Return the vertices (V, 3) of a mesh as it stands, in the engine's world, whose origin is the avatar's root."""
    posed = owner.evaluated_get(bpy.context.evaluated_depsgraph_get())
    into = root.matrix_world.inverted() @ posed.matrix_world
    points = np.array([into @ vertex.co for vertex in posed.data.vertices])
    return points[:, [0, 2, 1]] * [1, 1, -1]


def middle_of(part: str, root: bpy.types.Object) -> NDArray[np.float64]:
    """Return the middle (3,) of a part of the avatar, in the engine's world."""
    meshes = {child.ecavatar.role: child for child in root.children_recursive if child.type == "MESH"}
    if part == "eye":
        return np.asarray(points_of(meshes["eye_left"], root).mean(axis=0))
    skin = meshes["skin"]
    points = points_of(skin, root)
    if part == "nose":
        return np.asarray(points[points[:, 2].argmax()])
    if part == "ear":
        return np.asarray(points[points[:, 0] > points[:, 0].max() - 0.008].mean(axis=0))
    lips = np.array([value.value for value in skin.data.attributes["ecavatar_lips"].data])
    return np.asarray(points[lips > lips.max() / 2].mean(axis=0))


def shaped(root: bpy.types.Object, shapes: tuple[tuple[str, float], ...]) -> None:
    """Let shapes of the avatar be at these values, and all others at rest."""
    keys = next(child for child in root.children_recursive if child.type == "MESH" and child.ecavatar.role == "skin").data.shape_keys
    for track in keys.animation_data.nla_tracks if keys.animation_data is not None else ():
        track.mute = True
    for block in keys.key_blocks[1:]:
        block.value = dict(shapes).get(block.name, 0.0)
    bpy.context.view_layer.update()


def closeups(job: Path, samples: int) -> None:
    """Picture lips, a back-lit ear, the tongue, an eye, pores."""
    beside(taken(CLOSEUPS, job, samples)).save(IMAGES / "skin_closeups.jpg", quality=QUALITY)


def mouths(job: Path, samples: int) -> None:
    """Picture the mouth in two rows."""
    pictures = taken(MOUTHS, job, samples)
    half = len(pictures) // 2
    rows([beside(pictures[:half]), beside(pictures[half:])]).save(IMAGES / "mouth.jpg", quality=QUALITY)


def taken(wanted: tuple[Closeup, ...], job: Path, samples: int) -> list[Image.Image]:
    """Return close-ups of a job's avatar."""
    from ecavatar.ecavatar_addon.lights import relight
    from ecavatar.ecavatar_addon.scene import aim
    pictures = []
    for closeup in wanted:
        scene, root = stage(job, SIDE)
        scene.cycles.samples = samples
        relight(scene, root, closeup.light)
        if closeup.shapes:
            shaped(root, closeup.shapes)
        at = middle_of(closeup.part, root)
        aim(scene.camera, root, tuple(at + np.array(closeup.way)), tuple(at))
        scene.camera.data.lens = scene.camera.data.sensor_width * float(np.linalg.norm(closeup.way)) / closeup.width
        pictures.append(Image.fromarray(encoded(radiance(scene)[::-1])))
    return pictures


def presets(job: Path, samples: int) -> None:
    """Picture the presets and two settings of the sliders."""
    from ecavatar.ecavatar_addon.look import choose_skin, skin_node
    pictures = []
    for preset, sliders in LOOKS:
        scene, root = stage(job, PRESET_SIDE)
        scene.cycles.samples = samples
        scene.camera.data.lens = PRESET_LENS
        node = skin_node(root)
        choose_skin(node, preset)
        for name, value in sliders.items():
            node.inputs[name].default_value = value
        pictures.append(Image.fromarray(encoded(radiance(scene)[::-1])))
    beside(pictures).save(IMAGES / "skin_presets.jpg", quality=QUALITY)


def rendered(job: Path) -> None:
    """Picture the head by the reference renderer: from the front and from the side, once with an open mouth."""
    portrait = prepared(read_result(job), hair=True)
    width, height = RENDER_SHOWN
    left, top = (RENDER_SIDE - width) // 2, (RENDER_SIDE - height) // 2
    pictures = []
    for light, azimuth, opened in RENDERED:
        turn = np.radians(azimuth)
        place = (float(CAMERA.place[2] * np.sin(turn)), CAMERA.place[1], float(CAMERA.place[2] * np.cos(turn)) + HEAD[2])
        settings = Settings(size=RENDER_SIDE, studio=STUDIOS[light], camera=replace(CAMERA, place=place, at=HEAD))
        image = developed(render(portrait, most_open(portrait) if opened else 0, settings))
        pictures.append(Image.fromarray(image[top:top + height, left:left + width]))
    beside(pictures).save(IMAGES / "render.jpg", quality=QUALITY)


def most_open(portrait: Portrait) -> int:
    """Return the frame in which the mouth is open widest."""
    motion = portrait.poser.motion
    return int(motion.weights[:, motion.names.index(JAW_SHAPE)].argmax())


def main() -> None:
    """Make the pictures that are asked for, or all."""
    makers = {"closeups": closeups, "mouths": mouths, "presets": presets}
    names = (*makers, "render", "reference", "tones", "slab")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help=f"some of {', '.join(names)}")
    parser.add_argument("--job", type=Path, help="a finished job")
    parser.add_argument("--samples", type=int, default=64, help="of close-ups and presets")
    options = parser.parse_args()
    wanted = options.names or names
    if unknown := sorted(set(wanted) - set(names)):
        parser.error(f"there is no picture {unknown[0]}; choose from {', '.join(names)}")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        job = options.job or (job_of(PHOTO, place / "job") if {*makers, "render"} & {*wanted} else place)
        for name in wanted:
            if name in makers:
                makers[name](job, options.samples)
        if "render" in wanted:
            rendered(job)
        if "reference" in wanted:
            skin_heads.head(size=FIGURE_SIDE, folder=place)
        if "tones" in wanted:
            skin_heads.tones(size=FIGURE_SIDE, folder=place)
        figures = place / "figures.json"
        figures.write_text(json.dumps({"name": "skin_slab", "value": bm_skin.slab(SLAB_SAMPLES)}) if "slab" in wanted else "")
        skin_pictures.main(figures, place)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)                 # Blender's module may hang while Python ends, once an add-on was registered
