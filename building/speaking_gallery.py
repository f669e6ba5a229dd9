"""Picture of the eight emotions on the demo's head while it speaks: `python -m building.speaking_gallery`."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from core.job import Request, read_result
from core.messages import silent
from core.pack import Pack
from core.pipeline import animate
from core.render.command import prepared
from core.render.frame import Settings, developed, render
from core.render.studio import CAMERA
from core.speech.audio import read_audio
from core.speech.denoise import without_noise
from core.speech.encoder import SpeechEncoder
from core.speech.lipsync import LipNetwork, hear
from core.speech.log_mel import FRAME_RATE
from core.stage_store import StageStore
from core.types import EMOTIONS

from . import assets
from .emotion_gallery import IMAGES, QUALITY, TILE, labelled

SOUNDS = {"p": ("pcl",), "a": ("aa", "ae"), "o": ("ow",), "f": ("f",)}      # the phones in which each is seen
FPS = 24.0
LOOK = Settings(size=2 * TILE, camera=replace(CAMERA, place=(0.0, 0.031, 0.95), at=(0.0, 0.006, 0.0), lens=120.0))


def main() -> None:
    """Write the sheet: an emotion a column, a sound a row."""
    sheet = Image.new("RGB", (TILE * len(EMOTIONS), TILE * len(SOUNDS)))
    frames = dict(moments())
    with TemporaryDirectory() as folder:
        store = StageStore(Path(folder) / "stages")
        for across, emotion in enumerate(EMOTIONS):
            job = Path(folder) / emotion
            Request(str(assets.PHOTO), str(assets.SPEECH), fps=FPS, emotion=f"{emotion}:3").write(job)
            animate(job, report=silent, store=store)
            portrait = prepared(read_result(job), hair=True)
            for down, (sound, frame) in enumerate(frames.items()):
                picture = Image.fromarray(developed(render(portrait, frame, LOOK)))
                sheet.paste(labelled(picture, f"{emotion}, {sound}"), (TILE * across, TILE * down))
    sheet.save(IMAGES / "emotions_speaking.jpg", quality=QUALITY)


def moments() -> Iterator[tuple[str, int]]:
    """Yield each sound and the frame of the recording in which the lip network is surest to hear it."""
    pack, clip = Pack.open(), without_noise(read_audio(assets.SPEECH))
    heard = list(hear(clip, int(clip.duration * FRAME_RATE), encoder=pack.load("speech_encoder", SpeechEncoder.load),
                      network=pack.load("lip_network", LipNetwork.load), tick=lambda fraction: None))
    for sound, phones in SOUNDS.items():
        sure = np.concatenate([block.probability(phones) for block in heard])
        yield sound, round(int(sure.argmax()) / FRAME_RATE * FPS)


if __name__ == "__main__":
    main()
