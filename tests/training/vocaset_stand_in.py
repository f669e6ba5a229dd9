"""VOCASET's files in their public layout, made up: a jaw that opens and shuts on a made-up FLAME, with a tone for a voice."""

import pickle
from functools import lru_cache
from pathlib import Path

import numpy as np

from tests.training import flame_stand_in
from training.flame.model import JAW
from training.vocaset.layout import FPS, SUBJECTS

RATE = 22000
FRAMES = 24
SPEAKERS = {SUBJECTS["train"][0]: (1, 2), SUBJECTS["val"][0]: (21,), SUBJECTS["test"][0]: (21, 22)}
OPEN = 0.12                         # radians
SAID = {21: ((0.0, 0.04, ""), (0.04, 0.16, "AA1"), (0.16, 0.24, "M"), (0.27, 0.33, "S"), (0.33, 0.4, "AH0")),
        22: ((0.0, 0.03, "M"), (0.03, 0.2, "AY2"), (0.2, 0.28, "N"), (0.28, 0.38, "EH1"), (0.38, 0.4, "B"))}


@lru_cache(1)
def templates() -> dict[str, np.ndarray]:
    """Return a person for each subject."""
    flame = flame_stand_in.flame()
    return {name: flame.vertices(shape=np.eye(4)[index]).astype(np.float32) for index, name in enumerate(SPEAKERS)}


@lru_cache(8)
def sentence(subject: str, number: int) -> np.ndarray:
    """Return the frames (T, 5023, 3) of a sentence: the jaw opens and shuts."""
    flame, frames = flame_stand_in.flame(), []
    for frame in range(FRAMES):
        pose = np.zeros((5, 3))
        pose[JAW, 0] = OPEN * np.sin(np.pi * frame / FRAMES * (1 + number % 2)) ** 2
        frames.append(flame.posed(templates()[subject].astype(np.float64), pose))
    return np.array(frames, np.float32)


def write(folder: Path, *, without_audio: str = "", rate: int = RATE) -> Path:
    """Write all of it; without_audio: a sequence that has no recording; rate: what the recordings claim."""
    folder.mkdir(parents=True, exist_ok=True)
    index: dict[str, dict] = {}
    audio: dict[str, dict] = {}
    rows, first = [], 0
    for subject, numbers in SPEAKERS.items():
        for number in numbers:
            name = f"sentence{number:02}"
            rows.append(sentence(subject, number))
            index.setdefault(subject, {})[name] = {frame: first + frame for frame in range(FRAMES)}
            first += FRAMES
            if f"{subject}_{name}" != without_audio:
                time = np.arange(round(FRAMES / FPS * RATE)) / RATE
                tone = np.sin(2 * np.pi * (200 + 20 * number) * time) * np.sin(np.pi * time * FPS / FRAMES) * 12000
                audio.setdefault(subject, {})[name] = {"audio": tone.astype(np.int16), "sample_rate": rate}
    np.save(folder / "data_verts.npy", np.concatenate(rows))
    for name, values in (("subj_seq_to_idx", index), ("raw_audio_fixed", audio), ("templates", templates())):
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(values, protocol=2))
    return folder


def write_phones(folder: Path) -> Path:
    """Write what is said in the test's sentences, as aligners do: lips touch where the jaw is shut, vowels are where it is open."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, phones in SAID.items():
        rows = "".join(f"        intervals [{index + 1}]:\n            xmin = {start} \n            xmax = {end} \n            "
                       f'text = "{name}" \n' for index, (start, end, name) in enumerate(phones))
        grid = ('File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0 \nxmax = 0.4 \ntiers? <exists> \nsize = 2 \n'
                'item []: \n'
                '    item [1]:\n        class = "IntervalTier" \n        name = "words" \n        xmin = 0 \n        xmax = 0.4 \n'
                '        intervals: size = 1 \n        intervals [1]:\n            xmin = 0 \n            xmax = 0.4 \n'
                '            text = "so ""12"" said" \n    item [2]:\n        class = "IntervalTier" \n        name = "phones" \n'
                f"        xmin = 0 \n        xmax = 0.4 \n        intervals: size = {len(phones)} \n{rows}")
        (folder / f"{SUBJECTS['test'][0]}_sentence{number}.TextGrid").write_text(grid, encoding="utf-8")
    return folder


def flame_head(path: Path) -> Path:
    """Write our own head as if it were made from the made-up FLAME."""
    from core.pack import DEFAULT
    kept = flame_stand_in.parts()["kept"]
    with np.load(DEFAULT / "head.npz") as stored:
        arrays = {name: stored[name] for name in stored.files if name != "allow_pickle"}
    places = np.zeros(len(arrays["regions"]), np.int32)
    places[kept] = np.arange(len(kept))
    np.savez(path, **arrays, flame_vertices=places)
    return path


def flame_file(path: Path) -> Path:
    """Write a flame.npz as training/flame/head.py does, with a mouth of three boxes."""
    from core.files import write_arrays
    values, masks = flame_stand_in.parts(), flame_stand_in.masks()
    template = values["template"].astype(np.float32)
    lips = template[masks["lips"]].mean(axis=0)
    box = np.array([[x, y, z] for x in (-0.02, 0.02) for y in (-0.004, 0.004) for z in (-0.02, 0)], np.float32) + lips
    skin = np.arange(len(values["kept"]))
    jaw = flame_stand_in.arrays()["weights"][skin, 2]
    chin = skin[(jaw > 0.95)][np.argmin(np.abs(template[skin][jaw > 0.95, 0]))]
    still = skin[jaw == 0]
    ear = still[np.argmin(np.linalg.norm(template[still] - [0.07, 0.0, -0.02], axis=1))]
    pivot = flame_stand_in.flame().joints(values["template"])[2] * [0, 1, 1]
    triangles = np.array([[0, 1, 2], [1, 2, 3], [4, 5, 6], [5, 6, 7]], np.int32)
    write_arrays(path, {
        "template": template, "triangles": values["triangles"].astype(np.int32), "chin": np.array(chin, np.int32),
        "below_ear": np.array(ear, np.int32), "pivot": pivot.astype(np.float32),
        "mouth": np.concatenate([box + [0, shift, 0] for shift in (0.005, -0.005, -0.012)]).astype(np.float32),
        "mouth_parts": np.array([0, 8, 16, 24], np.int32),
        "mouth_triangles": np.concatenate([triangles + 8 * part for part in range(3)]).astype(np.int32),
        **{f"mask_{name}": places for name, places in masks.items()}})
    return path
