"""Hair and brows in a frame: which strands only turn with the head, and where rays meet them; shaded where they are seen."""

from dataclasses import replace

import numpy as np
import pytest

from core.hair.strands import Strands
from core.head.model import HeadBasis
from core.job import read_result
from core.pack import Pack
from core.render.coat import Coat, ribbons
from core.render.fibres import THROUGH, Fibres, passed, scattered
from core.render.hair import Hair
from core.render.pose import Poser, about
from core.render.rays import Rays
from core.render.studio import CAMERA, STUDIO
from tests.core.render_stand_in import write_job

TURN = (0.25, -0.1, 0.05)       # radians, in the last frame
POINTS = 4


@pytest.fixture(scope="module")
def poser(tmp_path_factory):
    basis = HeadBasis.load(Pack.open().path("head"))
    still = Poser.of(read_result(write_job(tmp_path_factory.mktemp("job"))), basis)
    head = still.motion.head.copy()
    head[-1] = TURN
    return replace(still, motion=replace(still.motion, head=head))


@pytest.fixture(scope="module")
def fibres(poser):
    """A strand outwards from the middle of every tenth triangle of the skin."""
    rest, triangles = poser.rest(), poser.basis.skin_triangles[::10]
    corners = rest[triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    points = corners.mean(axis=1)[:, None] + normal[:, None] * np.linspace(0.0005, 0.02, POINTS)[:, None]
    strands = Strands(points.astype(np.float32), np.full(points.shape[:2], 0.0005, np.float32),
                      np.arange(0, len(poser.basis.skin_triangles), 10, dtype=np.int32), np.full((len(points), 3), 1 / 3, np.float32))
    return Fibres.of(strands, np.array([0.3, 0.2, 0.1]), poser.basis, np.random.default_rng(0))


def test_strands_part_by_what_moves_their_roots(poser, fibres):
    coat = Coat.of((fibres,), poser)
    (moving,), (turning,) = coat.moving, coat.turning
    assert len(moving.points) + len(turning.points) == len(fibres.points) and 100 < len(turning.points) < len(fibres.points) / 2
    for frame in (2, poser.frames - 1):             # the mouth is open in one, the head turned in the other
        posed = turning.posed(poser.rest(), poser.at(frame))
        assert np.abs(posed - about(turning.points, *poser.turn(frame))).max() < 1e-6       # single precision's share of the head
    assert turning.points[..., 1].mean() > moving.points[..., 1].mean() + 0.02              # the scalp is above the face


def test_rays_meet_the_hair_of_a_turned_head(poser, fibres):
    coat, frame = Coat.of((fibres,), poser), poser.frames - 1
    hair = Hair.of(coat, poser, frame, head=poser.at(frame), eye=CAMERA.place)
    moving, turning = hair.strands
    vertices, _ = ribbons(((turning[0], turning[0].points),), CAMERA.place)     # as it looks ahead
    there = np.concatenate([ribbons((moving,), CAMERA.place)[0], about(vertices, *poser.turn(frame))])
    origins = np.tile(CAMERA.place, (4000, 1))
    aims = there[hair.triangles[np.random.default_rng(0).integers(0, len(hair.triangles), len(origins))]]
    ways = aims.mean(axis=1) - CAMERA.place
    found, wanted = hair.rays.first(origins, ways), Rays(there, hair.triangles).first(origins, ways)
    met = (found.triangle >= 0) & (wanted.triangle >= 0)
    assert met.mean() > 0.4 and (found.triangle[met] == wanted.triangle[met]).mean() > 0.99     # strands touch
    assert np.allclose(found.distance[met], wanted.distance[met], atol=1e-3)


def test_ribbons_that_only_turn_are_built_once_for_an_eye(poser, fibres):
    coat = Coat.of((fibres,), poser)
    assert coat.facing(CAMERA.place) is coat.facing(CAMERA.place)
    assert coat.facing((0.0, 0.0, -1.0)) is not coat.facing(CAMERA.place)


def test_no_hair_no_rays(poser):
    hair = Hair.of(Coat((), ()), poser, 0, head=poser.at(0), eye=CAMERA.place)
    assert hair.rays is None and not len(hair.triangles) and hair.points.shape == (0, 3)


def test_what_is_not_wanted_is_not_shaded_and_the_rest_is_the_same(poser, fibres):
    rays = Rays(poser.rest(), poser.basis.skin_triangles, Rays(*ribbons(((fibres, fibres.points),), CAMERA.place)))
    wanted = np.random.default_rng(1).random(2 * fibres.radius.size) < 0.1
    few, every = (fibres.shaded(fibres.points, STUDIO, CAMERA.place, rays=rays, wanted=chosen, random=np.random.default_rng(0))
                  for chosen in (wanted, np.ones(len(wanted), bool)))
    both = np.repeat(wanted.reshape(-1, 2).any(axis=1), 2)      # both sides of a ribbon look alike
    assert np.allclose(few[both], every[both], rtol=1e-9) and not few[~both].any() and every.any(axis=1).mean() > 0.5


def wall(left: float, right: float, depth: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a square across the way along z, two triangles."""
    corners = np.array([[left, -1, depth], [right, -1, depth], [right, 1, depth], [left, 1, depth]])
    return corners, np.array([[0, 1, 2], [0, 2, 3]])


def test_what_hair_scatters_on_is_mirrored_no_more():
    rays = Rays(*wall(-3, -1, 0.1), Rays(*wall(-1, 1, 0.1)))               # skin, hair, and a gap
    begin = np.array([[-2.0, 0, 0], [0.01, 0.1, 0], [2.0, 0, 0]])
    free, clear = passed(begin, np.tile([0.0, 0.0, 1.0], (3, 1)), rays)
    assert free.tolist() == [0, THROUGH, 1] and clear.tolist() == [0, 0, 1]


def test_a_hair_mirrors_towards_the_front_and_lets_light_through_from_behind():
    along, colour = np.array([[0.0, 1.0, 0.0]]), np.array([[0.3, 0.2, 0.1]])
    front, back = np.array([[0.0, 0.0, 1.0]]), np.array([[0.0, 0.0, -1.0]])
    side = np.array([[1.0, 0.0, 0.0]])
    (ahead, spread), (through, again), (beside, _) = (scattered(along, light, front, colour) for light in (front, back, side))
    np.testing.assert_allclose(spread, again)                           # the diffuse share knows no side
    assert (ahead > beside).all() and (through > beside).all() and through[0, 0] > 1.2 * through[0, 2]      # coloured on its way


@pytest.mark.parametrize("degrees", [-60, -45, -30, -15, 0, 15, 30, 45, 60])
def test_a_hairs_lobes_give_back_no_more_light_than_they_get_however_it_leans(degrees):
    """All of it where it is clear and light comes across, what its surface mirrors where it is black; the diffuse share is no part."""
    inclined, around = np.meshgrid(np.linspace(-1.57, 1.57, 629), np.linspace(-np.pi, np.pi, 720, endpoint=False))
    view = np.stack([np.cos(inclined) * np.sin(around), np.sin(inclined), np.cos(inclined) * np.cos(around)], axis=2).reshape(-1, 3)
    angle = np.radians(degrees)
    along, light = (np.broadcast_to(way, view.shape) for way in ([0.0, 1.0, 0.0], [0.0, np.sin(angle), np.cos(angle)]))
    flux = np.cos(inclined).reshape(-1, 1)**2 * (3.14 / 628) * (2 * np.pi / 720) / np.cos(angle)   # of what is seen, over the sphere
    clear, black = ((scattered(along, light, view, np.full(view.shape, colour))[0] * flux).sum(axis=0) for colour in (1.0, 1e-4))
    assert (clear < 1).all() and (black < 0.085).all() and (black < clear).all(), (clear, black)
    if degrees == 0:                                                # light that comes along a hair gives back less (docs/render.md)
        assert (clear > 0.84).all() and (black > 0.046).all(), (clear, black)
