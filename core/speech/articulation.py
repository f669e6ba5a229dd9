"""What the lip network says at every frame: articulation channels and phone posteriors."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np

from ..types import Floats
from ..types import check as check_array

# jaw (1 is a wide speaking vowel), aperture (0 sealed, 1 lips as far apart as in a wide /a/), pucker, funnel, spread,
# lower (lower lip drawn down, teeth seen), labiodental (lower lip under the upper teeth), press (lips on each other),
# tongue_tip, tongue_back and tongue_out by place of articulation
CHANNELS = ("jaw", "aperture", "pucker", "funnel", "spread", "lower", "labiodental", "press", "tongue_tip",
            "tongue_back", "tongue_out")
SEALING = ("pcl", "bcl", "m")   # phones for which the lips touch
LABIODENTAL = ("f", "v")
SPREAD = ("iy", "ih", "ey", "eh", "ae", "y")    # that lips are not rounded for
UNROUNDING = 0.7                # share of the rounding that is kept back there
NARROW = ("w", "uw", "ue")      # for which the lips come close to each other
MOST = {"aperture": 0.38, "jaw": 0.45}          # what is left of a channel there
# what viewers look for: the least of a channel where these phones are heard
LEAST = {"spread": (0.4, ("iy", "ey", "y")), "funnel": (0.4, ("sh", "zh", "ch", "jh")), "tongue_out": (0.7, ("th", "dh"))}
LABIAL = ("p", "b", "w", "sil", *LABIODENTAL, *SEALING)
NEEDED = frozenset((*LABIAL, *SPREAD, *NARROW, *chain(*(phones for _, phones in LEAST.values()))))     # that a network tells
SEAL_FROM, SEAL_AT = 0.08, 0.2  # posterior at which the lips begin to be pressed shut, and at which they are shut
TOUCH_FROM, TOUCH_AT = 0.02, 0.3 # the same for the lower lip at the teeth in f and v
TOUCH_UNTIL = 0.25              # posterior of a closure at which the lower lip has left the teeth for the upper lip
TOUCH_APERTURE = 0.28           # aperture at which the lower lip, drawn in, meets the upper teeth
SEAL_FRAMES = 3                 # frames a seal lasts at least, of which SEAL_SHARES leave the first and the last a quarter open
# shares of a frame and its neighbours on the lips' way to each other, and from one shape to another
SEAL_SHARES = (0.25, 0.5, 0.25)
PASSAGE_SHARES = (0.0833, 0.25, 0.3334, 0.25, 0.0833)
NEIGHBOURS = 2 * 3              # frames beside a block that its seals depend on: more than SEAL_FRAMES and half of the shares
OPEN_LEAST = 0.2                # aperture that sounds without lip contact keep
QUIET_DB = -35.0                # level below a recording's loud parts at which nothing is spoken
DROP_DB = -30.0                 # the same below the loudest frame within REACH, so that a whisper is no pause
REACH = 121                     # frames, a second to both sides
PAUSE_FRAMES = 9                # shorter quiet passages are stops' closures
REST_FRAMES = 4                 # frames in which the mouth comes to rest
READY_FRAMES = 6                # frames before the end of a pause at which the mouth is left to the network again


@dataclass(frozen=True)
class Articulation:
    """channels: (T, C) float32 in 0..1, columns CHANNELS; phones: (T, P) posteriors; labels: P names of phones."""

    channels: Floats
    phones: Floats
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        check_array("channels", self.channels, np.float32, (None, len(CHANNELS)))
        check_array("phones", self.phones, np.float32, (len(self.channels), len(self.labels)))

    def probability(self, labels: tuple[str, ...]) -> Floats:
        """Return the probability (T,) that the sound is one of `labels`."""
        return np.asarray(self.phones[:, [self.labels.index(label) for label in labels]].sum(axis=1), np.float32)


def decode(articulation: Articulation) -> Floats:
    """Return the channels (T, C) with what the network is sure to hear: the shapes of `characterise`, lips shut in p b m and
    apart in others, the lower lip at the teeth in f v."""
    channels = characterise(articulation)
    aperture, labiodental = CHANNELS.index("aperture"), CHANNELS.index("labiodental")
    apart = 1 - articulation.probability(LABIAL)
    opening = np.maximum(channels[:, aperture], OPEN_LEAST * smoothstep((apart - 0.5) / 0.4))
    sealing = articulation.probability(SEALING)
    touch = smoothstep((articulation.probability(LABIODENTAL) - TOUCH_FROM) / (TOUCH_AT - TOUCH_FROM))
    touch = soften(greatest(touch, SEAL_FRAMES), PASSAGE_SHARES) * (1 - smoothstep(sealing / TOUCH_UNTIL))
    channels[:, labiodental] = np.maximum(channels[:, labiodental], touch)
    opening = opening * (1 - touch) + TOUCH_APERTURE * touch
    seal = soften(hold(smoothstep((sealing - SEAL_FROM) / (SEAL_AT - SEAL_FROM)), SEAL_FRAMES), SEAL_SHARES)
    channels[:, aperture] = opening * (1 - seal)
    return np.clip(channels, 0, 1)


def characterise(articulation: Articulation) -> Floats:
    """Return the channels (T, C) with the shapes that sounds are known by: narrow lips in w oo, spread ones in ee, and not round
    there, trumpet lips in sh, the tongue between the teeth in th."""
    def heard(labels: tuple[str, ...]) -> Floats:
        return soften(articulation.probability(labels), PASSAGE_SHARES)

    channels = articulation.channels.copy()
    channels[:, [CHANNELS.index("pucker"), CHANNELS.index("funnel")]] *= 1 - UNROUNDING * heard(SPREAD)[:, None]
    narrow = heard(NARROW)
    for channel, most in MOST.items():
        values = channels[:, CHANNELS.index(channel)]
        values -= narrow * np.maximum(values - most, 0)
    for channel, (least, labels) in LEAST.items():
        values = channels[:, CHANNELS.index(channel)]
        np.maximum(values, least * heard(labels), out=values)
    return channels


def decode_blocks(blocks: Iterable[Articulation]) -> Iterator[Floats]:
    """Yield `decode` of blocks in sequence, each decoded with what it needs of its neighbours: the result is that of the whole.

    All but the last are at least NEIGHBOURS long.
    """
    before, now = None, None
    for after in chain(blocks, (None,)):
        if now is not None:
            yield decode_between(before, now, after)
        before, now = now, after


def decode_between(before: Articulation | None, now: Articulation, after: Articulation | None) -> Floats:
    """Return `decode` of a block between two others."""
    parts = [part(before, slice(-NEIGHBOURS, None)), now, part(after, slice(0, NEIGHBOURS))]
    known = [one for one in parts if one is not None]
    channels, phones = (np.concatenate([getattr(one, name) for one in known]) for name in ("channels", "phones"))
    whole = decode(Articulation(channels, phones, now.labels))
    first = len(parts[0].channels) if parts[0] is not None else 0
    return whole[first:first + len(now.channels)]


def part(block: Articulation | None, frames: slice) -> Articulation | None:
    """Return some frames of a block, if there is one."""
    return Articulation(block.channels[frames], block.phones[frames], block.labels) if block is not None else None


def rest(channels: Floats, level: Floats) -> Floats:
    """Return the channels (T, C) with the mouth at rest in pauses; level: (T,) dB to the loud parts of the recording.

    A recording that ends right after its last word leaves the network unsure whether another sound follows.
    """
    quiet = (level < QUIET_DB) & (level < greatest(level, REACH) + DROP_DB)
    change = np.diff(np.concatenate([[False], quiet, [False]]).astype(np.int8))
    share = np.zeros(len(level), np.float32)
    for begin, end in zip(np.flatnonzero(change == 1), np.flatnonzero(change == -1), strict=True):
        frames = np.arange(begin, end)
        resting = np.ones(len(frames), np.float32)
        if begin > 0:
            resting = smoothstep((frames - begin + 1) / REST_FRAMES)
        if end < len(level):
            resting = np.minimum(resting, smoothstep((end - READY_FRAMES - frames) / REST_FRAMES))
        if end - begin >= PAUSE_FRAMES or end == len(level):
            share[begin:end] = resting
    return np.asarray(channels * (1 - share)[:, None], np.float32)


def smoothstep(values: Floats) -> Floats:
    """Return 0 below 0, 1 above 1, and a smooth passage between."""
    inside = np.clip(values, 0, 1)
    return np.asarray(inside * inside * (3 - 2 * inside), np.float32)


def hold(seal: Floats, frames: int) -> Floats:
    """Widen the peaks of `seal` (T,) that last less than `frames` (odd) frames by half of that to both sides."""
    lasting = greatest(-greatest(-seal, frames), frames)
    return np.maximum(seal, greatest(np.where(lasting < seal, seal, 0).astype(np.float32), frames))


def greatest(values: Floats, frames: int) -> Floats:
    """Return the greatest of the `frames` (odd) values centred at each of `values` (T,)."""
    padded = np.pad(values, frames // 2, mode="edge")
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, frames).max(axis=1), np.float32)


def soften(values: Floats, shares: tuple[float, ...]) -> Floats:
    """Return `values` (T,) averaged over neighbouring frames with `shares` (an odd number), without delay."""
    padded = np.pad(values, len(shares) // 2, mode="edge")
    return np.asarray(sum(np.float32(share) * padded[shift:shift + len(values)] for shift, share in enumerate(shares)), np.float32)
