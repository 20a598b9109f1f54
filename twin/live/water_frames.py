"""From the groundwater's now-cast to a row of the result ledger and its files (docs/api.md, The water)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from models.water.grid import Grid
from models.water.now import Band, Front, Nowcast, Ring, TargetNow, Vertical, Volume, WellNow
from twin.core.geometry import FloatArray
from twin.core.groundwater import GroundwaterTarget
from twin.core.origin import Origin
from twin.core.park import Park
from twin.core.text import Text
from twin.stage.encode import encode_depths, encode_grid
from twin.store.rows import FILE_MARK

DEEP_M = 50.0
SLICE_M = 2.0
FAINT_SHARE = 1e-3  # of the limit: what is less is not drawn
HEADS_FILE, FLOW_FILE = "heads.twg", "flow.twg"
CLASS_III = "GB/T 14848 III"
_YEAR_S = 365.25 * 86_400.0
_RING_POINTS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredConc:
    """What a well said last of a substance: None where not good; ``fresh``: good and young."""

    value_kg_m3: float | None
    time_ms: int
    age_s: float
    quality: str
    origin: Origin
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a well said last. ``level_m`` in the local frame; by substance what was read of it."""

    level_m: float | None = None
    time_ms: int | None = None
    age_s: float | None = None
    quality: str = "missing"
    conc: Mapping[str, MeasuredConc] = field(default_factory=dict)
    origin: Origin | None = None
    warning: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """Errors at held-out wells without and with the learned residual; None: not computed.

    ``correction_m`` was added to the levels of wells.
    """

    rmse_darcy_m: float | None
    rmse_joined_m: float | None
    kept: bool
    held_out: tuple[str, ...]
    correction_m: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """Even cells that the model's are shown on: ``x_m`` (nx,), ``y_m`` (ny,) centres, layer-wise lookup."""

    grid: Grid
    x_m: FloatArray
    y_m: FloatArray
    step_m: float

    @property
    def told(self) -> dict[str, Any]:
        """As on the wire."""
        return {
            "x_min_m": float(self.x_m[0] - self.step_m / 2),
            "y_min_m": float(self.y_m[0] - self.step_m / 2),
            "dx_m": self.step_m,
            "dy_m": self.step_m,
            "nx": len(self.x_m),
            "ny": len(self.y_m),
            "layers": self.grid.shape[0],
        }

    def of(self, cells: FloatArray) -> FloatArray:
        """(..., nr, nc) of the model at the even cells (..., ny, nx)."""
        return np.asarray(cells[..., self._rows[:, None], self._columns[None, :]])

    @property
    def _columns(self) -> Any:
        return np.searchsorted(self.grid.x0_m + np.cumsum(self.grid.dx_m), self.x_m, side="right")

    @property
    def _rows(self) -> Any:
        return np.searchsorted(self.grid.y0_m + np.cumsum(self.grid.dy_m), self.y_m, side="right")


def display_of(grid: Grid) -> Display:
    """Even cells as wide as the model's narrowest, over its active part."""
    step = float(max(min(grid.dx_m.min(), grid.dy_m.min()), 5.0))
    active: npt.NDArray[np.bool_] = np.any(grid.active, axis=0)
    rows, columns = np.flatnonzero(active.any(axis=1)), np.flatnonzero(active.any(axis=0))
    west = grid.x_m[columns[0]] - grid.dx_m[columns[0]] / 2
    east = grid.x_m[columns[-1]] + grid.dx_m[columns[-1]] / 2
    south = grid.y_m[rows[0]] - grid.dy_m[rows[0]] / 2
    north = grid.y_m[rows[-1]] + grid.dy_m[rows[-1]] / 2
    nx, ny = max(1, round((east - west) / step)), max(1, round((north - south) / step))
    return Display(
        grid=grid,
        x_m=np.minimum(west + (np.arange(nx) + 0.5) * step, east - 1e-6),
        y_m=np.minimum(south + (np.arange(ny) + 0.5) * step, north - 1e-6),
        step_m=step,
    )


def now_cast_row(
    park: Park,
    display: Display,
    now: Nowcast,
    measured: Mapping[str, Measured],
    *,
    learning: Learning | None,
    inputs: Sequence[str],
    notes: Sequence[str],
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Body and files of a now-cast."""
    files = {HEADS_FILE: _heads(display, now), FLOW_FILE: _flow(display, now)}
    targets = {} if park.groundwater is None else {row.id: row for row in park.groundwater.targets}
    limits = {row.species: row.limit_kg_m3 for row in now.fronts}
    body: dict[str, Any] = {
        "notes": [*now.notes, *notes],
        "inputs": list(inputs),
        "members": now.members,
        "substances": sorted(now.mass_now_kg),
        "grid": display.told,
        "wells": _wells(park, now.wells, measured),
        "budget": [
            {"name": row.name, "in_m3_s": row.in_m3_s, "out_m3_s": row.out_m3_s} for row in now.budget
        ],
        "mass": [
            {"substance": row.species, "name": row.name, "in_kg": row.in_kg, "out_kg": row.out_kg}
            for row in now.mass
        ],
        "mass_now_kg": {name: band(row) for name, row in now.mass_now_kg.items()},
        "background_kg_m3": _background(park),
        "fronts": [_front(row) for row in now.fronts],
        "targets": [_target(row, targets.get(row.id)) for row in now.targets],
        "flow_lines": [rounded(row) for row in now.flow_lines],
        "learning": _learning(learning),
        "assimilation": _fit(now),
        "volumes": [volume_of(display, row, now.time_ms, limits, files) for row in now.volumes],
        "heads_url": FILE_MARK + HEADS_FILE,
        "flow_url": FILE_MARK + FLOW_FILE,
        "vertical": [_vertical(row) for row in now.vertical],
        "cpu_s": None,  # whoever computes it says so
    }
    return body, files


def _background(park: Park) -> dict[str, float]:
    """What every natural water here holds; volumes and masses lie above it."""
    book = park.groundwater
    return {} if book is None else {row.id: row.background_kg_m3 for row in book.substances}


def band(row: Band) -> dict[str, float]:
    """A band as on the wire."""
    return {"low": float(row.low), "median": float(row.median), "high": float(row.high)}


def rounded(ring: Ring) -> list[list[float]]:
    """Points to the centimetre; of a long line every few, the last one always."""
    points = np.asarray(ring, dtype=np.float64)
    step = max(1, -(-len(points) // _RING_POINTS))
    kept = points[::step] if (len(points) - 1) % step == 0 else np.concatenate([points[::step], points[-1:]])
    return [[round(float(x), 2), round(float(y), 2)] for x, y in kept]


def volume_of(
    display: Display,
    row: Volume,
    time_ms: int,
    limits: Mapping[str, float],
    files: dict[str, bytes],
    *,
    name: str = "",
) -> dict[str, Any]:
    """Entry of a volume; its file is put into ``files``, by default named after substance, lead and band."""
    conc = depth_cells(display, row.conc_kg_m3)
    faint = FAINT_SHARE * limits.get(row.species, 1e-3)
    seen = np.nanmax(np.where(np.isfinite(conc), conc, 0.0), axis=0, initial=0.0) >= faint
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    low, high = (rows[0], rows[-1] + 1) if rows.size else (0, 1)
    left, right = (columns[0], columns[-1] + 1) if columns.size else (0, 1)
    told = display.told
    name = name or f"{row.species}-{round(row.lead_s)}-{row.band}.twv".lower()
    files[name] = encode_depths(
        conc[:, low:high, left:right],
        x_min_m=told["x_min_m"] + float(left) * display.step_m,
        y_min_m=told["y_min_m"] + float(low) * display.step_m,
        z_min_m=-DEEP_M,
        dx_m=display.step_m,
        dy_m=display.step_m,
        dz_m=SLICE_M,
        time_ms=time_ms + round(1000 * row.lead_s),
    )
    return {
        "substance": row.species,
        "lead_s": row.lead_s,
        "band": row.band,
        "url": FILE_MARK + name,
        "bytes": len(files[name]),
        "max_kg_m3": float(np.nanmax(np.where(np.isfinite(conc), conc, 0.0), initial=0.0)),
    }


def depth_cells(display: Display, conc_kg_m3: FloatArray) -> FloatArray:
    """Concentrations (nz, ny, nx) at depths below ground, the deepest first; NaN where there is no cell."""
    grid = display.grid
    top = display.of(grid.top_m)
    depth = DEEP_M - SLICE_M * (np.arange(round(DEEP_M / SLICE_M)) + 0.5)
    z = top[None] - depth[:, None, None]
    found = np.full(z.shape, np.nan)
    uppers, lowers = display.of(grid.tops_m), display.of(grid.bottom_m)
    cells, active = display.of(conc_kg_m3), display.of(np.where(grid.active, 1.0, 0.0)) > 0.0
    for k in range(grid.shape[0]):
        # A layer thinner than a slice still gets the slice that holds its middle.
        middle = np.abs(z - 0.5 * (uppers[k] + lowers[k])) <= 0.5 * SLICE_M
        inside = ((z <= uppers[k]) & (z > lowers[k])) | (middle & ~np.isfinite(found))
        found = np.where(inside & active[k], cells[k][None], found)
    return found


def _heads(display: Display, now: Nowcast) -> bytes:
    return _grid_file(display, [now.head_median_m, now.head_sd_m, now.drawdown_m], now.time_ms)


def _flow(display: Display, now: Nowcast) -> bytes:
    bands = [now.flow_east_m_s * _YEAR_S, now.flow_north_m_s * _YEAR_S]
    return _grid_file(display, bands, now.time_ms)


def _grid_file(display: Display, maps: Sequence[FloatArray], time_ms: int) -> bytes:
    return encode_grid(
        np.stack([display.of(row) for row in maps]),
        x0_m=float(display.x_m[0]),
        y0_m=float(display.y_m[0]),
        dx_m=display.step_m,
        dy_m=display.step_m,
        time_ms=time_ms,
    )


def _wells(park: Park, wells: Sequence[WellNow], measured: Mapping[str, Measured]) -> list[dict[str, Any]]:
    places = {row.id: row for row in park.wells}
    rows = []
    for now in wells:
        if now.name not in places:
            continue
        well, last = places[now.name], measured.get(now.name, Measured())
        rows.append(
            {
                "sensor": now.name,
                "x_m": well.collar.x_m,
                "y_m": well.collar.y_m,
                "z_m": well.collar.z_m,
                "stratum": well.stratum_id,
                "level": band(now.level_m),
                "measured_level": last.level_m,
                "measured_t": last.time_ms,
                "age_s": last.age_s,
                "quality": last.quality,
                "conc": {name: band(row) for name, row in now.conc_kg_m3.items()},
                "measured_conc": {name: _value(last, name) for name in now.conc_kg_m3},
                "measured": {name: _read(row) for name, row in last.conc.items()},
                "origin": None if last.origin is None else last.origin.value,
                "drawdown_m": band(now.drawdown_m),
                "warning": None if last.warning is None else _text(last.warning),
            }
        )
    return rows


def _value(last: Measured, name: str) -> float | None:
    found = last.conc.get(name)
    return None if found is None else found.value_kg_m3


def _read(row: MeasuredConc) -> dict[str, Any]:
    return {
        "value": row.value_kg_m3,
        "t": row.time_ms,
        "age_s": row.age_s,
        "quality": row.quality,
        "origin": row.origin.value,
        "fresh": row.fresh,
    }


def _text(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def _front(row: Front) -> dict[str, Any]:
    return {
        "substance": row.species,
        "lead_s": row.lead_s,
        "limit_kg_m3": row.limit_kg_m3,
        "class": CLASS_III,
        "median": [rounded(ring) for ring in row.median],
        "low": [rounded(ring) for ring in row.low],
        "high": [rounded(ring) for ring in row.high],
        "area_m2": band(row.area_m2),
        "reach_m": band(row.reach_m),
    }


def _target(row: TargetNow, known: GroundwaterTarget | None) -> dict[str, Any]:
    name = Text(zh=row.id, en=row.id) if known is None else known.name
    return {
        "id": row.id,
        "name": _text(name),
        "kind": str(row.kind),
        "x_m": row.x_m,
        "y_m": row.y_m,
        "substance": row.species,
        "limit_kg_m3": row.limit_kg_m3,
        "probability_365d": row.probability,
        "arrival_s": None if row.arrival_s is None else band(row.arrival_s),
        "peak_kg_m3": band(row.peak_kg_m3),
        "risk": row.risk,
        "response": row.response,
    }


def _learning(learning: Learning | None) -> dict[str, Any] | None:
    if learning is None:
        return None
    return {
        "rmse_darcy_m": learning.rmse_darcy_m,
        "rmse_joined_m": learning.rmse_joined_m,
        "kept": learning.kept,
        "held_out": list(learning.held_out),
        "correction_m": dict(learning.correction_m),
    }


def _fit(now: Nowcast) -> dict[str, Any] | None:
    if now.fit is None or not np.isfinite([now.fit.rmse_before_m, now.fit.rmse_after_m]).all():
        return None
    spread = now.fit.spread_error
    return {
        "spread_error": spread if np.isfinite(spread) else None,
        "rmse_before_m": now.fit.rmse_before_m,
        "rmse_after_m": now.fit.rmse_after_m,
        "groups": dict(now.fit.groups),
    }


def _vertical(row: Vertical) -> dict[str, Any]:
    edges = np.asarray(row.depth_m)
    return {
        "substance": row.species,
        "lead_s": row.lead_s,
        "depth_m": [float(value) for value in 0.5 * (edges[1:] + edges[:-1])],
        "mass_kg": [float(value) for value in row.mass_kg],
    }
