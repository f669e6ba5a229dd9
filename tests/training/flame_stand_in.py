"""FLAME's files in their public layouts, made of our own head: 5023 vertices, 9976 faces, 300 + 100 shapes, masks, landmarks, UVs."""

import io
import pickle
import sys
import types
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.face.fit import IBUG68
from core.head.neck import lining, lower_border
from core.head.skin_surface import skin_edges
from tests.core.own_heads import TASK, basis
from training.flame.model import FACES, VERTICES, Flame
from training.head.anchors import landmarks_of

SHIFT = np.array([0.0, 0.012, 0.03])
SCALE = np.array([1.02, 1.05, 1.0])
EYE = (20, 18)                      # points around and rows of a made-up eyeball


def sphere(count: int, middle: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Return so many points on a sphere, its axis +Z, and triangles between them; points left over lie at its back pole."""
    around, rows = EYE[0], (count - 2) // EYE[0]
    angle = np.pi * np.arange(1, rows + 1) / (rows + 1)
    turn = 2 * np.pi * np.arange(around) / around
    ring = np.stack([np.outer(np.sin(angle), np.cos(turn)), np.outer(np.sin(angle), np.sin(turn)),
                     np.repeat(np.cos(angle)[:, None], around, 1)], axis=2).reshape(-1, 3)
    points = np.concatenate([ring, np.tile([0, 0, -1.0], (count - len(ring) - 1, 1)), [[0, 0, 1.0]]])
    faces = [[count - 1, step, (step + 1) % around] for step in range(around)]
    for row in range(rows - 1):
        for step in range(around):
            a, b = row * around + step, row * around + (step + 1) % around
            faces += [[a, a + around, b], [b, a + around, b + around]]
    last = (rows - 1) * around
    faces += [[last + step, len(ring), last + (step + 1) % around] for step in range(around)]
    return middle + radius * points, np.array(faces)


@lru_cache(1)
def parts() -> dict[str, np.ndarray]:
    """Return what the files hold, by name."""
    head = basis()
    skin = head.vertices[head.part("skin").vertices].astype(np.float64)
    inside = lining(head)
    edges = skin_edges(head.skin_triangles)
    ring = ~inside
    ring[edges[(ring[edges]).any(axis=1)]] = True                       # FLAME goes a ring further than where the lips meet
    kept = np.flatnonzero(ring)
    place = np.full(len(skin), -1)
    place[kept] = np.arange(len(kept))
    triangles = place[head.skin_triangles]
    whole = (triangles >= 0).all(axis=1)
    places = head.quad_uv[head.part("skin").faces]
    corners = np.concatenate([places[:, [0, 1, 2]], places[:, [0, 2, 3]]])[whole]
    triangles = triangles[whole]
    points, faces, masks = [skin[kept]], [triangles], {}
    left = VERTICES - len(kept)
    for name, count, first in (("eye_left", left // 2, len(kept)), ("eye_right", left - left // 2, len(kept) + left // 2)):
        ball = head.vertices[head.part(name).vertices].astype(np.float64)
        middle = (ball.max(axis=0) + ball.min(axis=0)) / 2
        where, tri = sphere(count, [middle[0], middle[1], ball[ball[:, 0].argmax(), 2]], float(np.ptp(ball[:, 0])) / 2)
        points.append(where)
        faces.append(tri + first)
        masks[f"{name.removeprefix('eye_')}_eyeball"] = np.arange(first, first + count)
    triangles = np.concatenate(faces)
    triangles = np.concatenate([triangles, np.repeat(triangles[-1:], FACES - len(triangles), axis=0)])
    template = np.concatenate(points) * SCALE + SHIFT
    corners = np.concatenate([corners, np.zeros((FACES - len(corners), 3), corners.dtype)])
    return {"kept": kept, "template": template, "triangles": triangles, "corners": corners, **masks}


@lru_cache(1)
def masks() -> dict[str, np.ndarray]:
    """Return made-up masks."""
    made, head = parts(), basis()
    kept, points = made["kept"], made["template"][:len(made["kept"])]
    region = head.regions[kept]
    low, high = points[region == 0].min(axis=0), points[region == 0].max(axis=0)
    face = region < 3
    border = np.isin(kept, lower_border(head))
    return {"face": np.flatnonzero(face), "lips": np.flatnonzero(region == 0),
            "forehead": np.flatnonzero(face & (points[:, 1] > high[1] + 0.085)),
            "eye_region": np.flatnonzero(face & (points[:, 1] > high[1] + 0.04) & (points[:, 1] < high[1] + 0.09)),
            "nose": np.flatnonzero(face & (np.abs(points[:, 0]) < 0.012) & (points[:, 1] > high[1]) & (points[:, 1] < high[1] + 0.04)),
            "neck": np.flatnonzero(~face & (points[:, 1] < low[1] - 0.03)), "boundary": np.flatnonzero(border),
            "scalp": np.flatnonzero(points[:, 1] > high[1] + 0.12),
            "left_eyeball": made["left_eyeball"], "right_eyeball": made["right_eyeball"]}


@lru_cache(1)
def arrays() -> dict[str, np.ndarray]:
    """Return FLAME's arrays; made-up expressions are mixtures of our own shapes."""
    made, head, rng = parts(), basis(), np.random.default_rng(0)
    kept = made["kept"]
    count = len(kept)
    shapes = np.zeros((VERTICES, 3, 400), np.float32)
    shapes[:count, :, :140] = head.identity_basis[:, kept].transpose(1, 2, 0)
    closed = [index for index, name in enumerate(head.expression_names) if not name.startswith(("jaw", "eyeLook"))]
    mixtures = rng.normal(0, 0.4, (len(closed), 100)) * (rng.random((len(closed), 100)) < 0.15)
    shapes[:count, :, 300:] = np.einsum("kvc,ke->vce", head.expressions[closed][:, kept], mixtures)
    opening = np.linalg.norm(head.expressions[head.expression_names.index("jawOpen")][kept], axis=1)
    weights = np.zeros((VERTICES, 5))
    weights[:count, 2] = opening / opening.max()
    height = made["template"][:count, 1]
    weights[:count, 1] = np.clip((height - height.min()) / 0.05, 0, 1) * (1 - weights[:count, 2])
    weights[:count, 0] = 1 - weights[:count].sum(axis=1)
    weights[made["left_eyeball"], 3] = weights[made["right_eyeball"], 4] = 1
    regressor = np.zeros((5, VERTICES))
    pivot = head.jaw_pivot * SCALE + SHIFT
    for row, target in ((0, [0.03, -0.1, -0.02]), (1, [0.03, -0.06, -0.03]), (2, pivot + [0.07, 0, 0])):
        for sign in (1, -1):
            regressor[row, np.argmin(np.linalg.norm(made["template"][:count] - np.array(target) * [sign, 1, 1], axis=1))] += 0.5
    for row, name in ((3, "left_eyeball"), (4, "right_eyeball")):
        regressor[row, made[name]] = 1 / len(made[name])
    poses = np.zeros((VERTICES, 3, 36), np.float32)
    poses[:count, :, 9:18] = rng.normal(0, 1e-4, (count, 3, 9))
    return {"v_template": made["template"], "shapedirs": shapes, "posedirs": poses, "J_regressor": regressor, "weights": weights,
            "kintree_table": np.array([[2**32 - 1, 0, 1, 1, 1], [0, 1, 2, 3, 4]], np.uint32), "f": made["triangles"].astype(np.uint32)}


@lru_cache(1)
def flame() -> Flame:
    """Return the made-up model without a file."""
    values = arrays()
    return Flame(values["v_template"], values["shapedirs"].astype(np.float64), values["posedirs"].astype(np.float64),
                 values["J_regressor"], np.array([-1, 0, 1, 1, 1]), values["weights"], values["f"].astype(np.int32))


def landmarks() -> dict[str, np.ndarray]:
    """Return the embedding as DECA writes it: faces (1, 68) and weights (1, 68, 3)."""
    made, points = parts(), landmarks_of(basis(), TASK, still=True)[0]
    place = np.full(basis().part("skin").vertices.stop, -1)
    place[made["kept"]] = np.arange(len(made["kept"]))
    corners = place[points.vertices.clip(max=len(place) - 1)]
    wanted = np.einsum("lk,lkc->lc", points.weights, made["template"][corners])[list(IBUG68)]
    middles = made["template"][made["triangles"][:-40]].mean(axis=1)
    faces = np.array([np.argmin(((middles - one) ** 2).sum(axis=1)) for one in wanted])
    return {"full_lmk_faces_idx": faces[None], "full_lmk_bary_coords": np.full((1, 68, 3), 1 / 3)}


def texture() -> dict[str, np.ndarray]:
    """Return the made-up texture data: our own UVs, and a few of its pixels."""
    made = parts()
    return {"img_size": 64, "vt": basis().uv.astype(np.float64), "ft": made["corners"].astype(np.int64),
            "x_coords": np.tile(np.arange(64), 64), "y_coords": np.repeat(np.arange(64), 64), "valid_pixel_ids": np.arange(100),
            "valid_pixel_3d_faces": made["triangles"][:100].astype(np.int64), "valid_pixel_b_coords": np.full((100, 3), 1 / 3)}


def old_pickle(values: dict) -> bytes:
    """Return a pickle of protocol 2 as FLAME 2019 has it: shapes in chumpy's variables, the regressor sparse."""
    chumpy, ch = types.ModuleType("chumpy"), types.ModuleType("chumpy.ch")
    sparse = types.ModuleType("scipy.sparse.csc")
    ch.Ch = type("Ch", (), {"__module__": "chumpy.ch", "__qualname__": "Ch"})
    sparse.csc_matrix = type("csc_matrix", (), {"__module__": "scipy.sparse.csc", "__qualname__": "csc_matrix"})
    modules = {"chumpy": chumpy, "chumpy.ch": ch, "scipy": types.ModuleType("scipy"),
               "scipy.sparse": types.ModuleType("scipy.sparse"), "scipy.sparse.csc": sparse}
    stored = dict(values)
    shapes = ch.Ch()
    shapes.__dict__.update(x=values["shapedirs"], _dirty_vars={"x"}, _itr=None)
    rows, columns = np.nonzero(values["J_regressor"])
    order = np.lexsort((rows, columns))
    matrix = sparse.csc_matrix()
    matrix.__dict__.update(data=values["J_regressor"][rows[order], columns[order]], indices=rows[order].astype(np.int32),
                           indptr=np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=values["J_regressor"].shape[1]))]),
                           _shape=values["J_regressor"].shape, maxprint=50)
    stored |= {"shapedirs": shapes, "J_regressor": matrix}
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        file = io.BytesIO()
        pickle.dump(stored, file, protocol=2)
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
    return file.getvalue()


def write(folder: Path, *, old: bool = False, **changed: object) -> dict[str, Path]:
    """Write all of FLAME's files; changed: values to replace in the model."""
    values = arrays() | changed
    paths = {"model": folder / "generic_model.pkl", "masks": folder / "FLAME_masks.pkl",
             "landmarks": folder / "landmark_embedding.npy", "texture": folder / "texture_data_64.npy"}
    paths["model"].write_bytes(old_pickle(values) if old else pickle.dumps(values))
    paths["masks"].write_bytes(pickle.dumps(masks(), protocol=2))
    np.save(paths["landmarks"], landmarks(), allow_pickle=True)
    np.save(paths["texture"], texture(), allow_pickle=True)
    return paths
