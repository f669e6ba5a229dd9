"""Small valid files of every kind that the engine reads, harmed at random, and the function that reads each kind.

`python -m benchmarks.mutated_files SEED FIRST LAST FOLDER` harms and reads the files FIRST..LAST of a seed, in this one process: it
prints each number before it reads the file, and ends with the number of those that were read and that were refused in a sentence.
A file that takes longer than HANG seconds ends the process by SIGALRM, so that code in C is ended, too.
"""

import faulthandler
import io
import json
import resource
import signal
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image, ImageCms

from core.emotion.windows import read_track
from core.errors import ECAvatarError, JobError
from core.files import read_arrays
from core.head.model import HeadBasis
from core.job import RESULT_FORMAT, Request, read_result
from core.messages import parse
from core.pack import Pack
from core.pack_archive import NEEDED, describe, install
from core.pack_catalogue import read_catalogue
from core.pictures.image import read_photo
from core.speech.audio import read_audio

HANG = 5                        # seconds
MEMORY = 4 << 30                # bytes of address space; the bound on what is really used is the benchmark's
RATE, SIDE = 16_000, 80
NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
Door = Callable[[Path], object]


def recordings() -> dict[str, bytes]:
    """Return a fifth of a second of tone in every container that artists use."""
    tone = (0.3 * np.sin(np.arange(RATE // 5) * 0.1)).astype(np.float32)
    found = {}
    for kind, subtype in (("WAV", "PCM_16"), ("WAV", "FLOAT"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III"),
                          ("AIFF", "PCM_16"), ("CAF", "ALAC_16"), ("W64", "PCM_16"), ("AU", "ULAW")):
        out = io.BytesIO()
        soundfile.write(out, tone, RATE, format=kind, subtype=subtype)
        found[f"{kind}-{subtype}"] = out.getvalue()
    return found


def photos() -> dict[str, bytes]:
    """Return a small picture in every format that is read, with turning, a colour profile and transparency."""
    ramp = np.arange(SIDE, dtype=np.uint8)
    pixels = np.dstack([np.tile(ramp, (SIDE, 1)), np.tile(ramp[:, None], (1, SIDE)), np.full((SIDE, SIDE), 90, np.uint8)])
    image, exif = Image.fromarray(pixels), Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    found = {}
    for kind, source in (("JPEG", image), ("PNG", image.convert("RGBA")), ("WEBP", image), ("TIFF", image), ("BMP", image),
                         ("PNG-palette", image.convert("P")), ("TIFF-deep", Image.fromarray(pixels[..., 0].astype(np.uint16) * 256))):
        out = io.BytesIO()
        extra = {} if kind == "BMP" or "-" in kind else {"exif": exif, "icc_profile": profile}
        source.save(out, format=kind.split("-")[0], **extra)
        found[kind] = out.getvalue()
    return found


def pack_zip() -> bytes:
    """Return a pack as a zip, of one small file each."""
    out = io.BytesIO()
    entries = {name: {"path": f"{name}.bin", "sha256": "0" * 64, "licence": "CC0-1.0", "source": "nowhere"} for name in NEEDED}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("small/pack.json", json.dumps({"format": 1, "name": "small", "version": "1", "files": entries}))
        for name in NEEDED:
            archive.writestr(f"small/{name}.bin", name * 9)
    return out.getvalue()


def arrays() -> bytes:
    """Return an .npz of two arrays."""
    out = io.BytesIO()
    np.savez_compressed(out, names=np.array(["a", "b"]), weights=np.ones((4, 2), np.float32))
    return out.getvalue()


def texts() -> dict[str, tuple[str, str, Door]]:
    """Return JSON files by kind: the name they have in their folder, a valid text, and what reads them."""
    window = {"start": 0.0, "end": 1.0, "category": "happy", "level": 2.0, "probabilities": {}, "locked": False}
    offer = {"name": "a", "version": "1", "description": "d", "url": "https://example.invalid/a.zip", "bytes": 5, "sha256": "0" * 64,
             "licence": "CC0", "source": "s"}
    request = {"format": 1, "photo": "a.jpg", "audio": "a.wav", "pack": "", "fps": 24.0, "more_photos": [], "emotion": "auto",
               "controls": {"jaw_strength": 1.2, "gains": {"jawOpen": 2.0}}, "emotions": {"window": 2.0, "windows": [window]},
               "take": 3}
    pack = {"format": 1, "name": "a", "files": {"head": {"path": "a.bin", "sha256": "0" * 64}}}
    manifest = {"format": RESULT_FORMAT, "files": {"head.npz": "0" * 64}}
    return {"pack.json": ("pack.json", json.dumps(pack), lambda path: Pack.open(path.parent)),
            "request.json": ("request.json", json.dumps(request), lambda path: Request.read(path.parent)),
            "manifest.json": ("manifest.json", json.dumps(manifest), lambda path: read_result(path.parent)),
            "emotion.json": ("emotion.json", json.dumps({"windows": [window], "transition": 0.4}), read_track),
            "catalogue.json": ("catalogue.json", json.dumps({"format": 1, "packs": [offer]}), read_catalogue),
            "message": ("message", '{"kind": "progress", "stage": "head", "fraction": 0.5}',
                        lambda path: parse(path.read_text(encoding="utf-8", errors="replace")))}


def doors() -> list[tuple[str, str, bytes, Door]]:
    """Return every kind of file: its kind, its name in a folder, a valid one, and what reads it."""
    found: list[tuple[str, str, bytes, Door]] = []
    found += [(kind, f"recording.{kind.split('-')[0].lower()}", content, read_audio) for kind, content in recordings().items()]
    found += [(kind, f"photo.{kind.split('-')[0].lower()}", content, read_photo) for kind, content in photos().items()]
    found += [("pack, described", "pack.zip", pack_zip(), describe),
              ("pack, installed", "pack.zip", pack_zip(), lambda path: install(path, path.parent / "packs")),
              ("arrays", "arrays.npz", arrays(), lambda path: read_arrays(path, ("names", "weights"), JobError)),
              ("head model", "head.npz", arrays(), HeadBasis.load)]
    return found + [(kind, name, text.encode(), door) for kind, (name, text, door) in texts().items()]


def harm(content: bytes, random: np.random.Generator) -> bytes:
    """Return `content` with one to eight changes: bits and bytes, numbers that mean much, parts cut, doubled, moved or zeroed."""
    data = bytearray(content)
    for _ in range(int(random.integers(1, 9))):
        near = len(data) if random.random() < 0.5 else min(len(data), 128)      # headers decide more than what follows
        place = int(random.integers(0, max(near, 1)))
        length = int(random.integers(1, 33))
        match int(random.integers(0, 8)):
            case 0 if data:
                data[place % len(data)] ^= 1 << int(random.integers(0, 8))
            case 1:
                data[place:place + length] = random.bytes(length)
            case 2:
                width = int(random.choice((1, 2, 4)))
                number = NUMBERS[int(random.integers(0, len(NUMBERS)))] & ((1 << 8 * width) - 1)
                data[place:place + width] = number.to_bytes(width, "little" if random.random() < 0.5 else "big")
            case 3:
                del data[place:]
            case 4:
                del data[place:place + length]
            case 5:
                data[place:place] = data[place:place + length] * int(random.integers(1, 9))
            case 6:
                data[place:place + length] = bytes(min(length, max(len(data) - place, 0)))
            case _:
                other = int(random.integers(0, max(len(data), 1)))
                data[place:place] = data[other:other + length]
    return bytes(data)


def read_range(seed: int, first: int, last: int, folder: Path) -> tuple[int, int]:
    """Harm and read the files first..last; return how many were read and how many refused.

    Anything but an ECAvatarError is raised: it is a bug. The file at fault stays in `folder`.
    """
    kinds, counts = doors(), [0, 0]
    for number in range(first, last + 1):
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        _, name, content, door = kinds[number % len(kinds)]
        path = folder / name
        path.write_bytes(harm(content, np.random.default_rng((seed, number))))
        signal.alarm(HANG)
        try:
            door(path)
            counts[0] += 1
        except ECAvatarError as error:
            assert "\n" not in str(error), error
            counts[1] += 1
        signal.alarm(0)
        path.unlink()
    return counts[0], counts[1]


def own_peak() -> int:
    """Return the most memory this program has held, KB; getrusage counts that of the process it was started from, too."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1])


def main() -> None:
    """Read the range that the command line names, with bounded memory; print counts and the peak of memory in MB."""
    seed, first, last = map(int, sys.argv[1:4])
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    read, refused = read_range(seed, first, last, Path(sys.argv[4]))
    peak = own_peak() / 1024
    sys.stdout.write(json.dumps({"read": read, "refused": refused, "peak": round(peak)}) + "\n")


if __name__ == "__main__":
    main()
