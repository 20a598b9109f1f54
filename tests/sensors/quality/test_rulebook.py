"""The rules under their public names: the conformance set, edges, and inputs that are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.rulebook.compare import agrees
from sensors.rulebook.table import RULES, apply_case, apply_rule
from twin.core.errors import BadRequestError, NotFoundError, ParkTwinError

CASES = Path(__file__).resolve().parents[4] / "shared" / "data" / "sensing" / "quality_cases.json"


def cases() -> list[Any]:
    if not CASES.is_file():
        return []
    return list(json.loads(CASES.read_text(encoding="utf-8"))["cases"])


@pytest.mark.skipif(not CASES.is_file(), reason="the conformance set is not beside this checkout")
@pytest.mark.parametrize("case", cases(), ids=lambda case: case["id"])
def test_conformance(case: dict[str, Any]) -> None:
    answer = apply_case(case)
    assert agrees(answer, case["expect"]), answer


EDGES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("hour_mean_valid", {"valid_minutes": 44}, {"valid": False}),
    ("day_mean_valid", {"valid_hours": 20}, {"valid": True}),
    ("month_mean_valid", {"year": 2028, "month": 2, "valid_days": 23}, {"valid": True}),
    ("month_mean_valid", {"year": 2026, "month": 2, "valid_days": 23}, {"valid": True}),
    ("quarter_hours", {"year": 2028, "quarter": 1}, {"hours": 2184}),
    ("quarter_hours", {"year": 2026, "quarter": 3}, {"hours": 2208}),
    ("aggregate_flag", {"medium": "gas", "normal": 0, "total": 1}, {"flag": "D"}),
    ("dual_sensor", {"a": 10.0, "b": 11.0}, {"diff_pct": 9.52, "review": False}),
    ("dual_sensor", {"a": 0.001, "b": 0.002, "detection_limit": 0.01}, {"review": False}),
    ("dual_sensor", {"a": 0.0, "b": 0.0}, {"diff_pct": 0.0, "review": False}),
    ("fixed_value", {"values": [], "min_run": 3}, {"runs": []}),
    (
        "fixed_value",
        {"values": [1.0, None, 1.0, 1.0], "min_run": 3},
        {"runs": [{"start": 0, "length": 3, "value": 1.0}]},
    ),
    ("fixed_value", {"values": [0.1] * 9, "min_run": 3, "detection_limit": 0.5}, {"runs": []}),
    (
        "start_stop_link",
        {"production_on": True, "treatment_on": False, "minutes": 5, "grace_min": 5},
        {"state": "normal"},
    ),
    (
        "start_stop_link",
        {"production_on": True, "treatment_on": False, "minutes": 6},
        {"state": "treatment not running"},
    ),
    ("start_stop_link", {"production_on": True, "treatment_on": None, "minutes": 60}, {"state": "unknown"}),
    ("start_stop_link", {"production_on": False, "treatment_on": False, "minutes": 60}, {"state": "normal"}),
    (
        "on_off_from_current",
        {"currents_a": [0.7, 1.1, None, 0.7], "on_above": 1.0, "off_below": 0.5},
        {"states": [None, True, None, None]},
    ),
    ("on_off_from_current", {"currents_a": [], "on_above": 1.0, "off_below": 0.5}, {"states": []}),
    ("clock_drift", {"hours": 48, "drift_s": 864}, {"ok": True}),
    ("clock_drift", {"hours": 24, "drift_s": 433}, {"ok": False}),
    (
        "qc_due",
        {
            "kind": "gas_extractive_manual_7d",
            "last": "2026-11-15T10:00:00+08:00",
            "now": "2026-11-22T10:00:01+08:00",
        },
        {"overdue": True},
    ),
    (
        "qc_due",
        {
            "kind": "gas_full_system_3m",
            "last": "2025-11-30T00:00:00+08:00",
            "now": "2026-02-28T00:00:00+08:00",
        },
        {"overdue": False},
    ),
    (
        "qc_due",
        {
            "kind": "water_sample_comparison_monthly",
            "last": "2026-01-31T00:00:00+08:00",
            "now": "2026-03-01T00:00:00+08:00",
        },
        {"overdue": True},
    ),
    (
        "qc_due",
        {"kind": "flow_auto_zero_24h", "last": "2026-11-21T10:00:00Z", "now": "2026-11-22T18:00:00+08:00"},
        {"overdue": False},
    ),
    ("repeat_fault", {"same_fault_days": []}, {"violation": False}),
    ("repeat_fault", {"same_fault_days": [20, 0, 9, 19.5, 11]}, {"violation": True}),
    ("ninety_day_rate", {"any_90_day_effective_pct": 94.99, "reported": True}, {"violation": False}),
    ("ninety_day_rate", {"any_90_day_effective_pct": 95.0, "reported": False}, {"violation": False}),
    ("manual_data", {"medium": "water", "samples_at_h": [0, 6, 12]}, {"ok": False}),
    ("manual_data", {"medium": "gas", "samples_at_h": [13]}, {"ok": True}),
    ("manual_data", {"medium": "gas", "samples_at_h": []}, {"ok": False}),
    ("standard_sample", {"range_upper": 100, "standard": 80}, {"ok": False}),
    ("exceed_action", {"hour_mean": 51, "limit": 50}, {"platform_mark": True, "sms": False}),
    (
        "cems_substitution",
        {"reason": "fault", "quarter_capture_pct": 90, "missing_hours": 24.5},
        {"window_valid_hours": 720},
    ),
    (
        "cems_substitution",
        {"reason": "fault", "quarter_capture_pct": 74.9, "missing_hours": 1},
        {"use": "none"},
    ),
    ("cems_substitute_mass", {"missing_hours": 5, "max_hourly_kg": 3.7}, {"emission_kg": 18.5}),
    ("capture_rate", {"hours": 2208, "stopped_hours": 208, "invalid_hours": 150}, {"capture_pct": 92.5}),
    ("capture_rate", {"hours": 24, "stopped_hours": 24, "invalid_hours": 0}, {"capture_pct": None}),
    (
        "transmission_rates",
        {"expected": 0, "received": 0, "expected_valid": 0, "valid": 0},
        {"effective_pct": None, "ok_95": None},
    ),
    (
        "o2_conversion",
        {"c_mg_m3": 50.0, "o2_pct": 20.95, "ref_o2_pct": 9.0},
        {"c_ref_mg_m3": 12000.0, "warn": True},
    ),
    ("flow_weighted_mean", {"concentrations": [100, 40], "volumes": [10, 30]}, {"mean": 55.0}),
    (
        "hour_mean",
        {"values": [10] * 45 + [500] * 15, "flags": ["N"] * 45 + ["M"] * 15},
        {"mean": 10.0, "valid": True},
    ),
    ("wind_mean", {"speeds": [2.0, 2.0, 0.1], "directions": [360, 0, 180]}, {"direction": 0.0, "calms": 1}),
    ("platform_error", {"platform": 50.5, "analyser": 50.0}, {"ok": False}),
    (
        "ppm_to_mgm3",
        {"ppm": 1.0, "molar_mass": 20.006, "temp_c": 25.0},
        {"mg_m3": 0.818, "mg_m3_std": 0.8931},
    ),
    ("rounding", {"value": 2.665, "decimals": 2, "edition": "2025"}, {"value": 2.66}),
    ("rounding", {"value": 2.665, "decimals": 2, "edition": "2017"}, {"value": 2.67}),
    ("interval_label", {"CN": "2061", "DataTime": "20161231230000"}, {"end": "2017-01-01T00:00:00+08:00"}),
    ("factor_code", {"code": "i12001"}, {"device": "1", "info": "2", "item": "001"}),
    (
        "emission_total",
        {"concentrations_mg_m3": [1e6, None], "volumes_m3": [2, 2]},
        {"measured_kg": 2.0, "missing_hours": 1},
    ),
]


@pytest.mark.parametrize(
    ("rule", "values", "expected"), EDGES, ids=lambda row: row if isinstance(row, str) else ""
)
def test_edges(rule: str, values: dict[str, Any], expected: dict[str, Any]) -> None:
    answer = apply_rule(rule, values)
    assert agrees(answer, expected), answer


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("minute_mean_valid", {}, "valid_5s_samples"),
    ("minute_mean_valid", {"valid_5s_samples": "12"}, "valid_5s_samples"),
    ("minute_mean_valid", {"valid_5s_samples": True}, "valid_5s_samples"),
    ("minute_mean_valid", {"valid_5s_samples": 12.0}, "valid_5s_samples"),
    ("minute_mean_valid", {"valid_5s_samples": -1}, "valid_5s_samples"),
    ("minute_mean_valid", {"valid_5s_samples": 12, "more": 1}, "more"),
    ("month_mean_valid", {"year": 2026, "month": 13, "valid_days": 25}, "month"),
    ("month_mean_valid", {"year": 2026, "month": 2, "valid_days": 29}, "valid_days"),
    ("aggregate_flag", {"medium": "gas", "normal": 0, "total": 0}, "total"),
    ("aggregate_flag", {"medium": "soup", "normal": 1, "total": 1}, "medium"),
    ("dual_sensor", {"a": float("nan"), "b": 1.0}, "a"),
    ("dual_sensor", {"a": 10**400, "b": 1.0}, "a"),
    ("fixed_value", {"values": 3.2, "min_run": 3}, "values"),
    ("fixed_value", {"values": [1, "2"], "min_run": 3}, "values"),
    ("fixed_value", {"values": [1], "min_run": 0}, "min_run"),
    ("quarter_hours", {"year": 2026, "quarter": 5}, "quarter"),
    ("o2_conversion", {"c_mg_m3": 1.0, "o2_pct": 21.0, "ref_o2_pct": 9.0}, "o2_pct"),
    ("to_standard_state", {"c_mg_m3": 1.0, "temp_c": 20.0, "pressure_pa_abs": 0.0}, "pressure_pa_abs"),
    ("qc_due", {"kind": "x_24h", "last": "2026-11-21T10:00:00", "now": "2026-11-22T10:00:00Z"}, "last"),
    ("interval_label", {"CN": "2051", "DataTime": "20160230084000", "interval_min": 10}, "DataTime"),
    ("on_off_from_current", {"currents_a": [1], "on_above": 0.5, "off_below": 1.0}, "off_below"),
    ("capture_rate", {"hours": 10, "stopped_hours": 11, "invalid_hours": 0}, "stopped"),
    ("flow_weighted_mean", {"concentrations": [1], "volumes": [-1]}, "volumes"),
    ("flow_weighted_mean", {"concentrations": [1], "volumes": []}, "volumes"),
    ("manual_data", {"medium": "water", "samples_at_h": [25]}, "samples_at_h"),
    ("factor_code", {"code": "not a code"}, "code"),
]


@pytest.mark.parametrize(("rule", "values", "field"), WRONG)
def test_a_wrong_input_names_its_field(rule: str, values: dict[str, Any], field: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        apply_rule(rule, values)
    assert caught.value.field == field
    assert caught.value.message_zh != caught.value.message


def test_unknown_rules_and_kinds() -> None:
    with pytest.raises(NotFoundError):
        apply_rule("no_such_rule", {})
    with pytest.raises(NotFoundError):
        apply_rule("qc_due", {"kind": "water", "last": "2026-11-21T10:00:00Z", "now": "2026-11-21T10:00:00Z"})
    for case in (None, [], {"rule": 3}, {"rule": "qc_due"}, {"rule": "qc_due", "input": []}):
        with pytest.raises(BadRequestError):
            apply_case(case)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
names = st.sampled_from(
    [
        "values",
        "min_run",
        "a",
        "b",
        "year",
        "month",
        "valid_days",
        "medium",
        "normal",
        "total",
        "kind",
        "code",
    ]
)


@settings(deadline=None, max_examples=60)
@given(rule=st.sampled_from(sorted(RULES)), values=st.dictionaries(names, anything, max_size=5))
def test_any_input_gives_an_answer_or_an_error_of_ours(rule: str, values: dict[str, Any]) -> None:
    try:
        answer = apply_rule(rule, values)
    except ParkTwinError:
        return
    json.dumps(answer, allow_nan=False)
