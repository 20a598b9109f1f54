"""What a case gives: tables of numbers with units, fields on grids, and what they were computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.casefiles.tables import Column as Column
from models.casefiles.tables import ResultTable as ResultTable
from models.casefiles.tables import make_table as make_table
from models.casefiles.tables import receptors
from twin.core.errors import BadRequestError
from twin.core.geometry import FloatArray
from twin.core.origin import Origin
from twin.core.plume import PlumeGrid
from twin.core.text import Text

if TYPE_CHECKING:
    from models.air.case.stats import Scores


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
        known = sorted({str(name) for table in self.tables.values() for name in receptors(table)})
        raise BadRequestError(
            f"no {quantity!r} at {receptor!r}; expected one of the receptors {', '.join(known)}",
            message_zh=f"{receptor!r} 处没有 {quantity!r}；接收点应为 {', '.join(known)} 之一",
            field="receptor",
            value=receptor,
        )

    def find(self, receptor: str, quantity: str) -> float | None:
        """The same, or None."""
        for table in self.tables.values():
            names = receptors(table)
            has = [row for row in table.columns if row.name == quantity]
            if has and receptor in names:
                return float(has[0].values[names.index(receptor)])
        return None
