"""Device registry, findings, strangers, facts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from twin.core.fact import FactKind
from twin.core.origin import Origin
from web.schemas.base import Out, Query, TextOut, TimeMs, WholeText
from web.schemas.frame import PATTERN_MN

FACTS_MAX = 2000


class NumberPartOut(Out):
    """A part of a device's number."""

    name: TextOut
    value: str


class NumberOut(Out):
    """A device's number, explained."""

    kind: Literal["epc96", "wenzhou", "other"]
    in_standard: bool
    text: TextOut
    parts: list[NumberPartOut]


class FactorOut(Out):
    """A factor of a device's record."""

    code: str
    name: TextOut
    name_source: str
    quantity: str
    unit: str
    si_unit: str
    low: float | None
    high: float | None
    max_rate_per_min: float | None
    detection_limit: float | None
    scale: float
    reference_k: float | None


class FindingOut(Out):
    """Something found out about a device, counted on the line or seen in its record."""

    kind: str
    level: Literal["info", "warning", "error"]
    what: str
    text: TextOut
    count: int | None
    first_ms: int | None
    last_ms: int | None
    detail: str


class RecordOut(Out):
    """A device's record."""

    mn: str
    sensor: str
    station: str
    origin: Origin
    protocol: str
    line: str
    st: str
    st_name: TextOut
    edition: str
    crc_mode: str
    interval_s: float
    minute_interval_s: float
    sm4_key: bool
    password: bool
    number: NumberOut
    factors: list[FactorOut]
    findings: list[FindingOut]


class RegistryOut(Out):
    """All devices' records."""

    now_ms: int
    devices: list[RecordOut]


class SeenFactorOut(Out):
    """A factor that an unknown device sends."""

    code: str
    name: TextOut
    unit: str
    quantity: str
    values: list[str]
    fields: list[str]


class StrangerOut(Out):
    """An unknown device."""

    mn: str
    frames: int
    first_ms: int
    last_ms: int
    peer: str
    reason: str
    st: str
    editions: list[str]
    commands: list[str]
    encrypted: bool
    number: NumberOut
    factors: list[SeenFactorOut]
    interval_s: float | None
    block: str


class StrangersOut(Out):
    """Who knocks and is not registered."""

    now_ms: int
    unknown: list[StrangerOut]


class FactsQuery(Query):
    """Which facts."""

    mn: str | None = Field(default=None, pattern=PATTERN_MN, description="Device; all when absent")
    kind: FactKind | None = Field(default=None, description="Kind; all when absent")
    from_ms: TimeMs | None = Field(default=None, alias="from")
    to_ms: TimeMs | None = Field(default=None, alias="to")
    limit: Annotated[int, WholeText, Field(ge=1, le=FACTS_MAX)] = 200


class FactOut(Out):
    """Something an instrument said that is no value of a series."""

    frame_seq: int
    n: int
    mn: str
    time_ms: int
    received_ms: int
    cn: str
    kind: FactKind
    code: str
    field: str
    text: str
    value: float | None
    mark: str


class FactsOut(Out):
    """Facts, newest first."""

    facts: list[FactOut]
    truncated: bool
