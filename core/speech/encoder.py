"""Speech features of the Moonshine encoder, for recordings of any length in bounded memory.

The encoder attends over everything it is given, so a long recording goes through it in windows of fixed length that
overlap; inside an overlap the features pass over linearly from one window to the next, which leaves no seam.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from ..errors import PackError
from ..protobuf import cut_short, signed
from ..spool import Recording, Samples, Scaled, Spool, stretch
from ..threads import allowed
from ..types import AudioClip, Floats
from ..types import check as check_array
from .byte_products import are_cut_off

ADVICE = "run `python3 build.py assets`, or install the extension again"
RATE = 16000                    # Hz
HOP = 384                       # samples between features, 41.67 features a second
FIELD = 895                     # samples that one feature hears before attention
CENTRE = FIELD // 2             # samples from a window's start to the middle of what the first feature hears
WIDTH = 288
WINDOW = 480                    # features a window covers, 11.5 s
OVERLAP = 80                    # features shared by neighbouring windows, 1.9 s
LEAD = 16 * HOP                 # silence before and after the recording: context for its first and last sounds
QUIETEST = 1e-3                 # a recording whose loud parts are below this root mean square is not lifted further
TOGETHER = 1200                 # blocks of 50 ms that the level is taken from at once
LEVEL = 0.1                     # root mean square that loud parts are brought to
LAYER = "/layers.{}/Add_1_output_0"     # of the encoder's blocks, what each hands to the next


@dataclass(frozen=True)
class SpeechFeatures:
    """features: (N, W) float32, W the encoder's width; feature i hears the sound around `start` + i * `step` seconds."""

    features: Samples
    start: float
    step: float

    def __post_init__(self) -> None:
        if isinstance(self.features, np.ndarray):       # those of a long recording lie in a Spool
            check_array("features", self.features, np.float32, (None, None))

    def at(self, times: Floats) -> Floats:
        """Return the features (T, W) at `times` (T,) seconds, linear between neighbours, constant outside."""
        position = np.clip((times.astype(np.float64) - self.start) / self.step, 0, len(self.features) - 1)
        lower = np.minimum(position.astype(np.int64), max(len(self.features) - 2, 0))
        upper = np.minimum(lower + 1, len(self.features) - 1)
        share = (position - lower).astype(np.float32)[:, None]
        first = int(lower.min(initial=len(self.features) - 1))
        rows = self.features[first:int(upper.max(initial=0)) + 1]
        return np.asarray((1 - share) * rows[lower - first] + share * rows[upper - first], np.float32)


def normalise(clip: AudioClip) -> Floats:
    """Return the samples (N,) at 16 kHz with their loud parts at LEVEL; see `levelled`."""
    return levelled(clip)[:]


def levelled(clip: AudioClip | Recording) -> Scaled:
    """Return the samples (N,) at 16 kHz with their loud parts at LEVEL; near silence is lifted by 40 dB at most.

    Raises ValueError for another rate: reading a recording is core/speech/audio.py's part.
    """
    if clip.rate != RATE:
        raise ValueError(f"the speech encoder takes {RATE} Hz, not {clip.rate} Hz")
    return Scaled(clip.samples, np.float32(LEVEL / max(loudness(clip.samples), QUIETEST)))


def loudness(samples: Samples) -> float:
    """Return the root mean square that a tenth of the blocks of 50 ms exceed."""
    block = RATE // 20
    if len(samples) < block:
        return float(np.sqrt(np.mean(np.square(samples[:], dtype=np.float64)))) if len(samples) else 0.0
    power: list[float] = []
    for first in range(0, len(samples) // block, TOGETHER):
        last = min(first + TOGETHER, len(samples) // block)
        rows = samples[first * block:last * block].reshape(-1, block)
        power += np.mean(np.square(rows, dtype=np.float64), axis=1).tolist()
    return float(np.sqrt(np.quantile(power, 0.9)))


class SpeechEncoder:
    """Moonshine tiny's encoder (MIT licence) in ONNX Runtime."""

    def __init__(self, session: "Session", outputs: Sequence[str] = ()) -> None:
        """session: the network; outputs: names of the values to give side by side, without any its own one."""
        self._session, self._outputs = session, outputs

    @classmethod
    def load(cls, path: Path, *, layers: Sequence[int] = (), threads: int = 0) -> "SpeechEncoder":
        """Open the encoder at `path` for what it says at its end, or for what its middle `layers`, from 0, say, side by side.

        threads: that it may use, 0 for as many as this process is allowed. Raises PackError when it is missing, damaged or another
        network, or ONNX Runtime cannot work it out.
        """
        session = open_session(path, threads)
        names = [value.name for value in session.get_inputs()]
        if names != ["input_values", "attention_mask"] or session.get_outputs()[0].shape[-1] != WIDTH:
            raise PackError("this is not the Moonshine tiny encoder", path, ADVICE)
        if not layers:
            return cls(session)
        outputs, cut_off = [LAYER.format(layer) for layer in layers], are_cut_off()
        try:
            middle = ending_at(path, outputs)
            session = open_session(middle if cut_off else signed(middle), threads)
        except (PackError, ValueError) as error:
            raise PackError("the speech encoder has no such middle layers", path, ADVICE) from error
        session.path = path                     # which it was cut from
        return cls(session, outputs)

    def encode(self, clip: AudioClip, tick: Callable[[float], None] = lambda fraction: None) -> SpeechFeatures:
        """Return the features of a recording; `tick` hears the fraction done after each window."""
        return SpeechFeatures(np.concatenate(list(self.parts(levelled(clip), tick))), (CENTRE - LEAD) / RATE, HOP / RATE)

    def stream(self, clip: Recording, tick: Callable[[float], None] = lambda fraction: None) -> SpeechFeatures:
        """Return the same for a recording of any length, in memory that does not grow with it."""
        rows = Spool(WIDTH * max(len(self._outputs), 1))
        for part in self.parts(levelled(clip), tick):
            rows.append(part)
        return SpeechFeatures(rows, (CENTRE - LEAD) / RATE, HOP / RATE)

    def parts(self, samples: Samples, tick: Callable[[float], None]) -> Iterator[Floats]:
        """Yield the features, rows in sequence, of levelled samples (N,) at 16 kHz."""
        wanted = -(-(len(samples) + 2 * LEAD - CENTRE) // HOP)
        before = np.zeros((0, WIDTH), np.float32)       # of the window before, what this one has too
        first = 0
        while True:
            last = min(first + WINDOW, wanted)
            window = self._window(stretch(samples, first * HOP - LEAD, (last - 1) * HOP + FIELD - LEAD))[:last - first]
            shared = min(OVERLAP, last - first) if first else 0
            share = ((np.arange(shared) + 0.5) / max(shared, 1)).astype(np.float32)[:, None]
            if shared:
                window[:shared] = before[:shared] + share * (window[:shared] - before[:shared])
            tick(last / wanted)
            if last == wanted:
                yield window
                return
            yield window[:WINDOW - OVERLAP]
            before = window[WINDOW - OVERLAP:]
            first += WINDOW - OVERLAP

    def _window(self, samples: Floats) -> Floats:
        values = samples[None].astype(np.float32)
        result: list[Any] = self._session.run(
            list(self._outputs) or None, {"input_values": values, "attention_mask": np.ones(values.shape, np.int64)})
        return np.concatenate([output[0] for output in result], axis=1).astype(np.float32)


class Session:
    """An open network, a pack's and untrusted, that gives numbers or is refused; path: its file, "" if it came as bytes."""

    def __init__(self, model: Path | bytes, options: onnxruntime.SessionOptions) -> None:
        self._opened = onnxruntime.InferenceSession(str(model) if isinstance(model, Path) else model, options,
                                                    providers=["CPUExecutionProvider"])
        self.get_inputs, self.get_outputs, self.get_modelmeta = (
            self._opened.get_inputs, self._opened.get_outputs, self._opened.get_modelmeta)
        self.path: Path | str = model if isinstance(model, Path) else ""

    def run(self, output_names: Sequence[str] | None, input_feed: Mapping[str, NDArray[Any]]) -> list[Any]:
        """Return the outputs; raise PackError when one holds a value that is not finite."""
        found: list[Any] = self._opened.run(output_names, input_feed)
        if not all(np.isfinite(output).all() for output in found):
            raise PackError("a network of the model pack gives values that are not finite", self.path, ADVICE)
        return found


def open_session(model: Path | bytes, threads: int = 0, *, few_channels: bool = False) -> Session:
    """Open a network, a file or its content, for the CPU. Raises PackError when it is missing or damaged.

    threads: that it may use, 0 for as many as this process is allowed.
    few_channels: of its convolutions; they are then not padded to whole vectors, which would be most of the work.
    """
    if isinstance(model, Path) and not model.is_file():
        raise PackError("a network of the model pack is missing", model, ADVICE)
    options = options_for(threads or allowed())
    if few_channels:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    return opened(model, options)


def options_for(threads: int) -> onnxruntime.SessionOptions:
    """Return the options of a network with so many threads, quiet but for errors."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return options


def opened(model: Path | bytes, options: onnxruntime.SessionOptions) -> Session:
    """Open a network with these options. Raises PackError when it is damaged, or what it should leave cannot be written."""
    try:
        return Session(model, options)
    except Exception as error:      # ONNX Runtime's own exceptions share no base class but Exception
        raise PackError(f"a network of the model pack cannot be opened ({type(error).__name__})",
                        model if isinstance(model, Path) else "", ADVICE) from error


def ending_at(path: Path, outputs: Sequence[str]) -> bytes:
    """Return the network at `path` as ONNX that gives the named values inside it, and works out nothing that they do not need.

    The file may be in ONNX Runtime's own format; the runtime writes it as ONNX first. Raises ValueError without such values,
    PackError when the file is damaged.
    """
    options = options_for(1)        # nothing is worked out
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.add_session_config_entry("session.save_model_format", "ONNX")
    with TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        options.optimized_model_filepath = str(plain)
        opened(path, options)
        return cut_short(plain.read_bytes(), outputs)
