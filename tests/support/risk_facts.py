"""A now-cast and a comparison as the API shapes them, small enough to be read: one plume, two wells."""

from __future__ import annotations

import math
from typing import Any

DAY_S = 86_400.0
NOW_MS = 1_763_800_000_000


def band(median: float, spread: float = 0.3) -> dict[str, float]:
    """A band about a median."""
    return {"low": median * (1 - spread), "median": median, "high": median * (1 + spread)}


def ring(x_m: float, y_m: float, radius_m: float) -> list[list[float]]:
    """A circle."""
    turn = [2 * math.pi * i / 24 for i in range(25)]
    return [[x_m + radius_m * math.cos(a), y_m + radius_m * math.sin(a)] for a in turn]


def now_cast(origin: str = "modelled") -> dict[str, Any]:
    """Fluoride on its way from a clean well to a river, measured at 7.4 times class III."""

    def well(name: str, x_m: float, conc: float | None) -> dict[str, Any]:
        return {
            **{"sensor": name, "x_m": x_m, "y_m": 50.0, "z_m": 12.0, "stratum": "gravel"},
            **{"level": band(9.0, 0.01), "measured_level": 9.05, "measured_t": NOW_MS, "age_s": 60.0},
            **{"quality": "good", "conc": {"f": band(1e-3)}, "measured_conc": {"f": conc}},
            **{"drawdown_m": band(0.1), "warning": None},
        }

    def front(lead_s: float, radius_m: float) -> dict[str, Any]:
        return {
            **{"substance": "f", "lead_s": lead_s, "limit_kg_m3": 1e-3, "class": "GB/T 14848 III"},
            "median": [ring(200.0, 50.0, radius_m)],
            "low": [ring(200.0, 50.0, 0.7 * radius_m)],
            "high": [ring(200.0, 50.0, 1.3 * radius_m)],
            "area_m2": band(math.pi * radius_m**2),
            "reach_m": band(radius_m),
        }

    return {
        **{
            "run": "water-1",
            "k": 3,
            "t": NOW_MS,
            "origin": origin,
            "solver": "test solver 1.0",
            "members": 64,
        },
        "notes": ["outside validity: peclet_ratio 12, expected any to 10"],
        "inputs": [],
        "substances": ["f"],
        "wells": [well("GW1", 40.0, 0.4e-3), well("GW2", 210.0, 7.4e-3), well("GW3", 400.0, None)],
        "budget": [
            {"name": "rch", "in_m3_s": 0.01, "out_m3_s": 0.0},
            {"name": "riv", "in_m3_s": 0.0, "out_m3_s": 0.01},
        ],
        "mass": [{"substance": "f", "name": "source", "in_kg": 412.0, "out_kg": 0.0}],
        "mass_now_kg": {"f": band(300.0)},
        "fronts": [front(0.0, 60.0), front(365 * DAY_S, 110.0)],
        "targets": [
            {
                **{"id": "river-1", "name": {"zh": "河段", "en": "River"}, "kind": "river", "x_m": 600.0},
                **{"y_m": 20.0, "substance": "f", "limit_kg_m3": 1e-3, "probability_365d": 0.82},
                "arrival_s": {"low": 41 * DAY_S, "median": 96 * DAY_S, "high": 240 * DAY_S},
                **{"peak_kg_m3": band(3.1e-3), "risk": "high", "response": "II"},
            },
            {
                **{"id": "well-9", "name": {"zh": "民井", "en": "Well"}, "kind": "well", "x_m": 30.0},
                **{"y_m": 120.0, "substance": "f", "limit_kg_m3": 1e-3, "probability_365d": 0.0},
                **{"arrival_s": None, "peak_kg_m3": band(2e-4), "risk": "none", "response": None},
            },
        ],
        "flow_lines": [[[0.0, 20.0 * i], [600.0, 20.0 * i]] for i in range(5)],
    }


def comparison() -> dict[str, Any]:
    """Doing nothing and a barrier."""

    def option(name: str, zh: str, kind: str, left: float, cost: float | None) -> dict[str, Any]:
        agent = {"zh": "羟基磷灰石", "en": "Hydroxyapatite"} if kind == "reactive_zone" else None
        lead = {
            **{"lead_s": 365 * DAY_S, "mass_kg": band(300 * left), "area_m2": band(4e4 * left)},
            **{"max_kg_m3": band(0.06 * left), "risk_targets": ["river-1"] if left > 0.5 else []},
        }
        return {
            **{"id": name, "name": {"zh": zh, "en": name}, "kind": kind},
            "cost_cny": None if cost is None else band(cost),
            "agent": agent,
            "amount": None if agent is None else {"value": 42.0, "unit": "t"},
            **{"area": None, "leads": [lead], "fronts": [], "volumes": []},
        }

    return {
        **{"substance": "f", "baseline": "do_nothing", "best": "prb"},
        "options": [
            option("do_nothing", "不采取措施", "do_nothing", 1.0, 0.0),
            option("prb", "反应墙", "reactive_zone", 0.4, 1.4e6),
            option("dig", "清源", "source_removal", 0.8, None),
        ],
        "why": {"zh": "反应墙使受威胁目标最少", "en": "the barrier leaves the fewest targets in danger"},
    }
