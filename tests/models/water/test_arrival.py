"""Arrivals at targets: which cells count, how surely, when."""

from __future__ import annotations

import numpy as np
import pytest

from models.water.arrival import ModelError, expect, risk_of, strongest, surely, target_cells, target_now
from models.water.grid import regular_grid
from models.water.now import Band
from twin.core.errors import BadRequestError
from twin.core.groundwater import GroundwaterTarget, TargetKind
from twin.core.text import Text

GRID = regular_grid((3, 20, 30), dx_m=10.0, dy_m=10.0, thickness_m=np.array([4.0, 6.0, 10.0]))
DAYS = np.array([0.0, 10.0, 20.0, 40.0, 80.0]) * 86_400.0
SURE = ModelError(conc_ln_sd=0.0)


def place(*line: tuple[float, float], radius: float = 12.0, depth: float | None = None) -> GroundwaterTarget:
    return GroundwaterTarget(
        id="t",
        name=Text(zh="井", en="well"),
        kind=TargetKind.RIVER,
        line=line,
        radius_m=radius,
        depth_m=depth,
    )


def test_cells_lie_along_the_line_and_at_the_depth() -> None:
    all_layers = target_cells(GRID, place((55.0, 55.0), (155.0, 55.0)))
    layer, row, column = np.unravel_index(all_layers, GRID.shape)
    assert set(layer) == {0, 1, 2}
    assert set(row) == {4, 5, 6}
    assert column.min() == 4
    assert column.max() == 16
    deep = target_cells(GRID, place((55.0, 55.0), depth=7.0))
    assert set(np.unravel_index(deep, GRID.shape)[0]) == {1}
    one = target_cells(GRID, place((57.0, 52.0), radius=0.1, depth=50.0))
    assert one.tolist() == [np.ravel_multi_index((2, 5, 5), GRID.shape)]
    with pytest.raises(BadRequestError, match="place"):
        target_cells(GRID, place((900.0, 55.0), radius=1.0))


def test_arrival_is_log_linear_between_moments() -> None:
    rising = np.array([[1e-6, 1e-5, 1e-3, 1e-2, 1e-2]])
    got = expect(rising, DAYS, 1e-4, error=SURE)
    assert got.probability == 1.0
    assert got.arrival_s is not None
    assert got.arrival_s.median == pytest.approx(15.0 * 86_400.0)
    assert got.peak_kg_m3.median == 1e-2


def test_probability_is_the_share_that_arrives_and_error_blurs_it() -> None:
    members = np.array([[0.0, 0.0, 0.0, 0.0, 2e-3]] * 3 + [[0.0] * 5] * 7)
    assert expect(members, DAYS, 1e-3, error=SURE).probability == pytest.approx(0.3)
    blurred = expect(members, DAYS, 1e-3, error=ModelError(conc_ln_sd=1.5))
    assert blurred.probability == pytest.approx(0.3 * 0.6)
    assert expect(np.zeros((5, 5)), DAYS, 1e-3).arrival_s is None


def test_a_target_that_is_already_reached_says_so() -> None:
    got = target_now(place((55.0, 55.0)), "f", np.full((8, 5), 2e-3), DAYS, 1e-3, error=SURE)
    assert got.probability == 1.0
    assert got.arrival_s is not None
    assert got.arrival_s.high == 0.0
    assert got.risk == "high"
    assert got.response == "I"
    clean = target_now(place((55.0, 55.0)), "f", np.zeros((8, 5)), DAYS, 1e-3)
    assert (clean.risk, clean.response) == ("none", None)


def test_dry_cells_hold_nothing() -> None:
    field = np.full(GRID.shape, np.nan)
    assert strongest(field, target_cells(GRID, place((55.0, 55.0)))) == 0.0


def test_a_series_must_fit_its_times() -> None:
    with pytest.raises(BadRequestError, match="limit and series"):
        expect(np.zeros((3, 4)), DAYS, 1e-3)


@pytest.mark.parametrize(
    ("kind", "probability", "days", "risk", "response"),
    [
        (TargetKind.RIVER, 0.005, None, "none", None),
        (TargetKind.RIVER, 0.05, 200.0, "low", None),
        (TargetKind.INTAKE, 0.05, 200.0, "medium", "III"),
        (TargetKind.RIVER, 0.2, 200.0, "medium", "III"),
        (TargetKind.RIVER, 0.2, 20.0, "high", "II"),
        (TargetKind.VILLAGE, 0.2, 200.0, "high", "I"),
        (TargetKind.RIVER, 0.6, 200.0, "high", "II"),
    ],
)
def test_the_rule_of_risk(kind, probability, days, risk, response) -> None:
    arrival = None if days is None else Band(low=days * 86_400, median=days * 86_400, high=days * 86_400)
    assert risk_of(kind, probability, arrival) == (risk, response)


def test_grade_one_needs_more_than_the_noise_of_few_members() -> None:
    month = Band(low=10 * 86_400.0, median=20 * 86_400.0, high=60 * 86_400.0)
    few = {"kind": TargetKind.INTAKE, "arrival_s": month}
    assert risk_of(probability=0.25, members=24, **few) == ("high", "II")
    assert risk_of(probability=0.25, members=2400, **few) == ("high", "I")
    assert risk_of(probability=0.45, members=24, **few) == ("high", "I")
    river = {"kind": TargetKind.RIVER, "arrival_s": month, "members": 24}
    assert risk_of(probability=0.3, **river) == ("high", "II")  # of all members most never arrive
    assert risk_of(probability=0.9, middle_s=20 * 86_400.0, **river) == ("high", "I")
    assert risk_of(probability=0.9, middle_s=40 * 86_400.0, **river) == ("high", "II")


def test_lower_bound_of_a_share_is_wilsons() -> None:
    # Wilson (1927): with p = 0.5 of n = 10 and z = 1.6449 the interval is 0.2693 to 0.7307.
    assert surely(0.5, 10) == pytest.approx(0.2693, abs=1e-4)
    assert surely(0.0, 24) == 0.0
    assert surely(1.0, 24) == pytest.approx(24 / (24 + 1.6448536**2))


def test_median_arrival_counts_those_that_never_arrive() -> None:
    calm = ModelError(conc_ln_sd=0.0)
    rising = np.linspace(0.0, 2e-3, len(DAYS))
    series = np.stack([rising, rising, np.zeros(len(DAYS)), np.zeros(len(DAYS)), np.zeros(len(DAYS))])
    found = expect(series, DAYS, 1e-3, error=calm)
    assert found.arrival_s is not None
    assert found.middle_s is None
    most = expect(np.stack([rising, rising, rising, series[2], series[3]]), DAYS, 1e-3, error=calm)
    assert most.middle_s == pytest.approx(most.arrival_s.median)
