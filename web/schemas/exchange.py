"""Commands, exchanges, gaps, connections, forwarding."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from twin.core.origin import Origin
from web.schemas.base import Body, Out, Query, TextOut, TimeMs, WholeText

Mn = Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,40}$", description="Device number")]
Limit = Annotated[int, WholeText, Field(ge=1, le=500, description="At most so many, newest first")]
Sensor = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
SpanMs = Annotated[int, Field(ge=0)]


class ArgumentOut(Out):
    """One argument of a command."""

    name: str
    name_text: TextOut
    kind: Literal["integer", "time", "clock_time", "code", "text", "choice"]
    low: int
    high: int
    unit: str
    choices: list[int]
    required: bool
    secret: bool


class CommandOut(Out):
    """One command that may be sent."""

    cn: str
    name: TextOut
    editions: list[str]
    role: str
    nature: str
    mark: str
    data_cns: list[str]
    ready: bool
    result: bool
    arguments: list[ArgumentOut]


class CommandsOut(Out):
    """Commands."""

    commands: list[CommandOut]


class CommandsQuery(Query):
    """Of which device."""

    mn: Mn | None = None


class ExchangeOut(Out):
    """One exchange as it stands. ``drift_s``: of a clock that was read, station minus platform."""

    seq: int
    mn: str
    sensor: str
    origin: Origin
    cn: str
    name: TextOut
    args: dict[str, int | str]
    actor: str
    purpose: str
    qn: str
    queued_ms: int
    started_ms: int | None
    ended_ms: int | None
    outcome: str
    sends: int
    data_frames: int
    qn_return: int | None
    exe_return: int | None
    answer: dict[str, str]
    drift_s: float | None


class ExchangesOut(Out):
    """Exchanges, newest first."""

    now_ms: int
    truncated: bool
    exchanges: list[ExchangeOut]


class ExchangesQuery(Query):
    """Which exchanges."""

    mn: Mn | None = None
    state: Literal["open", "ended", "all"] = "all"
    limit: Limit = 100


class ExchangeStepOut(Out):
    """One step of an exchange."""

    no: int
    time_ms: int
    kind: str
    detail: str


class ExchangeDetailOut(Out):
    """One exchange with its steps."""

    exchange: ExchangeOut
    steps: list[ExchangeStepOut]


class SendIn(Body):
    """A command to a device."""

    mn: Mn
    cn: str = Field(pattern=r"^[0-9]{4}$")
    args: dict[str, int | str] = Field(default_factory=dict, max_length=8)
    origin: Literal["measured", "simulated", "exercise", "modelled"] = "measured"


class SentOut(Out):
    """Number under which an exchange is found, and how it stands."""

    seq: int
    outcome: str


class GapOut(Out):
    """One hole."""

    mn: str
    sensor: str
    origin: Origin | None
    from_ms: int
    to_ms: int
    state: Literal["open", "asked", "filled", "given_up"]
    cn: str
    tries: int
    next_ms: int | None
    found_ms: int
    changed_ms: int
    exchange_seq: int | None
    note: str


class GapsOut(Out):
    """Holes, newest first."""

    now_ms: int
    truncated: bool
    gaps: list[GapOut]


class GapsQuery(Query):
    """Which holes."""

    mn: Mn | None = None
    state: Literal["open", "asked", "filled", "given_up", "all"] = "all"
    from_ms: TimeMs | None = Field(default=None, alias="from")
    to_ms: TimeMs | None = Field(default=None, alias="to")
    limit: Limit = 200


class SpanOut(Out):
    """A span of time."""

    from_ms: int
    to_ms: int


class CollectedOut(Out):
    """Expected against received slots of one series."""

    key: str
    mn: str
    origin: Origin
    interval_s: float
    expected: int
    received: int
    late: int
    collected_pct: float | None
    missing: list[SpanOut]


class CollectedTotalOut(Out):
    """All series together."""

    expected: int
    received: int
    late: int
    collected_pct: float | None
    meets_95: bool | None


class CollectingOut(Out):
    """Success of collecting."""

    from_ms: int
    to_ms: int
    rows: list[CollectedOut]
    total: CollectedTotalOut


class CollectingQuery(Query):
    """Of which span, and of which sensor."""

    from_ms: TimeMs | None = Field(default=None, alias="from")
    to_ms: TimeMs | None = Field(default=None, alias="to")
    sensor: Sensor | None = None


class LineDeviceOut(Out):
    """A device on a line."""

    mn: str
    sensor: str
    origin: Origin
    frames: int
    last_frame_ms: int | None
    clock_drift_s: float | None


class LineOut(Out):
    """An open line of the HJ 212 port, or a line of the scene, open or not."""

    kind: Annotated[
        Literal["tcp", "serial", "tcp-client", "modbus-rtu", "modbus-tcp", "mqtt", "folder"],
        Field(description="tcp: a line of the HJ 212 port"),
    ]
    line: Annotated[str, Field(description="Id in lines.toml; empty for the HJ 212 port")]
    state: Literal["open", "down"]
    error: Annotated[str, Field(description="Why it is down")]
    peer: str
    since_ms: int
    bytes: int
    frames: int
    faults: int
    answers: int
    last_frame_ms: int | None
    frames_s: Annotated[float, Field(description="Frames per second")]
    held_bytes: int
    devices: list[LineDeviceOut]


class LinesOut(Out):
    """Lines as ingest saw them at ``time_ms``."""

    now_ms: int
    time_ms: int | None
    open: int
    known: int
    strangers: int
    folded: int
    refused_total: int
    frames_s: float
    bytes_s: float
    lines: list[LineOut]


class TargetOut(Out):
    """A platform that gets the packets too."""

    name: str
    address: str
    state: str
    paused: bool
    origins: list[str]
    mns: list[str]
    cns: list[str]
    carries_passwords: bool = Field(
        description="Its packets hold device passwords that this platform checks: it can speak for them"
    )
    cursor_seq: int
    lag_frames: int
    lag_s: float | None
    sent: int
    answered: int
    resent: int
    skipped: int
    answered_ms: int | None
    changed_ms: int
    note: str


class ForwardingOut(Out):
    """All targets."""

    now_ms: int
    time_ms: int | None
    newest_seq: int
    targets: list[TargetOut]


class PauseIn(Body):
    """Why."""

    comment: str = Field(min_length=1, max_length=500)


class PausedOut(Out):
    """A target after it was paused or resumed."""

    name: str
    paused: bool
