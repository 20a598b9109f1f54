"""What a case gives: tables of numbers with units, fields on grids, and what they were computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.core.errors import BadRequestError
from twin.core.geometry import FloatArray
from twin.core.origin import Origin
from twin.core.plume import PlumeGrid
from twin.core.text import Text

if TYPE_CHECKING:
    from models.air.case.stats import Scores


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Column:
    """A column of a table. ``values`` are SI, ``units`` a name of ``twin.core.units``; text has none."""

    name: str
    units: str
    values: tuple[float, ...] | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResultTable:
    """Rows of a result. The first column is ``receptor`` where rows belong to places."""

    name: str
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """Column by name. Raises BadRequestError that lists the known ones."""
        for row in self.columns:
            if row.name == name:
                return row
        known = ", ".join(row.name for row in self.columns)
        raise BadRequestError(
            f"table {self.name} has no column {name!r}; expected one of {known}",
            message_zh=f"表 {self.name} 没有列 {name!r}；应为 {known} 之一",
            field="column",
            value=name,
        )

    def numbers(self, name: str) -> FloatArray:
        """Values of a column as an array (n,)."""
        return np.array(self.column(name).values, dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class GeoFrame:
    """Where the local frame lies. ``crs`` is WKT or an EPSG code as text; empty: nowhere on the earth.

    Projected coordinates are local ones plus ``easting_m`` and ``northing_m``; ``height_m`` is the level
    of local zero over the vertical datum.
    """

    crs: str = ""
    easting_m: float = 0.0
    northing_m: float = 0.0
    height_m: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AirField:
    """A quantity on a terrain-following grid at one or more times.

    ``values`` (nt, nz, ny, nx) in ``units``; ``times_ms`` (nt,) since 1970. ``quantity`` is a key of
    ``twin.stage.air.quantities`` (``conc_kg_m3``, ``dose_kg_s_m3``, ``wind_speed_m_s``, ``depth_m``).
    ``ground_m`` (ny, nx) are local ground levels at the cells' centres. ``inputs`` and ``notes`` as in
    ``twin.core.plume.Plume``.
    """

    id: str
    quantity: str
    units: str
    substance_id: str
    times_ms: tuple[int, ...]
    grid: PlumeGrid
    values: FloatArray
    ground_m: FloatArray
    frame: GeoFrame
    solver: str
    version: str
    origin: Origin
    inputs: tuple[str, ...]
    notes: tuple[str, ...] = ()
    title: str = ""
    averaged_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaseResult:
    """Everything that came out of one case. ``tables`` by name; ``scores`` when something was observed."""

    id: str
    kind: str
    title: str
    solver: str
    version: str
    origin: Origin
    tables: Mapping[str, ResultTable]
    inputs: tuple[str, ...]
    notes: tuple[str, ...] = ()
    fields: tuple[AirField, ...] = ()
    scores: tuple[Scores, ...] = ()
    citation: str = ""
    texts: tuple[Text, ...] = ()

    def value(self, receptor: str, quantity: str) -> float:
        """One number of any table, SI. Raises BadRequestError naming what there is."""
        found = self.find(receptor, quantity)
        if found is not None:
            return found
        known = sorted({str(name) for table in self.tables.values() for name in _receptors(table)})
        raise BadRequestError(
            f"no {quantity!r} at {receptor!r}; expected one of the receptors {', '.join(known)}",
            message_zh=f"{receptor!r} 处没有 {quantity!r}；接收点应为 {', '.join(known)} 之一",
            field="receptor",
            value=receptor,
        )

    def find(self, receptor: str, quantity: str) -> float | None:
        """The same, or None."""
        for table in self.tables.values():
            names = _receptors(table)
            has = [row for row in table.columns if row.name == quantity]
            if has and receptor in names:
                return float(has[0].values[names.index(receptor)])
        return None


def make_table(name: str, columns: Sequence[tuple[str, str, Sequence[object]]]) -> ResultTable:
    """Table from (name, units, values); numbers become floats.

    >>> make_table("t", [("receptor", "", ["a"]), ("conc", "kg/m3", [1])]).numbers("conc").tolist()
    [1.0]
    """
    made = []
    for label, units, values in columns:
        is_text = any(isinstance(value, str) for value in values)
        cells = tuple(str(v) for v in values) if is_text else tuple(float(v) for v in values)  # type: ignore[arg-type]
        made.append(Column(name=label, units=units, values=cells))
    return ResultTable(name=name, columns=tuple(made))


def _receptors(table: ResultTable) -> list[str]:
    first = table.columns[0]
    return [str(value) for value in first.values] if first.name == "receptor" else []
