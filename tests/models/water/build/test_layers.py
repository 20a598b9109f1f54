"""The grid from strata: refinement, layers, pinch-outs, cuts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.strata import StrataModel
from models.water.build.ground import Ground, ground_of, medium_of
from models.water.build.layers import LayerRules, layered_grid
from models.water.build.spacing import widths
from models.water.build.valley import slopes_into
from models.water.grid import regular_grid
from twin.core.aquifer import Stratum
from twin.core.errors import BadRequestError
from twin.core.text import Text


def strata_of(thickness_m: list[np.ndarray], ground_m: np.ndarray) -> StrataModel:
    """Strata over 0 to 400 m east and 0 to 200 m north."""
    layers = np.array(thickness_m)
    count = len(layers)
    return StrataModel(
        layer_ids=("fill", "clay", "gravel")[:count], x_m=np.arange(0.0, 401.0, 20.0),
        y_m=np.arange(0.0, 201.0, 20.0), ground_m=ground_m, bottoms_m=ground_m - np.cumsum(layers, axis=0),
        sd_m=np.zeros_like(layers), loo_rmse_m=np.zeros(count), loo_z_mean=np.zeros(count),
        loo_z_sd=np.zeros(count), loo_count=(0,) * count, range_m=np.full(count, 100.0), open_bottom=False,
        notes=(),
    )  # fmt: skip


def sloping() -> StrataModel:
    """Fill 2 m, clay that thins out to the east, gravel 6 m, under ground that rises to the north."""
    x, y = np.meshgrid(np.arange(0.0, 401.0, 20.0), np.arange(0.0, 201.0, 20.0))
    clay = np.clip(3.0 - 0.01 * x, 0.0, None)
    return strata_of([np.full_like(x, 2.0), clay, np.full_like(x, 6.0)], 100.0 + 0.1 * y)


def even(count: int, width: float) -> np.ndarray:
    return np.full(count, width)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0.0, 1000.0), min_size=1, max_size=6), st.floats(2.0, 20.0), st.floats(1.05, 1.3))
def test_refined_widths_grow_slowly_and_fill_the_span(
    places: list[float], fine: float, growth: float
) -> None:
    found = widths(0.0, 1000.0, 40.0, places_m=places, fine_m=fine, core_m=10.0, growth=growth)
    assert found.sum() == pytest.approx(1000.0, rel=1e-12)
    assert found.max() <= 40.0 * (1.0 + 1e-9)
    ratio = found[1:] / found[:-1]
    assert max(ratio.max(), (1.0 / ratio).max()) <= growth * 1.002
    edges = np.concatenate([[0.0], np.cumsum(found)])
    for place in places:
        cell = min(int(np.searchsorted(edges, place, side="right")) - 1, len(found) - 1)
        assert found[cell] <= fine * (1.0 + 1e-3)


def test_even_widths() -> None:
    np.testing.assert_allclose(widths(-2800.0, 2800.0, 40.0), np.full(140, 40.0))
    assert len(widths(0.0, 100.0, 30.0)) == 4


@pytest.mark.parametrize(
    "wrong", [{"cell_m": 0.0}, {"fine_m": 50.0, "places_m": (1.0,)}, {"growth": 1.5}, {"high_m": -1.0}]
)
def test_widths_refuse(wrong: dict) -> None:
    asked = {"low_m": 0.0, "high_m": 100.0, "cell_m": 20.0} | wrong
    with pytest.raises(BadRequestError, match=next(iter(wrong))):
        widths(**asked)


def test_layers_keep_the_volume_of_the_strata() -> None:
    layered = layered_grid(sloping(), even(20, 20.0), even(10, 20.0), x0_m=0.0, y0_m=0.0)
    grid = layered.grid
    clay = 0.5 * 3.0 * 300.0 * 200.0
    assert (grid.area_m2 * grid.thickness_m * grid.active).sum() == pytest.approx(
        80_000.0 * 8.0 + clay, rel=1e-3
    )
    np.testing.assert_allclose(grid.top_m[:, 3], 100.0 + 0.1 * grid.y_m)


def test_thin_strata_are_passed_through_and_their_room_goes_down() -> None:
    layered = layered_grid(
        sloping(), even(20, 20.0), even(10, 20.0), x0_m=0.0, y0_m=0.0, rules=LayerRules(pinch_m=1.0)
    )
    grid = layered.grid
    clay = 3.0 - 0.01 * grid.x_m
    np.testing.assert_array_equal(grid.domain[1, 4] == -1, clay < 1.0)
    np.testing.assert_allclose(grid.thickness_m[:, 4].sum(axis=0), 8.0 + np.clip(clay, 0.0, None), atol=0.02)
    np.testing.assert_array_equal(grid.below[0, 4] == 2, clay < 1.0)


def test_a_stratum_in_parts_keeps_as_many_as_are_thick_enough() -> None:
    rules = LayerRules(parts={"clay": 3}, pinch_m=0.47)
    layered = layered_grid(sloping(), even(20, 20.0), even(10, 20.0), x0_m=0.0, y0_m=0.0, rules=rules)
    grid, row = layered.grid, 4
    assert layered.stratum.tolist() == [0, 1, 1, 1, 2]
    clay = 3.0 - 0.01 * grid.x_m
    expected = np.where(clay < 0.47, 0, np.clip(np.floor(clay / 0.47), 1, 3))
    np.testing.assert_array_equal(grid.active[1:4, row].sum(axis=0), expected)
    assert (grid.thickness_m[grid.active] >= 0.47 - 1e-9).all()


def test_what_is_cut_away_is_gone() -> None:
    cut = np.full((10, 20), np.nan)
    cut[:, :10] = (97.0 + 0.1 * np.arange(10.0, 200.0, 20.0))[:, None]
    layered = layered_grid(sloping(), even(20, 20.0), even(10, 20.0), x0_m=0.0, y0_m=0.0, cut_m=cut)
    grid = layered.grid
    np.testing.assert_allclose(grid.top_m[:, :10], cut[:, :10])
    assert (grid.domain[0, :, :10] == -1).all()
    assert (grid.domain[0, :, 10:] == 1).all()
    np.testing.assert_allclose(grid.bottom_m[2, 9, 5], 100.0 + 0.1 * 190 - 2 - 3 + 0.01 * 110 - 6, atol=1e-9)


def test_outside_the_shape_nothing_is_active() -> None:
    inside = shapely.box(100.0, 50.0, 300.0, 150.0)
    grid = layered_grid(sloping(), even(20, 20.0), even(10, 20.0), x0_m=0.0, y0_m=0.0, inside=inside).grid
    xx, yy = np.meshgrid(grid.x_m, grid.y_m)
    wanted = (xx > 100.0) & (xx < 300.0) & (yy > 50.0) & (yy < 150.0)
    np.testing.assert_array_equal(grid.active.any(axis=0), wanted)


def test_a_grid_larger_than_the_strata_is_refused() -> None:
    with pytest.raises(BadRequestError, match="inside the strata"):
        layered_grid(sloping(), even(21, 20.0), even(10, 20.0), x0_m=0.0, y0_m=0.0)
    with pytest.raises(BadRequestError, match="parts"):
        layered_grid(
            sloping(), even(20, 20.0), even(10, 20.0), x0_m=0.0, y0_m=0.0, rules=LayerRules(parts={"peat": 2})
        )


def stratum(id_: str, k_m_s: float, porosity: float) -> Stratum:
    return Stratum(
        id=id_, name=Text(zh=id_, en=id_), colour="#000000", aquifer=True, conductivity_m_s=k_m_s,
        porosity=porosity,
    )  # fmt: skip


def test_properties_follow_the_stratum_and_what_was_measured() -> None:
    rows = [stratum("fill", 5e-6, 0.35), stratum("clay", 2e-7, 0.42), stratum("gravel", 4e-4, 0.28)]
    layered = layered_grid(sloping(), even(20, 20.0), even(10, 20.0), x0_m=0.0, y0_m=0.0)
    measured = Ground(
        k_m_s=1e-7,
        porosity=0.4,
        specific_storage_1_m=1e-3,
        specific_yield_fraction=0.05,
        anisotropy_ratio=0.01,
    )
    medium = medium_of(layered, rows, given={"clay": measured})
    assert medium.k_m_s[2, 0, 0] == 4e-4
    assert medium.k33_m_s[2, 0, 0] == pytest.approx(4e-5)
    assert medium.k33_m_s[1, 0, 0] == pytest.approx(1e-9)
    assert medium.specific_yield[1, 0, 0] == 0.05
    assert ground_of(stratum("rock", 1e-8, 0.02)).anisotropy_ratio == 1.0
    with pytest.raises(BadRequestError, match="stratum: gravel"):
        medium_of(layered, rows[:2])


def test_water_of_the_slopes_reaches_the_edge_below_them() -> None:
    grid = regular_grid((1, 6, 9), dx_m=10.0, dy_m=10.0, thickness_m=5.0)
    domain = np.ones(grid.shape, dtype=np.int8)
    domain[:, 3:] = 0
    ground = np.add.outer(np.arange(6) * 3.0, np.zeros(9))
    cut = replace(grid, domain=domain)
    into = slopes_into(cut, ground, np.full((6, 9), 1e-8))
    # Every column but the rim of the map drains south into the last row of the domain.
    np.testing.assert_allclose(into[2, 1:-1], 2 * 100.0 * 1e-8)
    assert into[:2].sum() == 0.0
    assert into[2, [0, -1]].tolist() == [0.0, 0.0]
