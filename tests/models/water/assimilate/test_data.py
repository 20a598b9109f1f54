"""Readings made ready: joined in bins, counted once, refused by name."""

from __future__ import annotations

import numpy as np
import pytest

from models.water.assimilate.data import DataKnobs, data_of
from models.water.now import Reading
from twin.core.errors import BadRequestError

DAY_MS = 86_400_000
KNOBS = DataKnobs(level_sd_m=0.1, conc_ln_sd=0.5, floor_share=0.1, bin_s=10 * 86_400.0)
ASKED = {"places": ("a", "b"), "limits_kg_m3": {"f": 1e-3, "cl": 0.25}, "start_ms": 0, "knobs": KNOBS}


def level(place: str, day: float, value: float, sd: float = 0.02) -> Reading:
    return Reading(place=place, quantity="level", time_ms=round(day * DAY_MS), value=value, sd=sd)


def test_readings_of_a_bin_are_one_and_a_well_weighs_the_same_however_often_it_is_read() -> None:
    often = [level("a", day, 5.0) for day in np.arange(0.0, 40.0, 0.5)]
    got = data_of([*often, level("b", 5.0, 7.0)], **ASKED)
    assert got.value.tolist() == [5.0, 7.0, 5.0, 5.0, 5.0]
    weight = {n: np.sum(1.0 / got.sd[got.place == n] ** 2) for n in (0, 1)}
    assert weight[0] == pytest.approx(weight[1], rel=0.05)
    assert np.all(np.diff(got.time_s) >= 0.0)


def test_concentrations_are_logarithms_above_a_floor() -> None:
    row = Reading(place="a", quantity="cl", time_ms=DAY_MS, value=0.5, sd=0.05)
    clean = Reading(place="b", quantity="f", time_ms=DAY_MS, value=-1e-9, sd=0.0)
    got = data_of([row, clean], **ASKED)
    assert got.species.tolist() == [1, 0]
    assert got.value[0] == pytest.approx(np.log(0.5 + 0.025))
    assert got.value[1] == pytest.approx(np.log(1e-4))
    assert got.sd[0] == pytest.approx(np.hypot(0.05 / 0.525, 0.5))
    shown = got.seen(np.array([1.0, 2.0]), np.array([[0.0, 0.0], [0.5, 0.0]]), np.arange(2))
    assert np.allclose(shown, got.value)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (level("nobody", 1.0, 5.0), "place of a reading"),
        (Reading(place="a", quantity="zn", time_ms=0, value=1.0, sd=0.1), "quantity"),
        (level("a", -1.0, 5.0), "time_ms"),
        (level("a", 1.0, float("nan")), "value and sd"),
        (level("a", 1.0, 5.0, -0.1), "value and sd"),
    ],
)
def test_bad_readings_are_named(row, said) -> None:
    with pytest.raises(BadRequestError, match=said):
        data_of([row], **ASKED)
