"""The part of the demo that runs inside Blender's module: install, generate, save, photograph, film.

    python -m building.studio ZIP PHOTO RECORDING FOLDER LOG

Blender's own chatter goes into LOG.
"""

import importlib
import math
import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

import bpy
import numpy as np
from mathutils import Vector
from PIL import Image, ImageDraw, ImageFont

SIDE = 480                      # pixels of a picture on the sheet
SAMPLES = 16
FILM_SECONDS, FILM_SIDE = 3.5, 640      # a larger picture takes hardly longer
PORTRAIT, CLOSE = 85, 120       # millimetres: lenses of the sheet and the film, shorter where hair would leave the picture
CHIN, AROUND = 0.115, 1.04      # metres below the head's origin that are to be seen; times as much as head and hair need
FILM_SHADE, FILM_REACH = 1.0, 0.02      # how dark hollows are, the mouth's and between strands; metres across which they count as such
DISTANCE = 0.75                 # metres from camera to head
MIDDLE, HEIGHT = 0.045, 0.018   # metres: how far behind the face the head's middle lies, and above its origin
MODULE = "bl_ext.user_default.ecavatar"
TERMINAL = os.fdopen(os.dup(1), "w")


def main(archive: Path, photo: Path, audio: Path, out: Path, log: Path) -> int:
    """Do everything; 2 when the add-on refuses the input."""
    with log.open("w") as chatter:
        os.dup2(chatter.fileno(), 1)
        os.dup2(chatter.fileno(), 2)
    say("Installing the extension in Blender")
    scene = install(archive)
    scene.ecavatar.photo, scene.ecavatar.audio = str(photo), str(audio)
    if not generate():
        return 2
    root = next(found for found in scene.objects if found.ecavatar.role == "avatar")
    # the pictures first: the .blend is then saved at its first frame, as an artist would want to open it
    with tempfile.TemporaryDirectory() as folder:
        sheet(scene, root, photo, Path(folder)).save(out / "demo.png")
        film(scene, root, out / "demo.mp4", Path(folder))
    scene.render.engine = "CYCLES"
    scene.frame_set(scene.frame_start)
    bpy.ops.file.pack_all()
    bpy.ops.wm.save_as_mainfile(filepath=str(out / "demo.blend"), compress=True)
    (out / "demo.blend1").unlink(missing_ok=True)
    return 0


def install(archive: Path) -> bpy.types.Scene:
    """Return the scene of a new file in which the extension is installed."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.extensions.package_install_files(filepath=str(archive), repo="user_default", enable_on_install=True, overwrite=True)
    scene = bpy.context.scene
    scene.world = bpy.data.worlds.new("World")
    return scene


def generate() -> bool:
    """Press Generate; show the progress; whether it worked."""
    jobs = importlib.import_module(f"{MODULE}.ecavatar_addon.jobs")
    ended = threading.Event()

    def watch() -> None:
        last = ""
        while not ended.wait(0.2):
            worker = jobs.current
            if worker is not None and (now := f"Generating: {worker.stage}") != last:
                say(now)
                last = now

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        bpy.ops.ecavatar.generate()
    except RuntimeError as error:                   # what the operator reported
        say(f"error: {str(error).removeprefix('Error: ').strip()}")
        return False
    finally:
        ended.set()
        watcher.join()
    return True


def look(scene: bpy.types.Scene, root: bpy.types.Object, azimuth: float, lens: float = PORTRAIT) -> None:
    """Put the scene's camera on a circle around the head; azimuth in degrees, 0 in front, 90 at the left side; lens: millimetres, of
    the longest."""
    angle = math.radians(azimuth)
    middle = Vector((0.0, MIDDLE * math.sin(angle), HEIGHT))
    place = Vector((math.sin(angle) * DISTANCE, -math.cos(angle) * DISTANCE, 0.0))
    scene.camera.location = root.location + middle + place
    scene.camera.rotation_euler = (-place).to_track_quat("-Z", "Y").to_euler()
    contain(scene.camera, outermost(root), lens)


def outermost(root: bpy.types.Object) -> np.ndarray:
    """Return the places (N, 3) of head and hair, from the chin up, as long as the head is straight."""
    found = []
    for part in root.children_recursive:
        if part.ecavatar.role in ("skin", "hair"):
            points = part.data.vertices if part.type == "MESH" else part.data.attributes["position"].data
            values = np.empty(3 * len(points), np.float32)
            points.foreach_get("co" if part.type == "MESH" else "vector", values)
            found.append(values.reshape(-1, 3))
    places = np.concatenate(found)
    return places[places[:, 2] > -CHIN] + np.array(root.location)


def contain(camera: bpy.types.Object, places: np.ndarray, lens: float) -> None:
    """Zoom and shift the camera so that the picture shows all places (N, 3), with a lens of so many millimetres at most."""
    across, upwards, depth = ((places - np.array(camera.location)) @ np.array(camera.rotation_euler.to_matrix())).T
    aside, top, bottom = np.abs(across / depth).max(), (upwards / -depth).max(), (upwards / -depth).min()
    half = AROUND * max(aside, (top - bottom) / 2)
    camera.data.lens = min(lens, camera.data.sensor_width / 2 / half)
    camera.data.shift_y = (top + bottom) / 2 * camera.data.lens / camera.data.sensor_width


def weights(scene: bpy.types.Scene, root: bpy.types.Object) -> dict[int, dict[str, float]]:
    """Return the skin's shape keys in every frame."""
    skin = next(child for child in root.children if child.ecavatar.role == "skin")
    blocks = skin.data.shape_keys.key_blocks
    found = {}
    for frame in range(scene.frame_start, scene.frame_end + 1):
        scene.frame_set(frame)
        found[frame] = {block.name: block.value for block in blocks}
    return found


def pressed(curve: dict[str, float]) -> float:
    """Return how sure it is that lips are shut in speech: the jaw is open, mouthClose takes all of it back, no lip is at the teeth."""
    apart = abs(curve["jawOpen"] - curve["mouthClose"]) + curve["mouthRollLower"]
    return curve["mouthPressLeft"] + curve["mouthClose"] - 5 * apart


def sheet(scene: bpy.types.Scene, root: bpy.types.Object, photo: Path, folder: Path) -> Image.Image:
    """Return the contact sheet, in Cycles: photo, three views, four moments of the speech, and all emotions at their strongest."""
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = SAMPLES, True
    scene.render.resolution_x = scene.render.resolution_y = SIDE
    scene.render.image_settings.file_format = "PNG"
    scene.view_settings.view_transform = "Standard"
    curves = weights(scene, root)
    lids = sorted(curve["eyeBlinkLeft"] for curve in curves.values())         # an emotion lowers them too
    spoken = [frame for frame in curves if curves[frame]["eyeBlinkLeft"] < lids[len(lids) // 2] + 0.05]
    widest = max(spoken, key=lambda frame: curves[frame]["jawOpen"])
    shut = max((frame for frame in spoken if frame > widest), default=scene.frame_end, key=lambda frame: pressed(curves[frame]))
    rounded = max(spoken, key=lambda frame: curves[frame]["mouthPucker"] + curves[frame]["mouthFunnel"])
    blink = max(curves, key=lambda frame: curves[frame]["eyeBlinkLeft"])
    shots = [("front", 0, scene.frame_start), ("three-quarter", 40, scene.frame_start), ("profile", 90, scene.frame_start),
             ("open", 0, widest), ("lips shut", 0, shut), ("rounded", 25, rounded), ("blink", 0, blink)]
    tiles = [labelled(portrait(photo), "photo")]
    for name, azimuth, frame in shots:
        say(f"Rendering {name} (frame {frame})")
        scene.frame_set(frame)
        look(scene, root, azimuth)
        tiles.append(labelled(photograph(scene, folder / f"{name}.png"), name))
    result = Image.new("RGB", (4 * SIDE, 5 * SIDE // 2))
    for place, tile in enumerate(tiles):
        result.paste(tile, (place % 4 * SIDE, place // 4 * SIDE))
    for place, tile in enumerate(emotions(scene, root, folder)):
        result.paste(tile, (place * SIDE // 2, 2 * SIDE))
    return result


def emotions(scene: bpy.types.Scene, root: bpy.types.Object, folder: Path) -> list[Image.Image]:
    """Return a small picture of each emotion on the silent face, at its strongest."""
    say("Rendering the emotions")
    emotion = importlib.import_module(f"{MODULE}.ecavatar_addon.emotion")
    types = importlib.import_module(f"{MODULE}.core.types")
    library, identity = emotion.library_of(root)[1:]
    keys = next(child for child in root.children if child.ecavatar.role == "skin").data.shape_keys
    tracks, scene.render.resolution_percentage = list(keys.animation_data.nla_tracks), 50
    scene.frame_set(scene.frame_start)              # where the head is straight
    look(scene, root, 0)
    for track in tracks:
        track.mute = True
    tiles = []
    for category in types.EMOTIONS:
        relax(keys)
        for name, weight in zip(library.names, library.expression_at(category, types.MOST_LEVEL, identity), strict=True):
            keys.key_blocks[name].value = weight
        tiles.append(labelled(photograph(scene, folder / f"{category}.png"), category))
    relax(keys)                                     # shapes that no track keys would keep the last emotion
    for track in tracks:
        track.mute = False
    scene.render.resolution_percentage = 100
    return tiles


def relax(keys: bpy.types.Key) -> None:
    """Put every shape key to rest."""
    for block in keys.key_blocks[1:]:
        block.value = 0.0


def photograph(scene: bpy.types.Scene, path: Path) -> Image.Image:
    """Render the scene's current frame."""
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    with Image.open(path) as picture:
        return picture.convert("RGB")


def portrait(photo: Path) -> Image.Image:
    """Return the photo cut around the face the engine found."""
    image = importlib.import_module(f"{MODULE}.core.pictures.image")
    detection = importlib.import_module(f"{MODULE}.core.face.detection")
    pack = importlib.import_module(f"{MODULE}.core.pack").Pack.open()
    picture = image.read_photo(photo)
    points = detection.FaceDetector.load(pack.path("face_landmarker")).detect(picture).landmarks[:, :2]
    low, high = points.min(axis=0), points.max(axis=0)
    middle, reach = (low + high) / 2, 0.95 * float((high - low).max())
    box = tuple(int(value) for value in (middle[0] - reach, middle[1] - 1.1 * reach, middle[0] + reach, middle[1] + 0.9 * reach))
    return Image.fromarray(picture.pixels).crop(box).resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def labelled(tile: Image.Image, text: str) -> Image.Image:
    """Write the tile's name into its corner."""
    ImageDraw.Draw(tile).text((10, tile.height - 30), text, fill=(255, 255, 255), font=ImageFont.load_default(18),
                              stroke_width=2, stroke_fill=(0, 0, 0))
    return tile


def film(scene: bpy.types.Scene, root: bpy.types.Object, path: Path, folder: Path) -> None:
    """Film the first seconds with sound, Workbench-shaded."""
    frames = min(scene.frame_end, scene.frame_start + round(FILM_SECONDS * scene.render.fps / scene.render.fps_base))
    say(f"Filming {frames - scene.frame_start + 1} frames")
    last, render = scene.frame_end, scene.render
    look(scene, root, 15, CLOSE)
    scene.frame_end = frames
    render.engine = "BLENDER_WORKBENCH"
    shading = scene.display.shading
    shading.color_type, shading.light, shading.studio_light = "TEXTURE", "STUDIO", "paint.sl"
    shading.show_cavity, shading.cavity_type = True, "WORLD"
    shading.cavity_ridge_factor, shading.cavity_valley_factor = 0.0, FILM_SHADE
    scene.display.matcap_ssao_distance, scene.display.matcap_ssao_samples = FILM_REACH, 8
    shading.show_object_outline = False             # around each hair
    scene.display.render_aa, render.hair_type = "5", "STRIP"        # hairs as thin as they are, which one sample a pixel would miss
    render.resolution_x = render.resolution_y = FILM_SIDE
    settings = render.image_settings
    if hasattr(settings, "media_type"):             # from Blender 5.0 on
        settings.media_type = "VIDEO"
    settings.file_format = "FFMPEG"
    render.ffmpeg.format, render.ffmpeg.codec, render.ffmpeg.audio_codec = "MPEG4", "H264", "AAC"
    render.ffmpeg.constant_rate_factor = "HIGH"
    render.filepath = str(folder / "film.mp4")
    started = time.monotonic()
    bpy.ops.render.render(animation=True)
    say(f"Filmed in {time.monotonic() - started:.0f} s")
    shutil.move(next(folder.glob("film*.mp4")), path)
    if hasattr(settings, "media_type"):
        settings.media_type = "IMAGE"
    settings.file_format = "PNG"
    scene.frame_end, render.filepath, render.hair_type = last, "//", "STRAND"
    look(scene, root, 15)


def say(text: str) -> None:
    """Tell the user what is going on."""
    TERMINAL.write(f"{text}\n")
    TERMINAL.flush()


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
