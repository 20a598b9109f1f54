"""Uploaded files and lidar scans."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from twin.core.origin import Origin
from web.schemas.base import Out, Query, TextOut, TimeMs, WholeText

LIST_MAX = 500
Mn = Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,40}$", description="Device number")]
Said = Annotated[str, Field(max_length=200)]
Limit = Annotated[int, WholeText, Field(ge=1, le=LIST_MAX, description="At most so many, newest first")]
Format = Literal["auto", "csv", "xlsx", "json", "ftir", "lidar"]


class UploadQuery(Query):
    """Whose file it is, and who made it how. The body is the file."""

    mn: Mn
    filename: Said = ""
    format: Format = "auto"
    dry_run: Literal["true", "false"] = Field(default="false", description="true: show, store nothing")
    analyst: Said = ""
    method: Said = ""
    note: Annotated[str, Field(max_length=1000)] = ""


class ColumnOut(Out):
    """How a column was understood."""

    header: str
    role: str
    code: str
    unit: str


class ProblemOut(Out):
    """One bad cell; ``row`` 0: the file as a whole."""

    row: int
    column: str
    value: str
    expected: TextOut


class PreviewOut(Out):
    """One value as it is or would be stored."""

    key: str
    time_ms: int
    value: float | None
    si_unit: str
    text: str
    mark: str
    checks: int


class UploadedOut(Out):
    """What became of a file."""

    status: Literal["stored", "duplicate", "dry_run"]
    mn: str
    sensor: str
    origin: str
    format: str
    filename: str
    sha256: str
    frame_seq: int | None
    rows: int
    good: int
    bad: int
    values: int
    columns: list[ColumnOut]
    problems: list[ProblemOut]
    preview: list[PreviewOut]


class UploadsQuery(Query):
    """Which files."""

    mn: Mn | None = None
    limit: Limit = 100


class UploadOut(Out):
    """A file with who sent it and what was in it."""

    seq: int
    frame_seq: int
    mn: str
    time_ms: int
    actor: str
    filename: str
    format: str
    sha256: str
    rows: int
    good: int
    bad: int
    values: int
    analyst: str
    method: str
    note: str


class UploadsOut(Out):
    """Newest first."""

    uploads: list[UploadOut]
    truncated: bool


class UploadFactorOut(Out):
    """A factor of a device that takes files."""

    code: str
    quantity: str
    unit: str


class UploadDeviceOut(Out):
    """A device that takes files."""

    mn: str
    sensor: str
    station: str
    protocol: str
    origin: Origin
    factors: list[UploadFactorOut]


class UploadDevicesOut(Out):
    """Devices that take files."""

    devices: list[UploadDeviceOut]


class TemplateQuery(Query):
    """An empty table for a device."""

    mn: Mn
    format: Literal["csv", "xlsx"] = "csv"
    language: Literal["zh", "en"] = "zh"


class ScansQuery(Query):
    """Scans that begin in a span."""

    mn: Mn | None = None
    from_ms: TimeMs | None = Field(default=None, alias="from")
    to_ms: TimeMs | None = Field(default=None, alias="to")
    limit: Limit = 200


class ScanOut(Out):
    """A lidar scan; ``low`` and ``high`` in ``unit``."""

    sha256: str
    mn: str
    station: str
    origin: Origin
    time_ms: int
    end_ms: int
    rays: int
    gates: int
    gate_m: float
    first_gate_m: float
    range_m: float
    quantity: str
    unit: str
    low: float | None
    high: float | None
    bytes: int
    url: str
    json_url: str


class ScansOut(Out):
    """Newest first."""

    scans: list[ScanOut]
    truncated: bool


class ScanDataOut(Out):
    """A scan in numbers: a row of ``values`` per ray."""

    time_ms: list[int]
    azimuth_deg: list[float]
    elevation_deg: list[float]
    gate_m: float
    first_gate_m: float
    quantity: str
    unit: str
    values: list[list[float | None]]
