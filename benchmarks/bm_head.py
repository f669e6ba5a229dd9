"""Figures of the photo's way to the head: `python benchmarks/bm_head.py [--pack assets] [--heads 12] [--scan FOLDER]`.

One JSON line each: name, values, unit, anchor, machine.
- head_astronaut: reprojection in per cent of the inter-ocular distance, confidence, seconds of the stages.
- head_own: our own random heads with mild expressions, drawn under varied light and turned up to 30 degrees, found and fitted: median
  distance of the true neutral face from the fitted surface in mm, mean over heads, after the best turn, shift and scale by nearest
  points (icp) and by the 68 landmarks alone (landmarks). The anchor is the mean head's error.
- head_groups: the same for people of each ancestry, sex and age: how many are found, error and reprojection against the average.
- head_scan: the scan `james` of PyPI menpo3d (BSD-3; unpack its source archive, --scan .../menpo3d/data), drawn from several sides
  and fitted from one photo, or from three together: median distance of the scan's face (within the landmarks' outline) from our
  neutral head. NoW-style, but one subject of other data: these are no NoW scores. The anchor is the mean head's.
- head_likeness: distance of dlib's face embeddings (PyPI dlib-bin; unpack face_recognition_models, --likeness .../models) from the
  astronaut's photo to her own textured head, drawn from the front, and to 30 other heads that wear her own texture or a plain one.
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.head_scan import Scan  # noqa: E402
from core.errors import InputError  # noqa: E402
from core.face.camera import Camera, turn  # noqa: E402
from core.face.detection import FaceDetector  # noqa: E402
from core.face.fit import IBUG68, OUTLINE, Anchors, fit  # noqa: E402
from core.head.model import HeadBasis  # noqa: E402
from core.photo.reconstruction import reconstruct  # noqa: E402
from core.pictures.image import read_photo  # noqa: E402
from core.pictures.raster import rasterise  # noqa: E402
from core.types import Floats, Photo  # noqa: E402
from training.head.pictures import COLOURS, DISTANCE, FOCAL, SIDE, colours, picture  # noqa: E402
from training.head.surface import project  # noqa: E402

SCAN_POINTS = 2000
OTHERS = 30                      # heads that the own one is told from
TONES = {"african": (110, 74, 56), "asian": (214, 170, 138), "caucasian": (226, 182, 160)}
GROUP_SPREAD = 0.8               # of the deviations of people, within a group
ROUNDS = 40                      # of nearest points, until they stay
SCAN_VIEWS = ((0,), (20,), (40,), (0, 20, 40))                  # degrees; the last are three photos together
EXPRESSIONS = ("jawOpen", "mouthSmileLeft", "mouthSmileRight", "browInnerUp", "eyeSquintLeft", "eyeSquintRight", "mouthPucker",
               "mouthFrownLeft", "mouthFrownRight")

PLACE = np.array([0, 0, DISTANCE]), FOCAL, (SIDE / 2, SIDE / 2)

Array = NDArray[np.float64]


class Bench:
    """The loaded model and nets."""

    def __init__(self, pack: Path) -> None:
        """Load the pack."""
        self.basis = HeadBasis.load(pack / "head.npz")
        self.anchors = Anchors.load(pack / "anchors.npz")
        self.detector = FaceDetector.load(pack / "third_party" / "face_landmarker.task")

    def fitted(self, photos: Sequence[Photo]) -> tuple[Floats, float]:
        """Return the neutral head from photos of one person, and the mean reprojection in per cent."""
        faces = [self.detector.detect(photo) for photo in photos]
        sizes = [(photo.pixels.shape[1], photo.pixels.shape[0]) for photo in photos]
        found = fit(faces, sizes, basis=self.basis, anchors=self.anchors)
        return found.neutral(self.basis), float(np.mean([sight.reprojection_percent for sight in found.sights]))

    def astronaut(self) -> dict[str, float]:
        """Return reprojection, confidence and seconds; the nets have run once before."""
        photo = read_photo(ROOT / "assets" / "examples" / "astronaut.jpg")
        self.detector.detect(photo)
        marks = [(0.0, time.perf_counter())]
        started = time.process_time()
        found = reconstruct([photo], basis=self.basis, anchors=self.anchors, detector=self.detector,
                            tick=lambda share: marks.append((share, time.perf_counter())))
        seconds = {"detect_s": marks[1][1] - marks[0][1], "fit_s": marks[2][1] - marks[1][1],
                   "texture_s": time.perf_counter() - marks[2][1], "cpu_s": time.process_time() - started}
        return {"reprojection_percent": found.reprojection_percent, "confidence": found.confidence.overall, **seconds}

    def own_heads(self, count: int) -> tuple[dict[str, float], dict[str, float]]:
        """Return the errors of fitted heads, and the mean head's, in mm."""
        random = np.random.default_rng(2024)
        rows = []
        for _ in range(count):
            true = self.basis.neutral(random.normal(size=len(self.basis.identity_basis)).astype(np.float32))
            try:
                found, percent = self.fitted([self.photographed(true, COLOURS["skin"], random)])
            except InputError:
                continue
            marks = self.anchors.points(true)[:468].astype(np.float64)
            target = self.true_face(true)
            rows.append([percent, *(error for head in (found, self.basis.vertices) for error in self.errors(head, marks, target))])
        percent, icp, by_marks, mean_icp, mean_by_marks = np.mean(rows, axis=0).tolist()
        return ({"icp_median_mm": icp, "landmarks_median_mm": by_marks, "reprojection_percent": percent, "heads": len(rows),
                 "tried": count},
                {"mean_head_icp_median_mm": mean_icp, "mean_head_landmarks_median_mm": mean_by_marks})

    def photographed(self, true: Floats, tone: tuple[int, int, int], random: np.random.Generator) -> Photo:
        """Return a picture of a neutral head with some expression, turn and light."""
        weights = random.uniform(0, 0.5, len(EXPRESSIONS)) * (random.random(len(EXPRESSIONS)) < 0.4)
        moved = true + self.basis.expression(EXPRESSIONS, weights)
        yaw, pitch = random.uniform(-0.52, 0.52), random.uniform(-0.12, 0.12)
        camera = Camera(turn(np.array([0, yaw, 0.0])) @ turn(np.array([pitch, 0, 0.0])), *PLACE)
        light = np.array([random.uniform(-0.5, 0.5), random.uniform(0, 0.6), 1.0])
        return Photo(picture(self.basis, moved, camera, colours(self.basis, self.anchors, tone), light / np.linalg.norm(light))[0])

    def groups(self, count: int) -> dict[str, float]:
        """Return for each group of people the share of heads found, and error and reprojection over the average of all groups."""
        random = np.random.default_rng(2025)
        found: dict[str, list[tuple[float, float]]] = {}
        for name, middle in zip(self.basis.group_names, self.basis.group_identity, strict=True):
            found[name] = []
            for _ in range(count):
                true = self.basis.neutral(np.asarray(middle + random.normal(0, GROUP_SPREAD, len(middle)), np.float32))
                try:
                    head, percent = self.fitted([self.photographed(true, TONES[name.split()[0]], random)])
                except InputError:
                    continue
                marks = self.anchors.points(true)[:468].astype(np.float64)
                found[name].append((self.errors(head, marks, self.true_face(true))[0], percent))
        error, percent = np.mean([np.mean(rows, axis=0) for rows in found.values()], axis=0)
        values = {"icp_median_mm": float(error), "reprojection_percent": float(percent), "heads": float(count * len(found)),
                  "found": float(sum(map(len, found.values())))}
        for name, rows in found.items():
            own = np.mean(rows, axis=0)
            values |= {f"{name}: error": float(own[0] / error), f"{name}: reprojection": float(own[1] / percent)}
        return values

    def likeness(self, models: Path) -> dict[str, float]:
        """Return the embedding's distances from the photo to the person's own head and to the nearest of the others."""
        embed = embedding(models)
        photo = read_photo(ROOT / "assets" / "examples" / "astronaut.jpg")
        found = reconstruct([photo], basis=self.basis, anchors=self.anchors, detector=self.detector, tick=lambda _: None)
        plain, light, random = colours(self.basis, self.anchors), np.array([0.2, 0.3, 0.93]), np.random.default_rng(7)
        camera = Camera(np.eye(3), *PLACE)
        own = embed(picture(self.basis, found.head.neutral, camera, plain, light, found.head.albedo)[0])
        person, distances = embed(photo.pixels), []
        for index in range(OTHERS):
            other = self.basis.neutral(random.normal(size=len(self.basis.identity_basis)).astype(np.float32))
            image = picture(self.basis, other, camera, plain, light, found.head.albedo if index % 2 else None)[0]
            distances.append(float(np.linalg.norm(embed(image) - person)))
        distance, nearest = float(np.linalg.norm(own - person)), min(distances)
        return {"own": distance, "nearest_other": nearest, "margin": nearest - distance, "median_other": float(np.median(distances)),
                "rank": 1.0 + sum(other < distance for other in distances), "others": float(OTHERS)}

    def true_face(self, vertices: Floats) -> Array:
        """Return points (N, 3) spread over a head's face."""
        face = self.basis.skin_triangles[(self.basis.regions[self.basis.skin_triangles] < 3).all(axis=1)]
        random = np.random.default_rng(0)
        corners = vertices[face].astype(np.float64)
        area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
        chosen = random.choice(len(face), SCAN_POINTS, p=area / area.sum())
        return np.einsum("nk,nkc->nc", random.dirichlet((1.0, 1.0, 1.0), SCAN_POINTS), corners[chosen])

    def scan(self, folder: Path) -> tuple[dict[str, float], dict[str, float]]:
        """Return the median distances of the scan's face from ours and from the mean head, in mm, by the photos' yaws."""
        scan = Scan(folder)
        values: dict[str, float] = {}
        photo, points = scan.view(0)
        target = self.face_points(photo, points)
        marks = at_landmarks(points, self.detector.detect(photo).landmarks)
        for yaws in SCAN_VIEWS:
            neutral, percent = self.fitted([scan.view(yaw)[0] for yaw in yaws])
            name = "_".join(map(str, yaws))
            values[f"icp_median_mm_{name}"], values[f"landmarks_median_mm_{name}"] = self.errors(neutral, marks, target)
            values[f"reprojection_percent_{name}"] = percent
        mean = self.errors(self.basis.vertices, marks, target)
        return values, {"mean_head_icp_median_mm": mean[0], "mean_head_landmarks_median_mm": mean[1]}

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

    def errors(self, head: Floats, marks: Array, target: Array) -> tuple[float, float]:
        """Return the median distances in mm of points (N, 3), metres, from a head laid onto them by nearest points, and by landmarks
        (468, 3) alone, NaN where unknown."""
        seen = np.isfinite(marks).all(axis=1)
        some = [index for index in IBUG68 if seen[index]]
        own = self.anchors.points(head)[:468].astype(np.float64)
        placed = similarity(own[some], marks[some], head.astype(np.float64))
        by_marks = np.linalg.norm(closest(target, placed, self.basis.skin_triangles) - target, axis=1)
        for _ in range(ROUNDS):
            placed = similarity(closest(target, placed, self.basis.skin_triangles), target, placed)
        by_points = np.linalg.norm(closest(target, placed, self.basis.skin_triangles) - target, axis=1)
        return 1000 * float(np.median(by_points)), 1000 * float(np.median(by_marks))


def embedding(models: Path) -> Callable[[NDArray[np.uint8]], Array]:
    """Return what turns a picture (H, W, 3) of one face into dlib's embedding (128,)."""
    import dlib
    detector = dlib.get_frontal_face_detector()
    shape = dlib.shape_predictor(str(models / "shape_predictor_68_face_landmarks.dat"))
    net = dlib.face_recognition_model_v1(str(models / "dlib_face_recognition_resnet_model_v1.dat"))

    def embed(image: NDArray[np.uint8]) -> Array:
        face = max(detector(image, 1), key=lambda box: box.area())
        return np.array(net.compute_face_descriptor(image, shape(image, face), 10))
    return embed


def at_landmarks(points: Array, landmarks: Floats) -> Array:
    """Return the scan's points (468, 3) at the landmarks' pixels."""
    column, row = (np.clip(landmarks[:468, axis].astype(int), 0, len(points) - 1) for axis in (0, 1))
    return np.asarray(points[row, column])


def similarity(source: Array, target: Array, moved: Array) -> Array:
    """Return `moved` under the turn, shift and scale that bring `source` onto `target` best (Umeyama 1991)."""
    first, second = source - source.mean(axis=0), target - target.mean(axis=0)
    left, stretch, right = np.linalg.svd(first.T @ second)
    signs = np.array([1, 1, np.sign(np.linalg.det(left @ right))])
    factor = float((stretch * signs).sum() / (first**2).sum())
    return np.asarray(factor * (moved - source.mean(axis=0)) @ ((left * signs) @ right) + target.mean(axis=0), np.float64)


def closest(points: Array, vertices: Array, triangles: NDArray[np.int32]) -> Array:
    """Return the nearest points (N, 3) of a surface to `points` (N, 3)."""
    corners, weights = project(points, vertices, triangles)
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
    parser.add_argument("--each", type=int, default=4, help="heads of each group of people")
    parser.add_argument("--likeness", type=Path, help="folder with the models of face_recognition_models; needs dlib")
    parser.add_argument("--scan", type=Path, help="folder with james.obj and james.jpg of menpo3d")
    options = parser.parse_args()
    bench = Bench(options.pack)
    write("head_astronaut", bench.astronaut(), "per cent of the inter-ocular distance; seconds", "photo -> textured head within 10 s")
    write("head_own", *with_unit(bench.own_heads(options.heads), "mm"))
    write("head_groups", bench.groups(options.each), "mm, per cent; share of the average", "none above 1.25")
    if options.likeness:
        write("head_likeness", bench.likeness(options.likeness), "distance of embeddings", "own within 0.42, margin of 0.12")
    if options.scan:
        write("head_scan", *with_unit(bench.scan(options.scan), "mm"))


def with_unit(both: tuple[dict[str, float], dict[str, float]], unit: str) -> tuple[dict[str, float], str, dict[str, float]]:
    """Return values, unit and anchor."""
    return both[0], unit, both[1]


if __name__ == "__main__":
    main()
