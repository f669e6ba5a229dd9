"""Teeth and gums: single crowns of usual sizes along a dental arch, as quads.

Widths and heights are round figures within the ranges that dental anatomy text books give (Wheeler's tables).
Local axes of an arch: x to the left, y up, z forward, origin at the middle of the incisors' edge, metres.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .crop import Indices
from .source import Array

MM = 1e-3
UPPER_WIDTHS = np.array([8.5, 6.6, 7.6, 7.0, 6.8, 10.0, 9.8]) * MM
LOWER_WIDTHS = np.array([5.4, 5.9, 6.9, 7.0, 7.1, 11.0, 10.5]) * MM
UPPER_HEIGHTS = np.array([10.3, 9.0, 10.0, 8.4, 8.0, 7.4, 7.0]) * MM
LOWER_HEIGHTS = np.array([8.8, 9.0, 10.0, 8.4, 8.0, 7.4, 7.0]) * MM
DEPTHS = np.array([7.0, 6.2, 7.8, 8.8, 9.0, 10.8, 10.8]) * MM
EDGE_DEPTHS = np.array([1.3, 1.3, 2.6, 6.2, 6.6, 8.8, 8.8]) * MM
NECKS = np.array([0.74, 0.74, 0.76, 0.74, 0.76, 0.82, 0.82])           # width at the gum over the greatest
# how far each edge stays behind the incisors'; the lower row dips towards the molars (curve of Spee)
UPPER_DROP = np.array([0.0, 0.6, 0.0, 0.6, 0.9, 1.2, 1.4]) * MM
LOWER_DROP = np.array([0.0, 0.0, -0.2, 0.9, 1.5, 2.0, 2.1]) * MM
# degrees from the side away from the middle; 90 is the cheek's
CUSPS = ((), (), (90,), (90, 270), (90, 270), (56, 124, 236, 304), (45, 135, 225, 315))
CUSP_HEIGHTS = np.array([0.25, 0.45, 1.7, 1.6, 1.5, 1.3, 1.3]) * MM    # of the edge's or the cusps' middle over its corners
LEAN = np.radians([2, 4, 6, 3, 3, 0, 0])                                # of the crown's tip towards the middle
HALF_WIDTHS, ARCH_DEPTH = (0.0285, 0.0265), 0.046                       # upper, lower; of the arch's outer line
LEVELS = np.array([-0.22, 0.02, 0.18, 0.42, 0.68, 0.86, 0.955, 1.0])   # of the crown's height, from inside the gum to the edge
SWELLS = np.array([0.0, 0.0, 0.35, 0.75, 1.0, 0.97, 0.90, 0.80])       # of the way from the neck's width to the greatest
BULGES = np.array([0.2, 0.6, 0.9, 1.0, 0.8, 0.45, 0.2, 0.0]) * 0.9 * MM     # of the front over a straight line to the edge
RING = 12                                                               # points around a crown
FINE, FINE_RING = (3, 4, 5), 16                                         # premolars and first molars, whose cusps are seen
# rings of teeth that chew, from inside the gum to the groove in the middle: share of the height, width over the greatest, depth over
# the greatest, how much of a cusp's height the cusps rise over the valleys between them, and how much of it the ring lies lower
CHEWING = np.array([[-0.18, 0.72, 0.80, 0, 0], [0.04, 0.84, 0.93, 0, 0], [0.34, 0.95, 1.0, 0, 0], [0.64, 1.0, 0.98, 0, 0],
                    [0.85, 0.97, 0.90, 0.2, 0], [0.96, 0.88, 0.78, 0.55, 0], [1.0, 0.72, 0.62, 0.75, 0], [1.0, 0.40, 0.36, 0.4, 0.5],
                    [1.0, 0.13, 0.12, 0.1, 0.95]])
CUSP_POWER = 6                                                          # how pointed cusps are
GUM_HEIGHTS = (6.5 * MM, 3.8 * MM)                                      # upper, lower; over the crowns' mean height
GUM_FRONTS = ((0.4, 1.15, 0.95), (-0.7, 0.25, 0.6))                    # its end, middle, rim before the arch's outer line, mm
PAPILLA, GUM_STEPS = 0.38, 4                                            # papilla: over the crown's height; stations a tooth
ROOF_COLUMNS = 8                                                        # faces across the palate, even
# the roof between the gums' inner borders: height of its middle over them, in how much of the way back it gets there; the floor under
# the tongue lies lower
VAULT, VAULT_WITHIN, FLOOR = 7.0 * MM, 0.55, 2.0 * MM
# behind it the soft palate, which goes on as the throat's back wall until the tongue hides it, so that no free edge of it is seen: how
# far behind, height of the middle over the last row's, width to it, how much of its arch is left; the sides are less far behind
VELUM = np.array([[4, 0.3, 1.0, 1.0], [8, -0.5, 1.04, 0.95], [14, -2.5, 1.16, 0.85], [20, -6.5, 1.3, 0.7], [26, -12, 1.36, 0.5],
                  [31, -19, 1.38, 0.3], [34, -27, 1.38, 0.15], [36, -36, 1.36, 0.0]])
SIDES_AHEAD = 0.6
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
    drop = UPPER_DROP if upper else LOWER_DROP
    down = -1.0 if upper else 1.0                       # towards the edge
    path = arch_path(HALF_WIDTHS[0 if upper else 1])
    vertices, quads, uv, edge, total = [], [], [], [], 0
    centres = np.cumsum(widths) - widths / 2
    for index in range(len(widths)):
        for side in (1.0, -1.0):
            tooth = crown(index, widths[index], heights[index]) - [0, drop[index], 0]
            if side < 0:                                # the other way around, so that its faces look outwards still
                tooth = tooth.reshape(-1, FINE_RING if index in FINE else RING, 3)[:, ::-1].reshape(-1, 3) * [-1, 1, 1]
            placed, _ = along(path, side * centres[index], tooth * [1, down, 1])
            faces = crown_quads(index) + total
            vertices.append(placed)
            quads.append(faces if down > 0 else faces[:, ::-1])
            uv.append(np.column_stack([0.5 + (side * centres[index] + tooth[:, 0]) * 8, 0.55 + tooth[:, 1] * 20]))
            if index < 2:
                edge.append(total + np.arange(RING * (len(LEVELS) - 1), len(tooth)))
            total += len(tooth)
    tooth_faces = sum(map(len, quads))
    gum_vertices, gum_quads, gum_uv = gum(path, widths, heights, drop, down)
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


def crown(index: int, width: float, height: float) -> Array:
    """Return one crown (rings x points around, 3), x away from the middle line: y = 0 at the edge, -height at the gum, front at z = 0.

    index: 0 for the central incisor to 6 for the second molar. The last ring is the chewing surface's, inside the edge's.
    """
    tooth = biting(index, width, height) if index < FINE[0] else chewing(index, width, height)
    tooth[:, 0] += np.tan(LEAN[index]) * (-tooth[:, 1] - height / 2)            # the tip towards the middle, the root away from it
    return tooth


def around(index: int) -> tuple[Array, Array, Array]:
    """Return the angles (N,) of the points around a crown, and their x and z, -1 to 1, of an outline squarer than an ellipse."""
    count = FINE_RING if index in FINE else RING
    angle = (np.arange(count) + 0.5) / count * 2 * np.pi
    flat = 0.55 if index < FINE[0] else 0.7                     # exponent: 1 is round, less is squarer
    round_x, round_z = (np.sign(turn) * np.abs(turn) ** flat for turn in (np.cos(angle), np.sin(angle)))
    return angle, round_x / np.abs(round_x).max(), round_z / np.abs(round_z).max()


def biting(index: int, width: float, height: float) -> Array:
    """Return the crown of an incisor or a canine: a blade."""
    angle, round_x, round_z = around(index)
    tip = sum((np.clip(np.cos(angle - np.radians(cusp)), 0, 1) ** 2 for cusp in CUSPS[index]), np.zeros(RING)) \
        if CUSPS[index] else 1 - np.abs(np.cos(angle)) ** 1.65
    rows = []
    for level, swell, bulge in zip(LEVELS, SWELLS, BULGES, strict=True):
        share = float(np.clip(level, 0, 1))
        thick = DEPTHS[index] * (1 - share**1.3) + EDGE_DEPTHS[index] * share**1.3
        broad = width * (NECKS[index] + (1 - NECKS[index]) * swell) * (0.88 if level < 0 else 1.0)
        z = bulge - 0.55 * MM * (1 - share) - thick / 2 + thick / 2 * round_z * (0.85 if level < 0 else 1.0)
        y = -height * (1 - level) - CUSP_HEIGHTS[index] * (1 - tip) * share**8
        rows.append(np.column_stack([0.5 * 0.985 * broad * round_x, y, z]))
    inner = rows[-1] * [0.62, 1, 1]
    inner[:, 2] = rows[-1][:, 2].mean() + 0.6 * (rows[-1][:, 2] - rows[-1][:, 2].mean())
    inner[:, 1] += 0.12 * MM
    return np.concatenate([*rows, inner])


def chewing(index: int, width: float, height: float) -> Array:
    """Return the crown of a premolar or a molar: cusps within its outline, valleys between them that run into a groove."""
    angle, round_x, round_z = around(index)
    tip = sum((np.clip(np.cos(angle - np.radians(cusp)), 0, 1) ** CUSP_POWER for cusp in CUSPS[index]), np.zeros(len(angle)))
    rows, front = [], -0.5 * DEPTHS[index] + 0.35 * MM
    for level, broad, thick, relief, sink in CHEWING:
        y = -height * (1 - level) - CUSP_HEIGHTS[index] * (relief * (1 - np.clip(tip, 0, 1)) + sink)
        rows.append(np.column_stack([0.5 * 0.985 * width * broad * round_x, y, front + 0.5 * DEPTHS[index] * thick * round_z]))
    return np.concatenate(rows)


def crown_quads(index: int) -> Indices:
    """Return the quads of a crown, outward for y towards the edge; its root is open inside the gum."""
    count, rings = (FINE_RING if index in FINE else RING), len(LEVELS) + 1 if index < FINE[0] else len(CHEWING)
    faces = []
    for row in range(rings - 1):
        for step in range(count):
            here, following = row * count + step, row * count + (step + 1) % count
            faces.append([here, here + count, following + count, following])
    last = (rings - 1) * count                                  # the chewing surface: strips from front to back
    faces += [[last + step, last + count - 1 - step, last + count - 2 - step, last + step + 1] for step in range(count // 2 - 1)]
    return np.array(faces)


def gum(path: Array, widths: Array, heights: Array, drop: Array, down: float) -> tuple[Array, Indices, Array]:
    """Return vertices, quads and UVs of the gum that the crowns stand in: scalloped, with a papilla between two teeth; and of the
    palate, or of the floor of the mouth, that joins its inner borders."""
    ends = np.concatenate([[0.0], np.cumsum(widths)])
    stations, margin, crest = [], [], []
    for index, (width, height) in enumerate(zip(widths, heights, strict=True)):
        for step in range(GUM_STEPS):
            share = step / GUM_STEPS
            rise = abs(2 * share - 1) ** 2.2                     # 1 between two teeth, 0 at a tooth's middle
            stations.append(ends[index] + share * width)
            margin.append(-(height + drop[index]) * (1 - PAPILLA * rise))
            crest.append(rise)
    stations.append(ends[-1] + 2 * MM)
    margin.append(-heights[-1] - drop[-1])
    crest.append(0.0)
    distance = np.concatenate([-np.array(stations[:0:-1]), stations])
    height_at, crest_at = (np.concatenate([values[:0:-1], values]) for values in (np.array(margin), np.array(crest)))
    rows, uv, row = [], [], 0 if down < 0 else 1
    for station, top, rise in zip(distance, height_at, crest_at, strict=True):
        front = 0.55 - 1.3 * rise                               # mm: the papilla lies back between the crowns
        base = -float(heights.mean()) - GUM_HEIGHTS[row]
        end, middle, rim = GUM_FRONTS[row]
        profile = np.array([[base, end], [(top + base) / 2, middle - 0.3 * rise], [top - 0.8 * MM, rim - 0.7 * rise], [top, front],
                            [top - 0.3 * MM, -2.2], [top * 0.8 + base * 0.2, -7.6], [0.4 * base - 0.6 * heights.mean(), -9.4]])
        local = np.column_stack([np.zeros(len(profile)), profile[:, 0] * down, profile[:, 1] * MM])
        rows.append(along(path, station, local)[0])
        uv.append(np.column_stack([np.full(len(profile), 0.5 + station * 8), np.linspace(0, 0.3, len(profile))]))
    columns = len(rows[0])
    quads = [[row * columns + column, row * columns + column + 1, (row + 1) * columns + column + 1, (row + 1) * columns + column]
             for row in range(len(rows) - 1) for column in range(columns - 1)]
    roof_points, roof_quads = roof(np.array(rows), down)
    roof_uv = np.column_stack([0.5 + roof_points[:, 0] * 8, np.full(len(roof_points), 0.3)])
    faces = np.concatenate([np.array(quads)[:, ::-1], roof_quads])
    return np.concatenate([*rows, roof_points]), faces, np.concatenate([*uv, roof_uv])


def roof(rows: Array, down: float) -> tuple[Array, Indices]:
    """Return the points that the palate, or the floor of the mouth, adds to the rows (S, C, 3) of a gum, and its quads into both.

    Each row goes from the right border to the left one; the first is the point behind the incisors.
    """
    stations, columns, _ = rows.shape
    middle, across = stations // 2, np.linspace(0, 1, ROOF_COLUMNS + 1)[:, None]
    points: list[Array] = []
    grid = [np.full(ROOF_COLUMNS + 1, middle * columns + columns - 1)]
    height = -down * VAULT if down < 0 else -FLOOR
    total = stations * columns
    for step in range(1, middle + 1):
        right, left = rows[middle - step, -1], rows[middle + step, -1]
        rise = height * np.sin(np.pi / 2 * min(step / middle / VAULT_WITHIN, 1.0)) * (1 - (2 * across - 1) ** 2) ** 0.8
        row = right + (left - right) * across + rise * [0, 1, 0]
        points.append(row[1:-1])
        ends = np.array([middle - step, middle + step]) * columns + columns - 1
        grid.append(np.concatenate([ends[:1], total + np.arange(ROOF_COLUMNS - 1), ends[1:]]))
        total += ROOF_COLUMNS - 1
    for behind, rise, width, arched in VELUM * [MM, MM, 1, 1] if down < 0 else ():
        level = row[ROOF_COLUMNS // 2, 1] * (1 - arched) + row[:, 1] * arched + rise
        ahead = SIDES_AHEAD * (2 * across[:, 0] - 1) ** 2
        points.append(np.column_stack([row[:, 0] * width, level, row[:, 2] - behind * (1 - ahead)]))
        grid.append(total + np.arange(ROOF_COLUMNS + 1))
        total += ROOF_COLUMNS + 1
    fan = [[grid[1][column + 2], grid[1][column + 1], grid[1][column], grid[0][0]] for column in range(0, ROOF_COLUMNS, 2)]
    quads = [[front[column], front[column + 1], back[column + 1], back[column]]
             for front, back in pairwise(grid[1:]) for column in range(ROOF_COLUMNS)]
    return np.concatenate(points), np.array(fan + quads)
