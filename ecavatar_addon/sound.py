"""Recordings libsndfile cannot read (MP4, M4A, ...) are decoded by Blender."""

from hashlib import sha256
from pathlib import Path

from ..core.errors import InputError
from .late import audio as decoder

LONGEST = 3600                  # seconds: Blender decodes at once, into memory
ADVICE = "save it as WAV, FLAC, OGG or MP3 and try again"


def readable(audio: Path, folder: Path) -> Path:
    """Return `audio`, or a WAV of it in `folder` when only Blender can decode it; raise InputError when it cannot either."""
    if decoder.is_decodable(audio) or audio.stat().st_size == 0:
        return audio                                    # the worker has a sentence for an empty file
    try:
        import aud  # Blender's audio library; some builds have none
    except ImportError as error:
        raise InputError("this build of Blender cannot decode the recording", audio, ADVICE) from error
    out = folder / f"speech-{sha256(str(audio.resolve()).encode()).hexdigest()[:8]}.wav"
    try:
        sound = aud.Sound.file(str(audio))
        rate = int(sound.specs[0])
        if sound.length > LONGEST * rate:
            raise InputError(f"the recording is longer than {LONGEST // 60} minutes and has to be decoded at once", audio, ADVICE)
        decoder.write_wav(out, sound.data().mean(axis=1), rate)
    except (aud.error, OSError) as error:  # type: ignore[misc]      # its stub knows no base class
        raise InputError("neither libsndfile nor Blender can decode the recording", audio, ADVICE) from error
    return out
