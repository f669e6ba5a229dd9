"""Train SelfTalk as the paper does: python -m training.speech.paper --vocaset FOLDER --masks FLAME_masks.pkl --out FOLDER
[--vocateeth FOLDER --flame flame.npz] [--encoder NAME] [--frozen] [--epochs N] [--precision bfloat16] [--device cuda]

--vocateeth trains on heads with teeth and tongue. --encoder takes a local folder or a hub name: facebook/hubert-large-ls960-ft, the
default, or jonatasgrosman/wav2vec2-large-xlsr-53-english, the ablation. Several GPUs: torchrun --nproc-per-node N
-m training.speech.paper ... --predict FOLDER writes the test split's heads for python -m training.evaluate.
"""

import argparse
import json
import logging
import sys
from collections.abc import Iterator
from collections.abc import Sequence as Several
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.errors import InputError
from core.files import read_json
from core.types import AudioClip, Floats
from training.flame.model import read_masks
from training.loop import CHECKPOINT, Process, Schedule, Task, process, read, train
from training.vocaset.layout import STRIDE, VERTICES, Sequence, Vocaset, open_array, write_array
from training.vocaset.mouth import MouthRig
from training.vocaset.teeth import INDEX

from ..command import told
from .selftalk import FPS, SelfTalk, SelfTalkConfig, losses_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Heads:
    """Where the heads of sequences come from: VOCASET itself, or VOCATeeth in a folder; rig: its mouth."""

    vocaset: Vocaset
    folder: Path | None = None
    rig: MouthRig | None = None

    @classmethod
    def open(cls, vocaset: Path, vocateeth: Path | None, flame: Path | None, template: Several[Path] = ()) -> "Heads":
        """Open the data; raise InputError where VOCATeeth is not whole or was made with another mouth."""
        if vocateeth is None:
            return cls(Vocaset(vocaset))
        index = read_json(vocateeth / INDEX, InputError)
        if flame is None:
            raise InputError("VOCATeeth needs the head it was made with", vocateeth, "give --flame flame.npz")
        rig = MouthRig.read(flame, tuple(template) or None)
        if index.get("vertices") != len(rig.head) + len(rig.mouth):
            raise InputError(f"VOCATeeth has {index.get('vertices')} vertices, head and mouth have {len(rig.head) + len(rig.mouth)}",
                             vocateeth / INDEX, "give the --flame and --template that it was made with")
        return cls(Vocaset(vocaset), vocateeth, rig)

    @property
    def vertices(self) -> int:
        """How many a head has."""
        return VERTICES if self.rig is None else VERTICES + len(self.rig.mouth)

    def neutral(self, sequence: Sequence) -> Floats:
        """Return the subject's neutral head (V, 3), metres."""
        template = self.vocaset.templates[sequence.subject]
        return template if self.rig is None else self.rig.neutral(template)

    def offsets(self, sequence: Sequence) -> Floats:
        """Return the offsets (T, V, 3), metres, 30 frames a second, from the neutral head."""
        if self.folder is None:
            return self.vocaset.frames(sequence) - self.neutral(sequence)
        stored = open_array(self.folder / f"{sequence.name}.npy", (len(sequence.rows), self.vertices, 3))
        return np.asarray(stored[::STRIDE], np.float32) - self.neutral(sequence)


class SelfTalkTask:
    """The sequences of the training split as examples."""

    def __init__(self, heads: Heads, config: SelfTalkConfig, normalise: bool) -> None:
        """Read which sequences there are; normalise: whether the encoder wants recordings of mean 0 and deviation 1."""
        self.heads, self.config, self.normalise = heads, config, normalise
        self.sequences, skipped = heads.vocaset.split("train")
        for one in skipped:
            log.warning("skipped %s: %s", one.name, one.reason)

    def losses(self, network: nn.Module, places: Several[int], epoch: int, device: torch.device) -> dict[str, Tensor]:
        """Return the mean losses of some sequences, one after the other, since they are not of one length."""
        found: list[dict[str, Tensor]] = []
        for place in places:
            sequence = self.sequences[place]
            samples = waveform(self.heads.vocaset.clip(sequence), self.normalise).to(device)
            wanted = torch.from_numpy(self.heads.offsets(sequence))[None].to(device)
            found.append(losses_of(network(samples, wanted.shape[1]), wanted, self.config))
        return {name: torch.stack([one[name] for one in found]).mean() for name in found[0]}


def waveform(clip: AudioClip, normalise: bool) -> Tensor:
    """Return a recording (1, N) as the encoder was trained on it."""
    samples = torch.from_numpy(clip.samples)
    if normalise:
        samples = (samples - samples.mean()) / torch.sqrt(samples.var(unbiased=False) + 1e-7)
    return samples[None]


def open_speech(name: str) -> tuple[Any, Any, bool]:
    """Return a recogniser (transformers' model for CTC), its encoder apart from it, and whether it wants normalised recordings.

    Raises InputError when there is no such model, or it is no recogniser.
    """
    import transformers
    kind: Any = transformers.AutoModelForCTC
    extractor: Any = transformers.AutoFeatureExtractor
    with told_of(name):
        recogniser, again = kind.from_pretrained(name), kind.from_pretrained(name)
        normalise = bool(extractor.from_pretrained(name).do_normalize)
    return recogniser, again.base_model, normalise


@contextmanager
def told_of(name: str) -> Iterator[None]:
    """Say in one sentence what transformers cannot load."""
    try:
        yield
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise InputError(f"the speech recogniser cannot be loaded ({str(error).splitlines()[0][:100]})", name,
                         "give a local folder or a hub name of HuBERT or wav2vec 2.0 fine-tuned for CTC") from error


def build(config: SelfTalkConfig, seed: int = 0) -> tuple[SelfTalk, bool]:
    """Return the network before training, and whether its recordings are normalised."""
    recogniser, hearing, normalise = open_speech(config.encoder)
    found = recogniser.config.hidden_size, recogniser.config.vocab_size
    if found != (config.features, config.letters):
        raise InputError(f"the encoder has {found[0]} features and {found[1]} letters, not {config.features} and {config.letters}",
                         config.encoder, "train with the encoder that the checkpoint names")
    torch.manual_seed(seed)
    network = SelfTalk(config, recogniser, hearing)
    if hasattr(recogniser.config, "apply_spec_augment"):
        hearing.config.apply_spec_augment = False           # masked speech would teach a mouth that stands still
    return network, normalise


def sized(encoder: str, vertices: int, lips: NDArray[np.int64], **changes: Any) -> SelfTalkConfig:
    """Return the configuration that fits an encoder."""
    import transformers
    with told_of(encoder):
        found: Any = transformers.AutoConfig.from_pretrained(encoder)
    return SelfTalkConfig(vertices, tuple(map(int, lips)), features=found.hidden_size, letters=found.vocab_size,
                          blank=int(found.pad_token_id or 0), encoder=encoder, **changes)


def load(folder: Path, encoder: str | None = None) -> tuple[SelfTalk, bool]:
    """Return the network of a run's checkpoint; encoder: where the recogniser lies now, if it was moved."""
    stored = read(folder / CHECKPOINT)
    config = SelfTalkConfig.of({**stored["config"], **({"encoder": encoder} if encoder else {})})
    network, normalise = build(config)
    try:
        network.load_state_dict(stored["weights"])
    except RuntimeError as error:
        raise InputError("the checkpoint is of another network", folder / CHECKPOINT,
                         "choose a folder of training.speech.paper") from error
    return network.eval(), normalise


@torch.no_grad()
def predict(network: SelfTalk, heads: Heads, normalise: bool, out: Path) -> int:
    """Write SUBJECT_sentenceNN.npy (T, V, 3), metres, of the test split; return how many."""
    sequences, _ = heads.vocaset.split("test")
    device = next(network.parameters()).device
    for sequence in sequences:
        samples = waveform(heads.vocaset.clip(sequence), normalise).to(device)
        frames = -(-len(sequence.rows) // STRIDE)
        offsets = network.decoder(network.heard(samples, frames))[0].float().cpu().numpy()
        write_array(out / f"{sequence.name}.npy", heads.neutral(sequence) + offsets)
    return len(sequences)


def run(options: argparse.Namespace, part: Process) -> dict[str, float]:
    """Train, and predict if wished."""
    heads = Heads.open(options.vocaset, options.vocateeth, options.flame, options.template)
    schedule = Schedule(options.epochs, options.batch, options.rate, options.precision, options.seed)
    config = sized(options.encoder, heads.vertices, read_masks(options.masks)["lips"], tuned=not options.frozen)
    network, normalise = build(config, options.seed)
    work = SelfTalkTask(heads, config, normalise)
    means = train(Task(network, config.values(), len(work.sequences), work.losses), schedule, options.out, part)
    if options.predict and part.first:
        log.info("%d sequences predicted, %d frames a second", predict(network, heads, normalise, options.predict), FPS)
    return means


@told
def main(arguments: list[str] | None = None) -> None:
    """Train; 2 with one line on bad input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("vocaset", "masks", "out", "vocateeth", "flame", "predict"):
        parser.add_argument(f"--{name}", type=Path, required=name in ("vocaset", "masks", "out"))
    parser.add_argument("--template", type=Path, nargs=3, default=[], metavar="OBJ", help="VOCATeeth's mouth template, if not ours")
    parser.add_argument("--encoder", default=SelfTalkConfig.encoder)
    parser.add_argument("--frozen", action="store_true", help="leave the speech encoder as it is")
    parser.add_argument("--epochs", type=int, default=Schedule.epochs)
    parser.add_argument("--batch", type=int, default=Schedule.batch)
    parser.add_argument("--rate", type=float, default=Schedule.rate)
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO)
    with process(options.device) as part:
        means = run(options, part)
        if part.first:
            sys.stdout.write(json.dumps(means) + "\n")


if __name__ == "__main__":
    sys.exit(main())
