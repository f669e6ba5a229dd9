"""Whisper's first layers out of a made-up file of weights, against the same layers worked out in numpy; damage is told."""

import math
import struct

import numpy as np
import onnxruntime
import pytest

from building import whisper
from building.errors import BuildError

WIDTH, HEADS, BANDS, HIDDEN, PLACES, LAYERS = 32, 2, 6, 64, 40, 2


@pytest.fixture(scope="module", autouse=True)
def small():
    """A Whisper small enough for a test."""
    patch = pytest.MonkeyPatch()
    for name, value in (("WIDTH", WIDTH), ("HEADS", HEADS), ("BANDS", BANDS), ("HIDDEN", HIDDEN), ("PLACES", PLACES),
                        ("LAYERS", LAYERS), ("MOST_FRAMES", 20)):
        patch.setattr(whisper, name, value)
    yield
    patch.undo()


@pytest.fixture(scope="module")
def weights():
    rng = np.random.default_rng(0)
    shapes = {"conv1/bias": (WIDTH,), "conv1/weight": (WIDTH, BANDS, 3), "conv2/bias": (WIDTH,), "conv2/weight": (WIDTH, WIDTH, 3)}
    for layer in (f"layer_{index}" for index in range(LAYERS)):
        for part in ("ffn", "self_attention"):
            shapes |= {f"{layer}/{part}/layer_norm/{name}": (WIDTH,) for name in ("beta", "gamma")}
        for name, rows, columns in (("ffn/linear_0", HIDDEN, WIDTH), ("ffn/linear_1", WIDTH, HIDDEN),
                                    ("self_attention/linear_0", 3 * WIDTH, WIDTH), ("self_attention/linear_1", WIDTH, WIDTH)):
            shapes |= {f"{layer}/{name}/bias": (rows,), f"{layer}/{name}/weight": (rows, columns)}
    shapes["position_encodings/encodings"] = (PLACES, WIDTH)
    return {name: rng.normal(0, 1 / np.sqrt(np.prod(shape[1:]) if len(shape) > 1 else 4), shape).astype(np.float16)
            for name, shape in shapes.items()}


def stored(weights, before=b"the end of a decoder", after=True):
    """Return a file's end with these weights, as CTranslate2 writes them."""
    parts = [before]
    for name, values in weights.items():
        text = f"encoder/{name}\0".encode()
        parts += [struct.pack("<H", len(text)), text, struct.pack(f"<B{values.ndim}IBI", values.ndim, *values.shape, 4, values.nbytes),
                  values.tobytes()]
    if after:
        text = b"encoder/num_heads\0"
        parts += [struct.pack("<H", len(text)), text, struct.pack("<BBIh", 0, 2, 2, HEADS), struct.pack("<IH", 0, 0)]
    return b"".join(parts)


def expected(weights, mel):
    """Return the layers (T, LAYERS * WIDTH) of spectra (BANDS, 2T), in double precision."""
    held = {name: values.astype(np.float64) for name, values in weights.items()}

    def bent(values):
        return values * (1 + np.vectorize(math.erf)(values / math.sqrt(2))) / 2

    def convolved(values, name, stride):
        padded = np.pad(values, ((0, 0), (1, 1)))
        taps = np.stack([padded[:, shift:shift + values.shape[1]] for shift in range(3)], 2)[:, ::stride]
        return bent(np.einsum("itk,oik->ot", taps, held[f"{name}/weight"]) + held[f"{name}/bias"][:, None])

    def normalised(values, name):
        even = (values - values.mean(1, keepdims=True)) / np.sqrt(values.var(1, keepdims=True) + 1e-5)
        return even * held[f"{name}/layer_norm/gamma"] + held[f"{name}/layer_norm/beta"]

    def linear(values, name):
        return values @ held[f"{name}/weight"].T + held[f"{name}/bias"]

    value = convolved(convolved(mel, "conv1", 1), "conv2", 2).T
    value = value + held["position_encodings/encodings"][:len(value)]
    layers = []
    for layer in (f"layer_{index}" for index in range(LAYERS)):
        name = f"{layer}/self_attention"
        query, key, said = (part.reshape(len(value), HEADS, -1).transpose(1, 0, 2)
                            for part in np.split(linear(normalised(value, name), f"{name}/linear_0"), 3, axis=1))
        near = np.exp(query @ key.transpose(0, 2, 1) / math.sqrt(WIDTH // HEADS))
        heard = (near / near.sum(2, keepdims=True) @ said).transpose(1, 0, 2).reshape(len(value), WIDTH)
        value = value + linear(heard, f"{name}/linear_1")
        value = value + linear(bent(linear(normalised(value, f"{layer}/ffn"), f"{layer}/ffn/linear_0")), f"{layer}/ffn/linear_1")
        layers.append(value)
    return np.concatenate(layers, axis=1)


def test_the_network_says_what_the_weights_say(weights):
    content = whisper.network(stored(weights))
    assert content == whisper.network(stored(weights))
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    assert "ecavatar" in session.get_modelmeta().custom_metadata_map
    for frames in (1, 7, 20):
        mel = np.random.default_rng(frames).normal(0, 1, (1, BANDS, 2 * frames)).astype(np.float32)
        found, wanted = session.run(None, {"mel": mel})[0][0], expected(weights, mel[0].astype(np.float64))
        assert found.shape == wanted.shape == (frames, LAYERS * WIDTH)
        assert np.sqrt(np.mean((found - wanted) ** 2)) < 0.04 * wanted.std()            # 7 and 8 bits, several times


def test_rows_become_whole_numbers_of_their_own_step():
    whole, steps = whisper.quantised([0.5, -1.0, 0.25, 0.0, 0.0, 0.0], 3, 63)
    assert list(np.frombuffer(whole, np.int8)) == [32, -63, 16, 0, 0, 0]
    np.testing.assert_allclose(np.frombuffer(steps, "<f4"), [1 / 63, 1])


@pytest.mark.parametrize("harm", [
    lambda content: content.replace(b"encoder/conv1/bias", b"encoder/conv9/bias"), lambda content: content[:-3000],
    lambda content: content.replace(b"layer_1/ffn/linear_0/weight", b"layer_1/ffn/linear_9/weight"),
    lambda content: content.replace(struct.pack("<2I", HIDDEN, WIDTH), struct.pack("<2I", HIDDEN, WIDTH - 1), 1),
    lambda content: content.replace(struct.pack("<BI", 4, 2 * WIDTH), struct.pack("<BI", 4, 1 << 30), 1),
    lambda content: content.replace(struct.pack("<BI", 4, 2 * WIDTH), struct.pack("<BI", 1, 2 * WIDTH), 1),
    lambda content: content.replace(b"layer_0/ffn/linear_0/bias", b"layer_0/ffn/linear_0/\xffias"), lambda _: b""])
def test_a_file_of_other_or_damaged_weights_is_refused(weights, harm):
    content = stored(weights)
    harmed = harm(content)
    assert harmed != content
    with pytest.raises(BuildError, match="Whisper base"):
        whisper.network(harmed)
