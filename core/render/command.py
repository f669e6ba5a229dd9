"""A finished job as a picture or a film: what `python -m core render` does (docs/render.md)."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import InputError, JobError
from ..files import digest, read_json, write_image
from ..job import JobResult, locked, read_result, sources_digest
from ..pack import DEFAULT, Pack
from ..pipeline import keep
from ..speech.audio import read_audio
from .film import SOUND_RATE, film_library, write_film
from .frame import Settings, developed, render
from .portrait import Portrait

SMALLEST, LARGEST = 64, 2048    # pixels of a picture's side
Tick = Callable[[float], None]


def picture(job: Path, frame: int, out: Path, settings: Settings) -> None:
    """Render one frame of a finished job, from 0 on, as .png.

    Raises JobError for a job that is unfinished or damaged, InputError for a frame, size or name that cannot be.
    """
    check(job, out, settings, ".png")
    write_image(out, developed(render(prepared(read_result(job), hair=settings.hair), frame, settings)))


def film(job: Path, out: Path, settings: Settings, tick: Tick) -> None:
    """Render all frames of a finished job as .mp4 with its recording.

    Frames are kept in the job folder until the film is written, so that a run that was ended goes on where it was.
    Raises JobError and InputError as `picture`, and JobError while another process renders the same film.
    """
    check(job, out, settings, ".mp4")
    film_library()
    result = read_result(job)
    clip = read_audio(Path(result.audio), rate=SOUND_RATE)
    folder = job / f"render-{key(result, settings)}"
    with locked(folder):
        portrait = prepared(result, hair=settings.hair)
        paths = [folder / f"{number:06d}.png" for number in range(portrait.poser.frames)]
        for number, path in enumerate(paths):
            if not path.is_file():
                write_image(path, developed(render(portrait, number, settings)))
            tick((number + 1) / (len(paths) + 1))
        write_film(out, pictures(paths, settings.size), clip, size=settings.size, fps=float(result.bake["fps"]))
    remove(folder, paths)
    tick(1.0)


def check(job: Path, out: Path, settings: Settings, ending: str) -> None:
    """Raise InputError for a name of another ending, a size out of range, or a result that would replace one of the job's files."""
    if out.suffix.lower() != ending:
        what = "one frame is written as .png" if ending == ".png" else "without --frame a film is written, as .mp4"
        raise InputError(what, out, f"give it a name that ends in {ending}")
    if not SMALLEST <= settings.size <= LARGEST or settings.size % 2:
        raise InputError(f"the size is {settings.size} pixels", "--size", f"choose an even number from {SMALLEST} to {LARGEST}")
    if out.is_file() and (job / "manifest.json").is_file():
        manifest = read_json(job / "manifest.json", JobError)
        photos = manifest.get("photo", ""), *manifest.get("more_photos", ())
        for source in (job / "head.png", *map(Path, map(str, photos))):
            if source.is_file():
                keep(source, out)


def prepared(result: JobResult, *, hair: bool) -> Portrait:
    """Return the person of a job; raise JobError when it was made with another head model than the pack has."""
    pack = Pack.open(Path(result.pack) if result.pack else DEFAULT)
    if pack.digests("head")[0] != result.head_model:
        raise JobError("the job was made with another head model", result.folder, "generate it again")
    return Portrait.of(result, pack, hair=hair)


def key(result: JobResult, settings: Settings) -> str:
    """Return what names the frames of a film: they are those of this result, these settings and this version of the renderer."""
    values = [digest(result.folder / "manifest.json"), asdict(settings), sources_digest()]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:12]


def pictures(paths: list[Path], size: int) -> Iterator[NDArray[np.uint8]]:
    """Yield the pixels of each frame; raise JobError when a file is damaged."""
    for path in paths:
        try:
            with Image.open(path) as image:
                pixels = np.asarray(image.convert("RGB"))
        except (OSError, SyntaxError) as error:
            raise JobError("a frame is damaged", path, "delete it and run it again") from error
        if pixels.shape != (size, size, 3):
            raise JobError("a frame is damaged", path, "delete it and run it again")
        yield pixels


def remove(folder: Path, paths: list[Path]) -> None:
    """Take away the frames of a written film, and their folder if nothing else is in it."""
    for path in (*paths, *folder.glob(".*.part"), folder / ".lock"):
        path.unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()
