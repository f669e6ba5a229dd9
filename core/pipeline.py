"""The paper's method on one screen: a photo and a recording in, a baked talking head out."""

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from . import arrays
from .audio import read_audio
from .bake import bake
from .errors import InputError
from .face_detection import FaceDetector
from .face_fit import Anchors
from .files import digest, write_arrays, write_image
from .head_model import HeadBasis
from .image import read_photo
from .job import MOST_PHOTOS, Job, Request, locked
from .lip_controls import LipControls, closure_warnings
from .lipsync import LipNetwork, animate_lips, speech_warnings
from .messages import Report
from .mouth import measure_mouth
from .pack import DEFAULT, Pack
from .reconstruction import PhotoError, reconstruct
from .speech_encoder import SpeechEncoder

Tick = Callable[[float], None]
RESULTS = ("head.npz", "motion.npz", "bake.npz")
HEAD_FILES = ("head", "anchors", "face_landmarker")
SPEECH_FILES = ("head", "speech_encoder", "lip_network")


def animate(folder: Path, *, report: Report) -> Path:
    """Run the request in the job `folder`, skip stages whose inputs have not changed, return the manifest's path."""
    request = Request.read(folder)
    photos = tuple(existing(path, "photo") for path in (request.photo, *request.more_photos))
    audio = existing(request.audio, "recording")
    for name in (*RESULTS, "head.png"):
        for photo in photos:
            keep(photo, folder / name)
    pack = Pack.open(Path(request.pack) if request.pack else DEFAULT)
    head, motion, baked = (folder / name for name in RESULTS)

    with locked(folder):
        job = Job(folder, report)
        job.stage("head", (head, head.with_suffix(".png")), ([digest(photo) for photo in photos], pack.digests(*HEAD_FILES)),
                  lambda tick: write_head(photos, head, pack=pack, tick=tick))
        job.stage("speech", (motion,), (digest(audio), pack.digests(*SPEECH_FILES)),
                  lambda tick: write_motion(audio, motion, pack=pack, tick=tick))
        job.stage("bake", (baked,), (digest(head), digest(motion), request.fps, asdict(request.controls)),
                  lambda tick: write_bake(head, motion, baked, pack=pack, fps=request.fps, controls=request.controls))
        return job.finish(request, head_model=pack.digests("head")[0])


def write_head(photos: Sequence[Path], out: Path, *, pack: Pack, tick: Tick) -> tuple[str, ...]:
    """Photos of one person -> neutral head M_in and its texture (Sec. 3.2 and 4): `out` and the .png beside it; return warnings."""
    if out.suffix != ".npz":
        raise InputError("the head is written as .npz", out, "give it a name that ends in .npz")
    if not 1 <= len(photos) <= MOST_PHOTOS:
        raise InputError(f"{len(photos)} photos were given", photos[0] if photos else "photos",
                         f"choose 1 to {MOST_PHOTOS} of one person")
    for photo in photos:
        keep(existing(str(photo), "photo"), out.with_suffix(".png"))
    basis = HeadBasis.load(pack.path("head"))
    pictures = [read_photo(photo) for photo in photos]
    try:
        result = reconstruct(pictures, basis=basis, anchors=Anchors.load(pack.path("anchors")),
                             detector=FaceDetector.load(pack.path("face_landmarker")), tick=tick)
    except PhotoError as error:                         # the stage does not know where its pictures came from
        raise InputError(error.what, photos[error.index], error.advice) from error
    write_arrays(out, arrays.from_reconstruction(result, basis))
    write_image(out.with_suffix(".png"), result.head.albedo)
    return result.warnings


def write_motion(audio: Path, out: Path, *, pack: Pack, tick: Tick) -> tuple[str, ...]:
    """Recording -> lip motion M_lip(t) with teeth and tongue (Sec. 4.2, 3.4), and its measures; return warnings."""
    keep(existing(str(audio), "recording"), out)
    basis = HeadBasis.load(pack.path("head"))
    clip = read_audio(audio)
    motion = animate_lips(clip, encoder=SpeechEncoder.load(pack.path("speech_encoder")),
                          network=LipNetwork.load(pack.path("lip_network")), basis=basis, tick=tick)
    mouth = measure_mouth(basis, motion)
    write_arrays(out, arrays.from_motion(motion, mouth))
    return clip.warnings or speech_warnings(mouth.opening)


def write_bake(head: Path, motion: Path, out: Path, *, pack: Pack, fps: float, controls: LipControls) -> tuple[str, ...]:
    """Head and motion -> shapes, and weights on the scene's frames under the artist's controls; return warnings."""
    basis, track = HeadBasis.load(pack.path("head")), arrays.to_motion(motion)
    write_arrays(out, arrays.from_bake(bake(arrays.to_neutral(head), track, basis=basis, fps=fps, controls=controls)))
    return closure_warnings(track, controls, basis)


def existing(path: str, what: str) -> Path:
    """Return `path` if it names a file that can be read; raise InputError otherwise."""
    if not path or "\0" in path or not Path(path).is_file():
        raise InputError(f"there is no such {what}", path or "(none chosen)", "choose an existing file")
    if not os.access(path, os.R_OK):
        raise InputError(f"the {what} cannot be read", path, "change its permissions or choose another file")
    return Path(path)


def keep(source: Path, out: Path) -> None:
    """Raise InputError if writing `out` would overwrite the user's `source`."""
    if out.exists() and out.samefile(source):
        raise InputError("the result would overwrite what it is made from", out, "choose another name or folder for the result")
