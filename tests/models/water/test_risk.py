"""Risk in words: one rule for targets, a reading overrules, plumes by their class."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.contaminants.standard import indicator
from models.water.arrival import risk_of
from models.water.now import Band
from models.water.risk import DAY_S, Level, Threat, judge_plume, judge_target, worst
from twin.core.errors import BadRequestError
from twin.core.groundwater import TargetKind

PEAK = Band(low=1e-3, median=3e-3, high=9e-3)


def threat(**more: object) -> Threat:
    given_ = {
        "kind": TargetKind.RIVER,
        "limit_kg_m3": 1e-3,
        "probability": 0.6,
        "arrival_s": Band(low=20 * DAY_S, median=40 * DAY_S, high=90 * DAY_S),
        "peak_kg_m3": PEAK,
    } | more
    return Threat(**given_)  # type: ignore[arg-type]


@given(
    kind=st.sampled_from(TargetKind),
    probability=st.floats(0.0, 1.0),
    days=st.floats(0.0, 400.0),
    has=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_levels_are_those_of_the_one_rule(
    kind: TargetKind, probability: float, days: float, *, has: bool
) -> None:
    arrival = Band(low=0.5 * days * DAY_S, median=days * DAY_S, high=2 * days * DAY_S) if has else None
    found = judge_target(threat(kind=kind, probability=probability, arrival_s=arrival))
    assert (found.wire, found.response) == risk_of(kind, probability, arrival)
    assert found.hazard_ratio == pytest.approx(3.0)


def test_a_reading_above_the_limit_overrules() -> None:
    calm = judge_target(threat(probability=0.0, arrival_s=None))
    assert (calm.level, calm.response) == (Level.NONE, None)
    now = judge_target(threat(probability=0.0, arrival_s=None, now_kg_m3=2e-3))
    assert (now.level, now.response) == (Level.HIGH, "I")
    assert "实测已超限" in now.reasons[0].zh
    assert "2 times" in now.reasons[0].en


def test_reasons_name_probability_arrival_and_peak() -> None:
    found = judge_target(threat(kind=TargetKind.INTAKE))
    assert "60 %" in found.reasons[0].zh
    assert "40 d" in found.reasons[0].en
    assert "20 to 90 d" in found.reasons[0].en
    assert any("people drink there" in row.en for row in found.reasons)
    assert found.name.zh == "高"


def test_plumes_by_class() -> None:
    fluoride = indicator("fluoride")
    levels = [judge_plume(fluoride, value, 1e-3).level for value in (0.5e-3, 1.5e-3, 5e-3, 50e-3)]
    assert levels == [Level.NONE, Level.LOW, Level.MEDIUM, Level.HIGH]
    free = [judge_plume(None, value, 1e-9).level for value in (5e-10, 5e-9, 5e-8, 5e-7)]
    assert free == [Level.NONE, Level.LOW, Level.MEDIUM, Level.HIGH]


def test_the_worst_of_several() -> None:
    rows = [judge_plume(None, value, 1e-3) for value in (1e-4, 5e-3, 5e-2, 2e-2)]
    assert worst(rows) is rows[2]
    assert worst([]) is None


def test_bad_threats_are_refused() -> None:
    with pytest.raises(BadRequestError, match="limit_kg_m3"):
        judge_target(threat(limit_kg_m3=0.0))
    with pytest.raises(BadRequestError, match="probability"):
        judge_target(threat(probability=1.5))
    with pytest.raises(BadRequestError, match="limit_kg_m3"):
        judge_plume(None, 1.0, 0.0)
