"""Clips: recordings one after another on one head. Each has strips in the avatar's tracks, settings, a job folder and a sound.

Between clips the face is at rest: a clip's curves lead in and out of it where there is room beside the clip, and no frame of the clip
is touched.
"""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy

from . import roots, scene
from .late import actions, animation, head, performance
from .roots import NECK

REPLACE, AFTER, PLAYHEAD = "REPLACE", "AFTER", "PLAYHEAD"
EASE = 0.4                      # seconds over which the face comes to rest after a clip, and leaves it before one
PAUSE = 2 * EASE                # seconds from the last clip to one that is put after it
LEAST = 0.2                     # seconds that clips are kept apart: a face takes that long from one to the next
SHORTEST = 2                    # frames of a lead
INHERITED = {"emotion": ("strength", "transition", "window", "sensitivity", "level_by", "fusion"),
             "performance": ("blinks", "gaze", "head_motion")}        # settings that a new clip takes over
Span = tuple[float, float]


def add(root: bpy.types.Object, folder: Path) -> Any:
    """Give the avatar a further clip with the settings of the selected one, select and return it."""
    avatar = root.ecavatar
    before = avatar.clip if len(avatar.clips) else None
    number = max((clip.number for clip in avatar.clips), default=actions.FIRST - 1) + 1
    values = {(group, setting): getattr(getattr(before, group), setting) for group, settings in INHERITED.items()
              for setting in settings} if before is not None else {}
    clip = avatar.clips.add()           # from here on `before` is no longer valid
    clip.number, clip.job = number, str(folder)
    clip.emotion.showing = clip.performance.showing = True
    for (group, setting), value in values.items():
        setattr(getattr(clip, group), setting, value)
    clip.emotion.showing = clip.performance.showing = False
    select(root, len(avatar.clips) - 1)
    return clip


def note_recording(clip: Any, audio: str) -> None:
    """Note what a clip says; it has the name of its recording unless the artist has given it another one."""
    if clip.name in ("", Path(clip.recording).stem):
        clip.name = Path(audio).stem
    clip.recording = audio


def select(root: bpy.types.Object, index: int) -> None:
    """Select a clip, whatever frame is shown."""
    avatar = root.ecavatar
    before, avatar.choosing = avatar.choosing, True
    avatar.active_clip, avatar.choosing = index, before


def place_of(root: bpy.types.Object, folder: Path) -> int | None:
    """Return the place among the avatar's clips of the one that was generated in `folder`, None where there is none."""
    return next((index for index, clip in enumerate(root.ecavatar.clips) if clip.job == str(folder)), None)


@contextmanager
def chosen(root: bpy.types.Object, index: int) -> Iterator[None]:
    """Select a clip for a moment."""
    before = root.ecavatar.active_clip
    select(root, index)
    try:
        yield
    finally:
        select(root, before)


def holder_of(settings: Any) -> tuple[bpy.types.Object, int]:
    """Return the root of the avatar, and the place of the clip, that some settings belong to."""
    found = re.match(r"ecavatar\.clips\[(\d+)\]", settings.path_from_id())
    if found is None:
        raise ValueError(f"{settings.path_from_id()} is no clip's")
    return settings.id_data, int(found[1])


@contextmanager
def of(settings: Any) -> Iterator[bpy.types.Object]:
    """Select the clip that some settings belong to for a moment, and give its avatar's root."""
    root, index = holder_of(settings)
    with chosen(root, index):
        yield root


def selected(avatar: Any, context: bpy.types.Context) -> None:
    """The artist selected a clip: go to its start, unless it plays already."""
    if avatar.choosing or not avatar.clips:
        return
    span, target = span_of(avatar.id_data, avatar.number), context.scene
    if span is not None and not span[0] <= target.frame_current <= span[1]:
        target.frame_set(round(span[0]))


def owners(root: bpy.types.Object) -> list[tuple[bpy.types.ID, str]]:
    """Return what holds each track of the avatar that has strips of its clips, and the track's name."""
    parts = roots.parts_of(root)
    keys = parts["skin"].data.shape_keys if "skin" in parts else None
    names = animation.SPEECH, performance.BLINKS, performance.GAZE, animation.EMOTION, animation.LIPS
    found: list[tuple[bpy.types.ID, str]] = [(keys, name) for name in names] if keys is not None else []
    return [*found, (parts[NECK], performance.HEAD_MOTION)] if NECK in parts else found


def strips(root: bpy.types.Object, number: int) -> list[tuple[bpy.types.ID, str, Any]]:
    """Return owner, track and strip of all that is left of a clip."""
    found = [(owner, name, actions.strip_of(owner, name, number)) for owner, name in owners(root)]
    return [(owner, name, strip) for owner, name, strip in found if strip is not None]


def shown(strip: Any) -> Span:
    """Return the first and the last frame of the scene on which a strip shows its clip, its leads left out."""
    stamp = strip.action[actions.STAMP]
    begin, end = max(strip.action_frame_start, stamp["start"]), min(strip.action_frame_end, stamp["end"])
    first = strip.frame_start + (begin - strip.action_frame_start) * strip.scale
    return first, max(first, strip.frame_end - (strip.action_frame_end - end) * strip.scale)


def span_of(root: bpy.types.Object, number: int) -> Span | None:
    """Return the first and the last frame of a clip, wherever the artist has moved its strips; None where all are deleted."""
    spans = [shown(strip) for _, _, strip in strips(root, number)]
    return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None


def spans(root: bpy.types.Object, *, but: int = 0) -> dict[int, Span]:
    """Return the spans of the avatar's clips by their numbers, in the order in which they play, without that of number `but`."""
    found = {clip.number: span_of(root, clip.number) for clip in root.ecavatar.clips if clip.number != but}
    return dict(sorted(((number, span) for number, span in found.items() if span is not None), key=lambda item: item[1]))


def last_frame(root: bpy.types.Object) -> float:
    """Return the last frame of the avatar's last clip; minus infinity where it has none."""
    return max((last for _, last in spans(root).values()), default=-math.inf)


def free_place(root: bpy.types.Object, length: int, wanted: int, *, fps: float, but: int = 0) -> int:
    """Return the first frame from `wanted` on where a clip of `length` frames has room between the others, but number `but`."""
    apart = max(math.ceil(LEAST * fps), 2 * SHORTEST)
    for first, last in spans(root, but=but).values():
        if wanted <= last + apart and wanted + length - 1 >= first - apart:
            wanted = math.floor(last) + apart + 1
    return wanted


def arrange(root: bpy.types.Object, *, ease: float = EASE) -> None:
    """Let all clips lead in and out of rest where there is room beside them; ease: seconds at most, 0 for none.

    The first clip begins, and the last one ends, as it was made. What an artist has edited or trimmed stays.
    """
    order = spans(root)
    ends = [-math.inf, *(last for _, last in order.values())], [*(first for first, _ in order.values()), math.inf]
    rooms = [(first - last - 1) / 2 for last, first in zip(*ends, strict=True)]
    wanted = {number: (rooms[place], rooms[place + 1]) for place, number in enumerate(order)}
    for enlarging in (False, True):             # first what gets shorter, or there would be no room for what gets longer
        for number, sides in wanted.items():
            for owner, _, strip in strips(root, number):
                longest = ease * strip.action[actions.STAMP]["fps"]
                before, after = (lead_frames(room, longest) for room in sides)
                lead(strip, owner, before=before, after=after, enlarging=enlarging)


def lead_frames(room: float, longest: float) -> float:
    """Return how many frames a lead lasts: none at the outer ends, or where so few are not worth it."""
    frames = math.floor(min(room, longest)) if room < math.inf else 0
    return float(frames) if frames >= SHORTEST else 0.0


def lead(strip: Any, owner: bpy.types.ID, *, before: float, after: float, enlarging: bool) -> None:
    """Let a strip show so many frames of lead before and after its clip; enlarging: only make leads longer, else only shorter."""
    action, stamp = strip.action, strip.action[actions.STAMP].to_dict()
    had = stamp.get("before", 0.0), stamp.get("after", 0.0)
    edge = max if enlarging else min
    new = edge(before, had[0]), edge(after, had[1])
    if new == had or actions.is_edited(action, owner):
        return
    begin, end, at = strip.action_frame_start, strip.action_frame_end, strip.frame_start
    if abs(begin - (stamp["start"] - had[0])) < 0.5:            # else the artist has trimmed it
        at += (had[0] - new[0]) * strip.scale
        begin = stamp["start"] - new[0]
    if abs(end - (stamp["end"] + had[1])) < 0.5:
        end = stamp["end"] + new[1]
    actions.lead_action(action, owner, before=new[0], after=new[1])
    actions.lay(strip, begin=begin, end=end, at=at)


def start_of(clip: Any) -> int:
    """Return the frame at which a clip begins."""
    span = span_of(clip.id_data, clip.number)
    return round(span[0]) if span is not None else 0


def length_of(clip: Any) -> float:
    """Return how many seconds a clip lasts."""
    for _, _, strip in strips(clip.id_data, clip.number):
        first, last = shown(strip)
        return float((last - first + 1) / strip.action[actions.STAMP]["fps"])
    return 0.0


def set_start(clip: Any, frame: int) -> None:
    """The artist moved a clip: its strips and its sound go there, or to the next place where it has room."""
    root = clip.id_data
    move(root, clip, frame)
    for target in [target for target in bpy.data.scenes if root.name in target.objects]:
        scene.cover(target, last_frame(root))


def move(root: bpy.types.Object, clip: Any, frame: int) -> None:
    """Move a clip to `frame`, or to the next place where it has room; strips keep their distances, and what is set of them."""
    number, span = clip.number, span_of(root, clip.number)
    if span is None:
        return
    arrange(root, ease=0.0)
    fps = next(float(strip.action[actions.STAMP]["fps"]) for _, _, strip in strips(root, number))
    late = free_place(root, math.ceil(span[1] - span[0]) + 1, frame, fps=fps, but=number) - span[0]
    for owner, name, strip in strips(root, number):
        track = owner.animation_data.nla_tracks[name]
        actions.place_strip(track, strip, track, owner, at=strip.frame_start + late)
    scene.move_sound(Path(clip.job), round(late), scene.scenes_of(root))
    arrange(root)


def remove(root: bpy.types.Object, index: int) -> list[str]:
    """Take a clip away: strips, keys, sound and settings; return what the artist should know. Its job folder stays."""
    clip, told = root.ecavatar.clips[index], []
    number = clip.number
    for owner, name, strip in strips(root, number):
        action = strip.action
        owner.animation_data.nla_tracks[name].strips.remove(strip)
        if actions.is_edited(action, owner):
            action.name, action.use_fake_user = f"{action.name} edited", True
            del action[actions.STAMP]
            told.append(action.name)
        elif not action.users:
            bpy.data.actions.remove(action)
    head.remove_fused(roots.parts_of(root), number)
    scene.remove_sound(Path(clip.job), scene.scenes_of(root))
    root.ecavatar.clips.remove(index)
    select(root, min(root.ecavatar.active_clip, len(root.ecavatar.clips) - 1))
    arrange(root)
    return animation.edits_kept(told)
