"""A file of values."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from web.schemas.base import Query, TimeMs

_PATTERN_LIST = r"^[^,]+(,[^,]+){0,63}$"


class ExportFormat(StrEnum):
    """Kinds of files."""

    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"
    NETCDF = "netcdf"


class ExportStep(StrEnum):
    """Raw values, or means over an interval."""

    RAW = "raw"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


class ExportUnits(StrEnum):
    """SI, or the units that people are used to."""

    SI = "si"
    DISPLAY = "display"


class ExportQuery(Query):
    """What to export."""

    series: str = Field(
        pattern=_PATTERN_LIST,
        max_length=4000,
        description="Series keys <sensor id>/<quantity key>, with commas; at most 64",
    )
    from_ms: TimeMs = Field(alias="from")
    to_ms: TimeMs = Field(alias="to")
    format: ExportFormat = ExportFormat.CSV
    step: ExportStep = ExportStep.RAW
    units: ExportUnits = ExportUnits.SI
