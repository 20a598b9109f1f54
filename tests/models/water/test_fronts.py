"""Fronts: the outline of one member is its own, and the band of many holds the truth as often as it says."""

from __future__ import annotations

import numpy as np
import pytest

from models.water.fronts import Dressing, distances, front, probability, raster_of
from models.water.grid import regular_grid
from models.water.rings import ring_area_m2
from twin.core.errors import BadRequestError

GRID = regular_grid((1, 60, 80), dx_m=10.0, dy_m=10.0, thickness_m=5.0)
LIMIT = 1e-3


def plume(reach_m: float, width_m: float = 80.0) -> np.ndarray:
    """An ellipse whose outline at the limit is known, falling off as plumes do."""
    x, y = np.meshgrid(GRID.x_m, GRID.y_m)
    r = np.hypot((x - 300.0) / reach_m, (y - 300.0) / width_m)
    return LIMIT * np.exp(4.0 * (1.0 - r))


def test_one_member_has_its_own_outline() -> None:
    got = front(
        GRID,
        [plume(200.0)] * 3,
        species="f",
        lead_s=0.0,
        limit_kg_m3=LIMIT,
        source_m=(300.0, 300.0),
        dressing=Dressing(cells=0.05, share=0.0),
    )
    area = np.pi * 200.0 * 80.0
    for rings in (got.low, got.median, got.high):
        assert ring_area_m2(rings) == pytest.approx(area, rel=0.06)
    assert got.reach_m.median == pytest.approx(200.0, abs=10.0)


def test_the_band_widens_with_the_members_and_their_error() -> None:
    asked = {"species": "f", "lead_s": 0.0, "limit_kg_m3": LIMIT, "dressing": Dressing(cells=0.3, share=0.0)}
    same = front(GRID, [plume(200.0)] * 9, **asked)
    apart = front(GRID, [plume(r) for r in np.linspace(120.0, 280.0, 9)], **asked)
    for got in (same, apart):
        assert ring_area_m2(got.low) < ring_area_m2(got.median) < ring_area_m2(got.high)
    assert ring_area_m2(apart.high) - ring_area_m2(apart.low) > 1.5 * (
        ring_area_m2(same.high) - ring_area_m2(same.low)
    )
    assert apart.area_m2.low < apart.area_m2.median < apart.area_m2.high


def test_the_band_holds_the_front_as_often_as_it_says() -> None:
    """Members and truth from one population: 95 % of the true outline lies in the band."""
    rng = np.random.default_rng(8)
    raster, held, total = raster_of(GRID), 0, 0
    for _ in range(12):
        centre = rng.normal(180.0, 10.0)
        drawn = rng.normal(centre, 25.0, size=61)
        signed = np.stack([distances(GRID, raster, plume(r, 0.4 * r), LIMIT) for r in drawn])
        inside = probability(signed[1:], np.full(60, 5.0))
        edge = np.abs(signed[0]) < raster.step_m
        band = (inside[edge] > 0.025) & (inside[edge] < 0.975)
        held, total = held + band.sum(), total + edge.sum()
    assert 0.85 < held / total <= 1.0


def test_a_plume_below_the_limit_everywhere_has_no_outline() -> None:
    got = front(GRID, [plume(200.0)] * 4, species="f", lead_s=0.0, limit_kg_m3=1.0)
    assert got.low == got.median == got.high == ()
    assert got.area_m2.high == 0.0
    assert got.reach_m.high == 0.0


def test_some_members_without_a_plume_make_a_possible_front_only() -> None:
    members = [plume(200.0)] * 2 + [np.zeros((60, 80))] * 8
    got = front(GRID, members, species="f", lead_s=0.0, limit_kg_m3=LIMIT)
    assert got.median == ()
    assert ring_area_m2(got.high) > 0.5 * np.pi * 200.0 * 80.0


def test_distances_are_metres() -> None:
    raster = raster_of(GRID)
    signed = distances(GRID, raster, plume(150.0, 150.0), LIMIT)
    x, y = np.meshgrid(raster.x_m, raster.y_m)
    exact = 150.0 - np.hypot(x - 300.0, y - 300.0)
    near = np.abs(exact) < 100.0
    assert np.abs(signed - exact)[near].max() < 1.5 * raster.step_m


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(BadRequestError, match="limit_kg_m3"):
        distances(GRID, raster_of(GRID), plume(100.0), 0.0)
