"""FLAME as the head of a model pack: python -m training.flame.head --model generic_model.pkl --masks FLAME_masks.pkl
--landmarks landmark_embedding.npy --texture texture_data_512.npy --out FOLDER

Writes head.npz in the form of docs/head_model.md, which core/ runs like the default one, anchors.npz for the photo fit, and
flame.npz, the mesh for training. FLAME brings shape, expressions, jaw and eyeballs; teeth, tongue, lashes and the names of the
shapes are ours, laid onto it.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.face.detection import LANDMARKS
from core.face.fit import Anchors, landmarks68
from core.files import write_arrays
from core.head.lids import halfway_name
from core.head.model import FORMAT, MATERIALS, HeadBasis
from core.pack import Pack
from core.pictures.raster import rasterise
from training.head.anchors import landmarks_of
from training.head.average import POINTS
from training.head.eyes import gaze, sphere
from training.head.surface import outer, project
from training.head.unwrap import eye as unwrapped_eye

from ..command import told
from .correspondence import Correspondence
from .keys import Keys, solve, turned
from .model import JAW, Flame, points_of, read_landmarks, read_masks
from .surface import LipRing, Surface, chin_and_ear, lip_ring, skin_of
from .texture import TextureSpace, read_texture_data

BOUND = 3.0                     # deviations of a shape component
MOUTH = ("teeth_upper", "teeth_lower", "tongue")
JAW_PARTS = MOUTH[1:]
EYES = {"eye_left": "left_eyeball", "eye_right": "right_eyeball"}
PEOPLE = 300
PIXEL, ROOM = 0.0005, 0.001     # metres: of the picture from in front in which teeth are looked for, and that they lie behind the skin
FRONT = 0.8                     # quantile of the teeth's depth from which they are front teeth
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Sources:
    """What a FLAME head is made of."""

    flame: Flame
    masks: dict[str, NDArray[np.int64]]
    corners: NDArray[np.int32]
    weights: Array
    texture: TextureSpace
    basis: HeadBasis
    anchors: Anchors
    still: Anchors                  # where the landmarks lie by anatomy, as FLAME's do

    @classmethod
    def read(cls, model: Path, masks: Path, landmarks: Path, texture: Path) -> "Sources":
        """Read FLAME's files and our default head; raise InputError for one that is missing, damaged or of another version."""
        flame = Flame.load(model)
        corners, weights = read_landmarks(landmarks, flame.triangles)
        pack = Pack.open()
        basis = HeadBasis.load(pack.path("head"))
        return cls(flame, read_masks(masks), corners, weights, read_texture_data(texture, len(flame.triangles)), basis,
                   Anchors.load(pack.path("anchors")), landmarks_of(basis, pack.path("face_landmarker"), still=True)[0])


class Builder:
    """Lays out the parts of a FLAME head: skin, lashes, teeth_upper, teeth_lower, tongue, eye_left, eye_right."""

    def __init__(self, sources: Sources, people: int = PEOPLE) -> None:
        """Lay our head onto FLAME's and solve for the shapes."""
        self.sources, self.people = sources, min(people, sources.flame.people)
        flame, basis = sources.flame, sources.basis
        self.marks = points_of(flame.template, sources.corners, sources.weights)
        self.surface: Surface = skin_of(flame, sources.masks)
        self.laid = Correspondence(basis, sources.still, self.surface, self.marks)
        self.ring: LipRing = lip_ring(self.surface, self.marks[60:])
        self.keys: Keys = solve(flame, self.surface, self.laid, self.ring)
        self.joint = flame.joints(flame.template)[JAW] * [0, 1, 1]
        mouth = seated(self.laid.mouth(self.marks, sources.still), self.surface, basis)
        first = basis.part(MOUTH[0]).vertices.start
        self.points: dict[str, Array] = {
            "skin": self.surface.points, "lashes": self.laid.moved[basis.part("lashes").vertices],
            **{name: mouth[shifted(basis.part(name).vertices, -first)] for name in MOUTH},
            **{name: flame.template[sources.masks[mask]] for name, mask in EYES.items()}}
        ends = np.cumsum([0, *map(len, self.points.values())])
        self.part = {name: slice(int(ends[row]), int(ends[row + 1])) for row, name in enumerate(self.points)}
        self.shift = landmarks68(basis.vertices, sources.still).mean(axis=0) - self.marks.mean(axis=0)

    def vertices(self) -> Array:
        """Return the mean head (V, 3) where our own lies, so that what core/ knows of heads' places holds."""
        return np.concatenate(list(self.points.values())) + self.shift

    def identity(self) -> NDArray[np.float16]:
        """Return the shapes of people (B, V, 3): lashes go with the skin beside them, teeth and tongue with the lips' middle."""
        flame, shapes = self.sources.flame, np.zeros((self.people, self.part["eye_right"].stop, 3), np.float16)
        full = flame.shapes[:, :, :self.people].transpose(2, 0, 1)
        shapes[:, self.part["skin"]] = skin = full[:, self.surface.vertices]
        beside = project(self.points["lashes"], self.surface.points, self.surface.triangles)
        shapes[:, self.part["lashes"]] = np.einsum("nk,bnkc->bnc", beside[1], skin[:, beside[0]])
        lips = np.concatenate([self.ring.upper, self.ring.lower])
        for name in MOUTH:
            shapes[:, self.part[name]] = skin[:, lips].mean(axis=1, keepdims=True)
        for name, mask in EYES.items():
            shapes[:, self.part[name]] = full[:, self.sources.masks[mask]]
        return shapes

    def expressions(self) -> NDArray[np.float16]:
        """Return the named shapes (K, V, 3)."""
        basis, keys = self.sources.basis, self.keys
        result = np.zeros((len(keys.names), self.part["eye_right"].stop, 3), np.float16)
        result[:, self.part["skin"]] = keys.offsets
        for name in ("lashes", *MOUTH):
            result[:, self.part[name]] = self.laid.scale * basis.expressions[:, basis.part(name).vertices]
        for index, name in enumerate(keys.names):
            if name in keys.turns:
                for part in JAW_PARTS:
                    result[index, self.part[part]] = turned(self.points[part], keys.turns[name], self.joint)
            for part in EYES:
                if name.endswith(part.removeprefix("eye_").capitalize()):
                    result[index, self.part[part]] = gaze(self.points[part], name)
        return result

    def faces(self) -> dict[str, NDArray[Any]]:
        """Return quads, UVs and materials; FLAME's triangles repeat their last corner."""
        basis, texture, start = self.sources.basis, self.sources.texture, 0
        uv: list[Array] = []
        quads, quad_uv, material, ranges = [], [], [], []
        coordinates: Array
        for name, where in self.part.items():
            if name in ("lashes", *MOUTH):
                faces = basis.part(name)
                own = basis.quads[faces.faces] - faces.vertices.start
                places = basis.quad_uv[faces.faces]
                used, local = np.unique(places, return_inverse=True)
                coordinates, local, kind = basis.uv[used].astype(np.float64), local.reshape(places.shape), basis.material[faces.faces]
            else:
                own, chosen = self.triangles(name)
                own = own[:, [0, 1, 2, 2]]
                if name == "skin":
                    coordinates, local = texture.uv, texture.triangles[chosen][:, [0, 1, 2, 2]]
                else:
                    coordinates, local = unwrapped_eye(self.points[name] - sphere(self.points[name])[0]), own
                kind = np.full(len(own), MATERIALS.index("skin" if name == "skin" else "eye"))
            offset = sum(len(one) for one in uv)
            quads.append(own + where.start)
            quad_uv.append(local + offset)
            uv.append(coordinates)
            material.append(kind)
            ranges.append((start, start + len(own)))
            start += len(own)
        return {"quads": np.concatenate(quads).astype(np.int32), "quad_uv": np.concatenate(quad_uv).astype(np.int32),
                "uv": np.concatenate(uv).astype(np.float32), "material": np.concatenate(material).astype(np.uint8),
                "part_faces": np.array(ranges, np.int32)}

    def triangles(self, name: str) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return FLAME's triangles of a part, into its own vertices, and which of FLAME's they are."""
        flame = self.sources.flame
        own = self.surface.vertices if name == "skin" else self.sources.masks[EYES[name]]
        place = np.full(len(flame.template), -1)
        place[own] = np.arange(len(own))
        found = place[flame.triangles]
        chosen = np.flatnonzero((found >= 0).all(axis=1))
        return found[chosen].astype(np.int32), chosen

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return head.npz, and of FLAME what training needs to come back to it."""
        flame, basis, ring = self.sources.flame, self.sources.basis, self.ring
        chin, ear = chin_and_ear(flame, self.surface, self.sources.corners, self.sources.weights)
        place = {int(vertex): row for row, vertex in enumerate(self.surface.vertices)}
        sides, names = ("Left", "Right"), self.keys.names
        blinks = [names.index(f"eyeBlink{side}") for side in sides]
        edge = basis.upper_incisor_edge - basis.part("teeth_upper").vertices.start + self.part["teeth_upper"].start
        middle = len(ring.lower) // 4
        return {
            "format_version": np.int32(FORMAT), "vertices": self.vertices().astype(np.float32), **self.faces(),
            "part_names": np.array(list(self.part)),
            "part_vertices": np.array([(one.start, one.stop) for one in self.part.values()], np.int32),
            "identity_basis": self.identity(), "identity_bounds": np.full((self.people, 2), [-BOUND, BOUND], np.float32),
            "group_names": np.array(["mean"]), "group_identity": np.zeros((1, self.people), np.float32),
            "expression_names": np.array(names), "expression_basis": self.expressions(),
            "corrective_names": np.array([halfway_name(side) for side in sides]),
            "corrective_pairs": np.array([(place, place) for place in blinks], np.int32),
            "corrective_gains": np.full(2, -1, np.float32),
            "corrective_basis": np.zeros((2, self.part["eye_right"].stop, 3), np.float16),
            "regions": self.surface.regions, "inner_lip_upper": ring.upper.astype(np.int32),
            "inner_lip_lower": ring.lower.astype(np.int32), "lip_corners": ring.corners.astype(np.int32),
            "upper_incisor_edge": edge.astype(np.int32),
            "lower_lip_top": np.unique(ring.lower[middle:len(ring.lower) - middle]).astype(np.int32),
            "chin_vertex": np.int32(place[chin]), "below_ear_vertex": np.int32(place[ear]),
            "jaw_pivot": (self.joint + self.shift * [0, 1, 1]).astype(np.float32),
            "flame_vertices": self.surface.vertices.astype(np.int32), "flame_shift": self.shift.astype(np.float32),
            "flame_expression_basis": flame.expression_shapes[:, self.surface.vertices].astype(np.float16),
            "flame_jaw_open": np.float32(self.keys.turns["jawOpen"][0])}

    def anchors(self) -> dict[str, NDArray[Any]]:
        """Return the face net's landmarks on FLAME's skin, the irises on the eyes' fronts."""
        wanted = self.sources.anchors.points(self.laid.moved)[:POINTS]
        corners, weights = project(wanted, self.surface.points, outer(self.surface.points, self.surface.triangles))
        irises = np.zeros((LANDMARKS - POINTS, 3), np.int32)
        for rows, name in ((slice(0, 5), "eye_right"), (slice(5, 10), "eye_left")):
            irises[rows] = self.part[name].start + int(np.argmax(self.points[name][:, 2]))
        front = np.tile(np.array([1, 0, 0], np.float32), (len(irises), 1))
        return {"landmark_vertices": np.concatenate([corners, irises]), "landmark_weights": np.concatenate([weights, front])}

    def figures(self) -> dict[str, Any]:
        """Return how well it went."""
        shown = [share for name, share in self.keys.explained.items() if name not in self.keys.carried]
        return {"vertices": self.part["eye_right"].stop, "face residual mm": round(1000 * self.laid.residual, 3),
                "jawOpen degrees": round(float(np.degrees(self.keys.turns["jawOpen"][0])), 2),
                "explained median": round(float(np.median(shown)), 3), "carried over": self.keys.carried}


def shifted(place: slice, by: int) -> slice:
    """Return a slice moved by so many."""
    return slice(place.start + by, place.stop + by)


def seated(mouth: Array, surface: Surface, basis: HeadBasis) -> Array:
    """Return teeth and tongue (M, 3) moved back until, seen from in front, all front teeth lie ROOM behind the skin."""
    first = basis.part(MOUTH[0]).vertices.start
    teeth = mouth[:basis.part("teeth_lower").vertices.stop - first]
    low = surface.points.min(axis=0)
    pixels = (surface.points - low) / PIXEL
    pixels[:, 2] *= -1                                          # of several the one with the least depth is kept
    width, height = np.ceil(pixels[:, :2].max(axis=0)).astype(int) + 1
    cover = rasterise(pixels, surface.triangles, width=int(width), height=int(height), facing=True)     # not the nape, between lips
    front = teeth[teeth[:, 2] > np.quantile(teeth[:, 2], FRONT)]
    columns, rows = ((front[:, :2] - low[:2]) / PIXEL).astype(int).T
    covered = cover.triangle[rows, columns] >= 0
    if not covered.any():
        raise InputError("no front tooth lies behind the skin", "FLAME", "take the masks and landmarks that came with this model")
    skin = low[2] - PIXEL * cover.depth[rows, columns][covered]
    return mouth - [0, 0, max(float((front[covered, 2] - skin).max()) + ROOM, 0.0)]


def build(sources: Sources, out: Path, people: int = PEOPLE) -> dict[str, Any]:
    """Write the files and return the figures."""
    builder = Builder(sources, people)
    flame = sources.flame
    write_arrays(out / "head.npz", builder.arrays())
    write_arrays(out / "anchors.npz", builder.anchors())
    chin, ear = chin_and_ear(flame, builder.surface, sources.corners, sources.weights)
    mouth = np.concatenate([builder.points[name] for name in MOUTH])
    write_arrays(out / "flame.npz", {
        "template": flame.template.astype(np.float32), "triangles": flame.triangles, "chin": np.array(chin, np.int32),
        "below_ear": np.array(ear, np.int32), "pivot": builder.joint.astype(np.float32), "mouth": mouth.astype(np.float32),
        "mouth_parts": np.cumsum([0, *(len(builder.points[name]) for name in MOUTH)]).astype(np.int32),
        "mouth_triangles": mouth_triangles(sources.basis), **{f"mask_{name}": where for name, where in sources.masks.items()}})
    return builder.figures()


def mouth_triangles(basis: HeadBasis) -> NDArray[np.int32]:
    """Return the triangles (F, 3) of teeth and tongue, into their own vertices."""
    first, last = basis.part(MOUTH[0]), basis.part(MOUTH[-1])
    quads = basis.quads[first.faces.start:last.faces.stop] - first.vertices.start
    both = np.concatenate([quads[:, [0, 1, 2]], quads[quads[:, 2] != quads[:, 3]][:, [0, 2, 3]]])
    return np.asarray(both, np.int32)


@told
def main(arguments: list[str] | None = None) -> None:
    """Build the head; 2 with one line on bad input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, what in (("model", "FLAME 2019, 2020 or 2023 (Open)"), ("masks", "FLAME_masks.pkl"),
                       ("landmarks", "landmark_embedding.npy of DECA"), ("texture", "TF_FLAME's texture_data, or FLAME_texture.npz"),
                       ("out", "the folder to write")):
        parser.add_argument(f"--{name}", type=Path, required=True, help=what)
    parser.add_argument("--people", type=int, default=PEOPLE, help="shape components that are kept")
    options = parser.parse_args(arguments)
    sources = Sources.read(options.model, options.masks, options.landmarks, options.texture)
    sys.stdout.write(json.dumps(build(sources, options.out, options.people)) + "\n")


if __name__ == "__main__":
    sys.exit(main())
