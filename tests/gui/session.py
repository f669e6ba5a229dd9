"""What the user does, in a Blender window (see test_window.py): real mouse clicks, pictures of the screen, and notes of what happened.

Blender runs this file with --python and goes on drawing: each `yield` of `story` gives it so many seconds. Inputs, pictures and
result.json (written last) are in the folder SHARE.
"""

import gc
import importlib
import json
import os
import sys
import time
import traceback
import weakref
from pathlib import Path
from typing import Any

import bpy
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))      # Blender runs this file alone

from hands import (  # type: ignore[import-not-found]
    MODULE,
    SHARE,
    SIZE,
    Steps,
    avatars,
    button,
    choose,
    click,
    drag,
    fold,
    held,
    in_view,
    opened,
    preferences,
    press,
    press_generate,
    scroll,
    settle,
    shoot,
    sidebar,
    slider,
    until,
    view,
    workers,
)

TICK = 0.1                              # seconds
LAST = 18                               # pixels from the tab's end up to the last header
INSTALL = (SIZE[0] - 72, SIZE[1] - 44)       # place of the button in the file browser, pixels from the screen's top left
notes: dict[str, Any] = {}


def story() -> Steps:
    """Install, drop, generate, look, play, undo, feel, fail, cancel, generate a further clip, disable, uninstall."""
    yield from install()
    jobs = importlib.import_module(f"{MODULE}.ecavatar_addon.jobs")
    yield from open_tab()
    yield from shoot("empty")
    yield from drop()
    yield from shoot("panel")
    yield from generate(jobs)
    yield from shoot("done")
    yield from preferences()
    yield from face_front()
    yield from play()
    yield from undo()
    yield from feel()
    yield from fail(jobs)
    yield from cancel(jobs)
    yield from add_clip(jobs)
    yield from disable(jobs)


def install() -> Steps:
    """Install from Disk: choose the zip in Blender's file browser."""
    bpy.context.preferences.view.filebrowser_display_type = "SCREEN"
    with in_view():
        bpy.ops.extensions.package_install_files("INVOKE_DEFAULT", repo="user_default", enable_on_install=True)
    yield 1.0
    window = bpy.context.window_manager.windows[0]
    browser = next(area for area in window.screen.areas if area.type == "FILE_BROWSER")
    browser.spaces.active.params.directory = str(SHARE / "download").encode()
    browser.spaces.active.params.filename = "ecavatar.zip"
    yield from shoot("install")
    yield from click(*INSTALL)
    yield from until(lambda: hasattr(bpy.types.Scene, "ecavatar"))
    yield 0.5
    notes["repository"] = [path.name for path in Path(bpy.utils.user_resource("EXTENSIONS"), "user_default").iterdir()]


def open_tab() -> Steps:
    """Show the add-on's tab in the sidebar, in the scene Blender starts with."""
    notes["objects at start"] = sorted(bpy.data.objects.keys())
    view().spaces.active.show_region_ui = True
    yield 1.0
    sidebar().active_panel_category = "ECAvatar"
    view().tag_redraw()


def drop() -> Steps:
    """Drop a photo and a recording together onto the 3D view; Blender asks what to do with the photo: E is for ECAvatar."""
    with in_view():
        bpy.ops.wm.drop_import_file("INVOKE_DEFAULT", directory=str(SHARE), files=[{"name": "face.jpg"}, {"name": "speech.wav"}])
    yield from press("e")
    notes["dropped"] = [Path(path).name for path in (bpy.context.scene.ecavatar.photo, bpy.context.scene.ecavatar.audio)]


def generate(jobs: Any) -> Steps:
    """Click Generate, work in the 3D view meanwhile, and wait for the avatar."""
    yield from press_generate(jobs)
    ticks: list[float] = []
    bpy.app.timers.register(lambda: tick(ticks, jobs), first_interval=TICK)
    yield from until(lambda: jobs.current.fraction > 0.2 or jobs.current.state != "running")
    with held(jobs.current.process):
        before = view().spaces.active.region_3d.view_distance
        yield from click(400, 300, key=4)            # the mouse wheel zooms the view
        notes["zoomed while running"] = bool(view().spaces.active.region_3d.view_distance < before)
        yield from shoot("progress")
        notes["running at the picture"] = jobs.current.state == "running"
    yield from until(lambda: jobs.current.fraction > 0.6 or jobs.current.state != "running")
    with held(jobs.current.process):
        yield from shoot("later")
    yield from until(lambda: jobs.current.state != "running")
    yield 1.0
    notes.update({"state": jobs.current.state, "error": jobs.current.error, "ticks while running": len(ticks),
              "longest gap, s": float(np.diff(ticks).max(initial=0.0)), "avatars": avatars(),
              "avatar objects": sorted(other.ecavatar.role for other in bpy.data.objects if other.ecavatar.role)})


def tick(ticks: list[float], jobs: Any) -> float | None:
    """Note that Blender is alive while the worker runs."""
    ticks.append(time.monotonic())
    return TICK if jobs.current.state == "running" else None


def face_front() -> Steps:
    """Look at the avatar from the front."""
    with in_view():
        bpy.ops.view3d.view_axis(type="FRONT")
        bpy.ops.view3d.view_selected()
    yield from shoot("front")


def play() -> Steps:
    """Play the animation, then stop at the frame in which the jaw is widest open."""
    scene = bpy.context.scene
    notes["frames"] = [scene.frame_start, scene.frame_end]
    with in_view():
        bpy.ops.screen.animation_play()
    yield 2.0
    notes["played to"] = scene.frame_current
    with in_view():
        bpy.ops.screen.animation_cancel(restore_frame=False)
    keys = next(other for other in bpy.data.objects if other.ecavatar.role == "skin").data.shape_keys
    track = keys.animation_data.nla_tracks["Speech"]
    curve = next(curve for curve in track.strips[0].action.fcurves if "jawOpen" in curve.data_path)
    points = np.array([point.co for point in curve.keyframe_points])
    frame, widest = points[points[:, 1].argmax()]
    scene.frame_set(round(float(frame)))
    yield from shoot("open")
    notes["widest jaw"] = [float(widest), float(keys.key_blocks["jawOpen"].value)]
    scene.frame_set(scene.frame_start)


def feel() -> Steps:
    """Put two emotions into the recording, look at both, at none by dragging the slider with the mouse, and at the list of layers."""
    root = next(other for other in bpy.data.objects if other.ecavatar.role == "avatar")
    keys = next(other for other in bpy.data.objects if other.ecavatar.role == "skin").data.shape_keys
    scene, emotion = bpy.context.scene, root.ecavatar.emotion
    notes["heard"] = [[window.category, sum(window.probabilities)] for window in emotion.windows]
    for seconds, category in ((2.0, "surprise"), (6.0, "angry")):
        scene.frame_set(1 + round(seconds * scene.render.fps))
        with in_view():
            bpy.ops.ecavatar.add_emotion(category=category, level=3.0)
    chosen = {window.category: index for index, window in enumerate(emotion.windows) if window.level == 3}
    yield from fold()                       # Person makes room
    with opened("panels_emotion", "ECAVATAR_PT_emotion"):
        emotion.active = chosen["surprise"]
        notes["went to"] = scene.frame_current
        yield from shoot("surprise")
        notes["brows"] = float(keys.key_blocks["browInnerUp"].value)
        emotion.active = chosen["angry"]
        yield from shoot("angry")
        yield from settle()
        yield from drag(*slider(), -200)
        yield from shoot("no emotion")
        notes["slider"] = emotion.strength
    emotion.strength = 1.0
    yield from shoot("perform")
    yield from deliver()
    yield from fold()
    scene.frame_set(scene.frame_start)


def deliver() -> Steps:
    """Look at the last two panels: the mouse's wheel down the tab, a click on the last header."""
    region = sidebar()
    with opened("panels_look", "ECAVATAR_PT_look"):
        yield from scroll(5)
        yield from click(region.x + 90, SIZE[1] - region.y - LAST)
        yield from scroll(5)
        yield from shoot("look")
        yield from scroll(4)


def undo() -> Steps:
    """Undo the import, and do it again."""
    for name, operator in (("undone", bpy.ops.ed.undo), ("redone", bpy.ops.ed.redo)):
        with in_view():
            operator()
        yield 1.0
        notes[name] = {"avatars": avatars(), "cube": "Cube" in bpy.data.objects, "photo": bpy.context.scene.ecavatar.photo}


def fail(jobs: Any) -> Steps:
    """Generate from a photo without a face."""
    choose("wall.jpg")
    yield from press_generate(jobs)
    yield from until(lambda: jobs.current.state != "running")
    yield from shoot("failed")
    notes["failure"] = {"state": jobs.current.state, "error": jobs.current.error, "avatars": avatars()}


def cancel(jobs: Any) -> Steps:
    """Generate another avatar and cancel it half-way."""
    choose("other.jpg")
    row = button()[1]
    yield from press_generate(jobs)
    yield from until(lambda: jobs.current.fraction > 0.05 or jobs.current.state != "running")
    process = jobs.current.process.pid
    with held(jobs.current.process):
        yield from settle()
        place = button(row)
    yield from click(*place)
    yield 1.0
    yield from shoot("cancelled")
    notes["cancel"] = {"state": jobs.current.state, "process left": Path(f"/proc/{process}").exists(), "avatars": avatars()}


def add_clip(jobs: Any) -> Steps:
    """Generate again: a further clip of the avatar that is there, after the cancelled one."""
    choose("face.jpg")
    bpy.context.scene.ecavatar.placing = "AFTER"
    yield from press_generate(jobs)
    yield from until(lambda: jobs.current.state != "running")
    yield 1.0
    root = next(other for other in bpy.data.objects if other.ecavatar.role == "avatar")
    notes["again"] = {"state": jobs.current.state, "avatars": avatars(), "clips": len(root.ecavatar.clips),
                      "frames": [bpy.context.scene.frame_start, bpy.context.scene.frame_end]}
    yield from fold()
    with opened("panels_clips", "ECAVATAR_PT_clips"):
        yield from shoot("clips")
    yield from fold()


def disable(jobs: Any) -> Steps:
    """Disable the extension while it generates, then uninstall it."""
    yield from press_generate(jobs)
    yield from until(lambda: jobs.current.fraction > 0.05 or jobs.current.state != "running")
    worker, process = weakref.ref(jobs.current), jobs.current.process.pid
    notes["running when disabled"] = jobs.current.state
    bpy.ops.preferences.addon_disable(module=MODULE)
    yield 1.0
    gc.collect()
    handlers = [name for name in dir(bpy.app.handlers) if isinstance(getattr(bpy.app.handlers, name), list)
                for handler in getattr(bpy.app.handlers, name) if "ecavatar" in str(getattr(handler, "__module__", ""))]
    notes["left"] = {"process": Path(f"/proc/{process}").exists(), "processes": workers(), "handlers": handlers,
                     "timer": worker() is not None, "classes": [name for name in dir(bpy.types) if "ECAVATAR" in name.upper()],
                     "pointers": [kind.__name__ for kind in (bpy.types.Scene, bpy.types.Object) if hasattr(kind, "ecavatar")]}
    folder = Path(bpy.utils.user_resource("EXTENSIONS"))
    repository = next(index for index, found in enumerate(bpy.context.preferences.extensions.repos) if found.module == "user_default")
    bpy.ops.extensions.package_uninstall(repo_index=repository, pkg_id="ecavatar")
    yield from shoot("disabled")
    notes["files left"] = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and
                           ("ecavatar" in path.parts or path.suffix == ".so")]


def advance(steps: Steps) -> float | None:
    """Timer: go on with the story; at its end write the notes and leave Blender."""
    try:
        return next(steps)
    except StopIteration:
        pass
    except Exception:  # noqa: BLE001 -- whatever it is, the test must see it
        notes["exception"] = traceback.format_exc()
    (SHARE / "result.part").write_text(json.dumps(notes, indent=1), encoding="utf-8")
    (SHARE / "result.part").replace(SHARE / "result.json")
    os._exit(0)                             # Blender itself would ask whether to save


if __name__ == "__main__":
    bpy.context.preferences.view.show_splash = False
    plot = story()
    bpy.app.timers.register(lambda: advance(plot), first_interval=2.0, persistent=True)
