"""Published problems of transport: errors against closed forms, below those of the reference code."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.water_mt3d import oblique, p1, p3, p4, p7, p8, p9


@pytest.mark.parametrize(
    ("al", "r", "lam", "most"),
    [(0.0, 1.0, 0.0, 0.10), (10.0, 1.0, 0.0, 0.007), (10.0, 5.0, 0.0, 0.0072), (10.0, 5.0, 0.002, 0.0089)],
)
def test_one_dimension(al: float, r: float, lam: float, most: float) -> None:
    ran = p1(al, r, lam)
    assert ran.rmse <= most
    assert ran.lowest >= 0.0
    assert ran.conc.max() <= 1.0 + 1e-12
    assert ran.balance <= 1e-10


def test_point_source_in_the_plane() -> None:
    ran = p3()
    assert ran.rmse <= 0.157
    assert ran.balance <= 1e-10


def test_point_source_across_the_grid() -> None:
    ran = p4()
    assert ran.rmse <= 0.20
    assert ran.conc[40, 40] >= 1.35
    assert ran.lowest >= -1e-9 * np.nanmax(ran.conc)
    assert ran.balance <= 1e-10


def test_cross_terms_turned_off_spread_less_sharply() -> None:
    """Upstream without cross terms is the reference code without XT3D: RMSE .29668, .55282 at 20 cells."""
    ran = p4("upstream", cross_terms=False)
    assert ran.rmse == pytest.approx(0.29668, rel=0.01)
    assert ran.conc[40, 40] == pytest.approx(0.55282, rel=0.01)


def test_point_source_in_space() -> None:
    ran = p7()
    assert ran.rmse <= 0.0070
    assert ran.balance <= 1e-10


@pytest.mark.parametrize(("profile", "most"), [("sin2", 0.035), ("step", 0.035), ("square", 0.055)])
def test_oblique_profiles(profile: str, most: float) -> None:
    ran = oblique(profile)
    assert ran.mean_error <= most
    assert ran.lowest >= 0.0
    assert ran.conc.max() <= 1.0 + 1e-12


@pytest.mark.slow
def test_section_with_a_lens() -> None:
    """Largest concentrations and masses between the reference's UPSTREAM and TVD, 5 % around."""
    ran = p8()
    tops = np.nanmax(ran.conc, axis=(1, 2))
    for found, low, high in (
        (tops, (0.5673, 0.3703, 0.1658), (0.7179, 0.4474, 0.2097)),
        (ran.mass, (20.573, 20.249, 18.921), (20.938, 20.445, 19.872)),
    ):
        assert (found >= 0.95 * np.array(low)).all()
        assert (found <= 1.05 * np.array(high)).all()
    assert np.nanmin(ran.conc) >= 0.0
    assert ran.steps[-1].balance_error <= 1e-10


def test_plan_with_wells() -> None:
    """The reference's UPSTREAM is met; the limited scheme keeps more of the plume than its TVD."""
    upstream, limited = p9("upstream"), p9("koren")
    assert upstream.conc.max(axis=(1, 2)) == pytest.approx([3.732, 0.409], rel=0.05)
    assert upstream.well[0] == pytest.approx(0.7214, rel=0.10)
    assert limited.well[0] > 0.782
    assert max(step.balance_error for step in limited.steps) <= 1e-10
