"""Frames, on a coarse head."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import InputError
from core.hair.haircut import Haircut
from core.hair.look import Look
from core.head.model import HeadBasis
from core.head.scalp import COVERED, rooted, with_roots
from core.job import read_result
from core.pack import DEFAULT, Pack
from core.pictures.colours import linear
from core.render import frame, shade
from core.render.fibres import fibres_of
from core.render.frame import Settings, Window, camera_rays, developed, fill, filtered, render, spared
from core.render.portrait import Portrait
from core.render.studio import STUDIO, STUDIOS, AreaLight, PortraitCamera, Studio
from tests.core.render_stand_in import BROW_HAIRS, FRAMES, OPEN, TONE

SMALL = Settings(size=64, rays=1, hair=False)


@pytest.fixture(scope="module")
def still(portrait):
    return render(portrait, 0, SMALL)


def test_a_head_before_a_backdrop(still):
    assert still.shape == (64, 64, 3) and np.isfinite(still).all()
    assert np.allclose(still[:8, :8], STUDIO.backdrop)
    cheek = still[36, 24]
    assert cheek[0] > cheek[1] > cheek[2] > 0.05                # skin
    assert (still[20:44, 24:40] > 0.01).any(axis=2).mean() > 0.98       # all but pupils and nostrils


def test_a_frame_is_the_same_each_time(portrait, still):
    assert np.array_equal(render(portrait, 0, SMALL), still)


def test_the_tone_is_the_photos(portrait, still):
    assert np.allclose(portrait.tone, linear(np.array(TONE, np.uint8)), atol=1e-6)
    assert np.allclose(portrait.texture, 1, atol=1e-5)
    forehead = still[24:28, 28:36].mean(axis=(0, 1))            # its hue is the texture's, its brightness the light's
    assert np.allclose(forehead / forehead.sum(), portrait.tone / portrait.tone.sum(), atol=0.04)


def test_light_from_the_other_side_lights_the_other_cheek(portrait):
    lamps = [Studio("test", (AreaLight("key", (side, 0.1, 0.3), 20.0, 0.3, 0.3),)) for side in (-1.0, 1.0)]
    left, right = (render(portrait, 0, replace(SMALL, rays=3, studio=studio)).mean(axis=2) for studio in lamps)
    assert left[:, :32].sum() > 1.3 * left[:, 32:].sum()
    alike = np.corrcoef(left.ravel(), right[:, ::-1].ravel())[0, 1]              # mirrored, but for where in a cell a ray goes
    assert alike > 0.99 and abs(left.mean() - right.mean()) < 0.02 * left.mean()


def test_twice_the_light_is_twice_the_radiance(portrait, still):
    lamps = tuple(replace(lamp, power=2 * lamp.power) for lamp in STUDIO.lights)
    twice = render(portrait, 0, replace(SMALL, studio=replace(STUDIO, lights=lamps, backdrop=(0.1, 0.1, 0.1))))
    dim = twice < frame.BRIGHTEST
    assert np.allclose(twice[dim], 2 * still[dim], rtol=1e-6, atol=1e-6) and dim.mean() > 0.99


def test_lamps_behind_a_head_leave_no_dots_along_its_outline(portrait, monkeypatch):
    """What they mirror is narrower than a cell: without its fading, single cells on and beside the outline are far brighter."""
    turned = replace(SMALL, size=96, rays=6, studio=STUDIOS["rim"], camera=PortraitCamera((-0.66, 0.02, 0.66)))
    calm = lone(render(portrait, 0, turned))
    monkeypatch.setattr(shade, "OUTLINE", 1e-6)
    assert calm < 0.7 * lone(render(portrait, 0, turned))


def lone(picture):
    """By how much, in all, pixels are brighter than both those beside them or above and below."""
    light = np.clip(picture.mean(axis=2), 0, 1)
    middle = light[1:-1, 1:-1]
    around = np.stack([light[:-2, 1:-1], light[2:, 1:-1], light[1:-1, :-2], light[1:-1, 2:]])
    over = np.minimum(middle - np.sort(around, axis=0)[2], 1)
    return over[over > 0.02].sum()


def test_no_light_no_picture(portrait):
    dark = render(portrait, 0, replace(SMALL, studio=Studio("dark", (), backdrop=(0.0, 0.0, 0.0))))
    assert not dark.any()


def test_an_open_mouth_is_dark_with_teeth(portrait, still):
    close = replace(SMALL, camera=PortraitCamera((0.0, -0.045, 0.3), (0.0, -0.045, 0.0)))
    shut, wide = render(portrait, 0, close), render(portrait, OPEN, close)
    assert (wide.mean(axis=2) < 0.03).sum() > (shut.mean(axis=2) < 0.03).sum() + 10
    assert not np.array_equal(render(portrait, OPEN, SMALL), still)


def test_the_scalp_has_the_colour_of_roots_where_hair_grows_and_no_seam():
    basis = HeadBasis.load(DEFAULT / "head.npz")
    side, hair = 1024, np.array([0.1, 0.05, 0.02])
    painted = with_roots(np.full((side, side, 3), 0.5), hair, rooted(basis), basis)
    share, faces = rooted(basis), basis.part("skin").faces
    quads, uv = basis.quads[faces], basis.quad_uv[faces]
    even = np.ptp(share[quads], axis=1) < 0.01
    dense = even & (share[quads].min(axis=1) > 0.8)
    assert dense.sum() > 100
    for chosen, wanted in ((dense, 0.5 + COVERED * (hair - 0.5)), (even & (share[quads].max(axis=1) == 0), np.full(3, 0.5))):
        corners = basis.uv[np.unique(uv[chosen])] * [side, -side] + [0, side]           # on seams, too
        places = corners.astype(int).clip(0, side - 1)
        found = np.abs(painted[places[:, 1], places[:, 0]] - wanted).max(axis=1)
        assert np.quantile(found, 0.98) < 0.03, np.sort(found)[-12:]


def test_hair_and_brows_can_be_left_out(portrait, still):
    assert not np.array_equal(render(portrait, 0, replace(SMALL, hair=True)), still)


def test_hair_and_brows_are_those_of_the_jobs_look(job, portrait):
    """The strands that look.npz holds are drawn; in the style NONE, neither hair nor brows."""
    basis, result = portrait.poser.basis, read_result(job)
    look = Look.read(result.look, basis)
    coat = (*portrait.coat.moving, *portrait.coat.turning)
    assert sum(len(fibres.points) for fibres in coat) == len(look.brows) == BROW_HAIRS
    head = result.head | {"hair_colour": np.array([60, 40, 30], np.uint8)}
    styled = replace(look, cut=Haircut("LONG"), hair=look.brows)
    assert [len(fibres.points) for fibres in fibres_of(styled, head, basis)] == [BROW_HAIRS, BROW_HAIRS]
    assert fibres_of(replace(styled, cut=Haircut("NONE")), head, basis) == ()


def test_a_face_fused_on_the_mesh_moves_by_the_fusions_own_shapes(job, portrait):
    result = read_result(job)
    offsets = np.zeros((2, *portrait.poser.rest().shape), np.float32)
    offsets[1, :10, 1] = 0.004
    weights = np.zeros((len(result.bake["weights"]), 2), np.float32)
    weights[1, 1] = 0.5
    fused = Portrait.of(replace(result, bake=dict(result.bake) | {"fusion_offsets": offsets, "fusion_weights": weights}), Pack.open())
    moved = fused.poser.at(1) - portrait.poser.at(1)
    assert np.allclose(np.linalg.norm(moved[:10], axis=1), 0.002, atol=1e-6) and np.allclose(moved[10:], 0, atol=1e-9)


def test_only_what_can_be_seen_is_looked_at(portrait, still, monkeypatch):
    """Rays through the part of the picture that holds the head give what rays through all of it do."""
    whole = frame.Window(slice(0, SMALL.cells), slice(0, SMALL.cells))
    around = frame.Window.around(portrait.poser.at(0), SMALL)
    assert around.shape[0] < 0.8 * whole.shape[0] and around.shape[1] < 0.7 * whole.shape[1]
    monkeypatch.setattr(frame.Window, "around", lambda points, settings: whole)
    assert np.allclose(render(portrait, 0, SMALL), still, atol=1e-9)


def test_every_other_cell_amid_skin_is_what_lies_around_it(portrait, monkeypatch):
    """Shading half of the skin gives the picture that shading all of it gives, but for the noise of shadows and highlights."""
    fine, left_out = replace(SMALL, rays=3), []
    quick = render(portrait, 0, fine)
    monkeypatch.setattr(frame, "spared", lambda *given: left_out.append(spared(*given)) or np.zeros_like(left_out[-1]))
    slow = render(portrait, 0, fine)
    assert 0.1 < left_out[0].mean() < 0.5                       # half of the skin, which fills most of the window
    off = np.abs(quick - slow)
    assert 0 < off.max() < 0.1 and off.mean() < 0.001           # such cells are wider than a millimetre, and so are folds of lids


def test_a_glint_is_cut_before_cells_beside_it_are_filled(portrait, still, monkeypatch):
    most, given = 0.5 * still.max(), []
    monkeypatch.setattr(frame, "BRIGHTEST", most)
    monkeypatch.setattr(frame, "fill", lambda cells, between: given.append(cells.max()))
    render(portrait, 0, SMALL)
    assert given == [most]


def test_cells_at_edges_and_coarse_ones_are_shaded_themselves():
    window = Window(slice(3, 12), slice(6, 18))
    pieces = np.zeros((9, 12), np.int64)
    pieces[:, 7:] = 2
    pieces[4, 3] = -1
    found = spared(pieces.ravel(), window, 3).reshape(9, 12)
    row, column = np.nonzero(found)
    assert found.sum() > 20 and ((row + column) % 2 == 0).all()                 # the window begins on a black cell
    for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        assert (pieces[row, column] == pieces[row + dy, column + dx]).all() and not found[row + dy, column + dx].any()
    assert not found[4, 3] and not found[:, 6:8].any() and not spared(pieces.ravel(), window, 2).any()
    ramp = np.add.outer(np.arange(9.0), 2 * np.arange(12.0))[..., None] * np.ones(3)
    holed = np.where(found[..., None], 0.0, ramp)
    fill(holed, found)
    assert np.allclose(holed, ramp)


def test_rays_go_through_their_cells():
    """In a camera that looks along -Z, what is left and up of the middle is met at -X and +Y, by a ray within its cell."""
    camera = PortraitCamera((0.0, 0.0, 1.0), (0.0, 0.0, 0.0), lens=50.0, sensor=36.0)
    settings = Settings(size=64, rays=3, camera=camera)
    window = Window(slice(30, 90), slice(60, 150))
    directions, turns = camera_rays(window, settings, np.random.default_rng(0))
    assert np.allclose(np.linalg.norm(directions, axis=1), 1, atol=1e-6)        # single precision
    across, up = (directions[:, side] / -directions[:, 2] * 50 / 36 * settings.cells for side in (0, 1))
    down, right = np.mgrid[30:90, 60:150]
    assert np.array_equal(np.floor(across + settings.cells / 2), right.ravel())
    assert np.array_equal(np.floor(settings.cells / 2 - up), down.ravel())
    white = (down + right).ravel() % 2 == 0
    assert set(turns[white]) == {0, 3} and set(turns[~white]) == {1, 2}         # opposite quarters of a lamp: their mean is its middle


def test_cells_become_pixels_without_losing_light():
    cells = np.random.default_rng(0).random((30, 30, 3))
    cells[:3], cells[-3:], cells[:, :3], cells[:, -3:] = 0, 0, 0, 0
    pixels = filtered(cells, 3)
    assert pixels.shape == (10, 10, 3) and pixels.sum() == pytest.approx(cells.sum() / 9)
    assert np.allclose(filtered(np.full((9, 9, 3), 0.4), 3), 0.4)


def test_developing_is_srgb():
    assert developed(np.array([[[0.0, 0.2140411, 7.0]]])).tolist() == [[[0, 127, 255]]] or developed(
        np.array([[[0.0, 0.2140411, 7.0]]])).tolist() == [[[0, 128, 255]]]


def test_frames_that_are_not_there(portrait):
    for number in (-1, FRAMES):
        with pytest.raises(InputError, match=f"from 0 to {FRAMES - 1}"):
            render(portrait, number, SMALL)
