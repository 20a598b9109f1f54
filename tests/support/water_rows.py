"""A made-up now-cast of the groundwater and a comparison of remedies on a scene, as parcels for the worker.

Plumes are ellipses that grow with the square root of time; nothing here is computed by the models. What the
viewer shows of it can be told from the numbers below.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gis.scene.load import Scene
from twin.core.origin import Origin
from twin.live.water_box import Parcel
from twin.stage.encode import encode_depths, encode_grid
from twin.store.rows import FILE_MARK, WaterKind, WaterRow

DAY_S = 86_400.0
LEADS_S = (0.0, DAY_S, 7 * DAY_S, 30 * DAY_S, 365 * DAY_S)
LIMIT_KG_M3 = 1e-3
STEP_M = 12.0
SLICES = 25
SOLVER = "made-up ellipses (test)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ellipse:
    """A plume that leaves a source towards ``towards_deg`` (from north): half axes in metres, now."""

    x_m: float
    y_m: float
    towards_deg: float
    along_m: float
    across_m: float
    peak_kg_m3: float
    depth_m: float

    def grown(self, lead_s: float, share: float = 1.0) -> tuple[float, float, float, float]:
        """Middle and half axes after a while, times ``share``."""
        longer = self.along_m * (1.0 + 0.8 * math.sqrt(lead_s / (365 * DAY_S)))
        wider = self.across_m * (1.0 + 0.3 * math.sqrt(lead_s / (365 * DAY_S)))
        angle = math.radians(self.towards_deg)
        middle = longer * 0.8
        return (
            self.x_m + math.sin(angle) * middle,
            self.y_m + math.cos(angle) * middle,
            longer * share,
            wider * share,
        )

    def ring(self, lead_s: float, share: float = 1.0, points: int = 72) -> list[list[float]]:
        """Outline, counter-clockwise."""
        x, y, a, b = self.grown(lead_s, share)
        angle = math.pi / 2 - math.radians(self.towards_deg)
        turn = np.linspace(0.0, 2.0 * math.pi, points)
        wobble = 1.0 + 0.05 * np.sin(3.0 * turn)
        u, v = a * wobble * np.cos(turn), b * wobble * np.sin(turn)
        east = x + u * math.cos(angle) - v * math.sin(angle)
        north = y + u * math.sin(angle) + v * math.cos(angle)
        return [[round(float(p), 2), round(float(q), 2)] for p, q in zip(east, north, strict=True)]

    def conc(
        self, lead_s: float, x_m: npt.NDArray[Any], y_m: npt.NDArray[Any], depth_m: npt.NDArray[Any]
    ) -> npt.NDArray[np.float64]:
        """Concentration (nz, ny, nx), kg/m3: the limit on the outline, the peak near the source."""
        x, y, a, b = self.grown(lead_s)
        angle = math.pi / 2 - math.radians(self.towards_deg)
        east, north = x_m[None, :] - x, y_m[:, None] - y
        u = (east * math.cos(angle) + north * math.sin(angle)) / a
        v = (-east * math.sin(angle) + north * math.cos(angle)) / b
        share = np.exp(-np.log(self.peak_kg_m3 / LIMIT_KG_M3) * (u**2 + v**2))
        skew = np.exp(-0.9 * (u + 0.8))
        sink = self.depth_m * (1.0 + 0.5 * (u + 0.8) / 1.8)
        deep = np.exp(-(((depth_m[:, None, None] - sink[None]) / 4.0) ** 2))
        return np.asarray(self.peak_kg_m3 * (share * np.clip(skew, 0.0, 1.6))[None] * deep)


PLUMES = (
    Ellipse(x_m=801, y_m=-603.8, towards_deg=196, along_m=105, across_m=42, peak_kg_m3=0.06, depth_m=8.0),
    Ellipse(x_m=1511, y_m=124, towards_deg=170, along_m=55, across_m=24, peak_kg_m3=0.008, depth_m=7.0),
)


def band(median: float, spread: float = 0.25) -> dict[str, float]:
    """A band about a median."""
    return {"low": median * (1 - spread), "median": median, "high": median * (1 + spread)}


def _area(rings: list[list[list[float]]]) -> float:
    total = 0.0
    for ring in rings:
        points = np.asarray(ring)
        total += 0.5 * abs(float(np.sum(points[:-1, 0] * points[1:, 1] - points[1:, 0] * points[:-1, 1])))
    return total


def _rings(lead_s: float, share: float) -> list[list[list[float]]]:
    return [row.ring(lead_s, share) for row in PLUMES]


def _widths(lead_s: float) -> tuple[float, float]:
    doubt = 0.1 + 0.2 * math.sqrt(lead_s / (365 * DAY_S))
    return 1.0 - doubt, 1.0 + doubt


def _front(lead_s: float) -> dict[str, Any]:
    low, high = _widths(lead_s)
    rings = {"low": _rings(lead_s, low), "median": _rings(lead_s, 1.0), "high": _rings(lead_s, high)}
    reach = {
        name: 1.8 * PLUMES[0].grown(lead_s)[2] * share
        for name, share in zip(rings, (low, 1, high), strict=True)
    }
    return {
        "substance": "f",
        "lead_s": lead_s,
        "limit_kg_m3": LIMIT_KG_M3,
        "class": "GB/T 14848 III",
        **rings,
        "area_m2": {name: _area(row) for name, row in rings.items()},
        "reach_m": reach,
    }


def _volume(lead_s: float, factor: float, time_ms: int) -> tuple[bytes, float, npt.NDArray[np.float64]]:
    corners = [point for row in PLUMES for point in row.ring(365 * DAY_S, 1.5)]
    x0, y0 = min(p[0] for p in corners), min(p[1] for p in corners)
    x1, y1 = max(p[0] for p in corners), max(p[1] for p in corners)
    x = np.arange(x0, x1, STEP_M) + STEP_M / 2
    y = np.arange(y0, y1, STEP_M) + STEP_M / 2
    conc = factor * np.sum([row.conc(lead_s, x, y, _depths()) for row in PLUMES], axis=0)
    body = encode_depths(
        conc,
        x_min_m=x0,
        y_min_m=y0,
        z_min_m=-50.0,
        dx_m=STEP_M,
        dy_m=STEP_M,
        dz_m=2.0,
        time_ms=time_ms + round(1000 * lead_s),
    )
    return body, float(conc.max()), conc


def _wells(scene: Scene, time_ms: int) -> list[dict[str, Any]]:
    rows = []
    for i, well in enumerate(scene.park.wells):
        level = well.collar.z_m - 3.0 - 0.2 * (i % 4)
        conc = 1e-4 * (3 + i % 5)
        for plume in PLUMES:
            away = math.hypot(well.collar.x_m - plume.x_m, well.collar.y_m - plume.y_m)
            conc = max(conc, plume.peak_kg_m3 * math.exp(-((away / (1.2 * plume.along_m)) ** 2)))
        rows.append(
            {
                "sensor": well.id,
                "x_m": well.collar.x_m,
                "y_m": well.collar.y_m,
                "z_m": well.collar.z_m,
                "stratum": well.stratum_id,
                "level": {"low": level - 0.15, "median": level, "high": level + 0.15},
                "measured_level": level + (0.3 if i == 4 else 0.05),
                "measured_t": time_ms - 60_000,
                "age_s": 60.0,
                "quality": "doubtful" if i == 6 else "good",
                "conc": {"f": band(conc, 0.4)},
                "measured_conc": {"f": None if i == 8 else conc * 1.1},
                "drawdown_m": {"low": -0.05, "median": 0.02, "high": 0.1},
                "warning": None,
            }
        )
    return rows


def _targets(scene: Scene) -> list[dict[str, Any]]:
    book = scene.park.groundwater
    assert book is not None
    rows = []
    for i, target in enumerate(book.targets):
        x, y = np.mean([[p[0], p[1]] for p in target.line], axis=0)
        hit = i == 0
        rows.append(
            {
                "id": target.id,
                "name": {"zh": target.name.zh, "en": target.name.en},
                "kind": str(target.kind),
                "x_m": float(x),
                "y_m": float(y),
                "substance": "f",
                "limit_kg_m3": LIMIT_KG_M3,
                "probability_365d": 0.82 if hit else 0.03 if i == 3 else 0.0,
                "arrival_s": {"low": 41 * DAY_S, "median": 96 * DAY_S, "high": 240 * DAY_S} if hit else None,
                "peak_kg_m3": band(3.1e-3 if hit else 4e-4, 0.5),
                "risk": "high" if hit else "low" if i == 3 else "none",
                "response": "II" if hit else None,
            }
        )
    return rows


def _depths() -> npt.NDArray[np.float64]:
    return np.asarray(50.0 - 2.0 * (np.arange(SLICES) + 0.5))


def _volumes(time_ms: int, files: dict[str, bytes]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Volumes and mass by depth of all leads; the files are put into ``files``."""
    volumes, vertical = [], []
    for lead_s in LEADS_S:
        for kind, factor in (("median", 1.0), ("p975", 1.8)):
            body, most, conc = _volume(lead_s, factor, time_ms)
            name = f"f-{round(lead_s)}-{kind}.twv"
            files[name] = body
            entry = {"substance": "f", "lead_s": lead_s, "band": kind, "url": FILE_MARK + name}
            volumes.append(entry | {"bytes": len(body), "max_kg_m3": most})
            if kind == "median":
                mass = conc.sum(axis=(1, 2)) * STEP_M**2 * 2.0 * 0.2
                depth, kept = _depths()[::-1][:16], mass[::-1][:16]
                vertical.append(
                    {
                        "substance": "f",
                        "lead_s": lead_s,
                        "depth_m": [float(v) for v in depth],
                        "mass_kg": [float(v) for v in kept],
                    }
                )
    return volumes, vertical


def _heads(time_ms: int) -> bytes:
    x, y = np.arange(400.0, 1700.0, 40.0), np.arange(-950.0, 300.0, 40.0)
    head = 20.0 + 0.012 * (y[:, None] + 950.0) + 0.0 * x[None]
    away = np.hypot(x[None] - 801.0, y[:, None] + 700.0)
    drawdown = 0.6 * np.exp(-((away / 200.0) ** 2)) - 0.1
    bands = np.stack([head, np.full_like(head, 0.3), drawdown])
    return encode_grid(bands, x0_m=400.0, y0_m=-950.0, dx_m=40.0, dy_m=40.0, time_ms=time_ms)


def now_cast(scene: Scene, time_ms: int, *, run: str = "made-up", k: int = 1) -> Parcel:
    """A now-cast of fluoride in two plumes; the larger one reaches the first target after 96 days."""
    files = {"heads.twg": _heads(time_ms)}
    volumes, vertical = _volumes(time_ms, files)
    body: dict[str, Any] = {
        "notes": ["levels of 18 of 20 wells"],
        "inputs": [f"{well.id}/water_level@{time_ms}" for well in scene.park.wells],
        "members": 64,
        "substances": ["f"],
        "grid": {
            **{"x_min_m": 400.0, "y_min_m": -950.0, "dx_m": 40.0, "dy_m": 40.0},
            **{"nx": 33, "ny": 32, "layers": 4},
        },
        "wells": _wells(scene, time_ms),
        "budget": [
            {"name": "chd", "in_m3_s": 0.004, "out_m3_s": 0.0105},
            {"name": "rch", "in_m3_s": 0.0082, "out_m3_s": 0.0},
            {"name": "riv", "in_m3_s": 0.001, "out_m3_s": 0.0026},
            {"name": "sto", "in_m3_s": 0.0, "out_m3_s": 0.0001},
        ],
        "mass": [
            {"substance": "f", "name": "source", "in_kg": 412.0, "out_kg": 0.0},
            {"substance": "f", "name": "riv", "in_kg": 0.0, "out_kg": 18.0},
        ],
        "mass_now_kg": {"f": band(265.0)},
        "fronts": [_front(lead_s) for lead_s in LEADS_S],
        "targets": _targets(scene),
        "flow_lines": [
            [[620.0 + 60 * i + 0.5 * s, -420.0 - 1.2 * s] for s in range(0, 400, 20)] for i in range(8)
        ],
        "learning": {
            **{"rmse_darcy_m": 0.212, "rmse_joined_m": 0.148, "kept": True},
            "held_out": ["GW2b", "GW4a"],
        },
        "assimilation": {
            **{"spread_error": 0.93, "rmse_before_m": 0.61, "rmse_after_m": 0.17},
            "groups": {"level": 12},
        },
        "volumes": volumes,
        "heads_url": FILE_MARK + "heads.twg",
        "flow_url": "",
        "vertical": vertical,
    }
    row = WaterRow(
        run=run,
        k=k,
        kind=WaterKind.NOW_CAST,
        time_ms=time_ms,
        origin=Origin.SIMULATED,
        solver=SOLVER,
        body=body,
    )
    return Parcel(row=row, files=files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """An option of the comparison: how much of the area is left after a year, and what it costs."""

    id: str
    name: tuple[str, str]
    kind: str
    left: float
    cost_cny: float | None = None
    agent: tuple[str, str] | None = None
    area: list[list[list[float]]] | None = None

    def told(self, time_ms: int, files: dict[str, bytes]) -> dict[str, Any]:
        """As in the body of a comparison; volumes are put into ``files``."""
        leads, fronts, volumes = [], [], []
        for lead_s in LEADS_S:
            share = 1.0 - (1.0 - self.left) * math.sqrt(lead_s / (365 * DAY_S))
            rings = [PLUMES[0].ring(lead_s, share)]
            leads.append(
                {
                    "lead_s": lead_s,
                    "mass_kg": band(265.0 * (1 + 0.4 * lead_s / (365 * DAY_S)) * share),
                    "area_m2": band(_area(rings)),
                    "max_kg_m3": band(0.06 * share),
                    "risk_targets": ["river-fubao"] if share > 0.6 else [],
                }
            )
            fronts.append({"lead_s": lead_s, "median": rings})
            if self.kind != "do_nothing":
                name = f"{self.id.lower()}-{round(lead_s)}.twv"
                files[name] = _volume(lead_s, share, time_ms)[0]
                volumes.append({"lead_s": lead_s, "url": FILE_MARK + name})
        return {
            "id": self.id,
            "name": {"zh": self.name[0], "en": self.name[1]},
            "kind": self.kind,
            "cost_cny": None if self.cost_cny is None else band(self.cost_cny, 0.3),
            "agent": None if self.agent is None else {"zh": self.agent[0], "en": self.agent[1]},
            "amount": None if self.agent is None else {"value": 42.0, "unit": "t"},
            "area": self.area,
            "leads": leads,
            "fronts": fronts,
            "volumes": volumes,
        }


TRIED = (
    Tried(id="do_nothing", name=("不处置", "Do nothing"), kind="do_nothing", left=1.0),
    Tried(
        id="pump-F2A",
        name=("F2A 下游抽水处理", "Pump and treat below F2A"),
        kind="pump",
        left=0.7,
        cost_cny=2.1e6,
    ),
    Tried(
        id="prb-F2A",
        name=("F2A 下游可渗透反应墙", "Reactive barrier below F2A"),
        kind="reactive_zone",
        left=0.45,
        cost_cny=1.4e6,
        agent=("羟基磷灰石", "Hydroxyapatite"),
        area=[[[720.0, -712.0], [880.0, -712.0], [880.0, -708.0], [720.0, -708.0], [720.0, -712.0]]],
    ),
)


def comparison(time_ms: int, *, run: str = "made-up", k: int = 2) -> Parcel:
    """Doing nothing, a pump and a reactive barrier below the larger plume; the barrier is the best."""
    files: dict[str, bytes] = {}
    body: dict[str, Any] = {
        "substance": "f",
        "baseline": "do_nothing",
        "options": [option.told(time_ms, files) for option in TRIED],
        "best": "prb-F2A",
        "why": {
            "zh": "一年内超限面积减少最多，费用低于抽水处理",
            "en": "It lessens the area above the limit most within a year, for less money than pumping",
        },
        "notes": [],
    }
    row = WaterRow(
        run=run,
        k=k,
        kind=WaterKind.COMPARISON,
        time_ms=time_ms,
        origin=Origin.SIMULATED,
        solver=SOLVER,
        exercise=True,
        body=body,
    )
    return Parcel(row=row, files=files)
