"""Hair and brows: strands that follow the skin, as ribbons for rays, shaded as Marschner et al. 2003 saw hair scatter light.

Of a hair's light we take what its surface mirrors (R), what goes through it (TT), what comes back once mirrored inside (TRT), and, for
all that goes from strand to strand, a diffuse share after Kajiya and Kay 1989.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ..files import Arrays
from ..hair.look import Look
from ..hair.shades import ROOT, SHADES, SPREAD, SPREADS, TIP, inherent, paler
from ..hair.strands import Strands
from ..head.model import HeadBasis
from ..pictures.colours import linear
from .lights import SHORT, Lamp
from .rays import Rays
from .skin_optics import dot, schlick
from .studio import Place, Studio

TILT, ROUGH = np.radians(-6.0), np.radians(9.0)         # of the cuticle's scales; spread of what they mirror
MIRRORED = 0.046                # share that the surface mirrors of light which meets it at right angles (n = 1.55)
STRAIGHT, INSIDE = 0.86, 0.056  # shares that go through, and that are mirrored inside, on average over a hair's width
AHEAD, BACK = (3.65, 1.368), (17.0, 0.613)              # how these fall off around a hair (Karis 2016): sharpness, sum over the circle
TINT = 5.97                     # a fibre's absorption from the colour of many: (ln colour / TINT)^2 (Chiang et al. 2016)
DIFFUSE, THROUGH = 1.0, 0.45    # of the colour; share of light that hair in front lets through or scatters on
OFF = 2e-4                      # metres off a strand at which rays begin

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Fibres:
    """Strands on the neutral head: points (N, P, 3), radius (N, P), metres; colour (N, P, 3), linear; where they are rooted: corners
    (N, 3) among the head model's vertices, and weights (N, 3)."""

    points: Array
    radius: Array
    colour: Array
    corners: Indices
    weights: Array

    @classmethod
    def of(cls, strands: Strands, colour: Array, basis: HeadBasis, random: np.random.Generator, spread: float = SPREAD) -> "Fibres":
        """Colour strands around a linear colour (3,): darker at the roots, each and each lock, by `spread`, lighter or darker."""
        along = np.linspace(0, 1, strands.radius.shape[1])[None, :, None]
        shade = ROOT + (TIP - ROOT) * along
        each = random.uniform(*SHADES, (len(strands.radius), 1, 1)) * (1 + paler(strands.points, spread))[:, None, None]
        return cls(strands.points.astype(np.float64), strands.radius.astype(np.float64), np.minimum(shade * each * colour, 1),
                   basis.skin_triangles[strands.triangle].astype(np.int64), strands.weights.astype(np.float64))

    def of_strands(self, chosen: NDArray[np.bool_]) -> "Fibres":
        """Return the chosen strands (N,)."""
        return Fibres(*(getattr(self, each.name)[chosen] for each in fields(self)))

    def posed(self, rest: Array, head: Array) -> Array:
        """Return the strands' points (N, P, 3) as the skin takes them from the neutral head (V, 3) to the posed one (V, 3)."""
        before, after = (frames_on(vertices[self.corners]) for vertices in (rest, head))
        root = np.einsum("nk,nkc->nc", self.weights, rest[self.corners])
        now = np.einsum("nk,nkc->nc", self.weights, head[self.corners])
        turn = np.einsum("nij,nkj->nik", after, before)
        return np.asarray(np.einsum("nij,npj->npi", turn, self.points - root[:, None]) + now[:, None])

    @property
    def triangles(self) -> Indices:
        """The ribbons' triangles (F, 3) over two vertices a point."""
        count, steps = self.radius.shape
        first = 2 * (np.arange(count)[:, None] * steps + np.arange(steps - 1)).ravel()
        return np.concatenate([np.stack([first, first + 1, first + 2], axis=1), np.stack([first + 1, first + 3, first + 2], axis=1)])

    def ribbons(self, points: Array, eye: Place) -> Array:
        """Return vertices (N * P * 2, 3) of ribbons along points (N, P, 3) that face the eye."""
        across = np.cross(tangents(points), points - np.array(eye))
        across *= self.radius[..., None] / np.maximum(np.linalg.norm(across, axis=2, keepdims=True), 1e-12)
        return np.stack([points - across, points + across], axis=2).reshape(-1, 3)

    def shaded(self, points: Array, studio: Studio, eye: Place, *, rays: Rays, wanted: NDArray[np.bool_],
               random: np.random.Generator) -> Array:
        """Return the radiance (N * P * 2, 3) of the ribbons' vertices towards the eye, 0 of those that are not wanted (N * P * 2,).

        rays: meet the skin, and the hair that lies over it.
        """
        seen = wanted.reshape(*self.radius.shape, 2).any(axis=2)
        near = np.flatnonzero(evened(seen.astype(np.float64)))      # light is evened along the strand
        place, flat = np.flatnonzero(seen), points.reshape(-1, 3)
        inside = np.searchsorted(near, place)
        along, colour = tangents(points).reshape(-1, 3)[place], self.colour.reshape(-1, 3)[place]
        view = np.array(eye) - flat[place]
        view /= np.linalg.norm(view, axis=1, keepdims=True)
        total = 0.5 * colour * np.array(studio.surroundings)
        for lamp in (Lamp.of(light) for light in studio.lights):
            samples = lamp.samples(random.random((len(flat), 1, 2))[near])
            direction, flux = lamp.arriving(flat[near], samples)
            free, clear = np.zeros((2, self.radius.size))
            free[near], clear[near] = passed(flat[near] + OFF * direction[:, 0], samples[:, 0] - flat[near], rays)
            soft, sharp = (evened(share.reshape(self.radius.shape)).ravel()[place, None] for share in (free, clear))
            mirrored, spread = scattered(along, direction[inside, 0], view, colour)
            total += (spread * soft + mirrored * sharp) * flux[inside, 0, None] * lamp.radiance
        result = np.zeros((len(flat), 3))
        result[place] = total
        return np.repeat(result, 2, axis=0)


def passed(begin: Array, ways: Array, rays: Rays) -> tuple[Array, Array]:
    """Return which share (N,) of light arrives at the beginnings of ways (N, 3), none through the skin, some through hair, and which
    share comes straight: what hair scatters on comes from all about, and no lobe mirrors it."""
    clear = (~rays.alone.blocked(begin, ways, SHORT)).astype(np.float64)
    free = clear.copy()
    if rays.over is not None:
        open_ways = np.flatnonzero(clear)
        behind = rays.over.blocked(begin[open_ways], ways[open_ways], SHORT)
        free[open_ways[behind]], clear[open_ways[behind]] = THROUGH, 0.0
    return free, clear


def scattered(along: Array, light: Array, view: Array, colour: Array) -> tuple[Array, Array]:
    """Return what hairs along (N, 3) of a colour (N, 3) scatter from a light to a view (N, 3), per irradiance across the hair: in
    the lobes of a single hair, and diffusely. How the lobes fall off around the hair is Karis 2016's (R, TT, TRT in Unreal's hair);
    each is a density, so that it gives back its share of light that comes across the hair. Of what comes along it less comes back
    (docs/render.md): Marschner's division by the narrower cone is left out."""
    inclined, seen = np.arcsin(np.clip(dot(along, light), -1, 1)), np.arcsin(np.clip(dot(along, view), -1, 1))
    across = [way - dot(way, along)[:, None] * along for way in (light, view)]
    lengths = [np.maximum(np.linalg.norm(way, axis=1), 1e-6) for way in across]
    turned = np.clip(dot(*across) / (lengths[0] * lengths[1]), -1, 1)                           # cos(phi)
    both = inclined + seen                                              # not half of it: lobes would give back twice their light
    facing = np.sqrt((1 + dot(light, view)).clip(0) / 2)
    surface = schlick(facing, MIRRORED) * np.sqrt((1 + turned) / 2) / 4 * lobe(both - 2 * TILT, 2 * ROUGH)
    straight = STRAIGHT * np.exp(-AHEAD[0] * (1 + turned)) / AHEAD[1] * lobe(both + TILT, 2 * ROUGH)
    inside = INSIDE * np.exp(-BACK[0] * (1 - turned)) / BACK[1] * lobe(both + 3 * TILT, 4 * ROUGH)
    passed = np.exp(-2 * (np.log(np.clip(colour, 1e-4, 1)) / TINT)**2)
    mirrored = surface[:, None] + straight[:, None] * passed + inside[:, None] * passed**2
    received = np.cos(inclined)[:, None]
    return np.asarray(received * mirrored), np.asarray(received * DIFFUSE * colour / np.pi)


def lobe(angle: Array, spread: float) -> Array:
    """Return a normal density (N,) of angles (N,), radians."""
    return np.asarray(np.exp(-0.5 * (angle / spread)**2) / (spread * np.sqrt(2 * np.pi)))


def tangents(points: Array) -> Array:
    """Return unit tangents (N, P, 3) of strands (N, P, 3), from root to tip."""
    way = np.gradient(points, axis=1)
    return np.asarray(way / np.maximum(np.linalg.norm(way, axis=2, keepdims=True), 1e-12))


def evened(values: Array) -> Array:
    """Return values (N, P) smoothed along the strands."""
    padded = np.pad(values, ((0, 0), (1, 1)), mode="edge")
    return np.asarray((padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4)


def frames_on(corners: Array) -> Array:
    """Return orthonormal frames (N, 3, 3), in columns, on triangles (N, 3, 3)."""
    first = corners[:, 1] - corners[:, 0]
    first /= np.maximum(np.linalg.norm(first, axis=1, keepdims=True), 1e-12)
    normal = np.cross(first, corners[:, 2] - corners[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    return np.stack([first, np.cross(normal, first), normal], axis=2)


def fibres_of(look: Look, head: Arrays, basis: HeadBasis, *, own: Callable[[Array], Array] = inherent) -> tuple[Fibres, ...]:
    """Return a look's hair and brows, as far as there are any, in the colours of a head (arrays of head.npz), which `own` turns into
    those to shade them with; neither of them in the style "NONE", as in Blender's half of the product."""
    if look.cut.style == "NONE":
        return ()
    kinds = (look.hair, head["hair_colour"], SPREADS["hair"]), (look.brows, head["brow_colour"], SPREADS["brows"])
    return tuple(Fibres.of(strands, own(linear(colour)), basis, np.random.default_rng(0), spread) for strands, colour, spread in kinds
                 if len(strands) and len(colour))
