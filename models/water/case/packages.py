"""Packages of a case as the stresses of its periods, in SI.

Rows of one package with one name act as one stress, so that budgets are those of the packages. A stress that
does not change from one period to the next is the same object, which lets the model keep a steady solution.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from models.casefiles.findings import CaseError, bad_value
from models.water.case.arrays import Arrays
from models.water.case.bounds import Bounds, typed
from models.water.case.dims import Scale
from models.water.case.gather import Gathered
from models.water.case.places import Ground, cells_of, point_cell
from models.water.case.schema import FlowCase
from models.water.case.schema_stress import Acting, CellRow, HfbRow, RchRow, WelRow
from models.water.grid import IntArray
from models.water.problem import (
    Barrier,
    Drain,
    Evapotranspiration,
    FixedHead,
    GeneralHead,
    Medium,
    Period,
    Recharge,
    River,
    Stress,
    Wells,
)
from twin.core.errors import BadRequestError
from twin.core.geometry import FloatArray, frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A package that acts in cells: its class, and by the name in the file (name in SI, unit's dimension)."""

    make: Callable[..., Stress]
    values: dict[str, tuple[str, str]]
    has_conc: bool = True


KINDS: dict[str, Kind] = {
    "chd": Kind(make=FixedHead, values={"head": ("head_m", "L")}),
    "wel": Kind(make=Wells, values={"rate": ("rate_m3_s", "L3/T")}),
    "riv": Kind(
        make=River,
        values={
            "stage": ("stage_m", "L"),
            "conductance": ("conductance_m2_s", "L2/T"),
            "bottom": ("bottom_m", "L"),
        },
    ),
    "drn": Kind(
        make=Drain,
        values={"elevation": ("elevation_m", "L"), "conductance": ("conductance_m2_s", "L2/T")},
        has_conc=False,
    ),
    "ghb": Kind(
        make=GeneralHead, values={"head": ("head_m", "L"), "conductance": ("conductance_m2_s", "L2/T")}
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """What one row gives in some periods."""

    kind: str
    name: str
    cells: IntArray
    values: dict[str, FloatArray]
    conc: FloatArray | None
    where: str


@dataclass(slots=True, kw_only=True)
class Packages:
    """Builds the stresses of all periods of a case."""

    case: FlowCase
    scale: Scale
    ground: Ground
    arrays: Arrays
    medium: Medium
    gathered: Gathered
    species: tuple[str, ...] = ()
    parts: list[dict[int, Part]] = field(default_factory=list)
    whole: list[tuple[tuple[int, ...], Stress]] = field(default_factory=list)

    def periods(self) -> tuple[Period, ...]:
        """The periods; findings go to ``gathered``."""
        for kind in KINDS:
            for n, row in enumerate(getattr(self.case, kind), start=1):
                self.gathered.part(partial(self._row, kind, row, f"{kind}.{n}"), None)
        self.gathered.part(self._held_once, None)
        planes = {"rch": self._recharge, "evt": self._evapotranspiration, "hfb": self._barrier}
        for kind, make in planes.items():
            for n, row in enumerate(getattr(self.case, kind), start=1):
                self.gathered.part(partial(self._plane, make, row, f"{kind}.{n}"), None)
        known: dict[tuple[int, ...], Stress] = {}
        return tuple(
            Period(
                length_s=row.length * self.scale.factor("T"),
                stresses=self._stresses(at, known),
                steps=row.steps,
                multiplier=row.multiplier,
                steady=row.steady,
            )
            for at, row in enumerate(self.case.period)
        )

    @property
    def bounds(self) -> Bounds:
        """What numbers of rows are checked against."""
        layers = self.ground.grid.shape[0]
        own = self.medium.convertible
        return Bounds(
            grid=self.ground.grid,
            counting=self.ground.counting,
            scale=self.scale,
            convertible=np.zeros(layers, dtype=np.bool_) if own is None else own,
        )

    def _held_once(self) -> None:
        """Raise CaseError for a cell whose head two rows give in one period."""
        seen: set[tuple[int, ...]] = set()
        for at in range(len(self.case.period)):
            parts = [row[at] for row in self.parts if at in row and row[at].kind == "chd"]
            key = tuple(id(part) for part in parts)
            if not parts or key in seen:
                continue
            seen.add(key)
            cells = np.concatenate([part.cells for part in parts])
            owner = np.repeat(np.arange(len(parts)), [len(part.cells) for part in parts])
            flat = np.ravel_multi_index(tuple(cells.T), self.ground.grid.shape)
            order = np.argsort(flat, kind="stable")
            twice = np.flatnonzero(np.diff(flat[order]) == 0)
            if len(twice):
                one, two = order[twice[0]], order[twice[0] + 1]
                where = f"{parts[owner[two]].where}, cell (layer, row, column) "
                raise self._bad(
                    f"{where}{self.ground.counting.told(tuple(cells[two]))}",
                    f"also in {parts[owner[one]].where}",
                    f"one fixed head per cell and period (here period {at + 1})",
                    f"每个单元每个应力期只有一个定水头（此处为应力期 {at + 1}）",
                )

    def _stresses(self, at: int, known: dict[tuple[int, ...], Stress]) -> tuple[Stress, ...]:
        grouped: dict[tuple[str, str], list[Part]] = {}
        for row in self.parts:
            if at in row:
                grouped.setdefault((row[at].kind, row[at].name), []).append(row[at])
        found: list[Stress] = []
        for parts in grouped.values():
            key = tuple(id(part) for part in parts)
            known[key] = known.get(key) or self._joined(parts)
            found.append(known[key])
        return (*found, *(stress for periods, stress in self.whole if at in periods))

    def _joined(self, parts: Sequence[Part]) -> Stress:
        kind = KINDS[parts[0].kind]
        values = {
            si: frozen(np.concatenate([part.values[name] for part in parts]))
            for name, (si, _) in kind.values.items()
        }
        more: dict[str, Any] = {}
        if kind.has_conc and any(part.conc is not None for part in parts):
            none = np.zeros((0, len(self.species)))
            more["conc_kg_m3"] = frozen(
                np.concatenate(
                    [np.zeros((len(p.cells), none.shape[1])) if p.conc is None else p.conc for p in parts]
                )
            )
        cells = np.concatenate([part.cells for part in parts])
        return kind.make(cells=cells, name=parts[0].name, **values, **more)

    def _row(self, kind: str, row: Any, where: str) -> None:
        periods = self._acting(row, where)
        if isinstance(row, WelRow) and row.screen_top is not None:
            self.parts.append(self._screen(row, periods, where))
            return
        names = (*KINDS[kind].values, *(("conc",) if KINDS[kind].has_conc else ()))
        found = cells_of(row, names, self.ground, where)
        courses = {
            name: self._course(getattr(row, name), found.columns.get(name), dim, periods, f"{where}.{name}")
            for name, (_, dim) in KINDS[kind].values.items()
        }
        concs = self._concs(row, found.columns.get("conc"), periods, where)
        self.bounds.row(kind, found.cells, courses, where)
        for conc in concs or ():
            self.bounds.cells(conc, found.cells, f"{where}.conc", "C")
        self.parts.append(self._parts((kind, row.name or kind, where), found.cells, periods, courses, concs))

    def _parts(
        self,
        names: tuple[str, str, str],
        cells: IntArray,
        periods: Sequence[int],
        courses: dict[str, list[FloatArray]],
        concs: list[FloatArray] | None,
    ) -> dict[int, Part]:
        """Parts by period; one for all where nothing changes. ``names``: package, its name, the row."""
        count = len(cells)
        kind, name, where = names
        changing = any(len(course) > 1 for course in (*courses.values(), concs or []))
        made: dict[int, Part] = {}
        for n, at in enumerate(periods):
            if made and not changing:
                made[at] = made[periods[0]]
                continue
            pick = {key: course[min(n, len(course) - 1)] for key, course in courses.items()}
            conc = None if concs is None else concs[min(n, len(concs) - 1)]
            made[at] = Part(
                kind=kind,
                name=name,
                cells=cells,
                values={key: np.broadcast_to(value, (count,)).copy() for key, value in pick.items()},
                conc=None if conc is None else np.broadcast_to(conc, (count, len(self.species))).copy(),
                where=where,
            )
        return made

    def _screen(self, row: WelRow, periods: Sequence[int], where: str) -> dict[int, Part]:
        from models.water.flow.screened import screened

        length_m = self.scale.factor("L")
        rates = self._course(row.rate, None, "L3/T", periods, f"{where}.rate")
        ends = (row.x, row.y, row.screen_top, row.screen_bottom)
        x, y, top, bottom = (float(value or 0.0) * length_m for value in ends)
        try:
            shares = screened(self.ground.grid, self.medium, x, y, top, bottom, 1.0)
        except BadRequestError:
            i, j = point_cell(row.x or 0.0, row.y or 0.0, None, self.ground, where)[1:]
            grid = self.ground.grid
            floor = typed(float(grid.bottom_m[-1, i, j]), length_m)
            roof = typed(float(grid.top_m[i, j]), length_m)
            raise self._bad(
                f"{where}.screen_top, screen_bottom",
                (row.screen_top, row.screen_bottom),
                f"the top above the bottom, a part of it in an active cell between {floor} and {roof} "
                f"{self.scale.names.length}",
                f"顶高于底，且有一段位于 {floor} 至 {roof} {self.scale.names.length} 之间的活动单元内",
            ) from None
        courses = {"rate": [float(rate[0]) * shares.rate_m3_s for rate in rates]}
        concs = self._concs(row, None, periods, where)
        for conc in concs or ():
            self.bounds.cells(conc, shares.cells, f"{where}.conc", "C")
        return self._parts(("wel", row.name or "wel", where), shares.cells, periods, courses, concs)

    def _course(
        self,
        given: float | list[float] | None,
        column: FloatArray | None,
        dim: str,
        periods: Sequence[int],
        where: str,
    ) -> list[FloatArray]:
        """Values of a field: of the table, or one for all periods, or one per period; SI."""
        factor = self.scale.factor(dim)
        if (given is None) == (column is None):
            said = "missing" if given is None else "given twice"
            raise self._bad(
                where,
                said,
                "a value, in the row or its table",
                "行内或其表中的一个值",
            )
        if column is not None:
            return [column * factor]
        if isinstance(given, list):
            if len(given) != len(periods):
                raise self._bad(
                    where,
                    f"{len(given)} values",
                    f"one per period in which the row acts, {len(periods)}",
                    f"每个作用期一个值，共 {len(periods)} 个",
                )
            return [np.array([value * factor]) for value in given]
        return [np.array([float(given or 0.0) * factor])]

    def _concs(
        self, row: CellRow, column: FloatArray | None, periods: Sequence[int], where: str
    ) -> list[FloatArray] | None:
        given = getattr(row, "conc", None)
        if given is None and column is None:
            return None
        self._need_species(where)
        if isinstance(given, list) and len(given) != len(periods):
            known = ", ".join(f"{name} = 1.0" for name in self.species[:2])
            raise self._bad(
                f"{where}.conc",
                f"{len(given)} values",
                f"one per period in which the row acts, {len(periods)}; of several species {{{known}}}",
                f"每个作用期一个值，共 {len(periods)} 个；多种物质请用表 {{{known}}}",
            )
        if column is not None or not isinstance(given, dict):
            course = self._course(given, column, "C", periods, f"{where}.conc")
            return [self._first_only(values) for values in course]
        total: list[FloatArray] = [np.zeros((1, len(self.species))) for _ in range(len(periods))]
        for name, value in given.items():
            at = self._species(name, f"{where}.conc")
            course = self._course(value, None, "C", periods, f"{where}.conc.{name}")
            for n, table in enumerate(total):
                table[:, at] = course[min(n, len(course) - 1)]
        return total

    def _first_only(self, values: FloatArray) -> FloatArray:
        found = np.zeros((len(values), len(self.species)))
        found[:, 0] = values
        return found

    def _plane(self, make: Callable[[Any, str], Stress], row: Acting, where: str) -> None:
        self.whole.append((self._acting(row, where), make(row, where)))

    def _recharge(self, row: RchRow, where: str) -> Stress:
        rate = self.arrays.plane(row.rate, f"{where}.rate", self.scale.factor("L/T"))
        conc = None
        if row.conc is not None:
            self._need_species(where)
            given = row.conc if isinstance(row.conc, dict) else {self.species[0]: row.conc}
            conc = np.zeros((*rate.shape, len(self.species)))
            for name, value in given.items():
                conc[..., self._species(name, f"{where}.conc")] = value * self.scale.factor("C")
            self.bounds.plane(conc, f"{where}.conc", "C")
        return Recharge(rate_m_s=frozen(rate), conc_kg_m3=conc, name=row.name or "rch")

    def _evapotranspiration(self, row: Any, where: str) -> Stress:
        dims = {"rate": "L/T", "surface": "L", "depth": "L"}
        made = {
            key: self.arrays.plane(getattr(row, key), f"{where}.{key}", self.scale.factor(dim))
            for key, dim in dims.items()
        }
        self.bounds.plane(made["rate"], f"{where}.rate", "L/T")
        self.bounds.plane(made["depth"], f"{where}.depth", "L", above=True)
        return Evapotranspiration(
            surface_m=made["surface"], rate_m_s=made["rate"], depth_m=made["depth"], name=row.name or "evt"
        )

    def _barrier(self, row: HfbRow, where: str) -> Stress:
        sides = []
        for n in (0, 1):
            if row.columns is not None:
                sides.append(self.ground.counting.cells(row.layer, row.along, row.columns[n], where))
            elif row.rows is not None:
                sides.append(self.ground.counting.cells(row.layer, row.rows[n], row.along, where))
        active = self.ground.grid.active
        both = active[tuple(sides[0].T)] & active[tuple(sides[1].T)]
        if not both.any():
            raise self._bad(
                where,
                "no face",
                "faces between active cells",
                "活动单元之间的面",
            )
        return Barrier(
            cells_a=sides[0][both],
            cells_b=sides[1][both],
            hydraulic_1_s=np.full(int(both.sum()), row.hydraulic * self.scale.factor("1/T")),
            name=row.name or "hfb",
        )

    def _acting(self, row: Acting, where: str) -> tuple[int, ...]:
        count = len(self.case.period)
        if row.periods is None:
            return tuple(range(count))
        late = [n for n in row.periods if n > count]
        if late:
            raise self._bad(
                f"{where}.periods",
                late[0],
                f"periods from 1 to {count}",
                f"1 至 {count} 的应力期",
            )
        return tuple(sorted({n - 1 for n in row.periods}))

    def _need_species(self, where: str) -> None:
        if not self.species:
            raise self._bad(f"{where}.conc", "given", "kind = transport", "kind = transport")

    def _species(self, name: str, where: str) -> int:
        if name not in self.species:
            known = ", ".join(self.species)
            raise self._bad(where, name, f"one of {known}", f"{known} 之一")
        return self.species.index(name)

    def _bad(self, where: str, value: object, expected: str, expected_zh: str) -> CaseError:
        return bad_value(self.ground.counting.source, where, value, expected, expected_zh)
