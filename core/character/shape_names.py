"""Whose names a character's shape keys have, and what each key shows: ARKit, VRM, visemes, MakeHuman, Reallusion, Audio2Face."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .mapping import CharacterMap, MappedKey, kind_of
from .shape_sources import DIRECT, recipe_of
from .shape_spellings import ALIASES, CONSONANTS, LEAST_SOUNDS, PLAIN, SOUNDS, STRENGTHS, UNSIDED, WHOLE

WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_a-zA-Z]+")
SIDES = {"l": "Left", "left": "Left", "r": "Right", "right": "Right"}
SHARED = 3                      # keys that begin with the same words, from which on these may be a prefix
EXACT, ONE_SIDE, MEAN, ALIAS = 0, 1, 2, 4       # ranks of a finding: the lower, the surer
ARKIT, SOUND_TAGS = "ARKit", ("Oculus visemes", "VRM")


@dataclass(frozen=True)
class Finding:
    """What a key shows, whose spelling it has, how sure that is (lower is surer), and how much of the key it takes."""

    source: str
    tag: str
    rank: int
    strength: float = 1.0


@dataclass(frozen=True)
class Detection:
    """The map of a mesh's keys, and whose names they are, for the artist to read; "" where none is known."""

    mapping: CharacterMap
    convention: str


def detect(keys: Sequence[str], known_as: Mapping[str, tuple[str, float]] | None = None) -> Detection:
    """Return what each of a mesh's keys shows; keys that say the same twice, or visemes beside an ARKit mouth, are disabled.

    keys: names without the basis; known_as: what a file calls some of them besides, and how much of the key that is, for those whose
    own name says nothing. A key of unknown name gets no source.
    """
    spelt = {key: words(key) for key in keys}
    prefixes = shared_prefixes(list(spelt.values()))
    heard = {text[-1] for text in spelt.values() if text and text[-1] in SOUNDS}
    bare = len({SOUNDS[sound] for sound in heard}) >= LEAST_SOUNDS
    sounds_tag = SOUND_TAGS[0] if any(sound in heard for sound in CONSONANTS) else SOUND_TAGS[1]
    found: dict[str, Finding] = {}
    for key, text in spelt.items():
        finding = find(text, prefixes, bare=bare, sounds_tag=sounds_tag)
        if finding is None and known_as is not None and key in known_as:
            name, share = known_as[key]
            finding = find(words(name), frozenset(), bare=True, sounds_tag=SOUND_TAGS[1])
            finding = None if finding is None else replace(finding, strength=finding.strength * share)
        if finding is not None:
            found[key] = finding
    enabled = chosen(found)
    unknown = Finding("", "", EXACT)
    rows = tuple(MappedKey(key, finding.source, finding.strength, key in enabled)
                 for key, finding in ((key, found.get(key, unknown)) for key in keys))
    tags = Counter(found[key].tag for key in enabled)
    return Detection(CharacterMap(rows), ", ".join(tag for tag, _ in tags.most_common() if tag != "other"))


def words(key: str) -> tuple[str, ...]:
    """Return the words of a key's name in small letters, without a copy's number: "MouthSmile.L.001" -> mouth smile l."""
    found = [word.lower() for word in WORD.findall(key)]
    if len(found) > 1 and re.fullmatch(r"0\d\d", found[-1]):
        found.pop()
    return tuple(found)


def shared_prefixes(spelt: Sequence[tuple[str, ...]]) -> frozenset[tuple[str, ...]]:
    """Return the first words that several keys have in common, each longer prefix among them."""
    counts = Counter(text[:length] for text in spelt for length in range(1, len(text)))
    return frozenset(prefix for prefix, count in counts.items() if count >= min(SHARED, len(spelt)))


def find(text: tuple[str, ...], prefixes: frozenset[tuple[str, ...]], *, bare: bool, sounds_tag: str) -> Finding | None:
    """Return what these words mean, or mean after a prefix that other keys have too (or a number, "A25_"); None if nothing.

    bare: whether sounds count without the word "viseme".
    """
    for length in range(len(text)):
        prefix, rest = text[:length], text[length:]
        spoken = prefix[-1:] == ("viseme",) or prefix == ("vrc", "v")
        if length and not spoken and not prefix[-1].isdigit() and prefix not in prefixes:
            continue
        if (finding := look_up(rest)) is not None:
            return finding
        if len(rest) == 1 and rest[0] in SOUNDS and (bare or spoken):
            return Finding(SOUNDS[rest[0]], sounds_tag, EXACT)
    return None


def look_up(text: tuple[str, ...]) -> Finding | None:
    """Return what words mean in one of the known spellings: as a whole, then side and rest apart."""
    joined = "".join(text)
    if joined in PLAIN:
        return Finding(PLAIN[joined], ARKIT, EXACT)
    for tag, table in WHOLE.items():
        if joined in table:
            return Finding(table[joined], tag, EXACT)
    place = next((index for index in (len(text) - 1, *range(len(text) - 1)) if text[index] in SIDES), None)
    side = SIDES[text[place]] if place is not None else ""
    base = "".join(text[:place] + text[place + 1:]) if place is not None else joined
    if base + side.lower() in PLAIN:
        return Finding(PLAIN[base + side.lower()], ARKIT, EXACT)
    if base in UNSIDED:
        return Finding(UNSIDED[base], ARKIT, ONE_SIDE if side else MEAN if UNSIDED[base] not in PLAIN.values() else EXACT)
    for tag, table in ALIASES.items():
        if base in table:
            return replace(sided(table[base], side, tag), strength=STRENGTHS.get(base, 1.0))
    return None


def sided(name: str, side: str, tag: str) -> Finding:
    """Return the finding for an alias of the shape `name` on a side, "" for both."""
    if name + side in DIRECT:
        return Finding(name + side, tag, ALIAS + (MEAN if not side and name not in PLAIN.values() else 0))
    return Finding(name, tag, ALIAS + ONE_SIDE)


def chosen(found: dict[str, Finding]) -> frozenset[str]:
    """Return the keys that are driven: of those that show the same shape the surest, and of visemes and emotions only what
    shapes do not show already.
    """
    best: dict[str, int] = {}
    for finding in found.values():
        for shape in shown(finding):
            best[shape] = min(best.get(shape, finding.rank), finding.rank)
    kept = {key for key, finding in found.items() if any(best[shape] == finding.rank for shape in shown(finding))}
    shapes = {shape for key in kept if kind_of(found[key].source) == "shape" for shape in recipe_of(found[key].source)}
    if "jawOpen" in shapes:
        kept = {key for key in kept if kind_of(found[key].source) != "viseme"}
    if any(shape.startswith("brow") for shape in shapes):
        kept = {key for key in kept if kind_of(found[key].source) != "emotion"}
    once: dict[str, str] = {}
    for key in found:                           # of two keys for the same sound the first: together they would double it
        if key in kept and kind_of(found[key].source) != "shape":
            once.setdefault(found[key].source, key)
    return frozenset(key for key in kept if once.get(found[key].source, key) == key and found[key].source != "emotion_relaxed")


def shown(finding: Finding) -> tuple[str, ...]:
    """Return what a finding competes for: our shapes, or its own viseme or emotion."""
    return tuple(recipe_of(finding.source)) if kind_of(finding.source) == "shape" else (finding.source,)
