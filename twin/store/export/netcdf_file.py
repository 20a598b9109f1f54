"""Export as NetCDF-4 under the CF conventions 1.11.

One axis of time for all series; every series is a variable with its ancillary variables (quality, mark,
checks, version, receipt). ``standard_name`` is given where the CF table (version 85) has one: for hydrogen
fluoride, for example, it has none. Values stand in SI units, written as UDUNITS reads them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from twin.core.observation import Check, Mark, Quality
from twin.store.export.gather import About, Counter, Head, Plan, iso, pieces
from twin.store.reader import LedgerReader

TIME_UNITS = "milliseconds since 1970-01-01 00:00:00"
FILL = 9.969209968386869e36  # NetCDF's own default for doubles
_FILL_MS = -(2**63) + 1
_FILL_BYTE = -127
_UNITS = {
    "kg/m3": "kg m-3",
    "m/s": "m s-1",
    "deg": "degree",
    "pH": "1",
    "S/m": "S m-1",
    "mg/m3": "mg m-3",
    "mg/L": "mg L-1",
    "uS/cm": "uS cm-1",
    "%": "percent",
    "kg/s": "kg s-1",
}
_STANDARD = {
    "wind_speed": "wind_speed",
    "wind_from": "wind_from_direction",
    "air_temperature": "air_temperature",
    "relative_humidity": "relative_humidity",
    "air_pressure": "air_pressure",
}
_IN_AIR = {
    "nh3": "ammonia",
    "c6h6": "benzene",
    "benzene": "benzene",
    "co": "carbon_monoxide",
    "hcho": "formaldehyde",
    "hcl": "hydrogen_chloride",
    "hcn": "hydrogen_cyanide",
    "ch4": "methane",
    "no2": "nitrogen_dioxide",
    "no": "nitrogen_monoxide",
    "o3": "ozone",
    "so2": "sulfur_dioxide",
    "toluene": "toluene",
    "xylene": "xylene",
}
_QUALITIES = tuple(Quality)
_MARKS = tuple(Mark)


def write(reader: LedgerReader, plan: Plan, about: About, target: Path, counter: Counter) -> None:
    """Write the file."""
    from netCDF4 import Dataset

    gathered: dict[str, tuple[Head, dict[str, list[Any]]]] = {}
    for piece in pieces(reader, plan, counter):
        _, columns = gathered.setdefault(
            piece.head.row.key, (piece.head, {name: [] for name in plan.columns})
        )
        for name, column in piece.columns.items():
            columns[name] += column
    times = np.unique(
        np.concatenate(
            [np.array(columns["time_ms"], dtype=np.int64) for _, columns in gathered.values()]
            or [np.empty(0, dtype=np.int64)]
        )
    )
    with Dataset(target, "w", format="NETCDF4") as file:
        _describe(file, plan, about)
        file.createDimension("time", len(times))
        axis = file.createVariable("time", "i8", ("time",), zlib=True)
        axis.setncatts({"standard_name": "time", "units": TIME_UNITS, "calendar": "standard", "axis": "T"})
        axis[:] = times
        names: dict[str, str] = {}
        for key, (head, columns) in gathered.items():
            _series(file, plan, _name(key, names), head, columns, times)


def _describe(file: Any, plan: Plan, about: About) -> None:
    file.setncatts(
        {
            "Conventions": "CF-1.11",
            "title": f"{about.park_en}: {plan.step_name} values of {len(plan.series)} series",
            "title_zh": about.park_zh,
            "institution": about.park_en,
            "source": "instruments of the park; origin of every variable in its attribute 'origin'",
            "history": f"{iso(about.made_ms)} exported by {about.program}",
            "time_coverage_start": iso(plan.from_ms),
            "time_coverage_end": iso(plan.to_ms),
        }
    )


def _series(file: Any, plan: Plan, name: str, head: Head, columns: dict[str, list[Any]], times: Any) -> None:
    place = np.searchsorted(times, np.array(columns["time_ms"], dtype=np.int64))
    ancillary = _ancillary(file, name, columns, place)
    variable = file.createVariable(name, "f8", ("time",), zlib=True, fill_value=FILL)
    variable.setncatts(_attributes(plan, head, columns) | {"ancillary_variables": " ".join(ancillary)})
    variable[:] = _spread(place, columns["value"], len(times), FILL)
    for part in ("low", "high"):
        if part in columns:
            extra = file.createVariable(f"{name}_{part}", "f8", ("time",), zlib=True, fill_value=FILL)
            method = "minimum" if part == "low" else "maximum"
            extra.setncatts(_attributes(plan, head, columns) | {"cell_methods": f"time: {method}"})
            extra[:] = _spread(place, columns[part], len(times), FILL)


def _attributes(plan: Plan, head: Head, columns: dict[str, list[Any]]) -> dict[str, Any]:
    row = head.row
    intervals = set(columns.get("interval_ms", ()))
    moments = plan.step is None and intervals <= {0}
    found: dict[str, Any] = {
        "units": _UNITS.get(head.unit, head.unit),
        "long_name": head.quantity.name.en if head.quantity else row.quantity,
        "long_name_zh": head.quantity.name.zh if head.quantity else row.quantity,
        "series_key": row.key,
        "sensor": row.sensor_id,
        "origin": row.origin.value,
        "cell_methods": "time: point" if moments else "time: mean",
    }
    if not moments:
        found["comment"] = "time is the start of the interval over which the mean was taken"
    standard = standard_name(row.quantity)
    return found | ({"standard_name": standard} if standard else {})


def standard_name(quantity_key: str) -> str | None:
    """CF standard name of a quantity, None where the table has none.

    >>> standard_name("conc:nh3")
    'mass_concentration_of_ammonia_in_air'
    """
    if quantity_key.startswith("conc:"):
        substance = _IN_AIR.get(quantity_key.removeprefix("conc:"))
        return None if substance is None else f"mass_concentration_of_{substance}_in_air"
    return _STANDARD.get(quantity_key)


def _ancillary(file: Any, name: str, columns: dict[str, list[Any]], place: Any) -> list[str]:
    made = []

    def add(part: str, kind: str, fill: int, values: list[int], attributes: dict[str, Any]) -> None:
        full = f"{name}_{part}"
        variable = file.createVariable(full, kind, ("time",), zlib=True, fill_value=fill)
        variable.setncatts(attributes)
        variable[:] = _spread(place, values, len(file.dimensions["time"]), fill)
        made.append(full)

    qualities = {row.value: i for i, row in enumerate(_QUALITIES)}
    flags = _flags("quality at a glance", [row.value for row in _QUALITIES])
    add("quality", "i1", _FILL_BYTE, [qualities[q] for q in columns["quality"]], flags | _QUALITY_NAME)
    if "mark" not in columns:
        count = {"long_name": "number of values in the mean", "units": "1"}
        add("count", "i4", -1, columns["count"], count | {"standard_name": "number_of_observations"})
        return made
    marks = {row.value: i for i, row in enumerate(_MARKS)}
    named = _flags("mark set by the device (HJ 212)", [row.name.lower() for row in _MARKS])
    add("mark", "i1", _FILL_BYTE, [marks[mark] for mark in columns["mark"]], named)
    bits = [bit for bit in Check if bit]
    add("checks", "i4", -1, columns["checks"], {
        "long_name": "marks set by the platform",
        "flag_masks": np.array([int(bit) for bit in bits], dtype=np.int32),
        "flag_meanings": " ".join(str(bit.name).lower() for bit in bits),
    })  # fmt: skip
    add("version", "i4", -1, columns["version"], {"long_name": "version of the value", "units": "1"})
    interval = {"long_name": "length of the mean, 0 for a moment", "units": "milliseconds"}
    add("interval", "i4", -1, columns["interval_ms"], interval)
    received = {"long_name": "time of receipt", "units": TIME_UNITS, "calendar": "standard"}
    add("received", "i8", _FILL_MS, columns["received_ms"], received)
    return made


_QUALITY_NAME = {"standard_name": "quality_flag"}


def _flags(long_name: str, meanings: list[str]) -> dict[str, Any]:
    return {
        "long_name": long_name,
        "flag_values": np.arange(len(meanings), dtype=np.int8),
        "flag_meanings": " ".join(meanings),
    }


def _spread(place: Any, values: list[Any], length: int, fill: float) -> Any:
    kind = np.float64 if isinstance(fill, float) else np.int64
    full = np.full(length, fill, dtype=kind)
    full[place] = [fill if value is None else value for value in values]
    return full


def _name(key: str, taken: dict[str, str]) -> str:
    """Letters, digits and underscores, beginning with a letter, each only once."""
    base = re.sub(r"[^A-Za-z0-9]+", "_", key).strip("_")
    base = base if base[:1].isalpha() else f"s_{base}"
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    taken[name] = key
    return name
