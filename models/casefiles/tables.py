"""Tables of numbers with units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin.core.errors import BadRequestError
from twin.core.geometry import FloatArray


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


def receptors(table: ResultTable) -> list[str]:
    """Receptors of a table; none where rows are not places."""
    first = table.columns[0]
    return [str(value) for value in first.values] if first.name == "receptor" else []
