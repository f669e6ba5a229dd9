"""Recordings: decode any format libsndfile reads, in blocks, into mono at the wanted rate."""

from pathlib import Path

import numpy as np
import soundfile
import soxr

from ..errors import InputError
from ..files import write_atomically
from ..spool import Recording, Spool
from ..types import AudioClip, Floats

SPEECH_RATE = 16_000            # Hz, what speech encoders take
LONGEST = 3600                  # s
SHORTEST = 0.05                 # s
MOST_CHANNELS = 64
BLOCK = 1 << 18                 # sample frames read at once: memory does not grow with rate or channels
SILENT_BELOW = 1e-4             # peak, about -80 dB
CLIPPED_SHARE = 1e-3            # share of samples at full scale that is called clipped
ADVICE = "save it as WAV, FLAC, OGG or MP3 and try again"


def read_audio(path: Path, *, rate: int = SPEECH_RATE) -> AudioClip:
    """Return the whole recording at `path` in memory; see `stream_audio`."""
    recording = stream_audio(path, rate=rate)
    return AudioClip(recording.samples[:], rate, recording.warnings)


def stream_audio(path: Path, *, rate: int = SPEECH_RATE) -> Recording:
    """Decode the file at `path` to mono at `rate` Hz, in memory that does not grow with its length.

    Raises InputError when the file is missing, empty, no recording libsndfile can read, too short, too long,
    or holds samples that are not numbers. A silent or clipped recording is returned with a warning.
    """
    if not path.is_file():
        raise InputError("there is no such recording", path, "choose an existing audio file")
    if path.stat().st_size == 0:
        raise InputError("the recording is an empty file", path, "choose another one")
    try:
        with soundfile.SoundFile(path) as source:
            samples, clipped, peak = read_mono(source, path, rate)
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:      # raw samples say nothing of themselves
        raise InputError(f"the recording cannot be decoded ({error_reason(error)})", path, ADVICE) from error
    if len(samples) < SHORTEST * rate:
        raise InputError(f"the recording is too short ({len(samples) / rate:.3f} s)", path,
                         f"choose one of at least {SHORTEST} s")
    warnings = []
    if peak < SILENT_BELOW:
        warnings.append("the recording is silent: the mouth will stay closed")
    elif clipped > CLIPPED_SHARE:
        warnings.append(f"the recording is clipped ({100 * clipped:.1f} % of its samples): lip sync may suffer")
    return Recording(samples, rate, tuple(warnings))


def read_mono(source: soundfile.SoundFile, path: Path, rate: int) -> tuple[Spool, float, float]:
    """Return the samples (N,) at `rate` Hz, channels averaged, the share of them at full scale, and the highest."""
    if source.channels > MOST_CHANNELS:
        raise InputError(f"the recording has {source.channels} channels", path, "mix it down to one or two")
    if source.frames > LONGEST * source.samplerate:
        raise InputError(f"the recording is longer than {LONGEST // 60} minutes", path, "cut it into shorter ones")
    resampler = soxr.ResampleStream(source.samplerate, rate, 1, dtype="float32")
    result, peak = Spool(), 0.0
    clipped = total = 0
    while True:
        block = source.read(max(BLOCK // source.channels, 1), dtype="float32", always_2d=True)
        total += len(block)
        if not np.isfinite(block).all():
            raise InputError("the recording holds samples that are not numbers", path, "export it again")
        if total > LONGEST * source.samplerate:
            raise InputError(f"the recording is longer than {LONGEST // 60} minutes", path, "cut it into shorter ones")
        clipped += int((np.abs(block).max(axis=1, initial=0.0) >= 0.9999).sum())
        last = len(block) == 0
        piece = np.asarray(resampler.resample_chunk(block.mean(axis=1, dtype=np.float32), last=last), np.float32)
        peak = max(peak, float(np.abs(piece).max(initial=0.0)))
        result.append(np.clip(piece, -1.0, 1.0))
        if last:
            return result, clipped / max(total, 1), peak


def error_reason(error: Exception) -> str:
    """Return libsndfile's own words without the file's path, which the sentence names anyway."""
    return str(getattr(error, "error_string", error)).rstrip(".").lower()


def write_wav(path: Path, samples: Floats, rate: int) -> None:
    """Write samples (N,) or (N, 1) in [-1, 1] at `rate` Hz as 16-bit WAV, atomically."""
    write_atomically(path, lambda file: soundfile.write(file, samples, rate, format="WAV", subtype="PCM_16"))


def is_decodable(path: Path) -> bool:
    """Whether libsndfile can read the file at `path`."""
    try:
        soundfile.info(path)
    except (soundfile.LibsndfileError, RuntimeError, TypeError):
        return False
    return True
