"""Emotions of an avatar over time: its windows as the artist edits them, and the keys made from them at once, without a network."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import bpy

from ..core.emotion.edits import index_at, move_edges
from ..core.emotion.emolib import Emolib
from ..core.emotion.motion import emotion_curves
from ..core.emotion.windows import EmotionSettings
from ..core.errors import ECAvatarError, InputError, JobError
from ..core.files import digest, read_arrays
from ..core.head.model import HeadBasis
from ..core.job import Request
from ..core.types import HEARD, EmotionTrack, EmotionWindow, Floats
from . import animation, clips, head, performance, thumbnails
from .actions import STAMP, strip_of

SLIDERS = ("window", "transition", "sensitivity", "level_by", "fusion")
DECIMALS = 4                    # a time or a level is kept to; Blender stores single precision


def track_of(root: bpy.types.Object) -> EmotionTrack:
    """Return the avatar's windows; raise InputError where it has none."""
    emotion = root.ecavatar.emotion
    if not emotion.windows:
        raise InputError("the avatar has no emotions yet", root.name, "generate it again")
    edges = [0.0, *(rounded(window.end) for window in emotion.windows)]
    windows = tuple(EmotionWindow(start, end, window.category, rounded(window.level), tuple(map(rounded, window.probabilities))
                                  if any(window.probabilities) else (), window.locked)
                    for start, end, window in zip(edges[:-1], edges[1:], emotion.windows, strict=True))
    return EmotionTrack(windows, rounded(emotion.transition))


def settings_of(root: bpy.types.Object) -> EmotionSettings:
    """Return how the avatar's emotions are heard; its locked windows are the artist's."""
    emotion = root.ecavatar.emotion
    window, transition, sensitivity = map(rounded, (emotion.window, emotion.transition, emotion.sensitivity))
    locked = tuple(found for found in track_of(root).windows if found.locked) if emotion.windows else ()
    return EmotionSettings(window, transition, sensitivity, emotion.level_by, emotion.fusion, locked)


def rounded(value: float) -> float:
    """Return a property's value without the noise of single precision."""
    return round(value, DECIMALS)


@contextmanager
def showing(root: bpy.types.Object) -> Iterator[Any]:
    """Let the avatar's emotions be written without keying them meanwhile."""
    emotion = root.ecavatar.emotion
    before, emotion.showing = emotion.showing, True
    try:
        yield emotion
    finally:
        emotion.showing = before


def show(root: bpy.types.Object, track: EmotionTrack, settings: EmotionSettings | None = None) -> None:
    """Let the avatar's windows show `track`, and its sliders `settings`; keys stay as they are."""
    with showing(root) as emotion:
        if settings is not None:
            for name in SLIDERS:
                setattr(emotion, name, getattr(settings, name))
            emotion.said = ""
        emotion.windows.clear()
        emotion.duration = track.windows[-1].end
        for window in track.windows:
            shown = emotion.windows.add()
            shown.start, shown.end, shown.category = window.start, window.end, window.category
            shown.level, shown.locked = window.level, window.locked
            shown.probabilities = window.probabilities or (0.0,) * len(HEARD)
        emotion.active = min(emotion.active, len(emotion.windows) - 1)


def belong(root: bpy.types.Object, recording: Path) -> None:
    """Note which recording the avatar's windows belong to."""
    root.ecavatar.emotion.recording = digest(recording) if recording.is_file() else ""


def settings_for(root: bpy.types.Object | None, recording: Path, *, further: bool = False) -> EmotionSettings:
    """Return how emotions are heard when an avatar's selected clip is generated (again), or a further one.

    Locked windows stay for the same clip and recording only.
    """
    if root is None:
        return EmotionSettings()
    settings = settings_of(root)
    same = not further and settings.windows and digest(recording) == root.ecavatar.emotion.recording
    return settings if same else replace(settings, windows=())


def edit(root: bpy.types.Object, track: EmotionTrack, active: int) -> list[str]:
    """Show an edited track, select one of its windows, and key it; return what the artist should know.

    Raises ECAvatarError when it cannot be keyed; the windows are then as before.
    """
    before = track_of(root)
    show(root, track)
    try:
        told = update(root)
    except ECAvatarError:
        show(root, before)
        raise
    with showing(root) as emotion:
        emotion.active = active
    return told


def update(root: bpy.types.Object) -> list[str]:
    """Key the avatar's emotions anew from its windows and return what the artist should know.

    Raises ECAvatarError, before anything is changed, when the job folder, the track or the head model is gone.
    """
    keys, track = keys_of(root), track_of(root)
    basis, emolib, identity = library_of(root)
    number = root.ecavatar.number
    kept = animation.rekey_emotion(keys, emotion_curves(track, identity, emolib=emolib, basis=basis), basis, number)
    told = animation.edits_kept(kept)
    return [*told, *([animation.FUSE_AGAIN] if animation.fused_on_mesh(keys, number) else []), *performance.feel(root, track)]


def library_of(root: bpy.types.Object) -> tuple[HeadBasis, Emolib, Floats]:
    """Return the avatar's head model, its Emolib, and who it is (B,); raise ECAvatarError when the job folder or a file is gone."""
    folder = Path(root.ecavatar.job)
    path = folder / "head.npz"
    if not path.is_file():
        raise JobError("the avatar's job folder is gone or empty", folder, "generate it again from its photo and recording")
    identity = read_arrays(path, ("identity",), JobError)["identity"]       # all that heads of every version have in common
    return (*library(Request.read(folder).pack, root.ecavatar.head_model, folder), identity)


@lru_cache(maxsize=1)
def library(pack: str, head_model: str, folder: Path) -> tuple[HeadBasis, Emolib]:
    """Load the head model that an avatar was made with, and its Emolib; kept, so that a slider moves the face while it is dragged."""
    opened = head.open_pack(pack, head_model, folder)
    basis = HeadBasis.load(opened.path("head"))
    return basis, Emolib.load(opened.path("emolib"), basis, head_model=head_model)


def keys_of(root: bpy.types.Object) -> bpy.types.Key:
    """Return the shape keys that hold the avatar's emotion; raise JobError when they or their track are gone."""
    skin = head.parts_of(root).get("skin")
    keys = skin.data.shape_keys if skin is not None else None
    if keys is None or strip_of(keys, animation.EMOTION, root.ecavatar.number) is None:
        raise JobError(f"the avatar's skin or its track {animation.EMOTION} is gone", root.name, "generate it again")
    return keys


def frame_at(root: bpy.types.Object, time: float) -> float:
    """Return the frame at which `time`, seconds, of the recording is shown, wherever the artist has moved the emotion's strip."""
    strip: Any = strip_of(keys_of(root), animation.EMOTION, root.ecavatar.number)
    stamp = strip.action[STAMP]
    return strip.frame_start + (stamp["start"] + time * stamp["fps"] - strip.action_frame_start) * strip.scale


def time_at(root: bpy.types.Object, frame: float) -> float:
    """Return the time of the recording, seconds, that is shown at a frame."""
    strip: Any = strip_of(keys_of(root), animation.EMOTION, root.ecavatar.number)
    stamp = strip.action[STAMP]
    return ((frame - strip.frame_start) / strip.scale + strip.action_frame_start - stamp["start"]) / stamp["fps"]


def shown_from(track: EmotionTrack, index: int) -> float:
    """Return when a window's emotion is there, seconds: after the passing over from the one before, at the latest in its middle."""
    window = track.windows[index]
    return min(window.start + (track.transition if index else 0.0), (window.start + window.end) / 2)


def follow(root: bpy.types.Object, change: Callable[[], list[str]]) -> None:
    """Do what follows from a property the artist has changed; the panel says what he should know, as no operator can."""
    emotion = root.ecavatar.emotion
    try:
        emotion.said = " ".join(change())
    except ECAvatarError as error:
        emotion.said = str(error)


def place_of(window: Any) -> int:
    """Return which window of the selected clip this is."""
    return next(index for index, other in enumerate(window.id_data.ecavatar.emotion.windows) if other == window)


def window_changed(window: Any, _context: bpy.types.Context) -> None:
    """The artist chose another category or level: it stays when the recording is heard again."""
    with clips.of(window) as root:
        if not root.ecavatar.emotion.showing:
            with showing(root):
                window.locked = True
            follow(root, lambda: update(root))


def face_of(window: Any) -> int:
    """Return the number of the picture that shows a window best."""
    return thumbnails.CELLS.index((window.category, thumbnails.nearest(window.level)))


def choose_face(window: Any, number: int) -> None:
    """Show what a picture shows."""
    with clips.of(window) as root, showing(root):
        window.category, window.level = thumbnails.CELLS[number]
    window_changed(window, bpy.context)


def edge_changed(window: Any, _context: bpy.types.Context) -> None:
    """The artist moved an edge: the neighbour's moves along."""
    with clips.of(window) as root:
        if not root.ecavatar.emotion.showing:
            move_window(root, window)


def move_window(root: bpy.types.Object, window: Any) -> None:
    """Move the edges of a window of the selected clip to where it says, and its neighbours' along."""
    emotion = root.ecavatar.emotion
    index, start, end = place_of(window), rounded(window.start), rounded(window.end)
    with showing(root):                         # back to where the neighbours still are, so that the track has no gaps
        window.start = emotion.windows[index - 1].end if index else 0.0
        window.end = emotion.windows[index + 1].start if index + 1 < len(emotion.windows) else emotion.duration

    def change() -> list[str]:
        track = move_edges(track_of(root), index, start=start, end=end)
        windows = list(track.windows)
        windows[index] = replace(windows[index], locked=True)
        return edit(root, replace(track, windows=tuple(windows)), index)

    follow(root, change)


def transition_changed(emotion: Any, _context: bpy.types.Context) -> None:
    """The artist changed how windows pass over into each other."""
    with clips.of(emotion) as root:
        if not emotion.showing:
            follow(root, lambda: update(root))


def strength_changed(emotion: Any, _context: bpy.types.Context) -> None:
    """The artist moved the slider of the emotion's strength."""
    with clips.of(emotion) as root:
        if not emotion.showing:
            follow(root, lambda: animation.set_strength(keys_of(root), emotion.strength, clip=root.ecavatar.number))


def active_changed(emotion: Any, context: bpy.types.Context) -> None:
    """The artist selected a window: go to its time, unless it is shown already."""
    if emotion.showing or not 0 <= emotion.active < len(emotion.windows):
        return

    def change() -> list[str]:
        track, scene = track_of(root), context.scene
        if index_at(track, time_at(root, scene.frame_current)) != emotion.active:
            scene.frame_set(math.ceil(frame_at(root, shown_from(track, emotion.active))))
        return []

    with clips.of(emotion) as root:
        follow(root, change)
