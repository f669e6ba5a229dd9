"""Hands and eyes of the user in a Blender window: mouse, pictures of the screen, and patience (see session.py)."""

import importlib
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy
import numpy as np

MODULE = "bl_ext.user_default.ecavatar"
SHARE = Path(__file__).resolve().parent
SIZE = (1280, 800)                      # pixels of the screen
NOTCHES = 20                            # of the mouse's wheel from one end of the sidebar to the other
BUTTON = 84                             # grey of a button in Blender's default theme
SLIDER = (71, 114, 179)                 # blue of a slider
HEADER = (90, 14)                       # pixels from the sidebar's top left to the first panel's header
PATIENCE = 90.0                         # seconds
Steps = Iterator[float]


def button(row: int | None = None) -> tuple[int, int]:
    """Return the place of a button in the sidebar, in pixels from the screen's top left, found in its picture by the grey.

    That at the right edge nearest to `row`; without one Generate: the tallest at the left, where other rows have only their names.
    """
    region = sidebar()
    top = SIZE[1] - region.y - region.height
    column = region.x + (40 if row is None else region.width - 48)
    grey = (screen()[top:top + region.height, column] == BUTTON).all(axis=1)
    edges = top + np.flatnonzero(np.diff(np.concatenate([[0], grey.astype(np.int8), [0]])))
    runs = edges.reshape(-1, 2).tolist()
    if not runs:
        raise LookupError("there is no button in the sidebar")
    start, end = max(runs, key=lambda run: run[1] - run[0]) if row is None else min(runs, key=lambda run: abs(sum(run) / 2 - row))
    return column, (start + end) // 2


def click(x: int, y: int, *, key: int = 1) -> Steps:
    """Move the mouse to a place (pixels from the top left), press and release one of its keys."""
    subprocess.run(["xdotool", "mousemove", str(x), str(y)], check=True)
    yield 0.3
    subprocess.run(["xdotool", "click", str(key)], check=True)
    yield 0.3


def press(key: str) -> Steps:
    """Press and release a key of the keyboard."""
    yield 0.5
    subprocess.run(["xdotool", "key", key], check=True)
    yield 0.5


def slider() -> tuple[int, int]:
    """Return the middle of the sidebar's topmost slider, in pixels from the screen's top left, found in its picture by the blue."""
    region = sidebar()
    top, left = SIZE[1] - region.y - region.height, region.x + region.width // 2
    blue = np.abs(screen()[top:top + region.height, left].astype(int) - SLIDER).max(axis=1) < 12
    if not blue.any():
        raise LookupError("there is no slider in the sidebar")
    return left, top + int(np.flatnonzero(blue)[0]) + 8


def scroll(key: int) -> Steps:
    """Turn the mouse's wheel over the sidebar, up (4) or down (5) to its end."""
    region = sidebar()
    subprocess.run(["xdotool", "mousemove", str(region.x + 90), str(SIZE[1] - region.y - 100)], check=True)
    yield 0.3
    subprocess.run(["xdotool", "click", "--repeat", str(NOTCHES), "--delay", "30", str(key)], check=True)
    yield 0.5


def drag(x: int, y: int, distance: int) -> Steps:
    """Drag what is at a place (pixels from the top left) to the right by so many pixels."""
    for words in (("mousemove", x, y), ("mousedown", 1), *[("mousemove_relative", "--", distance // 5, 0)] * 5, ("mouseup", 1)):
        subprocess.run(["xdotool", *map(str, words)], check=True)
        yield 0.15


def fold() -> Steps:
    """Click the first panel's header: it closes, or opens."""
    region = sidebar()
    yield from click(region.x + HEADER[0], SIZE[1] - region.y - region.height + HEADER[1])


def shoot(name: str) -> Steps:
    """Take a picture of the screen after Blender has drawn."""
    yield from settle()
    subprocess.run(["import", "-window", "root", str(SHARE / f"{name}.png")], check=True)


def screen() -> np.ndarray:
    """Return the picture of the screen, (height, width, 3) uint8."""
    picture = subprocess.run(["import", "-window", "root", "-depth", "8", "rgb:-"], capture_output=True, check=True).stdout
    return np.frombuffer(picture, np.uint8).reshape(SIZE[1], SIZE[0], 3)


def settle() -> Steps:
    """Let Blender draw, the mouse out of the way, until the screen stays as it is, or, where something moves, a few times."""
    subprocess.run(["xdotool", "mousemove", "400", "700"], check=True)
    yield 0.3
    before = screen()
    for _ in range(5):
        yield 0.3
        now = screen()
        if (now == before).all():
            return
        before = now


def until(condition: Callable[[], bool]) -> Steps:
    """Let Blender run until the condition holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("waited too long")
        yield 0.1


def view() -> bpy.types.Area:
    """Return the 3D view."""
    return next(area for area in bpy.context.window_manager.windows[0].screen.areas if area.type == "VIEW_3D")


def in_view() -> Any:
    """Return the context in which operators act on the 3D view."""
    region = next(region for region in view().regions if region.type == "WINDOW")
    return bpy.context.temp_override(window=bpy.context.window_manager.windows[0], area=view(), region=region)


def sidebar() -> bpy.types.Region:
    """Return the sidebar of the 3D view."""
    return next(region for region in view().regions if region.type == "UI")


def preferences() -> Steps:
    """Look at the add-on's preferences, where the 3D view was, and set the number of threads."""
    area, settings = view(), bpy.context.preferences
    settings.active_section = "ADDONS"
    bpy.context.window_manager.addon_search = "ecavatar"
    area.type = "PREFERENCES"
    bpy.ops.preferences.addon_expand(module=MODULE)
    yield from shoot("preferences")
    settings.addons[MODULE].preferences.threads = 2
    area.type = "VIEW_3D"
    yield 0.5


@contextmanager
def opened(module: str, name: str) -> Iterator[None]:
    """Let a sub-panel stand open meanwhile, which no script can do with one that has been drawn closed: as a new panel."""
    panel = getattr(importlib.import_module(f"{MODULE}.ecavatar_addon.{module}"), name)
    before = panel.bl_options
    for idname, options in ((f"{name}_open", set()), (name, before)):
        bpy.utils.unregister_class(panel)
        panel.bl_idname, panel.bl_options = idname, options
        bpy.utils.register_class(panel)
        if idname != name:
            yield


def choose(photo: str) -> None:
    """Fill in the panel's fields, with the undo step that typing them makes."""
    settings = bpy.context.scene.ecavatar
    settings.photo, settings.audio = str(SHARE / photo), str(SHARE / "speech.wav")
    bpy.ops.ed.undo_push(message="Choose")
    view().tag_redraw()


def press_generate(jobs: Any) -> Steps:
    """Click the button with the mouse, and wait for the worker it starts."""
    yield from settle()
    before = jobs.current
    yield from click(*button())
    yield from until(lambda: jobs.current is not before)


@contextmanager
def held(process: "subprocess.Popen[str]") -> Iterator[None]:
    """Let the worker stand still meanwhile: a fast machine would have finished before the picture is taken."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def avatars() -> int:
    """Return how many avatars the file has."""
    return sum(other.ecavatar.role == "avatar" for other in bpy.data.objects)


def workers() -> list[str]:
    """Return the command lines of the background processes that run."""
    lines = (path.read_bytes().replace(b"\0", b" ").decode(errors="replace") for path in Path("/proc").glob("[0-9]*/cmdline"))
    return [line for line in lines if "core.worker" in line]
