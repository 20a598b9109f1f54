"""The grid: where cells are, what lies below, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.water.grid import Grid, regular_grid
from models.water.kernels import chosen
from twin.core.errors import BadRequestError


def graded(domain: np.ndarray | None = None) -> Grid:
    """Three sloping layers of five rows and four columns of unequal width."""
    shape = (3, 5, 4)
    top = np.linspace(10.0, 14.0, 20).reshape(5, 4)
    bottom = top - np.array([2.0, 5.0, 9.0])[:, None, None]
    return Grid(
        dx_m=np.array([1.0, 2.0, 4.0, 8.0]),
        dy_m=np.array([3.0, 1.0, 1.0, 2.0, 5.0]),
        top_m=top,
        bottom_m=bottom,
        domain=np.ones(shape, dtype=np.int8) if domain is None else domain,
        x0_m=-100.0,
        y0_m=50.0,
    )


def test_volumes_fill_the_box() -> None:
    grid = graded()
    assert (grid.area_m2 * grid.thickness_m).sum() == pytest.approx(15.0 * 12.0 * 9.0)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2), st.integers(0, 4), st.integers(0, 3), st.floats(0.02, 0.98), st.floats(0.02, 0.98))
def test_a_point_of_a_cell_is_found_in_it(k: int, i: int, j: int, along: float, up: float) -> None:
    grid = graded()
    x = grid.x_m[j] + (along - 0.5) * grid.dx_m[j]
    y = grid.y_m[i] + (up - 0.5) * grid.dy_m[i]
    z = grid.bottom_m[k, i, j] + up * grid.thickness_m[k, i, j]
    assert grid.cell_at(float(x), float(y), float(z)) == (k, i, j)


def test_row_0_is_the_southernmost() -> None:
    grid = graded()
    assert grid.column_row(-99.5, 50.1) == (0, 0)
    assert grid.column_row(-99.5, 61.9) == (4, 0)
    assert (np.diff(grid.y_m) > 0).all()


def test_water_passes_a_pinched_out_cell_and_stops_at_an_inactive_one() -> None:
    domain = np.ones((3, 5, 4), dtype=np.int8)
    domain[1, 2, 2], domain[1, 3, 3], domain[0, 0, 0] = -1, 0, 0
    below = graded(domain).below
    assert below[0, 2, 2] == 2
    assert below[0, 3, 3] == -1
    assert below[0, 1, 1] == 1
    assert (below[2] == -1).all()
    assert graded(domain).uppermost[0, 0] == 1


def test_a_column_without_active_cells_has_no_uppermost() -> None:
    domain = np.ones((3, 5, 4), dtype=np.int8)
    domain[:, 4, 3] = 0
    assert graded(domain).uppermost[4, 3] == -1


def test_a_layer_without_thickness_names_cell_and_value() -> None:
    grid = graded()
    bottom = grid.bottom_m.copy()
    bottom[1, 2, 3] = bottom[0, 2, 3] + 0.5
    with pytest.raises(BadRequestError) as caught:
        replace(grid, bottom_m=bottom)
    assert "(1, 2, 3)" in caught.value.message
    assert "-0.5" in caught.value.message
    assert "(1, 2, 3)" in caught.value.message_zh


def test_a_hole_in_a_layer_is_named_unless_the_cell_is_inactive() -> None:
    grid = graded()
    bottom = grid.bottom_m.copy()
    bottom[2, 0, 1] = np.nan
    with pytest.raises(BadRequestError, match=r"\(2, 0, 1\)"):
        replace(grid, bottom_m=bottom)
    domain = grid.domain.copy()
    domain[2, 0, 1] = 0
    assert not replace(grid, bottom_m=bottom, domain=domain).active[2, 0, 1]


@pytest.mark.parametrize("width", [0.0, -1.0, float("nan"), float("inf")])
def test_widths_are_positive(width: float) -> None:
    with pytest.raises(BadRequestError, match=r"dx_m\[1\]"):
        replace(graded(), dx_m=np.array([1.0, width, 4.0, 8.0]))


@pytest.mark.parametrize(("x", "y"), [(-101.0, 55.0), (-84.0, 55.0), (-90.0, 49.0), (-90.0, 63.0)])
def test_a_place_outside_is_refused(x: float, y: float) -> None:
    with pytest.raises(BadRequestError, match="inside the grid"):
        graded().column_row(x, y)


def test_a_point_above_the_ground_or_in_rock_is_refused() -> None:
    grid = graded()
    with pytest.raises(BadRequestError, match="active cell"):
        grid.cell_at(-99.5, 51.0, 99.0)
    with pytest.raises(BadRequestError, match="active cell"):
        grid.cell_at(-99.5, 51.0, -99.0)


def test_shapes_and_domains_are_checked() -> None:
    grid = graded()
    with pytest.raises(BadRequestError, match="top_m"):
        replace(grid, top_m=np.zeros((4, 5)))
    with pytest.raises(BadRequestError, match="domain"):
        replace(grid, domain=np.full((3, 5, 4), 2, dtype=np.int8))
    with pytest.raises(BadRequestError, match="active"):
        replace(grid, domain=np.zeros((3, 5, 4), dtype=np.int8))


def test_a_regular_grid_hangs_from_its_top() -> None:
    grid = regular_grid((2, 3, 4), dx_m=10.0, dy_m=20.0, thickness_m=np.array([1.0, 3.0]), top_m=7.0)
    assert grid.thickness_m[:, 0, 0] == pytest.approx([1.0, 3.0])
    assert grid.bottom_m[1, 2, 3] == pytest.approx(3.0)


def test_an_unknown_kernel_is_refused() -> None:
    assert chosen("numpy") == "numpy"
    with pytest.raises(BadRequestError, match="fortran"):
        chosen("fortran")  # type: ignore[arg-type]
