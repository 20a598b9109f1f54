"""What was observed, laid beside what was computed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.air.case.load import bad_value
from models.air.case.result import CaseResult, ResultTable, make_table
from models.air.case.rows_csv import number, text_of_csv
from models.air.case.schema_places import ObservedRow
from models.air.case.stats import Scores, scores
from twin.core.errors import UnitError
from twin.core.units import ppm_to_kg_m3, to_si, unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """An observed value and the computed one, both SI (NaN: not computed)."""

    receptor: str
    quantity: str
    units: str
    observed_value: float
    modelled_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GasState:
    """What turns ppm into a mass concentration. ``molar_mass_kg_mol`` None where nobody knows it."""

    molar_mass_kg_mol: float | None
    temperature_k: float
    pressure_pa: float


def observed_rows(
    rows: Sequence[ObservedRow], csv_name: str | None, folder: Path, source: str
) -> tuple[ObservedRow, ...]:
    """Rows of the case and of its CSV file (receptor, value; quantity and units where they differ)."""
    found = list(rows)
    if csv_name is not None:
        for k, row in enumerate(
            text_of_csv(folder / csv_name, ("receptor", "value"), "observed_csv", source)
        ):
            value = number(row["value"], f"observed_csv, row {k + 2}, value", source)
            found.append(
                ObservedRow(
                    receptor=row["receptor"],
                    quantity=row.get("quantity") or "conc",
                    value=value,
                    units=row.get("units") or "1",
                )
            )
    return tuple(found)


def pairs_of(result: CaseResult, rows: Sequence[ObservedRow], gas: GasState, source: str) -> tuple[Pair, ...]:
    """Every observation beside its result. Raises CaseError when a receptor or unit is unknown."""
    found = []
    for row in rows:
        modelled = result.find(row.receptor, row.quantity)
        if modelled is None:
            raise bad_value(
                source,
                f"observed {row.receptor}, {row.quantity}",
                row.value,
                f"a receptor and quantity of the result: {_known(result)}",
                f"结果中的接收点与量：{_known(result)}",
            )
        in_ppm = result.find(row.receptor, f"{row.quantity}_ppm") if row.units == "ppm" else None
        if in_ppm is not None:  # the model knows how warm and how dense its cloud is
            found.append(_pair_in_ppm(row, in_ppm))
            continue
        value, units = _to_si(row, gas, source)
        found.append(
            Pair(
                receptor=row.receptor,
                quantity=row.quantity,
                units=units,
                observed_value=value,
                modelled_value=modelled,
            )
        )
    return tuple(found)


def _pair_in_ppm(row: ObservedRow, modelled: float) -> Pair:
    return Pair(
        receptor=row.receptor,
        quantity=row.quantity,
        units="ppm",
        observed_value=row.value,
        modelled_value=modelled,
    )


def pair_table(pairs: Sequence[Pair]) -> ResultTable:
    """Table ``observed``: every pair with the ratio of modelled to observed."""
    ratio = [p.modelled_value / p.observed_value if p.observed_value else math.nan for p in pairs]
    return make_table(
        "observed",
        [
            ("receptor", "", [p.receptor for p in pairs]),
            ("quantity", "", [p.quantity for p in pairs]),
            ("units", "", [p.units for p in pairs]),
            ("observed", "", [p.observed_value for p in pairs]),
            ("modelled", "", [p.modelled_value for p in pairs]),
            ("ratio", "1", ratio),
        ],
    )


def pairs_of_table(result: CaseResult) -> tuple[Pair, ...]:
    """Pairs of a result's table ``observed``; none when nothing was observed."""
    table = result.tables.get("observed")
    if table is None:
        return ()
    names = ("receptor", "quantity", "units", "observed", "modelled")
    columns = (table.column(name).values for name in names)
    return tuple(
        Pair(
            receptor=f"{result.id}/{receptor}",
            quantity=str(quantity),
            units=str(units),
            observed_value=float(seen),
            modelled_value=float(made),
        )
        for receptor, quantity, units, seen, made in zip(*columns, strict=True)
    )


def scores_of(pairs: Sequence[Pair]) -> tuple[Scores, ...]:
    """Statistics per quantity, of pairs of one or many cases."""
    grouped: dict[tuple[str, str], list[Pair]] = {}
    for pair in pairs:
        if math.isfinite(pair.modelled_value):
            grouped.setdefault((pair.quantity, pair.units), []).append(pair)
    return tuple(
        scores(
            [p.observed_value for p in rows],
            [p.modelled_value for p in rows],
            quantity=quantity,
            units=units,
        )
        for (quantity, units), rows in grouped.items()
    )


def _to_si(row: ObservedRow, gas: GasState, source: str) -> tuple[float, str]:
    if row.units in _MORE:
        factor, si = _MORE[row.units]
        return row.value * factor, si
    if row.units == "ppm":
        if gas.molar_mass_kg_mol is None:
            raise bad_value(
                source,
                f"observed {row.receptor}",
                "ppm",
                "a substance of the table, molar_mass_kg_mol, or another unit",
                "表中物质、molar_mass_kg_mol 或其他单位",
            )
        value = ppm_to_kg_m3(
            row.value,
            gas.molar_mass_kg_mol,
            temperature_k=gas.temperature_k,
            pressure_pa=gas.pressure_pa,
        )
        return value, "kg/m3"
    try:
        return to_si(row.value, row.units), _SI.get(unit(row.units).dimension, row.units)
    except UnitError as error:
        raise bad_value(
            source, f"observed {row.receptor}, units", row.units, error.message, error.message_zh
        ) from None


# Units of results that instruments do not send, and their SI names.
_MORE: Mapping[str, tuple[float, str]] = {
    "kg/m2": (1.0, "kg/m2"),
    "g/m2": (1e-3, "kg/m2"),
    "mg/m2": (1e-6, "kg/m2"),
    "kg s/m3": (1.0, "kg s/m3"),
    "mg s/m3": (1e-6, "kg s/m3"),
    "s/m": (1.0, "s/m"),
}
_SI: Mapping[str, str] = {
    "mass_concentration": "kg/m3",
    "speed": "m/s",
    "length": "m",
    "temperature": "K",
    "mass_rate": "kg/s",
    "mass": "kg",
    "time": "s",
    "fraction": "1",
    "angle_deg": "deg",
}


def _known(result: CaseResult) -> str:
    parts = []
    for table in result.tables.values():
        if table.columns[0].name == "receptor":
            names = [str(value) for value in table.columns[0].values]
            shown = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
            parts.append(f"{shown} with {', '.join(row.name for row in table.columns[1:])}")
    return "; ".join(parts)
