"""What was published or measured, laid beside what was computed."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence

from models.casefiles.findings import bad_value
from models.casefiles.tables import ResultTable, make_table, receptors
from models.water.case.build import Built
from models.water.case.load import LoadedCase
from models.water.case.schema import ObservedRow
from models.water.case.scores import Pair

_DIMS = (
    ("conc", "C", "kg/m3"),
    ("mass", "M", "kg"),
    ("head", "L", "m"),
    ("drawdown", "L", "m"),
    ("content", "1", "1"),
    ("pressure_head", "L", "m"),
    ("arrival", "T", "s"),
    ("x", "L", "m"),
    ("y", "L", "m"),
    ("z", "L", "m"),
)


def observed_rows(loaded: LoadedCase) -> tuple[ObservedRow, ...]:
    """Rows of the case and of its CSV file (receptor, value; quantity, time, tolerance where they differ)."""
    case = loaded.case
    found = list(case.observed)
    if case.observed_csv is None:
        return tuple(found)
    try:
        with (loaded.folder / case.observed_csv).open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise bad_value(
            loaded.source, "observed_csv", case.observed_csv, "a readable CSV file", "可读的 CSV 文件"
        ) from None
    for k, row in enumerate(rows):
        if not row.get("receptor"):
            raise bad_value(
                loaded.source, f"observed_csv, row {k + 2}, receptor", None, "a receptor", "接收点"
            )
        found.append(
            ObservedRow(
                receptor=row["receptor"],
                quantity=row.get("quantity") or "head",
                time=_number(row.get("time"), loaded, k, "time", optional=True),
                value=_number(row.get("value"), loaded, k, "value") or 0.0,
                tolerance=_number(row.get("tolerance"), loaded, k, "tolerance", optional=True),
            )
        )
    return tuple(found)


def pairs_of(
    rows: Sequence[ObservedRow], tables: Sequence[ResultTable], loaded: LoadedCase, last_s: float | None
) -> tuple[Pair, ...]:
    """Every observation beside its result. Raises CaseError when a receptor or quantity is unknown."""
    found = []
    for row in rows:
        receptor = row.receptor
        time_s = last_s if row.time is None else row.time * loaded.scale.factor("T")
        if "@" not in receptor and time_s is not None:
            receptor = f"{receptor}@{time_s / loaded.scale.factor('T'):.12g}"
        value = _find(tables, receptor, row.quantity)
        if value is None and "@" in receptor:
            value = _find(tables, row.receptor, row.quantity)
        if value is None:
            raise bad_value(
                loaded.source,
                f"observed {receptor}, {row.quantity}",
                row.value,
                f"a receptor and quantity of the result: {_known(tables)}",
                f"结果中的接收点与量：{_known(tables)}",
            )
        dim, units = _dim(row.quantity, receptor, tables)
        factor = loaded.scale.factor(dim)
        tolerance = row.tolerance if row.relative is None else row.relative * abs(row.value)
        found.append(
            Pair(
                receptor=receptor,
                quantity=row.quantity,
                units=units,
                observed_value=row.value * factor,
                modelled_value=value,
                tolerance_value=None if tolerance is None else tolerance * factor,
            )
        )
    return tuple(found)


def pair_table(pairs: Sequence[Pair]) -> ResultTable:
    """Table ``observed``: every pair, its error and whether the tolerance is kept (1, 0; NaN without one)."""
    return make_table(
        "observed",
        [
            ("receptor", "", [p.receptor for p in pairs]),
            ("quantity", "", [p.quantity for p in pairs]),
            ("units", "", [p.units for p in pairs]),
            ("observed", "", [p.observed_value for p in pairs]),
            ("modelled", "", [p.modelled_value for p in pairs]),
            ("error", "", [p.modelled_value - p.observed_value for p in pairs]),
            ("kept", "1", [math.nan if p.kept is None else float(p.kept) for p in pairs]),
        ],
    )


def times_of(built: Built, rows: Sequence[ObservedRow]) -> tuple[float, ...]:
    """Moments of the fields, seconds: those asked for, those observed; the ends of periods if none."""
    factor = built.loaded.scale.factor("T")
    ends = [row.length * factor for row in built.case.period]
    total = sum(ends)
    asked = [t * factor for t in built.loaded.case.output.times]
    asked = asked or [sum(ends[: n + 1]) for n in range(len(ends))]
    asked += [row.time * factor for row in rows if row.time is not None]
    asked += [total] if any(row.time is None for row in rows) else []
    late = [t for t in asked if t > total * (1.0 + 1e-9)]
    if late:
        raise bad_value(
            built.loaded.source,
            "output.times",
            late[0] / factor,
            f"times from 0 to {total / factor:g}, the end of the last period",
            f"0 至最后应力期末 {total / factor:g} 的时刻",
        )
    kept: list[float] = []
    for t in sorted(asked):
        if not kept or t - kept[-1] > 1e-9 * total:
            kept.append(t)
    return tuple(kept)


def _dim(quantity: str, receptor: str, tables: Sequence[ResultTable]) -> tuple[str, str]:
    """Dimension of a quantity: that of its column, by name for what units alone do not tell."""
    for table in tables:
        if receptor in receptors(table):
            for column in table.columns:
                if column.name == quantity:
                    return _BY_UNITS.get(column.units, "1"), column.units
    return next(((dim, units) for name, dim, units in _DIMS if quantity.startswith(name)), ("1", "1"))


_BY_UNITS = {"m": "L", "s": "T", "kg/m3": "C", "m3/s": "L3/T", "kg": "M", "1": "1", "m/s": "L/T", "m2": "L2"}


def _find(tables: Sequence[ResultTable], receptor: str, quantity: str) -> float | None:
    for table in tables:
        names = receptors(table)
        has = [row for row in table.columns if row.name == quantity]
        if has and receptor in names:
            return float(has[0].values[names.index(receptor)])
    return None


def _known(tables: Sequence[ResultTable]) -> str:
    parts = []
    for table in tables:
        names = receptors(table)
        if names:
            shown = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
            parts.append(f"{shown} with {', '.join(row.name for row in table.columns[1:])}")
    return "; ".join(parts)


def _number(
    text: str | None, loaded: LoadedCase, k: int, name: str, *, optional: bool = False
) -> float | None:
    if optional and not text:
        return None
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise bad_value(
            loaded.source, f"observed_csv, row {k + 2}, {name}", text, "a finite number", "有限数"
        )
    return value
