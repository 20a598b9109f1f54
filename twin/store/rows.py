"""Rows that leave the store: plain frozen data, no SQLAlchemy types.

Times are milliseconds since 1970-01-01 UTC, values are SI. ``payload()`` gives the form of
docs/wire.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from twin.core.observation import Check, Mark, Quality
from twin.core.origin import Origin


class DeviceStatus(StrEnum):
    """Whether a device speaks: ``silent`` after three intervals, ``offline`` when its line is gone."""

    NEVER = "never"
    ONLINE = "online"
    SILENT = "silent"
    OFFLINE = "offline"


class Step(StrEnum):
    """Length of a roll-up. Days and months begin at midnight of the park's zone."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"

    @property
    def length_ms(self) -> int:
        """Length in milliseconds; of a month the longest."""
        return _LENGTHS_MS[self.value]

    @property
    def code(self) -> int:
        """The step in the data base: its length, 0 for the month, which has none."""
        return 0 if self is Step.MONTH else self.length_ms


_LENGTHS_MS = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000, "month": 31 * 86_400_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredValue:
    """One value of one series (SI), the newest version of it.

    ``interval_ms`` is 0 for a moment, else the length of the mean that starts at ``time_ms``.
    """

    series_key: str
    time_ms: int
    value: float | None
    quality: Quality
    mark: Mark
    checks: Check
    origin: Origin
    received_ms: int
    interval_ms: int = 0
    version: int = 0

    def payload(self) -> dict[str, Any]:
        """As on the wire."""
        return {
            "s": self.series_key,
            "t": self.time_ms,
            "v": self.value,
            "q": self.quality.value,
            "m": self.mark.value,
            "c": int(self.checks),
            "o": self.origin.value,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Newest versions of a series side by side, equally long, in order of time; see ``StoredValue``.

    ``quality`` and ``mark`` hold the texts of ``Quality`` and ``Mark``, ``checks`` the bits of ``Check``.
    """

    series_key: str
    origin: Origin
    interval_ms: int
    time_ms: list[int]
    value: list[float | None]
    quality: list[str]
    mark: list[str]
    checks: list[int]
    received_ms: list[int]
    version: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVersion:
    """One version of one value, with the reason why it was written."""

    value: StoredValue
    raw_text: str
    reason: str
    frame_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesRow:
    """A series: what is measured where, in which SI unit, and its one origin."""

    key: str
    sensor_id: str
    quantity: str
    si_unit: str
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class RollupRow:
    """Statistics of the usable values in ``[start_ms, start_ms + step)``.

    ``mean`` of a direction is the direction of the mean unit vector (None where the vectors
    cancel), and ``low``/``high`` are None, because a circle has no ends.
    """

    series_key: str
    step: Step
    start_ms: int
    count: int
    mean: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event of a ledger's ring. ``payload`` is JSON text, ready to be sent."""

    seq: int
    time_ms: int
    kind: str
    payload: str

    def data(self) -> dict[str, Any]:
        """The payload, parsed."""
        parsed: dict[str, Any] = json.loads(self.payload)
        return parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceState:
    """A registered device and whether it speaks. ``last_seen_ms`` None: never."""

    mn: str
    sensor_id: str
    station_id: str
    status: DeviceStatus
    last_seen_ms: int | None
    interval_s: float
    origin: Origin
    peer: str = ""

    def payload(self) -> dict[str, Any]:
        """As on the wire."""
        return {
            "mn": self.mn,
            "sensor": self.sensor_id,
            "station": self.station_id,
            "state": self.status.value,
            "last_seen_ms": self.last_seen_ms,
            "interval_s": self.interval_s,
            "origin": self.origin.value,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFrame:
    """A raw frame as it was stored. ``body_no`` > 0: another body under an exchange seen before.

    ``chain`` is the link that seals it (twin.store.chain).
    """

    seq: int
    received_ms: int
    peer: str
    mn: str
    st: str
    cn: str
    qn: str
    pno: int
    sha256: str
    segment: bytes
    body_no: int
    fault: str
    chain: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedFrame:
    """A well-framed message that belongs to no registered device, or may not be used."""

    seq: int
    received_ms: int
    peer: str
    mn: str
    reason: str
    segment: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LineErrorCount:
    """How often bytes on the instruments' lines were not a frame, by kind."""

    kind: str
    count: int
    first_ms: int
    last_ms: int
    last_peer: str
    last_detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """Sign of life of a process that writes a ledger."""

    process: str
    pid: int
    started_ms: int
    beat_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From the oldest to the newest observation."""

    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRate:
    """Fitted release of one process unit, with its interval."""

    unit_id: str
    rate_kg_s: float
    low_kg_s: float
    high_kg_s: float

    def payload(self) -> dict[str, Any]:
        """As on the wire."""
        return {
            "unit": self.unit_id,
            "rate_kg_s": self.rate_kg_s,
            "low_kg_s": self.low_kg_s,
            "high_kg_s": self.high_kg_s,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PlumeRow:
    """A stored plume frame. ``size_bytes`` is that of the uncompressed file."""

    run: str
    k: int
    substance_id: str
    time_ms: int
    size_bytes: int
    max_kg_m3: float
    origin: Origin
    solver: str
    notes: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    sources: tuple[SourceRate, ...] = ()
    beams_kg_m3: dict[str, float] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Address of the frame in the API."""
        return f"/api/v1/plumes/{self.run}/{self.k}.twv"

    def payload(self) -> dict[str, Any]:
        """As on the wire."""
        return {
            "run": self.run,
            "k": self.k,
            "substance": self.substance_id,
            "t": self.time_ms,
            "url": self.url,
            "bytes": self.size_bytes,
            "max_kg_m3": self.max_kg_m3,
            "origin": self.origin.value,
            "solver": self.solver,
            "notes": list(self.notes),
            "inputs": list(self.inputs),
            "sources": [row.payload() for row in self.sources],
            "beams": dict(self.beams_kg_m3),
        }


class AirKind(StrEnum):
    """What a row of the air is: the state of the moment, or what may come."""

    NOW_CAST = "nowcast"
    FORECAST = "forecast"


@dataclass(frozen=True, slots=True, kw_only=True)
class AirRow:
    """Now-cast or forecast of one substance; ``body`` is what the wire says of it beside the head.

    ``size_bytes`` is that of the uncompressed map behind ``url``, 0 when the row has none.
    """

    run: str
    k: int
    kind: AirKind
    substance_id: str
    time_ms: int
    size_bytes: int
    origin: Origin
    solver: str
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Address of the map in the API, empty when there is none."""
        return f"/api/v1/airmaps/{self.run}/{self.k}.twv" if self.size_bytes else ""

    def payload(self) -> dict[str, Any]:
        """As on the wire."""
        return {
            "run": self.run,
            "k": self.k,
            "substance": self.substance_id,
            "t": self.time_ms,
            "url": self.url,
            "bytes": self.size_bytes,
            "origin": self.origin.value,
            "solver": self.solver,
            **self.body,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterTableRow:
    """A stored water table. ``loo_rmse_m`` None: too few wells to leave one out."""

    run: str
    k: int
    time_ms: int
    size_bytes: int
    origin: Origin
    loo_rmse_m: float | None
    inputs: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """Address of the grid in the API."""
        return f"/api/v1/watertables/{self.run}/{self.k}.twg"

    def payload(self) -> dict[str, Any]:
        """As on the wire."""
        return {
            "run": self.run,
            "k": self.k,
            "t": self.time_ms,
            "url": self.url,
            "origin": self.origin.value,
            "loo_rmse_m": self.loo_rmse_m,
        }


class WaterKind(StrEnum):
    """What a row of the groundwater is."""

    NOW_CAST = "nowcast"
    COMPARISON = "comparison"
    EVENT = "event"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterRow:
    """Now-cast, comparison of remedies or warning of the groundwater; ``body`` beside the head.

    ``files`` names the files of the row; a text ``file:<name>`` under ``url`` or ``*_url`` in the body
    becomes its address. ``size_bytes`` is that of all of them together, uncompressed.
    """

    run: str
    k: int
    kind: WaterKind
    time_ms: int
    origin: Origin
    solver: str
    exercise: bool = False
    files: tuple[str, ...] = ()
    size_bytes: int = 0
    body: dict[str, Any] = field(default_factory=dict)

    def url(self, name: str) -> str:
        """Address of a file of the row in the API."""
        return f"/api/v1/water/files/{self.run}/{self.k}/{name}"

    def payload(self) -> dict[str, Any]:
        """As on the wire."""
        head = {
            "run": self.run,
            "k": self.k,
            "t": self.time_ms,
            "origin": self.origin.value,
            "solver": self.solver,
        }
        body: dict[str, Any] = self._addressed(self.body)
        return {**head, **({} if self.kind is WaterKind.NOW_CAST else {"exercise": self.exercise}), **body}

    def event(self) -> dict[str, Any]:
        """What the stream says of it: which row there is, not the row."""
        return {
            "kind": self.kind.value,
            "run": self.run,
            "k": self.k,
            "t": self.time_ms,
            "origin": self.origin.value,
        }

    def _addressed(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._addressed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._addressed(item) for item in value]
        if isinstance(value, str) and value.startswith(FILE_MARK):
            name = value.removeprefix(FILE_MARK)
            return self.url(name) if name in self.files else ""
        return value


FILE_MARK = "file:"
