"""The paper's method on one screen: a photo and a recording in, a baked talking head out."""

from collections.abc import Callable
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
from .job import Job, Request
from .lipsync import LipNetwork, animate_lips
from .messages import Report
from .mouth import measure_mouth
from .pack import DEFAULT, Pack
from .reconstruction import reconstruct
from .speech_encoder import SpeechEncoder

Tick = Callable[[float], None]
HEAD_FILES = ("head", "anchors", "face_landmarker")
SPEECH_FILES = ("head", "speech_encoder", "lip_network")


def animate(folder: Path, *, report: Report) -> Path:
    """Run the request in the job `folder`, skip stages whose inputs have not changed, return the manifest's path."""
    request = Request.read(folder)
    photo, audio = existing(request.photo, "photo"), existing(request.audio, "recording")
    job = Job(folder, report)
    pack = Pack.open(Path(request.pack) if request.pack else DEFAULT)
    head, motion, baked = folder / "head.npz", folder / "motion.npz", folder / "bake.npz"

    job.stage("head", (head, head.with_suffix(".png")), (digest(photo), pack.digests(*HEAD_FILES)),
              lambda tick: write_head(photo, head, pack=pack, tick=tick))
    job.stage("speech", (motion,), (digest(audio), pack.digests(*SPEECH_FILES)),
              lambda tick: write_motion(audio, motion, pack=pack, tick=tick))
    job.stage("bake", (baked,), (digest(head), digest(motion), request.fps),
              lambda tick: write_bake(head, motion, baked, pack=pack, fps=request.fps))
    return job.finish(request)


def write_head(photo: Path, out: Path, *, pack: Pack, tick: Tick) -> tuple[str, ...]:
    """Photo -> neutral head M_in and its texture (Sec. 3.2 and 4): `out` and the .png beside it; return warnings."""
    basis = HeadBasis.load(pack.path("head"))
    picture = read_photo(existing(str(photo), "photo"))
    result = reconstruct(picture, basis=basis, anchors=Anchors.load(pack.path("anchors")),
                         detector=FaceDetector.load(pack.path("face_landmarker")), tick=tick)
    write_arrays(out, arrays.from_reconstruction(result, basis))
    write_image(out.with_suffix(".png"), result.head.albedo)
    return result.warnings


def write_motion(audio: Path, out: Path, *, pack: Pack, tick: Tick) -> tuple[str, ...]:
    """Recording -> lip motion M_lip(t) with teeth and tongue (Sec. 4.2, 3.4), and its measures; return warnings."""
    basis = HeadBasis.load(pack.path("head"))
    clip = read_audio(existing(str(audio), "recording"))
    motion = animate_lips(clip, encoder=SpeechEncoder.load(pack.path("speech_encoder")),
                          network=LipNetwork.load(pack.path("lip_network")), basis=basis, tick=tick)
    write_arrays(out, arrays.from_motion(motion, measure_mouth(basis, motion)))
    return clip.warnings


def write_bake(head: Path, motion: Path, out: Path, *, pack: Pack, fps: float) -> tuple[str, ...]:
    """Head and motion -> shapes, and weights on the scene's frames."""
    basis = HeadBasis.load(pack.path("head"))
    write_arrays(out, arrays.from_bake(bake(arrays.to_neutral(head), arrays.to_motion(motion), basis=basis, fps=fps)))
    return ()


def existing(path: str, what: str) -> Path:
    """Return `path` if it names a file; raise InputError otherwise."""
    if not path or not Path(path).is_file():
        raise InputError(f"there is no such {what}", path or "(none chosen)", "choose an existing file")
    return Path(path)
