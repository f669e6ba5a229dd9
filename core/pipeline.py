"""The paper's method on one screen: a photo and a recording in, a baked talking head out."""

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, astuple
from pathlib import Path

import numpy as np

from . import arrays
from .bake.few_keys import few_keys
from .bake.performance import perform
from .bake.shape_keys import bake
from .emotion.emolib import Emolib
from .emotion.funet import FuNet
from .emotion.fusion import Fusion
from .emotion.hearing import Heard, describe, listen
from .emotion.motion import emotion_curves
from .emotion.network import EmotionNetwork
from .emotion.windows import chosen, constant, read_track, track_of, whole_of
from .emotion.windows import report as emotion_report
from .errors import InputError, JobError
from .face.detection import FaceDetector
from .face.fit import Anchors
from .files import digest, read_arrays, write_arrays, write_image, write_json
from .hair.haircut import HEAD_LATER, Haircut
from .hair.look import Look
from .head.model import HeadBasis
from .head.mouth import measure_mouth
from .job import AUTO, HEAD_ARRAYS, MOST_PHOTOS, PREVIEWS, RESULTS, Job, Request, locked
from .messages import Report
from .pack import DEFAULT, EMOTION_NETWORK, VOICE_ENCODER, Pack
from .photo.reconstruction import PhotoError, reconstruct
from .pictures.image import read_photo
from .speech.audio import read_audio, stream_audio
from .speech.denoise import without_noise
from .speech.encoder import SpeechEncoder
from .speech.lip_controls import closure_warnings
from .speech.lipsync import LipNetwork, speak, speech_warnings
from .speech.rhythm import hear_rhythm
from .speech.vertex_lips import VertexLipNetwork, animate_lips_on_vertices
from .speech.voice_encoder import VoiceEncoder
from .speech.wave_encoder import WaveEncoder
from .stage_store import StageStore
from .types import Fusing

Tick = Callable[[float], None]
HEAD_FILES = ("head", "anchors", "face_landmarker")
LOOK_FILES = ("head", "anchors")
SPEECH_FILES = ("head", "speech_encoder", "lip_network", "lip_encoder")
LIP_ENCODER = "lip_encoder"     # of a pack whose lip network moves vertices
EMOTION_FILES = ("speech_encoder", EMOTION_NETWORK, VOICE_ENCODER)
FUSION_FILES = ("emolib", "fusion_network")
NO_EAR = ("this model pack hears no emotion in a voice, so the face stays neutral; choose an emotion, or windows of it, or use a pack "
          "with an emotion network")
NO_MANNER = "this pack's emotion network hears samples: further recordings of the voice change nothing"


def animate(folder: Path, *, report: Report, pack: Pack | None = None, store: StageStore | None = None) -> Path:
    """Run the request in the job `folder`, skip stages whose inputs have not changed, return the manifest's path.

    pack: the request's, if it is open already; store: where stages are shared with other jobs.
    """
    request = Request.read(folder)
    photos, audio, voice = given(request, folder)
    pack = pack or Pack.open(Path(request.pack) if request.pack else DEFAULT)
    head, picture, look, motion, felt, baked = (folder / name for name in RESULTS)
    previews = tuple(folder / name for name in PREVIEWS)
    heard, choice, controls = folder / "heard.npz", request.emotions, request.controls
    auto = request.emotion == AUTO and hears(pack)

    with locked(folder):
        job = Job(folder, report, store)
        job.stage("head", (head, picture), ([digest(photo) for photo in photos], pack.digests(*HEAD_FILES)),
                  lambda tick: write_head(photos, head, pack=pack, tick=tick))
        job.stage("look", (look, *previews),
                  ([digest(path) for path in (head, picture)], astuple(request.cut), pack.digests(*LOOK_FILES)),
                  lambda tick: (*write_look(head, look, pack=pack, cut=request.cut, tick=tick),
                                *write_previews(head, previews, look=look, pack=pack)))
        job.stage("speech", (motion,), (digest(audio), pack.digests(*present(SPEECH_FILES, pack))),
                  lambda tick: write_motion(audio, motion, pack=pack, tick=tick))
        if request.emotion == AUTO and not auto:
            job.warn(NO_EAR)
        if auto:
            job.stage("emotion", (heard,), ([digest(path) for path in (audio, *voice)], choice.window,
                                            pack.digests(*present(EMOTION_FILES, pack))),
                      lambda tick: write_heard(audio, heard, voice, pack=pack, window=choice.window, tick=tick))
        sources = [digest(path) for path in ((head, motion, heard) if auto else (head, motion))]
        settings = request.emotion, asdict(choice), request.fps, asdict(controls), request.take, request.few_keys
        fusing = FUSION_FILES if choice.fusion == "network" else FUSION_FILES[:1]
        job.stage("bake", (felt, baked), (sources, settings, pack.digests(*fusing)),
                  lambda tick: (*write_emotion(request, motion, heard if auto else None, felt),
                                *write_bake(head, motion, felt, baked, pack=pack, request=request, tick=tick)))
        return job.finish(request, head_model=pack.digests("head")[0])


def given(request: Request, folder: Path) -> tuple[tuple[Path, ...], Path, tuple[Path, ...]]:
    """Return photos, recording, and further recordings of the voice; raise InputError for one that cannot be read, or that a result in
    the job `folder` would overwrite."""
    photos = tuple(existing(path, "photo") for path in (request.photo, *request.more_photos))
    audio = existing(request.audio, "recording")
    voice = tuple(existing(path, "recording") for path in request.same_voice)
    for name in (*RESULTS, *PREVIEWS, "heard.npz"):
        for source in (*photos, audio, *voice):
            keep(source, folder / name)
    return photos, audio, voice


def hears(pack: Pack) -> bool:
    """Whether there is an emotion network in the pack; raise PackError, before a head is made, where it cannot be heard with."""
    if EMOTION_NETWORK not in pack.entries:
        return False
    if not pack.load(EMOTION_NETWORK, EmotionNetwork.load).hears_samples:
        pack.path(VOICE_ENCODER)
    return True


def write_head(photos: Sequence[Path], out: Path, *, pack: Pack, tick: Tick) -> tuple[str, ...]:
    """Photos of one person -> neutral head M_in and its texture (Sec. 3.2 and 4): `out` and the .png beside it; return warnings."""
    if out.suffix != ".npz":
        raise InputError("the head is written as .npz", out, "give it a name that ends in .npz")
    if not 1 <= len(photos) <= MOST_PHOTOS:
        raise InputError(f"{len(photos)} photos were given", photos[0] if photos else "photos",
                         f"choose 1 to {MOST_PHOTOS} of one person")
    for photo in photos:
        keep(existing(str(photo), "photo"), out.with_suffix(".png"))
    basis = pack.load("head", HeadBasis.load)
    pictures = [read_photo(photo) for photo in photos]
    try:
        result = reconstruct(pictures, basis=basis, anchors=pack.load("anchors", Anchors.load),
                             detector=pack.load("face_landmarker", FaceDetector.load), tick=tick)
    except PhotoError as error:                         # the stage does not know where its pictures came from
        raise InputError(error.what, photos[error.index], error.advice) from error
    write_arrays(out, arrays.from_reconstruction(result, basis))
    write_image(out.with_suffix(".png"), result.head.albedo)
    return result.warnings


def write_look(head: Path, out: Path, *, pack: Pack, cut: Haircut, tick: Tick) -> tuple[str, ...]:
    """Head and its texture -> strands of hair with such a `cut`, of brows, and what else it takes to look so."""
    tick(0.0)
    basis, anchors = pack.load("head", HeadBasis.load), pack.load("anchors", Anchors.load)
    albedo = read_photo(head.with_suffix(".png")).pixels
    person = read_arrays(head, HEAD_ARRAYS, JobError, later=HEAD_LATER)
    write_arrays(out, Look.of(person, albedo, basis, anchors, cut, picture=digest(head.with_suffix(".png"))).arrays())
    return ()


def write_previews(head: Path, out: Sequence[Path], *, look: Path, pack: Pack) -> tuple[str, ...]:
    """Head, texture and `look` -> small pictures of it for the panel, one for each turn of the head; return warnings."""
    from .render.preview import draw_previews  # not the renderer's parts for all that start
    person = read_arrays(head, HEAD_ARRAYS, JobError)
    basis, albedo = pack.load("head", HeadBasis.load), read_photo(head.with_suffix(".png")).pixels
    drawn = draw_previews(person, albedo, look=Look.read(look, basis), basis=basis)
    for path, pixels in zip(out, drawn, strict=True):
        write_image(path, pixels)
    return ()


def write_motion(audio: Path, out: Path, *, pack: Pack, tick: Tick) -> tuple[str, ...]:
    """Recording -> lip motion M_lip(t) with teeth and tongue (Sec. 4.2, 3.4), and its measures; return warnings."""
    keep(existing(str(audio), "recording"), out)
    basis = pack.load("head", HeadBasis.load)
    clip = without_noise(stream_audio(audio))
    if LIP_ENCODER in pack.entries:
        waves = pack.load(LIP_ENCODER, WaveEncoder.load)
        vertices = pack.load("lip_network", lambda path: VertexLipNetwork.load(path, vertices=len(basis.regions), width=waves.width))
        motion = animate_lips_on_vertices(read_audio(audio), encoder=waves, network=vertices, basis=basis, tick=tick)
    else:
        motion = speak(clip, encoder=pack.load("speech_encoder", SpeechEncoder.load),
                       network=pack.load("lip_network", LipNetwork.load), basis=basis, tick=tick)
    mouth = measure_mouth(basis, motion)
    rhythm = hear_rhythm(clip.samples, len(motion.weights), motion.fps)
    write_arrays(out, arrays.from_motion(motion, mouth, rhythm))
    return clip.warnings or speech_warnings(mouth.opening)


def write_heard(audio: Path, out: Path, same_voice: Sequence[Path] = (), *, pack: Pack, window: float, tick: Tick) -> tuple[str, ...]:
    """Recording -> what is felt in passages of about `window` seconds (Sec. 4.1), the manner of the voice removed if further
    recordings of it are given; return warnings."""
    keep(existing(str(audio), "recording"), out)
    network = pack.load(EMOTION_NETWORK, EmotionNetwork.load)
    encoder = None if network.hears_samples else pack.load(VOICE_ENCODER, lambda _: VoiceEncoder.of(pack))
    described = [describe(stream_audio(existing(str(path), "recording")), encoder) for path in same_voice if encoder]
    known = [vector for vector in described if vector is not None]
    heard = listen(stream_audio(audio), encoder=encoder, network=network, window=window,
                   same_voice=np.stack(known) if known else None, tick=tick)
    write_arrays(out, heard.arrays())
    return (NO_MANNER,) if network.hears_samples and same_voice else ()


def write_emotion(request: Request, motion: Path, heard: Path | None, out: Path) -> tuple[str, ...]:
    """What is heard, or chosen, and the user's windows -> emotion.json: category C and intensity L over time (Sec. 4.1)."""
    if heard is not None:
        listened = Heard.read(heard)
        write_json(out, emotion_report(track_of(listened, request.emotions), whole_of(listened, request.emotions)))
    else:
        track = arrays.to_motion(motion)
        chosen_one = chosen("neutral:1" if request.emotion == AUTO else request.emotion)
        write_json(out, emotion_report(constant(*chosen_one, (len(track.weights) - 1) / track.fps, request.emotions)))
    return ()


def write_bake(head: Path, motion: Path, felt: Path, out: Path, *, pack: Pack, request: Request, tick: Tick) -> tuple[str, ...]:
    """Head, motion and emotions -> one face (Sec. 4.3) as shapes, weights on the scene's frames under the artist's controls, their few
    keys if they are asked for, blinks, gaze and head motion; return warnings."""
    tick(0.0)
    basis, track, controls = pack.load("head", HeadBasis.load), arrays.to_motion(motion), request.controls
    neutral, identity, rest = arrays.to_person(head)
    emolib = pack.load("emolib", lambda path: Emolib.load(path, basis, head_model=pack.digests("head")[0]))
    emotions = read_track(felt)
    emotion = emotion_curves(emotions, identity, emolib=emolib, basis=basis)
    performance = perform(arrays.to_rhythm(motion), take=request.take, felt=emotions)
    method = request.emotions.fusion
    fusion = None if method == "shapes" else pack.load("head", lambda _: fusion_by(method, basis, pack), method)
    baked = bake(neutral, track, emotion, basis=basis.at_rest(rest), fps=request.fps, controls=controls, performance=performance,
                 fusion=fusion)
    keyed = {}
    if request.few_keys:
        few = few_keys(baked.weights, emotion if fusion is None else None, basis, fps=request.fps, tick=tick)
        keyed = arrays.from_keys(few, len(baked.names))
    write_arrays(out, arrays.from_bake(baked) | keyed)
    return closure_warnings(track, controls, basis)


def fusion_by(method: Fusing, basis: HeadBasis, pack: Pack) -> Fusion:
    """Return how M_emo and M_lip become M_face on the mesh (Sec. 4.3): by FuNet, or by the minimisers of its loss."""
    network = FuNet.load(pack.path("fusion_network"), vertices=len(basis.regions)) if method == "network" else None
    return Fusion.make(basis, method, network=network)


def present(names: Sequence[str], pack: Pack) -> list[str]:
    """Return `names` of a pack's files without the encoders that it may lack."""
    return [name for name in names if name not in (LIP_ENCODER, VOICE_ENCODER) or name in pack.entries]


def existing(path: str, what: str) -> Path:
    """Return `path` if it names a file that can be read; raise InputError otherwise."""
    try:
        found = bool(path) and "\0" not in path and Path(path).is_file()
    except OSError as error:                            # a name that is too long, a folder that may not be entered
        raise InputError(f"the {what} cannot be read ({error.strerror})", path, "choose another file") from error
    if not found:
        raise InputError(f"there is no such {what}", path or "(none chosen)", "choose an existing file")
    if not os.access(path, os.R_OK):
        raise InputError(f"the {what} cannot be read", path, "change its permissions or choose another file")
    return Path(path)


def keep(source: Path, out: Path) -> None:
    """Raise InputError if writing `out` would overwrite the user's `source`."""
    if out.exists() and out.samefile(source):
        raise InputError("the result would overwrite what it is made from", out, "choose another name or folder for the result")
