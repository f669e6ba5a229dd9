"""An avatar's motion on a mesh of the artist's own: its mapping, the keys in the avatar's layers, and what the artist should know."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ..core.character.lip_pairs import find_pairs, gaps_of, gaps_of_ours
from ..core.character.mapping import CharacterMap, MappedKey
from ..core.character.retarget import CLOSING, JAW, KeyedLayers, retarget, trusted
from ..core.character.shape_names import detect
from ..core.character.shape_sources import GROUPS, folded
from ..core.errors import ECAvatarError, InputError
from ..core.types import Floats
from . import animation, followers, performance, scene, vrm
from .actions import FIRST, Curves, channels_of, lay, path_of, place_strip, strip_of, strips_of
from .motion_source import Source, sources_of

DECIMALS = 4                    # a strength is kept to; Blender stores single precision
STRAIGHT = 1e-6                 # a key this near to the line between its neighbours is left out
TRACKS = (animation.REST, animation.SPEECH, performance.BLINKS, performance.GAZE, animation.EMOTION, animation.LIPS)
AT_REST = {"clip": FIRST, "before": 0.0, "after": 0.0}
EMPTY = 0.1                     # of the jaw's farthest way: a mouthClose that goes less far shuts nothing; our lips go 0.6 of it
CUT = 0.01                      # of a weight, by which a slider's end is worth a word
NAMED = 5                       # keys that a message names


def keys_of(target: bpy.types.Object) -> bpy.types.Key:
    """Return the shape keys of the artist's mesh; raise InputError when they cannot be keyed."""
    keys = target.data.shape_keys if target.type == "MESH" else None
    if keys is None or len(keys.key_blocks) < 2:
        raise InputError("the mesh has no shape keys", target.name, "select the mesh of the face that has them")
    if not keys.is_editable:
        raise InputError("the mesh is linked from another file", target.name,
                         "make it local (Object > Relations > Make Local), its data too, or append it")
    if not keys.use_relative:
        raise InputError("the shape keys are absolute", target.name, "tick Relative in Properties > Data > Shape Keys")
    return keys


def names_of(keys: bpy.types.Key) -> tuple[str, ...]:
    """Return the names of the keys, the reference left out."""
    return tuple(block.name for block in keys.key_blocks if block != keys.reference_key)


def read(target: bpy.types.Object) -> None:
    """Find out what each of the mesh's keys shows and list it; raise InputError when it has none, or none that is known."""
    found = detect(names_of(keys_of(target)), vrm.expressions_of(target))
    show(target, found.mapping)
    target.ecavatar.character.convention = found.convention
    if not found.convention:
        raise InputError("none of its shape keys has a known name", target.name, "choose what each shows in the list")


def show(target: bpy.types.Object, mapping: CharacterMap) -> None:
    """Let the mesh's list show a mapping, its strengths too."""
    character = target.ecavatar.character
    character.keys.clear()
    for row in mapping.rows:
        shown = character.keys.add()
        shown.name, shown.source, shown.strength, shown.enabled = row.key, row.source, row.strength, row.enabled
    character.active = min(character.active, max(len(mapping.rows) - 1, 0))
    for group, strength in mapping.strengths.items():
        setattr(character, group, strength)


def mapping_of(target: bpy.types.Object) -> CharacterMap:
    """Return the mapping as the artist has it; raise InputError for a source that does not exist."""
    character = target.ecavatar.character
    rows = tuple(MappedKey(row.name, row.source, round(row.strength, DECIMALS), row.enabled) for row in character.keys)
    return CharacterMap(rows, {group: round(getattr(character, group), DECIMALS) for group in GROUPS})


def load(target: bpy.types.Object, path: Path) -> list[str]:
    """Show a preset's mapping for the keys that the mesh has, and return what the artist should know.

    Raises InputError, before anything is changed, when the preset is no good or knows none of the keys.
    """
    preset, names = CharacterMap.read(path), names_of(keys_of(target))
    known = {row.key: row for row in preset.rows}
    if not set(names) & set(known):
        raise InputError("the preset names no shape key of this mesh", path, "choose another, or press Find Shape Keys")
    show(target, CharacterMap(tuple(known.get(name, MappedKey(name, "", 1.0, False)) for name in names), preset.strengths))
    return told("the mesh lacks", [name for name in known if name not in names])


def apply(target: bpy.types.Object, others: list[bpy.types.Object], where: bpy.types.Scene) -> list[str]:
    """Key the motion on the mesh, let its child meshes and `others` follow, and return what the artist should know.

    Applying again brings the tracks up to date where they are. Raises ECAvatarError, before anything is changed, when the mesh
    cannot be keyed or there is nothing to play.
    """
    keys = keys_of(target)
    sources = sources_of(target, where)
    if not len(target.ecavatar.character.keys):
        read(target)
    mapping = mapping_of(target)
    present, driven = frozenset(names_of(keys)), followers.driven_keys(keys)
    usable = mapping.without(frozenset(row.key for row in mapping.driven if row.key not in present or row.key in driven))
    if not usable.driven:
        raise InputError("no shape key is driven", target.name, "choose what the keys show in Own Character, and enable them")
    said = told("the mesh no longer has", [row.key for row in mapping.driven if row.key not in present])
    said += told("other drivers move", [row.key for row in mapping.driven if row.key in driven])
    said += key_all(keys, target.name, sources, usable)
    found, listed = followers.find(target, others)
    said += told("these have a list of their own, so apply to them too:", [mesh.name for mesh in listed])
    for follower in found:
        rest = followers.follow(follower, keys, usable)
        if rest.driven:
            said += key_all(follower.data.shape_keys, follower.name, sources, rest)
    if target.data.users > 1:
        said.append(f"{target.data.users} objects share this mesh and all speak; {target.data.name}; "
                    "make it single-user (Object > Relations) if one alone should")
    said += told("muted, so it does not move:", [row.key for row in usable.driven if keys.key_blocks[row.key].mute])
    for source in sources:
        if abs(scene.frames_per_second(where) / source.motion.fps - 1) > 1e-3:
            said.append(f"the motion was made for {source.motion.fps:g} frames a second; {where.name}; generate it again")
        if source.result is not None:
            scene.play(where, target, source.result, start=where.frame_start, last=round(source.stamp["end"]))
    return list(dict.fromkeys(said))


def key_all(keys: bpy.types.Key, owner: str, sources: list[Source], mapping: CharacterMap) -> list[str]:
    """Key a mapping's layers of all clips on some shape keys and return what the artist should know."""
    said = [*free_tracks(keys), *push_down(keys, owner)]
    before = animated(keys)
    numbers = {source.clip for source in sources}
    for track in set(TRACKS) - {animation.REST}:
        for number, strip in strips_of(keys, track).items():
            if number not in numbers:                           # the avatar no longer has it
                keys.animation_data.nla_tracks[track].strips.remove(strip)
    kept, gaps = trusted(mapping, lip_gaps(keys, mapping))
    said += told("shuts no lips, so the jaw does:", [row.key for row in mapping.driven if row not in kept.driven])
    for source in sources:
        said += key(keys, owner, source, kept, gaps)
    for path in before - animated(keys):
        for block in keys.key_blocks:
            if path_of(block.name) == path:
                block.value = 0.0                               # nothing else would put it back
    return said


def lip_gaps(keys: bpy.types.Key, mapping: CharacterMap) -> Floats | None:
    """Return by how many of our millimetres each driven key (M,) parts the lips of this mesh.

    Where its lips are not found, its keys count as ours, but for a mouthClose that hardly moves anything: it shuts nothing. None where
    it lacks a key that opens the jaw or one that shuts the lips.
    """
    rows = mapping.driven
    by_source = {row.source: row.key for row in reversed(rows)}
    if JAW not in by_source or CLOSING not in by_source:
        return None

    def places(block: bpy.types.ShapeKey) -> Floats:
        found = np.empty(3 * len(block.data), np.float32)
        block.data.foreach_get("co", found)
        return found.reshape(-1, 3)

    def offsets(name: str) -> Floats:
        block = keys.key_blocks[name]
        return places(block) - places(block.relative_key)

    jaw, closing = offsets(by_source[JAW]), offsets(by_source[CLOSING])
    pairs = find_pairs(places(keys.reference_key), jaw, closing)
    if pairs is None:
        empty = np.abs(closing).max(initial=0) < EMPTY * np.abs(jaw).max(initial=0)
        return gaps_of_ours(tuple("" if empty and row.source == CLOSING else row.source for row in rows))
    return gaps_of(pairs, offsets, tuple(row.key for row in rows), by_source[JAW])


def key(keys: bpy.types.Key, owner: str, source: Source, mapping: CharacterMap, gaps: Floats | None) -> list[str]:
    """Key a mapping's layers of one clip on some shape keys and return what the artist should know; gaps: see `lip_gaps`."""
    said: list[str] = []
    layers, stamp = retarget(source.motion, mapping, gaps), source.stamp
    gains = {name: max(strength, 1.0) for name, strength in source.strengths.items()}
    speech, cut = held_in_sliders(keys, layers)
    said += told("a slider's range ends before the motion does:", cut)
    new = [name for name in TRACKS if not strips_of(keys, name)]
    frames = source.start + np.arange(len(speech), dtype=np.float64)
    written: dict[str, Curves] = {
        animation.REST: animation.rest_curves(layers.keys, start=source.start),
        animation.SPEECH: animation.dense_curves(layers.keys, speech, start=source.start),
        performance.BLINKS: thin_curves(layers.keys, gains[performance.BLINKS] * layers.blinks, frames),
        performance.GAZE: thin_curves(layers.keys, gains[performance.GAZE] * layers.gaze, frames),
        animation.EMOTION: thin_curves(layers.keys, gains[animation.EMOTION] * layers.emotion, frames),
        animation.LIPS: animation.dense_curves(layers.keys, gains[animation.LIPS] * layers.lips, start=source.start)}
    for name, curves in written.items():
        note = stamp | ({"gain": gains[name]} if name in gains else {}) | (AT_REST if name == animation.REST else {})
        added = "ADD" if name in (animation.EMOTION, animation.LIPS) else "REPLACE"
        kept = animation.set_track(keys, owner, name, curves, note, blend_type=added)
        said += animation.edits_kept([kept])
        if source.keys is not None:
            take_place(keys, source.keys, name, int(note["clip"]), new=name in new)
    for name, strength in source.strengths.items():
        said += animation.set_strength(keys, strength, (name,), clip=source.clip)
    return said


def animated(keys: bpy.types.Key) -> set[str]:
    """Return the paths that our actions key."""
    return {curve.data_path for track in TRACKS for strip in strips_of(keys, track).values()
            for curve in channels_of(strip.action, keys)[1]}


def thin_curves(names: tuple[str, ...], weights: Floats, frames: Any) -> Curves:
    """Return the keys of weights (T, M) at `frames` (T,) without those on a straight line between their neighbours."""
    curves: dict[str, tuple[Any, Floats]] = {}
    for name, column in zip(names, weights.T, strict=True):
        if column.any():
            kept = np.ones(len(column), bool)
            kept[1:-1] = np.abs(np.diff(column, 2)) > STRAIGHT
            curves[name] = frames[kept], column[kept]
    return curves


def held_in_sliders(keys: bpy.types.Key, layers: KeyedLayers) -> tuple[Floats, list[str]]:
    """Return the speech (T, M) within the keys' slider ranges, which Blender holds every key to, and the names of those it cuts."""
    blocks = [keys.key_blocks[name] for name in layers.keys]
    low, high = (np.array([getattr(block, end) for block in blocks], np.float32) for end in ("slider_min", "slider_max"))
    total = np.maximum(layers.speech + layers.emotion + layers.lips, np.maximum(layers.blinks, layers.gaze))
    beyond = np.maximum(total - high, low - total).max(axis=0)
    return np.clip(layers.speech, low, high), [name for name, far in zip(layers.keys, beyond, strict=True) if far > CUT]


def free_tracks(keys: bpy.types.Key) -> Iterator[str]:
    """Give tracks of the artist's that have our names another one, and say so."""
    for track in keys.animation_data.nla_tracks if keys.animation_data is not None else ():
        if track.name in TRACKS and track.strips and not strips_of(keys, track.name):
            old, track.name = track.name, f"{track.name} own"
            yield f"your NLA track {old} is now named {track.name}"


def push_down(keys: bpy.types.Key, owner: str) -> Iterator[str]:
    """Put an active action, which would hide the tracks, on an NLA track of its own below ours, and say so.

    Beside our tracks it is the artist's edit on top of them: it stays, and is named.
    """
    data = keys.animation_data or keys.animation_data_create()
    if data.use_tweak_mode:
        data.use_tweak_mode = False
    data.use_nla = True
    if (action := data.action) is None:
        return
    if strips_of(keys, animation.SPEECH):
        yield f"an active action plays over the tracks; {action.name}; push it down or unlink it to see what is below"
        return
    slot = getattr(data, "action_slot", None)
    data.action = None
    track = data.nla_tracks.new()
    track.name = action.name
    strip = track.strips.new(action.name, int(action.frame_range[0]), action)
    if slot is not None:
        strip.action_slot = slot
    yield f"the active action of {owner} is now the NLA track {track.name}, below the avatar's"


def take_place(keys: bpy.types.Key, avatar: bpy.types.Key, name: str, clip: int, *, new: bool) -> None:
    """Lay a clip's strip of a track where the avatar's lies; a new track is mute where the avatar's is."""
    strip, model = strip_of(keys, name, clip), strip_of(avatar, name, clip)
    if strip is None or model is None:
        return
    track = keys.animation_data.nla_tracks[name]
    if len(track.strips) > 1:
        strip = place_strip(track, strip, track, keys, at=model.frame_start)
    strip.scale, strip.repeat = model.scale, model.repeat
    lay(strip, begin=model.action_frame_start, end=model.action_frame_end, at=model.frame_start)
    strip.frame_end = model.frame_end
    if new:
        keys.animation_data.nla_tracks[name].mute = avatar.animation_data.nla_tracks[name].mute


def told(what: str, names: list[str]) -> list[str]:
    """Return a sentence that names some keys, or none where there are none."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return [f"{what} {', '.join(names[:NAMED])}{more}"] if names else []


def missing(target: bpy.types.Object) -> str:
    """Return the shapes that no key of the mesh shows, as a text; what is wrong with the mapping where it cannot be read."""
    try:
        lacking = mapping_of(target).missing()
    except ECAvatarError as error:
        return str(error)
    return f"no key shows {', '.join(folded(lacking))}" if lacking else ""
