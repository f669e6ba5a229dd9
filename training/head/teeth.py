"""Teeth and gums: single crowns of usual sizes along a dental arch, as quads.

Widths and heights are round figures within the ranges that dental anatomy text books give (Wheeler's tables).
Local axes of an arch: x to the left, y up, z forward, origin at the middle of the incisors' edge, metres.
"""

from dataclasses import dataclass

import numpy as np

from .crop import Indices
from .source import Array

MM = 1e-3
UPPER_WIDTHS = np.array([8.5, 6.6, 7.6, 7.0, 6.8, 10.0, 9.8]) * MM
LOWER_WIDTHS = np.array([5.4, 5.9, 6.9, 7.0, 7.1, 11.0, 10.5]) * MM
UPPER_HEIGHTS = np.array([10.3, 9.0, 10.0, 8.4, 8.0, 7.4, 7.0]) * MM
LOWER_HEIGHTS = np.array([8.8, 9.0, 10.0, 8.4, 8.0, 7.4, 7.0]) * MM
DEPTHS = np.array([7.0, 6.2, 7.8, 8.8, 9.0, 10.8, 10.8]) * MM
EDGE_DEPTHS = np.array([1.8, 1.7, 3.0, 5.5, 6.0, 8.5, 8.5]) * MM
EDGE_DROP = np.array([0.0, 0.7, 0.0, 0.6, 0.9, 1.2, 1.4]) * MM      # how far each edge stays behind the incisors'
ARCH_DEPTH = 0.046
ROOT, GUM_HEIGHT, GUM_STATIONS = 2.0 * MM, 6.5 * MM, 33
LEVELS = np.array([-0.18, 0.02, 0.32, 0.62, 0.86, 0.97])               # from inside the gum to just below the edge
SWELL = np.array([0.80, 0.90, 1.0, 1.0, 0.95, 0.86])                   # width at each level
RING = 8
TEETH, GUMS = 0, 1


@dataclass(frozen=True)
class Arch:
    """vertices (V, 3), quads (F, 4), material (F,) TEETH or GUMS, uv (V, 2), edge: vertices of the incisors' edges."""

    vertices: Array
    quads: Indices
    material: Indices
    uv: Array
    edge: Indices


def arch(*, upper: bool) -> Arch:
    """Return the upper or the lower row: fourteen teeth and a gum."""
    widths, heights = (UPPER_WIDTHS, UPPER_HEIGHTS) if upper else (LOWER_WIDTHS, LOWER_HEIGHTS)
    half_width = 0.0285 if upper else 0.0265
    down = -1.0 if upper else 1.0                       # towards the edge
    path = arch_path(half_width)
    vertices, quads, uv, edge, total = [], [], [], [], 0
    centres = np.cumsum(widths) - widths / 2
    for index in range(len(widths)):
        for side in (1.0, -1.0):
            tooth = crown(widths[index], heights[index], DEPTHS[index], EDGE_DEPTHS[index], bumpy=index >= 3)
            tooth[:, 1] -= EDGE_DROP[index]
            placed, _ = along(path, side * centres[index], tooth * [1, down, 1])
            faces = crown_quads() + total
            vertices.append(placed)
            quads.append(faces if down * 1.0 > 0 else faces[:, ::-1])
            uv.append(np.column_stack([0.5 + side * centres[index] * 8 + tooth[:, 0] * 8, 0.55 + tooth[:, 1] * 20]))
            if index < 2:
                edge.append(total + np.arange(RING * (len(LEVELS) - 1), len(tooth)))
            total += len(tooth)
    tooth_faces = sum(map(len, quads))
    gum_vertices, gum_quads, gum_uv = gum(path, centres[-1] + widths[-1] * 0.6, down, heights.mean())
    quads.append(gum_quads + total if down > 0 else gum_quads[:, ::-1] + total)
    material = np.repeat([TEETH, GUMS], [tooth_faces, len(gum_quads)])
    return Arch(np.concatenate([*vertices, gum_vertices]), np.concatenate(quads), material,
                np.clip(np.concatenate([*uv, gum_uv]), 0, 1), np.concatenate(edge))


def arch_path(half_width: float) -> Array:
    """Return the outer line of an arch as points (P, 2) of x, z by arc length 0.. on the left side: (length, x, z)."""
    angle = np.linspace(0, np.pi / 2, 400)
    x = half_width * np.sin(angle) ** 0.9
    z = -ARCH_DEPTH * (1 - np.cos(angle)) ** 1.0
    length = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(z)))])
    return np.column_stack([length, x, z])


def along(path: Array, distance: float, local: Array) -> tuple[Array, Array]:
    """Place local points (x along the arch, y up, z outwards) at `distance` from the middle; return them and the normal."""
    side = 1.0 if distance >= 0 else -1.0
    reach = np.array([-0.001, 0.0, 0.001]) + abs(distance)
    x = np.sign(reach) * np.interp(np.abs(reach), path[:, 0], path[:, 1])
    z = np.interp(np.abs(reach), path[:, 0], path[:, 2])
    tangent = np.array([x[2] - x[0], 0, z[2] - z[0]])
    tangent /= np.linalg.norm(tangent)
    outward = np.array([-tangent[2], 0, tangent[0]])
    points = np.array([x[1], 0, z[1]]) + local[:, :1] * side * tangent + local[:, 1:2] * [0, 1, 0] + local[:, 2:] * outward
    return points * [side, 1, 1], outward * [side, 1, 1]


def crown(width: float, height: float, depth: float, edge_depth: float, *, bumpy: bool) -> Array:
    """Return one crown (LEVELS x RING + 1, 3): y = 0 at the edge and -height at the gum, its front at z = 0."""
    angle = np.arange(RING) / RING * 2 * np.pi + np.pi / RING
    round_x, round_z = (np.sign(turn) * np.abs(turn) ** 0.6 for turn in (np.cos(angle), np.sin(angle)))
    rows = []
    for level, swell in zip(LEVELS, SWELL, strict=True):
        share = float(np.clip(level, 0, 1))
        thick = (depth * (1 - share) + edge_depth * share) * (0.85 if level < 0 else 1.0)
        front = -0.35 * MM * (1 - share) - 0.9 * MM * max(share - 0.6, 0) / 0.4
        x = 0.5 * 0.985 * width * swell * round_x / np.abs(round_x).max()
        z = front - thick / 2 + thick / 2 * round_z / np.abs(round_z).max()
        rows.append(np.column_stack([x, np.full(RING, -height * (1 - level)), z]))
    top = np.array([[0.0, -0.9 * MM if bumpy else 0.0, rows[-1][:, 2].mean()]])
    return np.concatenate([*rows, top])


def crown_quads() -> Indices:
    """Return the quads of a crown, outward for y towards the edge; its root is open inside the gum."""
    faces = []
    for row in range(len(LEVELS) - 1):
        for step in range(RING):
            here, following = row * RING + step, row * RING + (step + 1) % RING
            faces.append([here, here + RING, following + RING, following])
    last, tip = (len(LEVELS) - 1) * RING, len(LEVELS) * RING
    faces += [[last + step, tip, last + (step + 2) % RING, last + step + 1] for step in range(0, RING, 2)]
    return np.array(faces)


def gum(path: Array, reach: float, down: float, height: float) -> tuple[Array, Indices, Array]:
    """Return vertices, quads and UVs of the gum that the crowns stand in: a ridge open towards the skull."""
    profile = np.array([[-1.0, 1.4], [-0.35, 1.3], [-0.02, 0.35], [0.02, -1.0], [0.0, -4.5], [-0.02, -8.0], [-0.35, -9.2],
                        [-1.0, -9.6]])
    rows, uv = [], []
    for station in np.linspace(-reach, reach, GUM_STATIONS):
        local = np.column_stack([np.zeros(len(profile)), (-height + profile[:, 0] * GUM_HEIGHT) * down, profile[:, 1] * MM])
        rows.append(along(path, station, local)[0])
        uv.append(np.column_stack([np.full(len(profile), 0.5 + station * 8), np.linspace(0, 0.3, len(profile))]))
    columns = len(profile)
    quads = [[row * columns + column, row * columns + column + 1, (row + 1) * columns + column + 1, (row + 1) * columns + column]
             for row in range(GUM_STATIONS - 1) for column in range(columns - 1)]
    return np.concatenate(rows), np.array(quads)[:, ::-1], np.concatenate(uv)
