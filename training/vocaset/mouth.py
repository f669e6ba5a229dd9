"""The mouth template on a head: teeth and tongue that follow the chin (paper Sec. 3.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.files import read_arrays
from core.types import Floats

PARTS = ("upper", "lower", "tongue")
LARGEST_OBJ = 200 << 20         # bytes
STORED = ("template", "triangles", "chin", "below_ear", "pivot", "mouth", "mouth_parts", "mouth_triangles", "mask_lips")
Triangles = NDArray[np.int32]


@dataclass(frozen=True)
class MouthRig:
    """head (V, 3): the mean FLAME head, metres; triangles (F, 3); chin P and below_ear Q, vertices; pivot (3,) of the jaw; lips (L,);
    mouth (M, 3): upper teeth, lower teeth, tongue, whose ends are parts (4,); mouth_triangles (G, 3)."""

    head: Floats
    triangles: Triangles
    chin: int
    below_ear: int
    pivot: Floats
    lips: NDArray[np.int64]
    mouth: Floats
    parts: tuple[int, ...]
    mouth_triangles: Triangles

    @classmethod
    def read(cls, path: Path, template: "Sequence[Path] | None" = None) -> "MouthRig":
        """Read the flame.npz of training/flame/head.py; template: .obj files of upper teeth, lower teeth and tongue instead of ours.

        Raises InputError when a file is damaged, or the template's points are not in metres around FLAME's mouth.
        """
        stored = read_arrays(path, STORED, InputError)
        rig = cls(stored["template"].astype(np.float32), stored["triangles"].astype(np.int32), int(stored["chin"]),
                  int(stored["below_ear"]), stored["pivot"].astype(np.float32), stored["mask_lips"].astype(np.int64),
                  stored["mouth"].astype(np.float32), tuple(map(int, stored["mouth_parts"])),
                  stored["mouth_triangles"].astype(np.int32))
        return rig.with_template(template) if template else rig

    def with_template(self, paths: "Sequence[Path]") -> "MouthRig":
        """Return the rig with another template. One that was not placed on FLAME is: as wide as our upper teeth, and there."""
        if len(paths) != len(PARTS):
            raise InputError(f"the mouth template has {len(paths)} files, not {len(PARTS)}", "template",
                             "give upper teeth, lower teeth, tongue")
        read = [read_obj(path) for path in paths]
        ends = np.cumsum([0, *(len(points) for points, _ in read)])
        points = np.concatenate([points for points, _ in read])
        faces = np.concatenate([faces + first for (_, faces), first in zip(read, ends, strict=False)]).astype(np.int32)
        own = self.mouth[self.parts[0]:self.parts[1]]
        upper = points[:ends[1]]
        middle, size = own.mean(axis=0), np.ptp(own[:, 0])
        if np.linalg.norm(upper.mean(axis=0) - middle) > size / 2 or not 0.5 < np.ptp(upper[:, 0]) / size < 2:
            points = (points - front(upper)) * (size / max(float(np.ptp(upper[:, 0])), 1e-9)) + front(own)
        return MouthRig(self.head, self.triangles, self.chin, self.below_ear, self.pivot, self.lips, points.astype(np.float32),
                        tuple(map(int, ends)), faces)

    @property
    def complete_triangles(self) -> Triangles:
        """Head and mouth (F + G, 3)."""
        return np.concatenate([self.triangles, self.mouth_triangles + np.int32(len(self.head))])

    def seated(self, template: Floats) -> Floats:
        """Return the mouth (M, 3) of a subject whose neutral head is `template` (V, 3): it goes with the lips."""
        return np.asarray(self.mouth + (template - self.head)[self.lips].mean(axis=0), np.float32)

    def angles(self, frames: Floats, template: Floats) -> Floats:
        """Return theta (T,), radians, by which the segment from Q to P has turned in the yoz plane since `template` (V, 3)."""
        def direction(points: Floats) -> Floats:
            segment = points[..., self.chin, 1:] - points[..., self.below_ear, 1:]
            return np.asarray(np.arctan2(segment[..., 0], segment[..., 1]), np.float32)
        return np.asarray(direction(template) - direction(frames), np.float32)

    def complete(self, frames: Floats, template: Floats) -> Floats:
        """Return heads with mouths (T, V + M, 3): upper teeth at rest, lower teeth and tongue turned by theta about the pivot."""
        mouth, count = self.seated(template), len(frames)
        pivot = self.pivot + (template - self.head)[self.below_ear] * np.array([0, 1, 1], np.float32)
        theta = self.angles(frames, template)
        sine, cosine = np.sin(theta)[:, None], np.cos(theta)[:, None]
        result = np.empty((count, len(self.head) + len(mouth), 3), np.float32)
        result[:, :len(self.head)], result[:, len(self.head):] = frames, mouth
        first = len(self.head) + self.parts[1]
        height, depth = (mouth[self.parts[1]:, axis] - pivot[axis] for axis in (1, 2))
        result[:, first:, 1] = cosine * height - sine * depth + pivot[1]
        result[:, first:, 2] = sine * height + cosine * depth + pivot[2]
        return result

    def neutral(self, template: Floats) -> Floats:
        """Return a subject's neutral head with its mouth (V + M, 3)."""
        return np.concatenate([template, self.seated(template)])


def front(points: Floats) -> Floats:
    """Return the middle (3,) of the front of an arch of teeth (N, 3)."""
    return np.asarray(points[points[:, 2] >= np.quantile(points[:, 2], 0.9)].mean(axis=0), np.float32)


def read_obj(path: Path) -> tuple[Floats, Triangles]:
    """Return vertices (N, 3) and triangles (F, 3) of an .obj, larger faces as fans; raise InputError when it is none."""
    advice = "export it as OBJ again"
    points, faces = [], []
    try:
        if path.stat().st_size > LARGEST_OBJ:
            raise InputError("the mesh is too large", path, advice)
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            words = line.split()
            if words[:1] == ["v"]:
                points.append([float(word) for word in words[1:4]])
            elif words[:1] == ["f"]:
                places = [int(word.split("/")[0]) for word in words[1:]]
                places = [place - 1 if place > 0 else len(points) + place for place in places]
                faces += [(places[0], places[step], places[step + 1]) for step in range(1, len(places) - 1)]
        vertices, triangles = np.array(points, np.float32).reshape(-1, 3), np.array(faces, np.int64).reshape(-1, 3)
    except OSError as error:
        raise InputError("there is no mesh that can be read", path, advice) from error
    except ValueError as error:
        raise InputError(f"the mesh is damaged ({error})", path, advice) from error
    if not (len(vertices) and len(triangles)) or triangles.min() < 0 or triangles.max() >= len(vertices) or not np.isfinite(
            vertices).all():
        raise InputError("the mesh has no vertices and faces that fit each other", path, advice)
    return vertices, triangles.astype(np.int32)
