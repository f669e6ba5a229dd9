"""Fine colour is added where there is none, in people's amount and hues, and nowhere else."""

import numpy as np
import pytest

from core.photo.skin_detail import AMOUNT, BOTH, GAMMA, detailed, noise, sampled

SIDE, TEXEL = 512, 0.00024              # of a piece of skin as fine as the face in an image of 2048
TONE = np.array([226.0, 182, 160], np.float32)


@pytest.fixture(scope="module", autouse=True)
def fine():
    """Let a small image have all octaves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.photo.skin_detail.FINEST", SIDE)
        yield


def skin(shift=0.0):
    """A curved piece of skin, its places (SIDE * SIDE, 3), metres."""
    y, x = np.mgrid[:SIDE, :SIDE] * TEXEL - SIDE * TEXEL / 2
    return np.stack([x, y, -6 * (x**2 + y**2) + shift], axis=-1).reshape(-1, 3)


def dressed(image, places=None, seen=0.0, tone=TONE):
    covered = np.ones((SIDE, SIDE), bool)
    shown = np.broadcast_to(np.float32(seen), (SIDE, SIDE))
    return detailed(np.asarray(image, np.float32), covered, skin() if places is None else places, seen=shown, tone=tone)


def plain(tone=TONE):
    return np.tile(tone, (SIDE, SIDE, 1)).astype(np.float32)


def sharp(times=1.0):
    """Skin that a sharp photo shows: grain of people's amount, and more of it, in every octave."""
    random, total = np.random.default_rng(4), np.zeros((SIDE, SIDE))
    for octave, amount in enumerate(AMOUNT):
        coarse = random.normal(size=(SIDE >> octave,) * 2)
        total += 1.6 * times * BOTH * amount * np.kron(coarse, np.ones((1 << octave,) * 2))
    return plain() * np.exp(total / GAMMA)[..., None].astype(np.float32)


def logs(image):
    return GAMMA * np.log(image / TONE).reshape(-1, 3)


def alike(first, second):
    return float(np.corrcoef(logs(first)[:, 1], logs(second)[:, 1])[0, 1])


def test_smooth_skin_gets_spots_of_melanin_and_blood():
    found = logs(dressed(plain()))
    red, green, blue = found.T
    assert np.hypot(*AMOUNT[:2]) < green.std() < 2 * np.hypot(np.hypot(*AMOUNT[:2]), np.hypot(*AMOUNT[2:]))
    assert red.std() < 0.6 * green.std() < green.std() < 1.2 * blue.std()           # as both absorb
    assert np.corrcoef(green, red - green)[0, 1] < -0.8                             # darker is redder
    assert np.abs(found.mean(axis=0)).max() < 0.01                                  # the tone stays
    assert ((green - green.mean()) ** 3).mean() < 0                                 # few dark spots, much pale skin


def test_what_is_sharp_stays_as_it_is_and_only_the_rest_is_completed():
    image = sharp()
    image[:, SIDE // 2:] = TONE
    added = np.abs(np.log(dressed(image) / image)).max(axis=2)
    left, right = added[:, :SIDE // 2 - 64], added[:, SIDE // 2 + 64:]
    assert np.median(left) < 0.1 * np.median(right) and np.median(right) > 0.005


def test_a_spotted_persons_hidden_skin_is_spotted_too():
    image, seen = sharp(1.5), np.zeros((SIDE, SIDE))
    image[:, SIDE // 2:], seen[:, :SIDE // 2] = TONE, 1.0
    usual, own = (logs(dressed(image, seen=shown)[:, SIDE // 2 + 64:])[:, 1].std() for shown in (0.0, seen))
    assert 1.2 * usual < own < 1.7 * usual


def test_sides_are_no_mirror_images_and_places_alone_decide():
    places = skin()
    first = dressed(plain())
    assert abs(alike(first, first[:, ::-1])) < 0.1
    order = np.random.default_rng(1).permutation(len(places))                       # as over a seam, in another island
    mixed = dressed(plain(), places[order]).reshape(-1, 3)
    assert np.allclose(mixed, first.reshape(-1, 3)[order], atol=0.02)


def test_people_differ_and_rounding_does_not_matter():
    first = dressed(plain())
    assert alike(first, dressed(plain(), skin() * 1.004)) < 0.3
    assert alike(first, dressed(plain(), skin() * (1 + 1e-6))) > 0.99


def test_grey_skin_stays_grey():
    grey = np.full(3, 150.0, np.float32)
    found = dressed(plain(grey), tone=grey)
    assert np.ptp(found, axis=2).max() < 0.01 and found[..., 0].std() > 1.0


def test_a_small_image_has_the_coarse_octaves_alone(monkeypatch):
    fine = logs(dressed(plain()))[:, 1].std()
    monkeypatch.setattr("core.photo.skin_detail.FINEST", 4 * SIDE)
    coarse = logs(dressed(plain(), 4 * skin()))[:, 1].std()
    assert coarse == pytest.approx(np.hypot(*AMOUNT[2:]) / np.linalg.norm(AMOUNT) * fine, rel=0.15)


def test_noise_has_no_end_and_is_sampled_between_its_voxels():
    block = noise(np.random.default_rng(0))
    assert abs(block.mean()) < 1e-4 and block.real.std() == pytest.approx(1, abs=1e-3) == block.imag.std()
    assert abs(np.corrcoef(block.real.ravel(), block.imag.ravel())[0, 1]) < 0.05
    side = len(block)
    places = np.float32([[1, 2, 3], [1 - side, 2 + side, 3], [side - 0.5, 0, 0]])
    found = sampled(block, places)
    assert found[0] == found[1] == pytest.approx(block[1, 2, 3])
    assert found[2] == pytest.approx((block[-1, 0, 0] + block[0, 0, 0]) / 2, abs=1e-6)
