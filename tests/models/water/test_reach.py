"""Reach: of a body from where it comes from, never from one plume to another."""

from __future__ import annotations

import numpy as np
import pytest

from models.water.fronts import Dressing, front
from models.water.grid import regular_grid
from models.water.reach import reaches

X = np.arange(5.0, 2000.0, 10.0)
Y = np.arange(5.0, 500.0, 10.0)
SPOTS = ((200.0, 250.0), (1700.0, 250.0))
LIMIT = 1e-3
GRID = regular_grid((1, 50, 200), dx_m=10.0, dy_m=10.0, thickness_m=5.0)


def spots(radius_m: float = 80.0) -> np.ndarray:
    """Two round plumes a kilometre and a half apart, their peaks in the middle."""
    x, y = np.meshgrid(X, Y)
    away = np.min([np.hypot(x - px, y - py) for px, py in SPOTS], axis=0)
    return LIMIT * np.exp(3.0 * (1.0 - away / radius_m))


def signed(conc: np.ndarray) -> np.ndarray:
    return np.where(conc >= LIMIT, 1.0, -1.0)


def test_each_body_reaches_from_its_own_source() -> None:
    conc = spots()
    found = reaches(X, Y, signed(conc), conc, sources_m=SPOTS)
    assert [row[0] for row in found] == pytest.approx([80.0, 80.0], abs=10.0)
    # The source stands at the western rim of the first body: its reach is twice the radius.
    (first, second) = reaches(X, Y, signed(conc), conc, sources_m=((115.0, 250.0),), near_m=15.0)
    assert first[0] == pytest.approx(160.0, abs=12.0)
    assert second[0] == pytest.approx(80.0, abs=10.0)  # of nobody: from its peak


def test_nothing_reaches_nowhere() -> None:
    conc = np.zeros((Y.size, X.size))
    assert reaches(X, Y, signed(conc), conc) == []


@pytest.mark.parametrize("sources", [None, SPOTS[0], SPOTS])
def test_the_front_of_two_plumes_is_as_long_as_one_of_them(sources: object) -> None:
    got = front(
        GRID,
        [spots(r) for r in (70.0, 80.0, 90.0)],
        species="f",
        lead_s=0.0,
        limit_kg_m3=LIMIT,
        source_m=sources,  # type: ignore[arg-type]
        dressing=Dressing(cells=0.3, share=0.0),
    )
    assert got.reach_m.median == pytest.approx(80.0, abs=12.0)
    assert 60.0 < got.reach_m.low < got.reach_m.high < 105.0
