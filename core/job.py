"""Job folders between Blender and the worker (docs/job_folder.md).

request.json goes in. Each stage leaves one file, written whole, and its key in stages.json: a stage whose inputs have
not changed is not run again. manifest.json is written last; its presence means that the result is complete.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .choices import AUTO as AUTO
from .choices import HAIRCUT, Fringe, Hair, Hairline, Parting, Waves
from .choices import MOST_PHOTOS as MOST_PHOTOS
from .choices import MOST_RECORDINGS as MOST_RECORDINGS
from .choices import MOST_TAKES as MOST_TAKES
from .choices import PREVIEWS as PREVIEWS
from .emotion.windows import EmotionSettings, read_track
from .errors import InputError, JobError
from .files import Arrays, digest, read_arrays, read_json, write_json
from .hair.haircut import HEAD_LATER, Haircut
from .locks import held
from .messages import Message, Report, progress
from .speech.lip_controls import LipControls
from .stage_store import Record, StageStore
from .types import EmotionTrack

FORMAT = 1                      # of a request
RESULT_FORMAT = 3               # of a result; 1 had no look.npz and no `rest`, 2 no parting, no waves and no `white_of_eye`
HEAD_ARRAYS = ("vertices", "faces", "landmarks68", "identity", "rest", "iris_colour", "white_of_eye", "hair_colour", "hair_length",
               "hair_volume", "hair_parting", "hair_waves", "fringe", "brow_colour", "brow_density", "reprojection_percent",
               "confidence", "advice")
MOTION_ARRAYS = ("names", "weights", "fps", "jaw_angle", "open", "round", "labdent")
RHYTHM_ARRAYS = ("loudness", "pitch", "fps")
PERFORMANCE_ARRAYS = ("blinks", "gaze_times", "gaze_angles", "head_times", "head_angles")
BAKE_ARRAYS = ("names", "offsets", "corrective_names", "corrective_pairs", "corrective_gains", "corrective_offsets", "weights",
               "jaw_angles", "jaw_pivot", "neck_pivot", "neck_base", "neck_weights", *PERFORMANCE_ARRAYS, "emotion_times",
               "emotion_weights", "emotion_lips", "fusion_offsets", "fusion_weights", "fusion_error", "fps", "duration")
STAGES_OF_HEAD = {"head": ("head.npz", "head.png"), "look": ("look.npz", *PREVIEWS)}
RESULTS = ("head.npz", "head.png", "look.npz", "motion.npz", "emotion.json", "bake.npz")


@dataclass(frozen=True)
class Request:
    """What the user asked for: photo and audio are paths, pack a folder ("" the default one), fps the scene's, more_photos up to
    four paths of further photos of the same person, controls of the lips; emotion "auto" or "CATEGORY:LEVEL", emotions how it is taken
    from the recording, same_voice up to MOST_RECORDINGS paths of further recordings of the voice, to know its manner from; take, which
    of the possible blinks, glances and head motions of the recording; hair, fringe, parting, waves and hairline, how hair is worn;
    few_keys, whether they are made of the bake, which Blender else does when it imports it."""

    photo: str
    audio: str
    pack: str = ""
    fps: float = 24.0
    more_photos: tuple[str, ...] = ()
    controls: LipControls = field(default_factory=LipControls)
    emotion: str = AUTO
    emotions: EmotionSettings = field(default_factory=EmotionSettings)
    same_voice: tuple[str, ...] = ()
    take: int = 0
    hair: Hair = "PHOTO"
    fringe: Fringe = "PHOTO"
    parting: Parting = "PHOTO"
    waves: Waves = "PHOTO"
    hairline: Hairline = "PHOTO"
    few_keys: bool = False

    @property
    def cut(self) -> Haircut:
        """How the hair is to be cut and worn."""
        return Haircut(self.hair, self.fringe, self.parting, self.waves, self.hairline)

    def write(self, folder: Path) -> None:
        """Write this request as `folder`/request.json; an older manifest is taken away first.

        Raises InputError for a frame rate out of range, JobError when the folder cannot be written.
        """
        check_rate(self.fps)
        try:
            (folder / "manifest.json").unlink(missing_ok=True)
        except OSError as error:
            raise JobError(f"cannot use the job folder ({error.strerror})", folder, "choose another folder") from error
        write_json(folder / "request.json", {"format": FORMAT, **asdict(self)})

    @classmethod
    def read(cls, folder: Path) -> "Request":
        """Read `folder`/request.json; raise JobError when it is damaged or of another format, InputError for values out of range."""
        path = folder / "request.json"
        values = read_json(path, JobError)
        if values.pop("format", None) != FORMAT:
            raise JobError("the job was made by another version", path, "generate it again")
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        strings = all(isinstance(known.get(name, ""), str) for name in ("photo", "audio", "pack", "emotion"))
        fps, take = known.get("fps", 24.0), known.get("take", 0)
        for more in (known.get("more_photos", []), known.get("same_voice", [])):
            strings = strings and isinstance(more, list) and all(isinstance(path, str) for path in more)
        numbers = isinstance(fps, int | float) and isinstance(take, int) and 0 <= take < MOST_TAKES
        numbers = numbers and isinstance(known.get("few_keys", False), bool)
        strings = strings and Haircut(*(known.get(name, "PHOTO") for name in HAIRCUT)).known
        if not strings or not numbers or "photo" not in known or "audio" not in known:
            raise JobError("the request is incomplete or of the wrong types", path, "generate it again")
        check_rate(fps)
        lists = {name: tuple(known.get(name, ())) for name in ("more_photos", "same_voice")}
        return cls(**{**known, **lists, "controls": LipControls.from_json(known.get("controls", {})),
                      "emotions": EmotionSettings.from_json(known.get("emotions", {}))})


def check_rate(fps: float) -> None:
    """Raise InputError unless `fps` is a usable frame rate."""
    if not 1.0 <= fps <= 240.0:
        raise InputError(f"the scene's frame rate is {fps}", "Output properties", "choose one from 1 to 240")


class Job:
    """One job folder being worked on: runs stages, or takes their results from an earlier run."""

    def __init__(self, folder: Path, report: Report, store: StageStore | None = None) -> None:
        """Open `folder` for work: no manifest until `finish`, no left-overs of a killed run.

        store: where results are shared with other jobs. Raises JobError when the folder cannot be written.
        """
        self.folder, self.report, self.store = folder, report, store
        self.seconds: dict[str, float] = {}
        self.shared: dict[str, bool] = {}       # whether a stage's result came from another job
        self.warnings: list[str] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for leftover in (folder / "manifest.json", *folder.glob(".*.part")):
                leftover.unlink(missing_ok=True)
        except OSError as error:
            raise JobError(f"cannot use the job folder ({error.strerror})", folder, "choose another folder") from error
        self.place = folder.stat().st_ino
        self.stages: dict[str, Any] = {}
        with suppress(JobError):                # damaged or absent: every stage runs again
            self.stages = read_json(folder / "stages.json", JobError)

    def stage(self, name: str, files: Sequence[Path], inputs: Sequence[object],
              run: Callable[[Callable[[float], None]], Sequence[str]]) -> None:
        """Make this stage's `files` by `run`, unless they are here unharmed and `inputs` are as before.

        `run` takes a function to report its fraction to and returns warnings for the user.
        """
        key = hashlib.sha256(json.dumps([sources_digest(), *inputs]).encode()).hexdigest()
        started = time.perf_counter()
        done = self.stages.get(name)
        if not (isinstance(done, dict) and done.get("key") == key and self.unharmed(done.get("files"), files)):
            done = {"key": key, **self.made(name, key, files, run)}
            self.check_place()
            self.stages[name] = done
            write_json(self.folder / "stages.json", self.stages)
        for warning in done["warnings"]:
            self.warn(warning)
        self.report(Message("progress", stage=name, fraction=1.0))
        self.seconds[name] = round(time.perf_counter() - started, 3)

    def check_place(self) -> None:
        """Raise JobError when the folder was deleted under us: what is written now would be half a result."""
        if not self.folder.is_dir() or self.folder.stat().st_ino != self.place:
            raise JobError("the job folder was deleted while the avatar was made", self.folder, "generate it again")

    def made(self, name: str, key: str, files: Sequence[Path], run: Callable[[Callable[[float], None]], Sequence[str]]) -> Record:
        """Make this stage's `files` by `run`, or take them from the store; return their sums and the warnings."""
        def fresh() -> Record:
            warnings = list(run(progress(self.report, name)))
            return {"files": {file.name: digest(file) for file in files}, "warnings": warnings}

        if self.store is None:
            return fresh()
        record, self.shared[name] = self.store.share(name, key, files, fresh)
        return record

    @staticmethod
    def unharmed(recorded: object, files: Sequence[Path]) -> bool:
        """Whether `files` are all here with the recorded sha256."""
        return isinstance(recorded, dict) and all(
            file.is_file() and digest(file) == recorded.get(file.name) for file in files)

    def warn(self, text: str) -> None:
        """Tell the user, and keep it for the manifest."""
        self.warnings.append(text)
        self.report(Message("warning", text=text))

    def finish(self, request: Request, *, head_model: str) -> Path:
        """Write manifest.json, which declares the result complete, and return its path; head_model: its sha256."""
        files = {file: value for done in self.stages.values() for file, value in done["files"].items()}
        path = self.folder / "manifest.json"
        write_json(path, {"format": RESULT_FORMAT, "files": files, "head_model": head_model, "seconds": self.seconds,
                          "shared": sorted(name for name, is_shared in self.shared.items() if is_shared),
                          "warnings": self.warnings, "photo": request.photo,
                          "more_photos": list(request.more_photos), "audio": request.audio, "pack": request.pack,
                          "controls": asdict(request.controls), "emotion": request.emotion,
                          "emotions": asdict(request.emotions), "same_voice": list(request.same_voice), "take": request.take,
                          **{name: getattr(request, name) for name in HAIRCUT}})
        return path


@dataclass(frozen=True)
class JobResult:
    """A complete, verified result: arrays of head, motion and bake as docs/job_folder.md lists them, and the emotions over time."""

    folder: Path
    head: Arrays
    motion: Arrays
    bake: Arrays
    felt: EmotionTrack
    warnings: tuple[str, ...]
    audio: str
    pack: str
    head_model: str
    controls: LipControls
    emotion: str
    emotions: EmotionSettings
    same_voice: tuple[str, ...]
    take: int

    @property
    def albedo(self) -> Path:
        """Path of the skin's albedo image."""
        return self.folder / "head.png"

    @property
    def look(self) -> Path:
        """Path of the look (core/hair/look.py)."""
        return self.folder / "look.npz"


def read_result(folder: Path) -> JobResult:
    """Verify and load the result in `folder`; raise JobError when it is unfinished, damaged or of another version."""
    path = folder / "manifest.json"
    if not path.is_file():
        raise JobError("the job has no finished result", folder, "generate it again")
    manifest = read_json(path, JobError)
    files = manifest.get("files")
    if manifest.get("format") != RESULT_FORMAT or not isinstance(files, dict):
        raise JobError("the result was made by another version", path, "generate it again")
    for name in RESULTS:
        file = folder / name
        if not file.is_file() or digest(file) != files.get(name):
            raise JobError("a file of the result is missing or damaged", file, "generate it again")
    return JobResult(folder, read_arrays(folder / "head.npz", HEAD_ARRAYS, JobError, later=HEAD_LATER),
                     read_arrays(folder / "motion.npz", MOTION_ARRAYS, JobError),
                     read_arrays(folder / "bake.npz", BAKE_ARRAYS, JobError), read_track(folder / "emotion.json"),
                     tuple(map(str, manifest.get("warnings", ()))), str(manifest.get("audio", "")),
                     str(manifest.get("pack", "")), str(manifest.get("head_model", "")),
                     LipControls.from_json(manifest.get("controls", {})), str(manifest.get("emotion", AUTO)),
                     EmotionSettings.from_json(manifest.get("emotions", {})), tuple(map(str, manifest.get("same_voice", ()))),
                     int(manifest.get("take", 0)))


def copy_head(source: Path, folder: Path) -> None:
    """Give the job folder `folder` the head that was made in another one, so that it is not made again for the same photos.

    Where there is none, nothing is done. Raises JobError when it cannot be written.
    """
    done: dict[str, Any] = {}
    with suppress(JobError):
        stages = read_json(source / "stages.json", JobError)
        done = {stage: stages[stage] for stage, names in STAGES_OF_HEAD.items() if isinstance(stages.get(stage), dict)
                and Job.unharmed(stages[stage].get("files"), [source / name for name in names])}
    if "head" not in done:
        return
    try:
        for stage in done:
            for name in STAGES_OF_HEAD[stage]:
                shutil.copy2(source / name, folder / name)
    except OSError as error:
        raise JobError(f"cannot copy the head ({error.strerror})", folder, "make room in Blender's user folder") from error
    write_json(folder / "stages.json", done)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make `folder` and keep other processes from working in it; the system lets go of it however this process ends.

    Raises JobError when it cannot be written or another process holds it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".lock").touch()
    except OSError as error:
        raise JobError(f"cannot use the job folder ({error.strerror})", folder, "choose another folder") from error
    with ExitStack() as stack:
        try:
            stack.enter_context(held(folder / ".lock", wait=False))
        except OSError as error:
            raise JobError("another Blender is making this avatar", folder, "wait for it or cancel it there") from error
        yield


def sources_digest(folder: str = "core") -> str:
    """Return the sha256 of the sources in a folder of ours and below: results of another version are never taken for this one's."""
    total = hashlib.sha256()
    for path in sorted((Path(__file__).parent.parent / folder).rglob("*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()
