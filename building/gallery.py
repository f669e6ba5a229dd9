"""Pictures for the docs: photos of several people, and what the add-on makes of them.

    python -m building.gallery ZIP OUT.jpg LOG

The people are the one of the example photo and, since few photos may be passed on, random heads of the model, drawn simply.
"""

import os
import sys
import tempfile
from pathlib import Path

import bpy
import numpy as np
from PIL import Image

from core.face.camera import Camera
from core.face.fit import Anchors
from core.head.model import HeadBasis
from core.head.scalp import inside_hairline
from training.head.pictures import COLOURS, DISTANCE, FOCAL, SIDE, colours, picture

from . import assets
from .studio import SAMPLES, generate, install, labelled, look, portrait, say
from .studio import SIDE as TILE

SHOWN = 260                     # pixels of a picture in the result
SEED, SPREAD = 4, 0.7           # of the deviations of people, within their group
# group, tone of the skin, turn in degrees
PEOPLE = (("african female young", (118, 80, 62), 0), ("african male old", (96, 66, 52), 12),
          ("asian female old", (216, 172, 140), -8), ("asian male young", (205, 160, 128), 15),
          ("caucasian male young", (226, 182, 160), -20))
# name, azimuth, weights of shapes ("Left" and "Right" are added where a shape has sides)
HAIR = {"young": (48, 38, 32), "old": (128, 122, 116)}
BROW = 0.66                     # of the skin's tone
LENS = 104                      # millimetres
Weights = dict[str, float]
SHOTS: tuple[tuple[str, float, Weights], ...] = (
    ("front", 0, {}), ("three-quarter", 40, {}), ("profile", 90, {}),
    ("open mouth", 15, {"jawOpen": 0.6}), ("smile", 0, {"mouthSmile": 0.9}),
    ("upper teeth", 0, {"mouthSmile": 0.8, "jawOpen": 0.25, "mouthUpperUp": 0.3}),
    ("lower teeth", 0, {"mouthLowerDown": 1.0, "jawOpen": 0.15}))
QUALITY = 82


def main(archive: Path, out: Path, log: Path) -> None:
    """Write the sheet."""
    with log.open("w") as chatter:
        os.dup2(chatter.fileno(), 1)
        os.dup2(chatter.fileno(), 2)
    with tempfile.TemporaryDirectory() as folder:
        rows = [row(archive, photo) for photo in (assets.PHOTO, *drawn(Path(folder)))]
    sheet = Image.new("RGB", (SHOWN * len(rows[0]), SHOWN * len(rows)))
    for down, tiles in enumerate(rows):
        for across, tile in enumerate(tiles):
            sheet.paste(tile.resize((SHOWN, SHOWN), Image.Resampling.LANCZOS), (across * SHOWN, down * SHOWN))
    sheet.save(out, quality=QUALITY)


def drawn(folder: Path) -> list[Path]:
    """Draw PEOPLE into the folder."""
    pack = assets.PHOTO.parents[1]
    basis, anchors, random = HeadBasis.load(pack / "head.npz"), Anchors.load(pack / "anchors.npz"), np.random.default_rng(SEED)
    paths = []
    for name, tone, turned in PEOPLE:
        identity = basis.group_identity[basis.group_names.index(name)] + random.normal(0, SPREAD, len(basis.identity_basis))
        angle = np.radians(turned)
        rotation = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
        camera = Camera(rotation, np.array([0, 0, DISTANCE]), FOCAL, (SIDE / 2, SIDE / 2))
        colour = colours(basis, anchors, tone)
        colour[(colour == COLOURS["brow"]).all(axis=1)] = BROW * np.array(tone)
        skin = basis.part("skin").vertices
        colour[skin][inside_hairline(basis.vertices[skin]) > 0] = HAIR[name.split()[-1]]
        image, _ = picture(basis, basis.neutral(identity), camera, colour, np.array([0.3, 0.35, 0.89]))
        paths.append(folder / f"{name}.png")
        Image.fromarray(image).save(paths[-1])
    return paths


def row(archive: Path, photo: Path) -> list[Image.Image]:
    """Generate one person's head; return the photo and SHOTS."""
    say(photo.stem)
    scene = install(archive)
    scene.ecavatar.photo, scene.ecavatar.audio = str(photo), str(assets.SPEECH)
    if not generate():
        raise SystemExit(2)
    root = next(found for found in scene.objects if found.ecavatar.role == "avatar")
    keys = next(child for child in root.children if child.ecavatar.role == "skin").data.shape_keys
    for track in keys.animation_data.nla_tracks:
        track.mute = True
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = SAMPLES, True
    scene.render.resolution_x = scene.render.resolution_y = TILE
    scene.view_settings.view_transform = "Standard"
    scene.camera.data.lens = LENS
    tiles = [labelled(portrait(photo), "photo" if photo == assets.PHOTO else "drawn")]
    with tempfile.TemporaryDirectory() as folder:
        for name, azimuth, weights in SHOTS:
            for block in keys.key_blocks[1:]:
                block.value = weights.get(block.name.removesuffix("Left").removesuffix("Right"), 0.0)
            look(scene, root, azimuth)
            scene.render.filepath = str(Path(folder) / f"{name}.png")
            bpy.ops.render.render(write_still=True)
            with Image.open(scene.render.filepath) as rendered:
                tiles.append(labelled(rendered.convert("RGB"), name))
    return tiles


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
