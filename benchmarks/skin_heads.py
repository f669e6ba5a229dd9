"""Heads for bm_skin.py: Cycles beside the reference renderer, and photos beside what they become. It needs bpy and scikit-image."""

import tempfile
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import structural_similarity

from benchmarks.bm_head import TONES, Bench
from benchmarks.skin_stage import radiance
from core.job import Request
from core.messages import silent
from core.pipeline import animate

ROOT = Path(__file__).resolve().parents[1]
PHOTO, SPEECH = ROOT / "assets" / "examples" / "astronaut.jpg", ROOT / "assets" / "third_party" / "beckett.wav"
Picture = NDArray[np.uint8]
# the face nets' landmarks on forehead, cheeks and the nose's bridge, off brows, eyes and lips
PLACES = (9, 151, 108, 337, 50, 280, 101, 330, 205, 425, 36, 266)
PATCH = 0.02                    # of the face's height: half of the side of what is averaged at each
SAMPLES = 64                    # of Cycles, before denoising
FRAME = 1


def encoded(linear: NDArray[np.float64]) -> Picture:
    """Return linear colours as sRGB bytes (IEC 61966-2-1), as both renderers show them."""
    held = np.clip(linear, 0, 1)
    return np.asarray(np.round(255 * np.where(held <= 0.0031308, held * 12.92, 1.055 * held ** (1 / 2.4) - 0.055)), np.uint8)


def job_of(photo: Path, folder: Path) -> Path:
    """Return the finished job of a photo."""
    Request(str(photo), str(SPEECH), "", 24.0, emotion="neutral:1").write(folder)
    animate(folder, report=silent)
    return folder


def stage(job: Path, size: int) -> tuple[bpy.types.Scene, bpy.types.Object]:
    """Return a new file's scene with the avatar of a job, bald, before the portrait camera."""
    import ecavatar
    from ecavatar.core.job import read_result
    from ecavatar.ecavatar_addon.avatar import import_avatar
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    if not hasattr(bpy.types.Scene, "ecavatar"):
        ecavatar.register()
    scene = bpy.context.scene
    scene.ecavatar.hair = "NONE"
    root = import_avatar(read_result(job), scene)
    scene.frame_set(FRAME)
    scene.render.engine, scene.cycles.samples = "CYCLES", SAMPLES
    scene.cycles.use_denoising = True
    scene.render.resolution_x = scene.render.resolution_y = size
    scene.render.image_settings.file_format, scene.render.image_settings.color_depth = "OPEN_EXR", "32"
    return scene, root


def skin_mask(scene: bpy.types.Scene, root: bpy.types.Object) -> NDArray[np.bool_]:
    """Return where the picture (H, W), bottom row first, shows nothing but skin."""
    others = [child for child in root.children_recursive if child.ecavatar.role != "skin"]
    for other in others:
        other.is_holdout = True
    scene.render.film_transparent, scene.cycles.samples = True, 16
    scene.render.image_settings.color_mode = "RGBA"
    from benchmarks.skin_stage import rendered
    alpha = rendered(scene)[..., 3]
    for other in others:
        other.is_holdout = False
    scene.render.film_transparent, scene.cycles.samples = False, SAMPLES
    return np.asarray(alpha > 0.99)


def head(*, size: int, folder: Path | None) -> dict[str, Any]:
    """Return how far Cycles is from the reference renderer under each of the studios."""
    from ecavatar.ecavatar_addon.lights import relight

    from core.job import read_result
    from core.render.command import prepared
    from core.render.frame import Settings, developed, render
    from core.render.studio import STUDIOS
    values: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place:
        job = job_of(PHOTO, Path(place))
        portrait = prepared(read_result(job), hair=False)
        for name, studio in STUDIOS.items():
            scene, root = stage(job, size)
            relight(scene, root, name)
            mask = skin_mask(scene, root)[::-1]
            ours = encoded(radiance(scene)[::-1])
            reference = developed(render(portrait, FRAME - 1, Settings(size=size, studio=studio, hair=False)))
            values[name] = compared(ours, reference, mask)
            if folder is not None:
                Image.fromarray(np.hstack([reference, ours])).save(folder / f"head_{name}.png")
    return values


def compared(ours: Picture, reference: Picture, mask: NDArray[np.bool_]) -> dict[str, float]:
    """Return mean CIEDE2000 on the mask, and SSIM of the picture's part that holds it."""
    difference = deltaE_ciede2000(rgb2lab(ours), rgb2lab(reference))[mask]
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    part = np.s_[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]
    alike = structural_similarity(ours[part], reference[part], channel_axis=2, data_range=255)
    return {"ciede2000": round(float(difference.mean()), 2), "ssim": round(float(alike), 3)}


def tones(*, size: int, folder: Path | None) -> dict[str, Any]:
    """Return how far the rendered tone is from the photo's, by photo."""
    from core.pictures.image import read_photo
    values: dict[str, Any] = {}
    bench = Bench(ROOT / "assets")
    with tempfile.TemporaryDirectory() as place:
        for name, photo in photos(bench, Path(place)).items():
            scene, _ = stage(job_of(photo, Path(place) / name), size)
            for lamp in [other for other in scene.objects if other.type == "LIGHT"]:
                bpy.data.objects.remove(lamp)
            even_light(scene)
            picture = encoded(radiance(scene)[::-1])
            found, wanted = (tone_at_landmarks(image, bench) for image in (picture, read_photo(photo).pixels))
            values[name] = {"ciede2000": round(float(deltaE_ciede2000(rgb2lab(found / 255), rgb2lab(wanted / 255))), 2),
                            "rendered": found.round(1).tolist(), "photo": wanted.round(1).tolist()}
            if folder is not None:
                Image.fromarray(picture).save(folder / f"tone_{name}.png")
                Image.open(photo).convert("RGB").save(folder / f"tone_{name}_photo.png")
    return values


def photos(bench: Bench, folder: Path) -> dict[str, Path]:
    """Return photos of three tones by name: the demo's, and two drawn heads."""
    random, result = np.random.default_rng(5), {"demo": PHOTO}
    for group in ("african", "asian"):
        middle = bench.basis.group_identity[[name.startswith(group) for name in bench.basis.group_names].index(True)]
        drawn = bench.photographed(bench.basis.neutral(np.asarray(middle, np.float32)), TONES[group], random)
        result[group] = folder / f"{group}.png"
        Image.fromarray(drawn.pixels).save(result[group])
    return result


def even_light(scene: bpy.types.Scene) -> None:
    """Let as much light come from everywhere as makes a white surface white."""
    from ecavatar.ecavatar_addon.shader_tree import ShaderTree
    world = bpy.data.worlds.new("even")
    if bpy.app.version < (5, 0):
        world.use_nodes = True
    tree = ShaderTree(world.node_tree)
    tree.node("OutputWorld", {"Surface": tree.node("Background", {"Color": (1.0,) * 4}).outputs[0]})
    scene.world = world


def tone_at_landmarks(picture: Picture, bench: Bench) -> NDArray[np.float64]:
    """Return the mean sRGB colour (3,) of a face's skin."""
    from core.types import Photo
    marks = bench.detector.detect(Photo(picture)).landmarks
    half = max(1, round(PATCH * float(np.ptp(marks[:, 1]))))
    patches = [picture[row - half:row + half + 1, column - half:column + half + 1].reshape(-1, 3).mean(axis=0)
               for column, row in np.round(marks[list(PLACES), :2]).astype(int)]
    return np.asarray(np.mean(patches, axis=0))
