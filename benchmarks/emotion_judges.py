"""Classifiers of facial expressions, for measuring only; neither is part of the product nor of its requirements.

EmoNet (Toisoul et al. 2021, non-commercial) lies in the source archive of PyPI fae 0.2: unpack it, --emonet .../emotions8.pth.
facex 1.1.0 (PyPI): unpack its wheel, --facex .../model_optimized.tflite.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.types import Bytes, Emotion, Floats

Judge = Callable[[Bytes, tuple[float, float, float]], Floats]
EMONET: tuple[Emotion, ...] = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt")
FACEX: tuple[Emotion, ...] = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
EMONET_SIDE, FACEX_SIDE = 256, 200
SCALES = {"emonet": (1.05, 1.2, 1.35), "facex": (1.0, 1.1, 1.2)}        # of the crop over the face's landmarks


def crops(picture: Bytes, face: tuple[float, float, float], scales: tuple[float, ...], side: int) -> NDArray[np.uint8]:
    """Return squares (N, side, side, 3) around a face (centre x, y and size in pixels), each also mirrored."""
    image, (x, y, size) = Image.fromarray(picture), face
    boxes = [(x - scale * size / 2, y - scale * size / 2, x + scale * size / 2, y + scale * size / 2) for scale in scales]
    cut = [np.asarray(image.resize((side, side), Image.Resampling.BILINEAR, box=inside(box, image.size))) for box in boxes]
    return np.stack([*cut, *(one[:, ::-1] for one in cut)])


def inside(box: tuple[float, float, float, float], size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Return the part of a box within the picture."""
    return max(box[0], 0.0), max(box[1], 0.0), min(box[2], float(size[0])), min(box[3], float(size[1]))


def emonet(path: Path) -> Judge:
    """Return the judge that gives probabilities of EMONET (8,): the mean over three crops and their mirror images."""
    import torch
    net = torch.jit.load(str(path), map_location="cpu").eval()   # type: ignore[no-untyped-call]

    def judge(picture: Bytes, face: tuple[float, float, float]) -> Floats:
        images = crops(picture, face, SCALES["emonet"], EMONET_SIDE).astype(np.float32).transpose(0, 3, 1, 2) / 255
        with torch.no_grad():
            found = net(torch.from_numpy(images))
        scores = found["expression"] if isinstance(found, dict) else found[0]
        return np.asarray(torch.softmax(scores[:, : len(EMONET)], 1).mean(0), np.float32)
    return judge


def facex(path: Path) -> Judge:
    """Return the judge that gives probabilities of FACEX (7,): the mean over three crops and their mirror images, in grey."""
    from ai_edge_litert.interpreter import Interpreter
    net = Interpreter(model_path=str(path))
    net.allocate_tensors()
    entry, out = net.get_input_details()[0]["index"], net.get_output_details()[0]["index"]

    def judge(picture: Bytes, face: tuple[float, float, float]) -> Floats:
        total = []
        grey = np.asarray(Image.fromarray(picture).convert("L").convert("RGB"))
        for image in crops(grey, face, SCALES["facex"], FACEX_SIDE):
            net.set_tensor(entry, image[None].astype(np.float32) / 255)
            net.invoke()
            total.append(net.get_tensor(out)[0])
        return np.asarray(np.mean(total, axis=0), np.float32)
    return judge
