"""Lidar scans: limits of SITE-11, and a binary form that says the same."""

from __future__ import annotations

import copy
import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.lidar.scan import GATE_STEP_M, encode, read_scan
from tests.sensors.lines.way_doubles import NOW_MS
from twin.core.errors import BadRequestError


def body(rays: int = 3, gates: int = 4) -> dict[str, Any]:
    return {
        "format": "lidar-scan/1",
        "quantity": "backscatter",
        "unit": "1/(m.sr)",
        "gate_m": 15.0,
        "first_gate_m": 30.0,
        "rays": [
            {
                "time": NOW_MS + 5000 * k,
                "azimuth_deg": float(k),
                "elevation_deg": 3.0,
                "values": [1e-6 * (k + n) for n in range(gates - 1)] + [None],
            }
            for k in range(rays)
        ],
    }


def read(said: dict[str, Any]):  # type: ignore[no-untyped-def]
    return read_scan(json.dumps(said).encode(), 8.0)


BROKEN: dict[str, Callable[[dict[str, Any]], object]] = {
    "format": lambda b: b.update(format="x"),
    "quantity": lambda b: b.update(quantity="colour"),
    "gate_m": lambda b: b.update(gate_m=10.0),
    "azimuth_deg": lambda b: b["rays"][1].update(azimuth_deg=360.5),
    "elevation_deg": lambda b: b["rays"][1].update(elevation_deg=-1.0),
    "rays.2.time": lambda b: b["rays"][2].update(time="soon"),
    "time": lambda b: b["rays"][0].update(time=NOW_MS + 60_000),
    "values": lambda b: b["rays"][1].update(values=[1.0]),
    "rays": lambda b: b.update(rays=[]),
    "first_gate_m": lambda b: b.update(first_gate_m=True),
}


@pytest.mark.parametrize("field", BROKEN)
def test_what_cannot_be_is_named(field: str) -> None:
    said = copy.deepcopy(body())
    BROKEN[field](said)
    with pytest.raises(BadRequestError) as caught:
        read(said)
    assert caught.value.field == field


@pytest.mark.parametrize("gate_m", [GATE_STEP_M, 7.5, 15.0, 37.5])
def test_gates_are_multiples_of_3_75_m(gate_m: float) -> None:
    scan = read(body() | {"gate_m": gate_m})
    assert scan.range_m == pytest.approx(30.0 + 4 * gate_m)


@given(rays=st.integers(1, 8), gates=st.integers(1, 30), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_the_binary_form_says_the_same_within_its_step(rays: int, gates: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    said = body(rays, gates)
    for ray in said["rays"]:
        ray["values"] = [None if rng.random() < 0.2 else float(v) for v in rng.normal(size=gates)]
    scan = read(said)
    data = encode(scan)
    magic, n_rays, n_gates, gate_m, first_gate_m, low, step, _ = struct.unpack_from("<4sIIffffI", data)
    assert (magic, n_rays, n_gates, gate_m, first_gate_m) == (b"TWL1", rays, gates, 15.0, 30.0)
    at = 32
    times = np.frombuffer(data, "<i8", rays, at)
    angles = np.frombuffer(data, "<f4", 2 * rays, at + 8 * rays)
    packed = np.frombuffer(data, "<u2", rays * gates, at + 16 * rays).reshape(rays, gates)
    assert tuple(times) == scan.time_ms
    assert np.allclose(angles[:rays], scan.azimuth_deg)
    values = np.where(packed == 65_535, np.nan, low + packed * np.float64(step))
    assert np.array_equal(np.isnan(values), np.isnan(scan.values))
    assert np.nanmax(np.abs(values - scan.values), initial=0.0) <= step * 0.51 + 1e-5
