"""The average face: what moves the source's mean head onto the canonical face model that comes with the landmark net.

MakeHuman's mean is drawn, not measured: its nose is concave and low, its lips pout, and it is smaller than people. The canonical
face model (468 points, Apache-2.0, in the landmark net's task file) is the average face the net was made for; where the net sees
mouth and nose elsewhere in photos of people, it is moved there (average_moves.py).
"""

import zipfile
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.face import skin_mask
from core.face.fit import OUTLINE, Anchors
from core.files import read_arrays
from core.protobuf import fields

from .crop import Indices
from .source import Array
from .surface import outer, project

METADATA = "geometry_pipeline_metadata_landmarks.binarypb"
POINTS, COLUMNS = 468, 5                # x, y, z in centimetres, u, v
VERTEX_BUFFER, FLOAT = 3, 4             # field of the mesh, packed or one by one; bytes of a number in it
MOUTH_OPENING = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 95, 88, 178, 87, 14, 317, 402, 318, 324)
EYES = tuple((*line, *lid) for line, lid in zip(skin_mask.EYES, (
    (226, 247, 30, 29, 27, 28, 56, 190, 243, 112, 26, 22, 23, 24, 110, 25),
    (446, 467, 260, 259, 257, 258, 286, 414, 463, 341, 256, 252, 253, 254, 339, 255)), strict=True))      # lids' rims, next ring
STAGES = ((0.050, 0.3), (0.025, 0.5), (0.012, 1.0))     # reach of the moves, metres, and how much of the residual each leaves (ridge)
SURFACE_STAGES = 3 * ((0.025, 0.3), (0.012, 0.5))       # the same, of moves of the surface onto the points
MOVES_FILE = Path(__file__).with_name("average_moves.npz")
SIZE = 0.97                             # of the canonical face: adults' faces are about that much smaller (Farkas 1994)


def canonical(task: Path) -> Array:
    """Return the canonical face model's points (468, 3), metres, from a face landmarker task file."""
    with zipfile.ZipFile(task) as archive:
        content = archive.read(METADATA)
    mesh = next(one.content for one in fields(content) if len(one.content) > POINTS * COLUMNS * 4)
    buffers = b"".join(one.content or one.whole[-FLOAT:] for one in fields(mesh) if one.number == VERTEX_BUFFER)
    return np.frombuffer(buffers, "<f4").reshape(-1, COLUMNS)[:POINTS, :3].astype(np.float64) / 100


def average_face(task: Path) -> Array:
    """Return the canonical face's points (468, 3), metres, with mouth and nose where people have them."""
    return canonical(task) + read_arrays(MOVES_FILE, ("moves",), InputError)["moves"] / SIZE


class AverageFace:
    """Where the canonical face lies on the source's mean head, and the smooth move that takes the head there."""

    def __init__(self, head: Array, triangles: Indices, anchors: Anchors, target: Array) -> None:
        """Fit the move: first landmark to landmark, then the surface to the points.

        head: (V, 3) the source's mean; triangles: (F, 3) of its skin, where the anchors lie; target: (468, 3) the average face;
        metres.
        """
        used = np.setdiff1d(np.arange(POINTS), MOUTH_OPENING)
        own = np.einsum("lk,lkc->lc", anchors.weights[:POINTS], head[anchors.vertices[:POINTS]])
        placed, self.scale = similarity(SIZE * target, own, used)
        self.stages: list[tuple[Array, float, Array]] = []
        goal = placed.copy()
        for eye in EYES:                                        # how wide the eyes are open is left to the source
            goal[list(eye), 1] = own[list(eye), 1] + (placed - own)[list(eye), 1].mean()
        for reach, ridge in STAGES:
            self.add_stage(own[used], goal[used], reach, ridge)
            own = own + self.last_move(own)
        used, skin = np.setdiff1d(used, np.concatenate([*EYES, OUTLINE])), outer(head, triangles)
        for reach, ridge in SURFACE_STAGES:
            moved = head + self.moves(head)
            corners, weights = project(placed[used], moved, skin)
            below = np.einsum("lk,lkc->lc", weights, moved[corners])
            self.add_stage(below, placed[used], reach, ridge)
        self.residual = float(np.linalg.norm(below - placed[used], axis=1).mean())

    def add_stage(self, points: Array, goal: Array, reach: float, ridge: float) -> None:
        """Add a move that takes points (N, 3) most of the way to their goals, the same on both sides of the face."""
        flip = np.array([-1.0, 1.0, 1.0])
        both, wanted = np.concatenate([points, points * flip]), np.concatenate([goal - points, (goal - points) * flip])
        self.stages.append((both, reach, np.linalg.solve(kernel(both, both, reach) + 2 * ridge * np.eye(len(both)), wanted)))

    def last_move(self, places: Array) -> Array:
        """Return the last stage's move (N, 3) at places (N, 3)."""
        points, reach, weights = self.stages[-1]
        return kernel(places, points, reach) @ weights

    def moves(self, places: Array) -> Array:
        """Return the whole move (N, 3), metres, of places (N, 3) around the head: symmetric, fading out away from the face."""
        moved = places
        for points, reach, weights in self.stages:
            moved = moved + kernel(moved, points, reach) @ weights
        return moved - places


def kernel(places: Array, points: Array, reach: float) -> Array:
    """Return Gaussian weights (N, L)."""
    squared = ((places[:, None] - points[None]) ** 2).sum(axis=2)
    return np.exp(-squared / (2 * reach**2))


def similarity(source: Array, target: Array, used: np.ndarray) -> tuple[Array, float]:
    """Return `source` (N, 3) turned, moved and scaled so that its points `used` fit those of `target` (N, 3) best (Umeyama 1991), and
    how much larger the source is."""
    middle = source[used].mean(axis=0)
    first, second = source[used] - middle, target[used] - target[used].mean(axis=0)
    left, stretch, right = np.linalg.svd(first.T @ second)
    signs = np.array([1, 1, np.sign(np.linalg.det(left @ right))])
    factor = float((stretch * signs).sum() / (first**2).sum())
    return factor * (source - middle) @ ((left * signs) @ right) + target[used].mean(axis=0), 1 / factor
