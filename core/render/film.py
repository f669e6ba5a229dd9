"""Pictures of all frames and a recording as an .mp4: H.264 and AAC, by FFmpeg through the package PyAV."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..files import write_atomically
from ..types import AudioClip
from .rays import ADVICE

SOUND_RATE = 48_000             # Hz
QUALITY = "16"                  # x264's constant rate factor: no difference is seen
BT709, SRGB = 1, 13             # ITU-T H.273: primaries and matrix; transfer characteristics


def film_library() -> Any:
    """Return the module av; raise InputError where PyAV is not installed, as inside Blender's extension."""
    try:
        import av
    except ImportError as error:
        raise InputError("films need the package av, which this Python does not have", "python -m core render", ADVICE) from error
    return av


def write_film(path: Path, frames: Iterator[NDArray[np.uint8]], clip: AudioClip, *, size: int, fps: float) -> None:
    """Write frames (size, size, 3) uint8 sRGB at `fps` and the clip as .mp4, atomically."""
    av = film_library()

    def write(file: IO[bytes]) -> None:
        with av.open(file, mode="w", format="mp4", options={"movflags": "faststart"}) as container:
            picture = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001), options={"crf": QUALITY})
            picture.width = picture.height = size
            picture.pix_fmt = "yuv420p"
            context = picture.codec_context
            context.color_primaries, context.colorspace, context.color_trc = BT709, BT709, SRGB
            sound = container.add_stream("aac", rate=clip.rate, layout="mono")
            for number, pixels in enumerate(frames):
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p", dst_colorspace=BT709)
                frame.pts = number
                container.mux(picture.encode(frame))
            heard = av.AudioFrame.from_ndarray(np.ascontiguousarray(clip.samples[None], np.float32), format="fltp", layout="mono")
            heard.sample_rate, heard.pts = clip.rate, 0
            container.mux(sound.encode(heard))
            for stream in (picture, sound):
                container.mux(stream.encode(None))

    write_atomically(path, write)
