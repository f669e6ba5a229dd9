"""Recording -> lip motion with teeth and tongue (Sec. 4.2): less noise, features, lip network, seals, shapes on the mesh."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import PackError
from ..head.model import HeadBasis
from ..head.mouth import jaw_angle
from ..network_file import is_count, metadata_of
from ..spool import Recording
from ..types import AudioClip, Floats, MotionTrack
from .articulation import CHANNELS, NEEDED, Articulation, decode_blocks, rest
from .denoise import without_noise
from .encoder import LEVEL, Session, SpeechEncoder, levelled, open_session
from .log_mel import FRAME_RATE, level, log_mel
from .mouth_rig import pose

FORMAT = 1
BLOCK = 600                     # frames the lip network takes at once, ten seconds
POSED = 3600                    # frames posed at once, which bounds the memory
SPOKEN_GAP, SPOKEN_SHARE = 0.002, 0.02      # metres between lips that speak, and the share of the time they do so in speech


class LipNetwork:
    """Our lip network (training/speech) in ONNX Runtime."""

    def __init__(self, session: Session, metadata: dict[str, Any]) -> None:
        self._session = session
        self.reach = int(metadata["reach"])
        self.labels = tuple(metadata["phones"])

    @classmethod
    def load(cls, path: Path) -> "LipNetwork":
        """Open the network at `path`. Raises PackError when it is missing, damaged, of another format or lacks a phone."""
        session = open_session(path)
        metadata = metadata_of(session, path)
        found, phones = (metadata.get("format"), metadata.get("channels"), metadata.get("fps")), metadata.get("phones")
        if found != (FORMAT, [*CHANNELS], FRAME_RATE) or not is_count(metadata.get("reach"), 0) or not isinstance(phones, list):
            raise PackError(f"the lip network has format {found[0]}, this version needs {FORMAT} with its own channels",
                            path,
                            "take the network that came with this version")
        if missing := sorted(phone for phone in NEEDED if phone not in phones):
            raise PackError(f"the lip network does not tell the phones {' '.join(missing)}", path,
                            "take the network that came with this version")
        return cls(session, metadata)

    def articulate(self, encoder: Callable[[Floats], Floats], spectrum: Callable[[int, int], Floats], frames: int,
                   tick: Callable[[float], None]) -> Articulation:
        """Run over `frames` frames in blocks that overlap by the network's reach, which changes nothing in the result.

        encoder: times (T,) s -> features (T, 288); spectrum: first frame and count -> (count, 80).
        """
        blocks = list(self.blocks(encoder, spectrum, frames, tick))
        return Articulation(np.concatenate([block.channels for block in blocks]), np.concatenate([block.phones for block in blocks]),
                            self.labels)

    def blocks(self, encoder: Callable[[Floats], Floats], spectrum: Callable[[int, int], Floats], frames: int,
               tick: Callable[[float], None]) -> Iterator[Articulation]:
        """Yield what `articulate` returns, block by block."""
        for first in range(0, frames, BLOCK):
            last = min(first + BLOCK, frames)
            begin, end = max(first - self.reach, 0), min(last + self.reach, frames)
            times = np.arange(begin, end, dtype=np.float32) / FRAME_RATE
            motion, posteriors = self._session.run(
                None, {"encoder": encoder(times)[None], "spectrum": spectrum(begin, end - begin)[None]})
            tick(last / frames)
            yield Articulation(motion[0, first - begin:last - begin], np.exp(posteriors[0, first - begin:last - begin]), self.labels)


def animate_lips(clip: AudioClip, *, encoder: SpeechEncoder, network: LipNetwork, basis: HeadBasis,
                 tick: Callable[[float], None] = lambda fraction: None) -> MotionTrack:
    """Return the mouth's motion at 60 frames a second, from time 0 to the end of the recording (16 kHz)."""
    return speak(without_noise(clip), encoder=encoder, network=network, basis=basis, tick=tick)


def speak(clip: Recording, *, encoder: SpeechEncoder, network: LipNetwork, basis: HeadBasis,
          tick: Callable[[float], None] = lambda fraction: None) -> MotionTrack:
    """Return the same for a recording of any length whose noise is reduced already; only the motion itself grows with it."""
    frames = int(np.ceil(clip.duration * FRAME_RATE)) + 1
    blocks = hear(clip, frames, encoder=encoder, network=network, tick=tick)
    loud = np.float32(20 * np.log10(LEVEL))
    channels = rest(np.concatenate(list(decode_blocks(blocks))), level(levelled(clip), frames) - loud)
    posed = [pose(channels[first:first + POSED], basis) for first in range(0, frames, POSED)]
    names, weights = posed[0][0], np.concatenate([part for _, part in posed])
    return MotionTrack(names, weights, float(FRAME_RATE), jaw_angle(basis, names, weights))


def speech_warnings(opening: Floats) -> tuple[str, ...]:
    """Return a sentence for the user if the lips' gap (T,), metres, hardly ever opens."""
    if np.mean(opening > SPOKEN_GAP) >= SPOKEN_SHARE:
        return ()
    return ("hardly any speech was heard in the recording: the mouth stays closed; music and noise alone do not move it",)


def hear(clip: Recording, frames: int, *, encoder: SpeechEncoder, network: LipNetwork,
         tick: Callable[[float], None]) -> Iterator[Articulation]:
    """Return what the network hears in a recording, block by block; nine tenths of the time is the encoder's."""
    features = encoder.stream(clip, lambda fraction: tick(0.9 * fraction))
    samples = levelled(clip)
    return network.blocks(features.at, lambda first, count: log_mel(samples, count, first=first), frames,
                              lambda fraction: tick(0.9 + 0.1 * fraction))
