"""Lidar scans as a format of exchange: rays of range gates, JSON in, a compact binary file out.

::

    {"format": "lidar-scan/1", "quantity": "backscatter", "unit": "1/(m.sr)", "gate_m": 15.0,
     "first_gate_m": 30.0, "rays": [{"time": ..., "azimuth_deg": 120.0, "elevation_deg": 3.0,
                                     "values": [1.2e-6, null, ...]}]}

Azimuth clockwise from true north, 0 to 360; elevation 0 to 180 (beyond 90 the head looks back over the
zenith); gates are multiples of 3.75 m, counted from the head along the ray; all rays have equally many
and are in the order of time. A range of 1 km is the least that an instrument must have (SITE-11), a
scan may be shorter; the bound is 30 km.

Binary ``*.twl``, little-endian: ``"TWL1"``, u32 rays, u32 gates, f32 gate_m, f32 first_gate_m, f32 v_min,
f32 v_step, u32 0; then i64 time_ms[rays], f32 azimuth_deg[rays], f32 elevation_deg[rays],
u16 q[rays][gates]; value = v_min + q * v_step, 65535 = none.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from sensors.contract import LineEventKind
from sensors.hj212.decode import Decoded
from sensors.mqtt.decode import parse_json, time_ms_of
from sensors.readings import nothing
from twin.core.device import Device
from twin.core.errors import BadRequestError
from twin.core.geometry import FloatArray
from twin.core.observation import RawFrame

FORMAT, MAGIC = "lidar-scan/1", b"TWL1"
GATE_STEP_M, RANGE_MAX_M = 3.75, 30_000.0
RAYS_MAX, CELLS_MAX = 7_200, 2_000_000
QUANTITIES = ("backscatter", "extinction", "concentration", "depolarisation")
_NONE, _LEVELS = 65_535, 65_534
_TOLERANCE_M = 1e-3
_HEAD = struct.Struct("<4sIIffffI")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scan:
    """A scan. ``values`` (rays, gates) in ``unit``, NaN where there is none; angles (rays,) in degrees."""

    quantity: str
    unit: str
    gate_m: float
    first_gate_m: float
    time_ms: tuple[int, ...]
    azimuth_deg: FloatArray
    elevation_deg: FloatArray
    values: FloatArray

    @property
    def range_m(self) -> float:
        """How far the last gate reaches."""
        return self.first_gate_m + self.gate_m * int(self.values.shape[1])

    def span(self) -> tuple[float | None, float | None]:
        """Least and greatest value, None where no gate has one."""
        seen = self.values[np.isfinite(self.values)]
        return (float(seen.min()), float(seen.max())) if seen.size else (None, None)


def read_scan(data: bytes, utc_offset_h: float) -> Scan:
    """Scan of a JSON file. Raises BadRequestError that names the first thing that cannot be."""
    body = parse_json(data)
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise _bad(str(body)[:40], "format", FORMAT)
    if body.get("quantity") not in QUANTITIES:
        raise _bad(body.get("quantity"), "quantity", f"one of {', '.join(QUANTITIES)}")
    gate_m = _number(body, "gate_m", GATE_STEP_M, 3_750.0)
    if abs(gate_m / GATE_STEP_M - round(gate_m / GATE_STEP_M)) > _TOLERANCE_M:
        raise _bad(gate_m, "gate_m", f"a multiple of {GATE_STEP_M} m")
    first_gate_m = _number(body, "first_gate_m", 0.0, 3_000.0, missing=0.0)
    rays = body.get("rays")
    if not isinstance(rays, list) or not 0 < len(rays) <= RAYS_MAX:
        raise _bad(len(rays) if isinstance(rays, list) else rays, "rays", f"1 to {RAYS_MAX} rays")
    gates = _gates(rays, gate_m, first_gate_m)
    times = tuple(_time(ray, k, utc_offset_h) for k, ray in enumerate(rays))
    if list(times) != sorted(times):
        raise _bad(times[0], "time", "rays in the order of time")
    return Scan(
        quantity=str(body["quantity"]),
        unit=str(body.get("unit", ""))[:40],
        gate_m=gate_m,
        first_gate_m=first_gate_m,
        time_ms=times,
        azimuth_deg=np.array([_number(ray, "azimuth_deg", 0.0, 360.0) for ray in rays]),
        elevation_deg=np.array([_number(ray, "elevation_deg", 0.0, 180.0) for ray in rays]),
        values=np.array([_values(ray, gates) for ray in rays], dtype=float).reshape(len(rays), gates),
    )


def encode(scan: Scan) -> bytes:
    """Compact binary form; values are rounded to 1/65534 of their span."""
    seen = scan.values[np.isfinite(scan.values)]
    low = float(seen.min()) if seen.size else 0.0
    step = (float(seen.max()) - low) / _LEVELS if seen.size else 0.0
    steps = np.zeros(scan.values.shape) if step == 0.0 else np.rint((scan.values - low) / step)
    packed = np.where(np.isfinite(scan.values), np.clip(np.nan_to_num(steps), 0, _LEVELS), _NONE).astype(
        "<u2"
    )
    rays, gates = scan.values.shape
    head = _HEAD.pack(MAGIC, rays, gates, scan.gate_m, scan.first_gate_m, low, step, 0)
    angles = (scan.azimuth_deg.astype("<f4").tobytes(), scan.elevation_deg.astype("<f4").tobytes())
    return b"".join((head, np.array(scan.time_ms, dtype="<i8").tobytes(), *angles, packed.tobytes()))


def unpack(data: bytes, *, quantity: str, unit: str) -> Scan:
    """Scan of its binary form. Raises BadRequestError for bytes that are none."""
    if len(data) < _HEAD.size or data[:4] != MAGIC:
        raise _bad(data[:8], "file", "a TWL1 file")
    _, rays, gates, gate_m, first_gate_m, low, step, _ = _HEAD.unpack_from(data)
    ends = [
        _HEAD.size,
        *(_HEAD.size + rays * size for size in (8, 12, 16)),
        _HEAD.size + rays * (16 + 2 * gates),
    ]
    if len(data) != ends[-1]:
        raise _bad(len(data), "file", f"{ends[-1]} bytes")
    parts = [data[start:end] for start, end in pairwise(ends)]
    packed = np.frombuffer(parts[3], "<u2").reshape(rays, gates)
    return Scan(
        quantity=quantity,
        unit=unit,
        gate_m=gate_m,
        first_gate_m=first_gate_m,
        time_ms=tuple(np.frombuffer(parts[0], "<i8").tolist()),
        azimuth_deg=np.frombuffer(parts[1], "<f4").astype(float),
        elevation_deg=np.frombuffer(parts[2], "<f4").astype(float),
        values=np.where(packed == _NONE, np.nan, low + packed * float(step)),
    )


def decode(frame: RawFrame, _device: Device, utc_offset_h: float) -> Decoded:
    """A scan has no series: it is looked at for what is wrong with it, and indexed elsewhere."""
    try:
        read_scan(frame.segment, utc_offset_h)
    except BadRequestError as error:
        return nothing(LineEventKind.BAD_PAYLOAD, error.message)
    return Decoded(observations=(), problems=(), unknown_codes=())


def view(segment: bytes) -> tuple[tuple[str, str], ...]:
    """Head of a scan for people."""
    try:
        body = parse_json(segment)
    except BadRequestError:
        return ()
    if not isinstance(body, dict):
        return ()
    rays = body.get("rays")
    head = [(key, str(value)[:80]) for key, value in body.items() if key != "rays"]
    return (*head, ("rays", str(len(rays)) if isinstance(rays, list) else "-"))


def _gates(rays: Sequence[Any], gate_m: float, first_gate_m: float) -> int:
    counts = {len(ray["values"]) if _is_ray(ray) else -1 for ray in rays}
    gates = counts.pop()
    if counts or gates <= 0:
        raise _bad(sorted(counts | {gates}), "values", "equally many gates in every ray")
    if first_gate_m + gate_m * gates > RANGE_MAX_M or gates * len(rays) > CELLS_MAX:
        raise _bad(gates, "values", f"at most {RANGE_MAX_M:g} m and {CELLS_MAX} cells")
    return gates


def _is_ray(ray: object) -> bool:
    return isinstance(ray, dict) and isinstance(ray.get("values"), list)


def _time(ray: dict[str, Any], k: int, utc_offset_h: float) -> int:
    time_ms = time_ms_of(ray.get("time"), utc_offset_h)
    if time_ms is None:
        raise _bad(ray.get("time"), f"rays.{k}.time", "ms, ISO 8601 with a zone, or 14 digits")
    return time_ms


def _values(ray: dict[str, Any], gates: int) -> list[float]:
    rows = [float("nan") if value is None else value for value in ray["values"]]
    for value in rows:
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) == math.inf:
            raise _bad(value, "values", f"{gates} numbers or null")
    return [float(value) for value in rows]


def _number(row: Any, key: str, low: float, high: float, missing: float | None = None) -> float:
    value = row.get(key, missing) if isinstance(row, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise _bad(value, key, f"{low:g} to {high:g}")
    return float(value)


def _bad(value: object, field: str, expected: str) -> BadRequestError:
    shown = str(value)[:80]
    return BadRequestError(
        f"{field}: {shown!r}; expected {expected}",
        message_zh=f"{field}：{shown!r}；应为 {expected}",
        field=field,
        value=shown,
    )
