"""Particles: closed forms, both directions, fields in time, and one kernel as good as the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.water.grid import Grid, regular_grid
from models.water.result import CellFlow, FlowField
from models.water.tracking.field import STATUS, TrackOptions
from models.water.tracking.march import march, particles_at, particles_in
from tests.support.water_uniform import uniform_field
from twin.core.errors import BadRequestError

YEAR_S = 365.25 * 86_400.0
BACK = TrackOptions(direction="backward")


def porous(grid: Grid, value: float = 0.25) -> np.ndarray:
    return np.full(grid.shape, value)


def stirred(shape: tuple[int, int, int], seed: int) -> tuple[Grid, FlowField]:
    """A closed box in which water goes round: faces carry the curl of random potentials."""
    rng = np.random.default_rng(seed)
    grid = regular_grid(shape, dx_m=10.0, dy_m=8.0, thickness_m=2.0)
    nl, nr, nc = shape
    around = np.zeros((nl, nr + 1, nc + 1))
    around[:, 1:-1, 1:-1] = rng.normal(size=(nl, nr - 1, nc - 1)) * 1e-5
    tilted = np.zeros((nl + 1, nr, nc + 1))
    tilted[1:-1, :, 1:-1] = rng.normal(size=(nl - 1, nr, nc - 1)) * 1e-5
    east = (around[:, 1:, 1:] - around[:, :-1, 1:]) + (tilted[1:, :, 1:] - tilted[:-1, :, 1:])
    north = -(around[:, 1:, 1:] - around[:, 1:, :-1])
    down = -(tilted[1:, :, 1:] - tilted[1:, :, :-1])
    ones = np.ones(shape)
    return grid, FlowField(
        right_m3_s=east, front_m3_s=north, lower_m3_s=down, saturation_start=ones, saturation_end=ones,
        storage_m3_s=0.0 * ones, packages=[], steady=True,
    )  # fmt: skip


def test_uniform_flow_is_x_equals_vt() -> None:
    grid = regular_grid((3, 20, 30), dx_m=10.0, dy_m=7.0, thickness_m=4.0)
    field = uniform_field(grid, (2e-6, 1e-6, -1e-7))
    start = np.array([[31.0, 22.0, -7.9], [44.0, 15.0, -6.0]])
    through_top = TrackOptions(top=("top",))
    tracks = march(grid, porous(grid), field, particles_at(grid, start), until_s=1.5e7, options=through_top)
    moved = np.array([2e-6, 1e-6, 1e-7]) / 0.25 * 1.5e7
    np.testing.assert_allclose(tracks.end_m, start + moved, rtol=1e-12)
    assert tracks.count("under way") == 2


def test_sorption_and_pores_slow_a_particle() -> None:
    grid = regular_grid((1, 1, 30), dx_m=10.0, dy_m=7.0, thickness_m=4.0)
    field = uniform_field(grid, (2e-6, 0.0, 0.0))
    slow = TrackOptions(retardation_factor=5.0)
    start = particles_at(grid, np.array([[30.0, 3.0, -1.0]]))
    tracks = march(grid, porous(grid, 0.4), field, start, until_s=1e7, options=slow)
    assert tracks.end_m[0, 0] == pytest.approx(30.0 + 2e-6 / 0.4 / 5.0 * 1e7, rel=1e-12)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_forward_then_backward_returns(seed: int) -> None:
    grid, field = stirred((3, 5, 6), seed)
    places = np.random.default_rng(seed).uniform([5, 5, -5.5], [55, 35, -0.5], (20, 3))
    start = particles_at(grid, places)
    there = march(grid, porous(grid), field, start, until_s=3e6, kernel="numpy")
    again = particles_at(grid, there.end_m)
    back = march(grid, porous(grid), field, again, until_s=3e6, options=BACK, kernel="numpy")
    np.testing.assert_allclose(back.end_m, places, atol=1e-5)


def test_both_kernels_give_the_same_numbers() -> None:
    pytest.importorskip("numba")
    grid, field = stirred((4, 9, 11), 7)
    start = particles_in(np.argwhere(grid.active), per_side=2)
    runs = [
        march(grid, porous(grid), field, start, until_s=4e6, paths=True, kernel=kernel)
        for kernel in ("numba", "numpy")
    ]
    np.testing.assert_allclose(runs[0].end_m, runs[1].end_m, rtol=1e-12, atol=1e-9)
    np.testing.assert_array_equal(runs[0].status, runs[1].status)
    for one, other in zip(runs[0].paths, runs[1].paths, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-9)


def test_paths_begin_at_the_start_and_never_run_back_in_time() -> None:
    grid, field = stirred((3, 5, 6), 3)
    places = np.array([[12.0, 9.0, -1.0], [33.0, 20.0, -5.0]])
    tracks = march(grid, porous(grid), field, particles_at(grid, places), until_s=1e7, paths=True)
    for place, path, end in zip(places, tracks.paths, tracks.end_m, strict=True):
        np.testing.assert_allclose(path[0, 1:], place, rtol=1e-12)
        np.testing.assert_allclose(path[-1, 1:], end, rtol=1e-12)
        assert (np.diff(path[:, 0]) >= 0.0).all()


def test_a_room_that_is_full_is_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    grid, field = stirred((3, 5, 6), 3)
    start = particles_in(np.argwhere(grid.active))
    whole = march(grid, porous(grid), field, start, until_s=2e7, paths=True)
    monkeypatch.setattr("models.water.tracking.march._ROOM", 10)
    for kernel in ("numpy", "numba"):
        parts = march(grid, porous(grid), field, start, until_s=2e7, paths=True, kernel=kernel)
        for one, other in zip(whole.paths, parts.paths, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9)


def pinched() -> Grid:
    """Three layers of which the middle one is not there in the second column."""
    grid = regular_grid((3, 1, 3), dx_m=10.0, dy_m=10.0, thickness_m=4.0)
    bottom = grid.bottom_m.copy()
    bottom[1, 0, 1] = bottom[0, 0, 1]
    domain = np.ones(grid.shape, dtype=np.int8)
    domain[1, 0, 1] = -1
    return replace(grid, bottom_m=bottom, domain=domain)


def test_water_falls_through_a_layer_that_is_not_there() -> None:
    grid = pinched()
    zero = np.zeros(grid.shape)
    down = zero.copy()
    down[0, 0, 1] = 1e-6
    packages = [
        CellFlow(name="rch", cells=np.array([1]), flow_m3_s=np.array([1e-6])),
        CellFlow(name="chd", cells=np.array([7]), flow_m3_s=np.array([-1e-6])),
    ]
    field = FlowField(
        right_m3_s=zero, front_m3_s=zero, lower_m3_s=down, saturation_start=zero + 1.0,
        saturation_end=zero + 1.0, storage_m3_s=zero, packages=packages, steady=True,
    )  # fmt: skip
    start = particles_at(grid, np.array([[15.0, 5.0, -1.0]]))
    tracks = march(grid, porous(grid), field, start, paths=True)
    assert tracks.cells[0].tolist() == [2, 0, 1]
    assert tracks.time_s[0] == pytest.approx(3.0 * 100.0 * 0.25 / 1e-6, rel=1e-12)
    back = march(grid, porous(grid), field, start, options=BACK)
    assert back.count("left") == 1
    assert back.time_s[0] == pytest.approx(1.0 * 100.0 * 0.25 / 1e-6, rel=1e-12)
    assert back.end_m[0, 2] == pytest.approx(0.0)


def sink_in_the_middle(share: float) -> tuple[Grid, FlowField]:
    """Flow along five cells of which the third takes ``share``."""
    grid = regular_grid((1, 1, 5), dx_m=10.0, dy_m=10.0, thickness_m=1.0)
    zero = np.zeros(grid.shape)
    right = np.full(grid.shape, 1e-6)
    right[..., 2:] = (1.0 - share) * 1e-6
    right[..., -1] = 0.0
    packages = [
        CellFlow(name="in", cells=np.array([0]), flow_m3_s=np.array([1e-6])),
        CellFlow(name="wel", cells=np.array([2]), flow_m3_s=np.array([-share * 1e-6])),
        CellFlow(name="out", cells=np.array([4]), flow_m3_s=np.array([-(1.0 - share) * 1e-6])),
    ]
    return grid, FlowField(
        right_m3_s=right, front_m3_s=zero, lower_m3_s=zero, saturation_start=zero + 1.0,
        saturation_end=zero + 1.0, storage_m3_s=zero, packages=packages, steady=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("share", "weak", "column"), [(1.0, "pass", 2), (0.4, "pass", 4), (0.4, "stop", 2), (1.0, "stop", 2)]
)
def test_sinks_end_paths(share: float, weak: str, column: int) -> None:
    grid, field = sink_in_the_middle(share)
    start = particles_at(grid, np.array([[15.0, 5.0, -0.5]]))
    tracks = march(grid, porous(grid), field, start, options=TrackOptions(weak_sinks=weak))
    assert tracks.cells[0, 2] == column
    assert STATUS[tracks.status[0]] == "sink"


def test_fields_in_time_follow_each_other() -> None:
    grid = regular_grid((1, 1, 60), dx_m=10.0, dy_m=7.0, thickness_m=4.0)
    fields = [uniform_field(grid, (q, 0.0, 0.0)) for q in (1e-6, 3e-6, 2e-6)]
    ends = (1e7, 1.5e7, 2e7)
    start = particles_at(grid, np.array([[15.0, 3.0, -1.0]]))
    there = march(grid, porous(grid), fields, start, ends_s=ends, until_s=2e7)
    assert there.end_m[0, 0] == pytest.approx(15.0 + (10.0 + 15.0 + 10.0) / 0.25, rel=1e-12)
    back = march(
        grid, porous(grid), fields, particles_at(grid, there.end_m), ends_s=ends, until_s=2e7, options=BACK
    )
    assert back.end_m[0, 0] == pytest.approx(15.0, rel=1e-9)
    late = replace(start, release_s=np.array([1.2e7]))
    released = march(grid, porous(grid), fields, late, ends_s=ends, until_s=2e7)
    assert released.end_m[0, 0] == pytest.approx(15.0 + (9.0 + 10.0) / 0.25, rel=1e-12)


def test_refusals_name_what_is_wrong() -> None:
    grid = regular_grid((1, 2, 3), dx_m=10.0, dy_m=7.0, thickness_m=4.0)
    field = uniform_field(grid, (1e-6, 0.0, 0.0))
    start = particles_at(grid, np.array([[15.0, 3.0, -1.0]]))
    dry = porous(grid)
    dry[0, 1, 2] = 0.0
    with pytest.raises(BadRequestError, match=r"porosity of cell \(layer, row, column\) \(0, 1, 2\)"):
        march(grid, dry, field, start)
    with pytest.raises(BadRequestError, match="place"):
        particles_at(grid, np.array([[500.0, 3.0, -1.0]]))
    with pytest.raises(BadRequestError, match="ends_s"):
        march(grid, porous(grid), [field, field], start, ends_s=(2.0, 1.0))
    with pytest.raises(BadRequestError, match="active cell"):
        march(grid, porous(grid), field, particles_in([[0, 5, 0]]))
    with pytest.raises(BadRequestError, match="retardation_factor"):
        march(grid, porous(grid), field, start, options=TrackOptions(retardation_factor=0.5))
