"""Brows: short hairs on the head's skin, where the landmarks of the brows lie, as dense as in the photo."""

import numpy as np
from numpy.typing import NDArray

from ..face.fit import Anchors
from ..head.model import HeadBasis
from ..photo.brow_look import ACROSS, ALONG, ENDS, MARGIN, brow_places
from ..types import Floats, Integers
from .strands import Strands, nearest_on

HAIRS, POINTS = 420, 5              # of one dense brow; of one hair
SPARSE = 0.12                       # of the density where the photo shows none: a pale brow is a sparse one
LENGTH, SHORT_ENDS = 0.0085, 0.55   # metres in the middle, and the share of it at both ends
ROOT_RADIUS, TIP_RADIUS = 0.000045, 0.000012        # metres
RISE = 0.0007                       # metres that hairs stand off the skin at most
REACH = 0.016                       # metres around the landmarks in which skin is looked at
# degrees that hairs point up from the brow's own direction, along it: steep at the inner end, lying down at the tail
FLOW = ((0.0, 0.12, 0.3, 0.55, 0.8, 1.0), (82.0, 62.0, 36.0, 22.0, 12.0, 4.0))
MIDDLE, LEAST_HEIGHT = 0.5, 0.003   # share of a hair that lies where the photo shows hair; metres a brow is high at least
CONVERGE, UNRULY = 26.0, 9.0        # degrees by which lower hairs point up and upper ones down more; spread

Array = NDArray[np.float64]


def brow_hairs(neutral: Floats, basis: HeadBasis, anchors: Anchors, density: Floats, random: np.random.Generator) -> Strands:
    """Return both brows on the head `neutral` (V, 3); density: (2, ALONG, ACROSS) of brow_look."""
    seed = int(random.integers(2**31))                  # both sides draw alike: equal brows get as many hairs
    sides = [one_brow(side, neutral, basis, anchors, density[side], np.random.default_rng(seed)) for side in (0, 1)]
    points, radius, triangle, weights = (np.concatenate(values) for values in zip(*sides, strict=True))
    return Strands(points.astype(np.float32), radius.astype(np.float32), triangle.astype(np.int32), weights.astype(np.float32))


def one_brow(side: int, neutral: Floats, basis: HeadBasis, anchors: Anchors, density: Floats,
             random: np.random.Generator) -> tuple[Array, Array, Integers, Array]:
    """Return points (N, POINTS, 3), radius (N, POINTS), triangle (N,) and weights (N, 3) of one brow's hairs."""
    landmarks = anchors.points(neutral).astype(np.float64)
    along, across = planted(density, random)
    outline = brow_places(landmarks, side, np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0]), np.array([0.0, 0.5, 1.0] * 2))
    middles = neutral[basis.skin_triangles].mean(axis=1)
    near = np.flatnonzero(np.linalg.norm(middles[:, None] - outline[None], axis=2).min(axis=1) < REACH)
    corners = neutral[basis.skin_triangles[near]].astype(np.float64)
    turn, length = laid(along, across, random)
    along, across = rooted(along, across, turn, MIDDLE * length, landmarks, side)
    place, weights, normal = nearest_on(brow_places(landmarks, side, across, along), corners)
    root = np.einsum("nk,nkc->nc", weights, corners[place])
    outward = brow_places(landmarks, side, across, along + 0.05) - brow_places(landmarks, side, across, along - 0.05)
    outward += np.where(np.linalg.norm(outward, axis=1, keepdims=True) < 1e-6, 1.0, 0.0) * normal
    points = combed(root, outward, normal, turn, length, corners, random)
    share = np.linspace(0, 1, POINTS)
    radius = (ROOT_RADIUS + (TIP_RADIUS - ROOT_RADIUS) * share**1.5)[None] * random.uniform(0.7, 1.15, (len(root), 1))
    return points, radius, near[place].astype(np.int32), weights


def planted(density: Floats, random: np.random.Generator) -> tuple[Array, Array]:
    """Return where hairs grow, along and across (N,): by the photo's density within the usual outline of a brow."""
    along, across = random.uniform(*ENDS, 7 * HAIRS), random.uniform(-MARGIN, 1 + MARGIN, 7 * HAIRS)
    column, row = (along - ENDS[0]) / (ENDS[1] - ENDS[0]) * (ALONG - 1), (across + MARGIN) / (1 + 2 * MARGIN) * (ACROSS - 1)
    left, low = np.minimum(column.astype(int), ALONG - 2), np.minimum(row.astype(int), ACROSS - 2)
    right, up = column - left, row - low
    seen = ((density[left, low] * (1 - right) + density[left + 1, low] * right) * (1 - up)
            + (density[left, low + 1] * (1 - right) + density[left + 1, low + 1] * right) * up)
    middle = np.interp(along, (0, 0.3, 1), (0.48, 0.5, 0.5))
    half = np.interp(along, (0, 0.15, 0.5, 0.8, 1, ENDS[1]), (0.40, 0.46, 0.46, 0.44, 0.36, 0.26))
    ends = np.interp(along, (ENDS[0], 0.08, 0.95, ENDS[1]), (0.35, 1, 1, 0.3))
    outline = np.clip((half + 0.12 - np.abs(across - middle)) / 0.24, 0, 1) * ends
    chance = outline * (SPARSE + (1 - SPARSE) * seen) / (6 * 0.62)
    kept = random.uniform(size=len(along)) < chance
    return along[kept], across[kept]


def rooted(along: Array, across: Array, turn: Array, before: Array, landmarks: Array, side: int) -> tuple[Array, Array]:
    """Return where hairs are rooted (N,), along and across, that pass these places after `before` metres, turned as in `laid`."""
    low, high = (brow_places(landmarks, side, np.full(len(along), edge), along) for edge in (0.0, 1.0))
    inner, tail = brow_places(landmarks, side, np.array([0.5, 0.5]), np.array([0.0, 1.0]))
    angle = np.deg2rad(turn)
    back = along - before * np.cos(angle) / max(float(np.linalg.norm(tail - inner)), LEAST_HEIGHT)
    down = across - before * np.sin(angle) / np.maximum(np.linalg.norm(high - low, axis=1), LEAST_HEIGHT)
    return np.clip(back, *ENDS), down


def laid(along: Array, across: Array, random: np.random.Generator) -> tuple[Array, Array]:
    """Return how far hairs point up from the brow's own direction, degrees, and their length, metres, (N,) each."""
    turn = np.interp(along, *FLOW) + random.normal(0, UNRULY, len(along))
    turn += CONVERGE * (0.5 - across) * np.interp(along, (0, 0.25), (0.2, 1))
    return turn, LENGTH * np.interp(along, (0, 0.3, 0.7, 1), (SHORT_ENDS, 1, 1, SHORT_ENDS)) * random.uniform(0.6, 1.1, len(along))


def combed(root: Array, outward: Array, normal: Array, turn: Array, length: Array, corners: Array,
           random: np.random.Generator) -> Array:
    """Return hairs (N, POINTS, 3), turned and long as in `laid`, on the skin `corners` (F, 3, 3); root, outward, normal: (N, 3)."""
    outward = outward - (outward * normal).sum(axis=1, keepdims=True) * normal
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    upward = np.cross(outward, normal)
    upward *= np.sign(upward[:, 1:2])
    rise = RISE * random.uniform(0.3, 1, len(root))
    points, here = [root], root
    for step in range(1, POINTS):
        angle = np.deg2rad(turn - 14 * step / POINTS)[:, None]             # tips bend outwards
        here = here + (np.cos(angle) * outward + np.sin(angle) * upward) * (length / (POINTS - 1))[:, None]
        place, weights, facing = nearest_on(here, corners)
        here = np.einsum("nk,nkc->nc", weights, corners[place])
        points.append(here + facing * (rise * np.sin(np.pi * 0.75 * step / (POINTS - 1)) ** 0.7)[:, None])
    return np.stack(points, axis=1)
