"""Sample adult heads as an artist would set the sliders, and reduce them to principal components."""

from pathlib import Path

import numpy as np

from core.errors import InputError
from core.files import read_arrays

from .source import AGES, GENDERS, MUSCLES, RACES, WEIGHTS, Array, Source

SLIDER_DEVIATION = 0.32         # of the sliders' range -1..1
ASYMMETRY_DEVIATION = 0.10
VARIETY = 0.5                   # of the sampled deviations from the mean that is kept
TRAITS = (*RACES, "male", "old")


def sample(source: Source, keep: np.ndarray, *, count: int, random: np.random.Generator) -> tuple[Array, Array]:
    """Return `count` heads (count, keep, 3) in metres, before any alignment, and their traits (count, TRAITS) 0..1."""
    ancestry, build = source.macros()
    ancestry = {key: value[keep] for key, value in ancestry.items()}
    build = {key: value[keep] for key, value in build.items()}
    sliders = [(low[keep], high[keep]) for low, high in source.sliders()]
    asymmetries = [offsets[keep] for offsets in source.asymmetries()]
    base = source.mesh.vertices[keep]
    heads, traits = zip(*(one(base, ancestry, build, sliders, asymmetries, random) for _ in range(count)), strict=True)
    return np.stack(heads), np.array(traits)


def one(base: Array, ancestry: dict[tuple[str, ...], Array], build: dict[tuple[str, ...], Array],
        sliders: list[tuple[Array, Array]], asymmetries: list[Array], random: np.random.Generator) -> tuple[Array, list[float]]:
    """Return one random head (V, 3) and its traits."""
    head = base.copy()
    races = dict(zip(RACES, random.dirichlet(np.full(len(RACES), 0.5)), strict=True))
    male = random.beta(0.5, 0.5)
    genders = dict(zip(GENDERS, (1 - male, male), strict=True))
    old = random.beta(0.8, 1.2)
    ages = dict(zip(AGES, (1 - old, old), strict=True))
    muscles = dict(zip(MUSCLES, three(random.normal(0.0, 0.35)), strict=True))
    weights = dict(zip(WEIGHTS, three(random.normal(0.0, 0.4)), strict=True))
    for (race, gender, age), offsets in ancestry.items():
        head += races[race] * genders[gender] * ages[age] * offsets
    for (gender, age, muscle, weight), offsets in build.items():
        head += genders[gender] * ages[age] * muscles[muscle] * weights[weight] * offsets
    for low, high in sliders:
        value = float(np.clip(random.normal(0.0, SLIDER_DEVIATION), -1, 1))
        head += -value * low if value < 0 else value * high
    for offsets in asymmetries:
        head += abs(random.normal(0.0, ASYMMETRY_DEVIATION)) * offsets
    return head, [*races.values(), male, old]


def groups(traits: Array, scores: Array) -> tuple[tuple[str, ...], Array]:
    """Return each group of people (ancestry, sex, age) by name, and its middle (G, B) in the identity's scores.

    traits: (N, TRAITS) of heads with scores (N, B); their scores are taken to be linear in the traits.
    """
    mean = traits.mean(axis=0)
    slopes = np.linalg.lstsq(traits - mean, scores, rcond=None)[0]
    named = {f"{race} {gender} {age}": [*(float(race == other) for other in RACES), float(gender == "male"), float(age == "old")]
             for race in RACES for gender in GENDERS for age in AGES}
    return tuple(named), (np.array(list(named.values())) - mean) @ slopes


def three(value: float) -> tuple[float, float, float]:
    """Return the weights of low, middle and high for a value in -1..1."""
    value = float(np.clip(value, -1, 1))
    return max(-value, 0.0), 1.0 - abs(value), max(value, 0.0)


def align(heads: Array, anchor: np.ndarray) -> Array:
    """Move and turn each head (no scale) so that its `anchor` vertices fit the mean's best (Kabsch, twice)."""
    for _ in range(2):
        mean = heads.mean(axis=0)
        target = mean[anchor] - mean[anchor].mean(axis=0)
        aligned = []
        for head in heads:
            centre = head[anchor].mean(axis=0)
            left, _, right = np.linalg.svd((head[anchor] - centre).T @ target)
            sign = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
            aligned.append((head - centre) @ (left @ sign @ right) + mean[anchor].mean(axis=0))
        heads = np.stack(aligned)
    return heads


def former(path: Path, shape: tuple[int, int, int]) -> Array | None:
    """Return the identities of a model made before, None where there is none.

    Raises InputError where they are of another shape, or the file is damaged.
    """
    if not path.is_file():
        return None
    basis = read_arrays(path, ("identity_basis",), InputError)["identity_basis"].astype(np.float64)
    if basis.shape != shape:
        raise InputError(f"the model there has identities of shape {basis.shape}, not {shape}", path, "choose another file")
    return basis


def principal_components(heads: Array, weight: Array, *, count: int, like: Array | None = None) -> tuple[Array, Array, Array, float]:
    """Return mean (V, 3), basis (count, V, 3) scaled to one standard deviation, the heads' scores on it (N, count), and the share
    of variance kept.

    weight: (V,) importance of each vertex in the decomposition; like: (count, V, 3) a basis made before: components point the same way
    as its do. After a small change of the heads, identities drawn from a seed are then nearly the same people.
    """
    mean = heads.mean(axis=0)
    scaled = ((heads - mean) * np.sqrt(weight)[:, None]).reshape(len(heads), -1)
    gram = scaled @ scaled.T
    values, vectors = np.linalg.eigh(gram)
    values, vectors = values[::-1][:count], vectors[:, ::-1][:, :count]
    scores = vectors * np.sqrt(len(heads) - 1)                    # (samples, count), unit variance
    basis = np.einsum("sk,svc->kvc", scores, heads - mean) / (len(heads) - 1)
    if like is not None:
        signs = np.where(np.einsum("kvc,kvc->k", basis, like) < 0, -1.0, 1.0)
        basis, scores = signs[:, None, None] * basis, signs * scores
    return mean, basis, scores, float(values.sum() / np.trace(gram))
