"""The formats of an export: a row each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from twin.core.errors import BadRequestError
from twin.store.export.gather import About, Counter, Plan, Writer, heads
from twin.store.reader import LedgerReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """Ending, media type, module that writes it, and how many rows it may have."""

    suffix: str
    media_type: str
    module: str
    rows_max: int

    def writer(self) -> Writer:
        """The function that writes a file; its libraries are loaded now."""
        found: Writer = import_module(f"twin.store.export.{self.module}").write
        return found


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "csv": Format(
            suffix=".csv", media_type="text/csv; charset=utf-8", module="csv_file", rows_max=20_000_000
        ),
        "xlsx": Format(
            suffix=".xlsx",
            media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            module="xlsx_file",
            rows_max=2_000_000,
        ),
        "parquet": Format(
            suffix=".parquet",
            media_type="application/vnd.apache.parquet",
            module="parquet_file",
            rows_max=100_000_000,
        ),
        "netcdf": Format(
            suffix=".nc", media_type="application/x-netcdf", module="netcdf_file", rows_max=10_000_000
        ),
    }
)


def export(
    reader: LedgerReader,
    plan: Plan,
    format_name: str,
    about: About,
    target: Path,
    rows_max: int | None = None,
) -> int:
    """Write ``target``; the number of rows in it.

    Raises NotFoundError (series), BadRequestError (format, span, too many rows) and
    ServiceUnavailableError; then there is no file.
    """
    if format_name not in FORMATS:
        raise BadRequestError(
            f"format {format_name!r} is unknown; expected one of {', '.join(FORMATS)}",
            message_zh=f"未知格式 {format_name!r}；应为 {', '.join(FORMATS)} 之一",
            field="format",
            value=format_name,
        )
    chosen = FORMATS[format_name]
    counter = Counter(min(chosen.rows_max, rows_max or chosen.rows_max))
    heads(reader, plan)
    draft = target.with_name(f".{target.name}.part")
    try:
        chosen.writer()(reader, plan, about, draft, counter)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return counter.rows
