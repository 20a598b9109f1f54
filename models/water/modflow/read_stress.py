"""Packages of a MODFLOW 6 flow model as stresses, period by period."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models.water.grid import Grid, IntArray
from models.water.modflow.extra import UnsupportedError, refused
from models.water.modflow.mirror import cells_of, turned
from models.water.modflow.units import Units
from models.water.problem import (
    Barrier,
    Drain,
    Evapotranspiration,
    FixedHead,
    GeneralHead,
    Recharge,
    River,
    Stress,
    Wells,
)
from twin.core.geometry import FloatArray, frozen

_L, _RATE, _COND = "L", "L3/T", "L2/T"
_LISTS: dict[str, tuple[Callable[..., Stress], dict[str, tuple[str, str]]]] = {
    "chd": (FixedHead, {"head": ("head_m", _L)}),
    "wel": (Wells, {"q": ("rate_m3_s", _RATE)}),
    "riv": (
        River,
        {"stage": ("stage_m", _L), "cond": ("conductance_m2_s", _COND), "rbot": ("bottom_m", _L)},
    ),
    "drn": (Drain, {"elev": ("elevation_m", _L), "cond": ("conductance_m2_s", _COND)}),
    "ghb": (GeneralHead, {"bhead": ("head_m", _L), "cond": ("conductance_m2_s", _COND)}),
}


@dataclass(slots=True, kw_only=True)
class Loads:
    """Reads the packages of a flow model. ``species`` are the names of the transport models."""

    gwf: Any
    sim: Any
    units: Units
    species: tuple[str, ...]
    aux: dict[tuple[str, str], str] = field(default_factory=dict)
    mixed: set[tuple[str, str]] = field(default_factory=set)

    def read_sources(self, transports: Sequence[Any]) -> None:
        """Which auxiliary column of which package is the concentration of which species (SSM)."""
        for model in transports:
            ssm = model.get_package("ssm")
            if ssm is None:
                continue
            if ssm.fileinput.get_data() is not None:
                raise UnsupportedError(("ssm.fileinput",), source=model.name)
            rows = ssm.sources.get_data()
            for row in rows if rows is not None else ():
                package, kind, column = (str(value).lower() for value in tuple(row)[:3])
                self.aux[package, model.name] = column
                if kind == "auxmixed":
                    self.mixed.add((package, model.name))

    def by_period(self, grid: Grid, count: int) -> list[tuple[Stress, ...]]:
        """Stresses of every period; one that does not change is the same object."""
        found: list[list[Stress]] = [[] for _ in range(count)]
        for package in self.gwf.packagelist:
            kind = package.package_type
            if kind in _LISTS:
                made = self._listed(package, kind, grid, count)
            elif kind in ("rcha", "evta"):
                made = self._arrays(package, kind, grid, count)
            elif kind in ("rch", "evt"):
                made = self._rows_of_planes(package, kind, grid, count)
            elif kind == "hfb":
                made = self._walls(package, grid, count)
            else:
                continue
            for n, stress in enumerate(made):
                if stress is not None:
                    found[n].append(stress)
        return [tuple(row) for row in found]

    def factor(self, dim: str) -> float:
        """What turns a number of the files into SI."""
        units = self.units
        return {
            _L: units.length_m,
            _RATE: units.length_m**3 / units.time_s,
            _COND: units.length_m**2 / units.time_s,
        }[dim]

    def _listed(self, package: Any, kind: str, grid: Grid, count: int) -> list[Stress | None]:
        make, columns = _LISTS[kind]
        self._refuse_mixed(package)

        def made(rows: Any) -> Stress | None:
            if rows is None or not len(rows):
                return None
            values = {
                si: frozen(_numbers(rows, name, package) * self.factor(dim))
                for name, (si, dim) in columns.items()
            }
            conc = self._conc(rows, package)
            if conc is not None and kind != "drn":
                values["conc_kg_m3"] = conc
            cells = cells_of(rows["cellid"], grid.shape[1])
            _check_cells(cells, grid, package.package_name)
            return make(cells=cells, name=package.package_name, **values)

        return _held_on(package.stress_period_data, count, made)

    def _conc(self, rows: Any, package: Any) -> FloatArray | None:
        """Concentrations (n, species) of water that enters; None where SSM names no column."""
        columns = [self.aux.get((package.package_name.lower(), name)) for name in self.species]
        if not any(columns):
            return None
        names = {str(name).lower(): str(name) for name in rows.dtype.names}
        found = np.zeros((len(rows), len(self.species)))
        for n, column in enumerate(columns):
            if column is None:
                continue
            if column not in names:
                raise refused(
                    f"ssm, {package.package_name}",
                    column,
                    f"a column of {sorted(names)}",
                    f"{sorted(names)} 之一",
                )
            found[:, n] = _numbers(rows, names[column], package)
        return frozen(found * self.units.conc_kg_m3)

    def _refuse_mixed(self, package: Any) -> None:
        name = package.package_name.lower()
        if any((name, species) in self.mixed for species in self.species):
            raise UnsupportedError((f"ssm.auxmixed of {name}",), source=self.gwf.name)

    def _arrays(self, package: Any, kind: str, grid: Grid, count: int) -> list[Stress | None]:
        names = {"rcha": ("recharge",), "evta": ("surface", "rate", "depth")}[kind]
        layers = package.irch if kind == "rcha" else package.ievt
        _check_layers(layers, grid, package)
        for option in ("pxdp", "petm"):
            data = getattr(package, option, None)
            if data is not None and data.has_data():
                raise UnsupportedError((f"evta.{option}",), source=self.gwf.name)
        planes = {name: _planes(getattr(package, name), grid, count) for name in names}
        if kind == "evta":
            self._check_pure(package, count)
            speed, length_m = self.units.length_m / self.units.time_s, self.units.length_m
            return _same_objects(
                [tuple(planes[name][n] for name in names) for n in range(count)],
                1,
                lambda row: Evapotranspiration(
                    surface_m=row[0] * length_m,
                    rate_m_s=row[1] * speed,
                    depth_m=row[2] * length_m,
                    name=package.package_name,
                ),
            )
        self._refuse_mixed(package)
        concs = self._plane_concs(package, grid, count)
        speed = self.units.length_m / self.units.time_s
        return _same_objects(
            [(planes["recharge"][n], *(concs[n] if concs else ())) for n in range(count)],
            0,
            lambda row: Recharge(
                rate_m_s=frozen(row[0] * speed),
                conc_kg_m3=frozen(np.stack(row[1:], axis=-1) * self.units.conc_kg_m3) if concs else None,
                name=package.package_name,
            ),
        )

    def _plane_concs(self, package: Any, grid: Grid, count: int) -> list[tuple[FloatArray, ...]]:
        columns = [self.aux.get((package.package_name.lower(), name)) for name in self.species]
        if not any(columns):
            return []
        known = [str(name).lower() for name in _aux_names(package)]
        none = np.zeros(grid.shape[1:])
        body = package.aux.get_data() or {}
        found: list[tuple[FloatArray, ...]] = []
        last: list[FloatArray] = [none] * len(known)
        for n in range(count):
            given = body.get(n)
            if given is not None:
                last = [turned(np.asarray(plane, dtype=np.float64)) for plane in given]
            found.append(tuple(none if c is None else last[known.index(c)] for c in columns))
        return found

    def _check_pure(self, package: Any, count: int) -> None:
        """Evapotranspiration takes no mass here; MODFLOW's does unless AUXMIXED says 0."""
        name = package.package_name.lower()
        for species in self.species:
            column = self.aux.get((name, species))
            pure = column is not None and (name, species) in self.mixed
            if pure:
                planes = [p for p in (package.aux.get_data() or {}).values() if p is not None]
                pure = not any(np.any(np.asarray(plane)) for plane in planes)
            if not pure:
                raise refused(
                    f"ssm, {name}",
                    column,
                    "AUXMIXED with concentration 0: evapotranspiration takes no mass here",
                    "AUXMIXED 且浓度为 0：此处蒸散不带走物质",
                )

    def _rows_of_planes(self, package: Any, kind: str, grid: Grid, count: int) -> list[Stress | None]:
        self._refuse_mixed(package)
        segments = getattr(package, "nseg", None)
        if kind == "evt" and segments is not None and (segments.get_data() or 1) > 1:
            raise UnsupportedError(("evt.nseg",), source=self.gwf.name)
        speed, length_m = self.units.length_m / self.units.time_s, self.units.length_m

        def made(rows: Any) -> Stress | None:
            if rows is None or not len(rows):
                return None
            cells = cells_of(rows["cellid"], grid.shape[1])
            _check_uppermost(cells, grid, package.package_name)
            at = (cells[:, 1], cells[:, 2])
            plane = np.zeros(grid.shape[1:])
            if kind == "evt":
                if len(np.unique(cells[:, 1:], axis=0)) < len(cells):
                    raise refused(package.package_name, "a cell twice", "cells once", "单元不重复")
                surface, depth = np.zeros_like(plane), np.ones_like(plane)
                plane[at] = _numbers(rows, "rate", package) * speed
                surface[at] = _numbers(rows, "surface", package) * length_m
                depth[at] = _numbers(rows, "depth", package) * length_m
                return Evapotranspiration(
                    surface_m=surface, rate_m_s=plane, depth_m=depth, name=package.package_name
                )
            rate = _numbers(rows, "recharge", package) * speed
            np.add.at(plane, at, rate)
            conc = self._conc(rows, package)
            if conc is None:
                return Recharge(rate_m_s=frozen(plane), name=package.package_name)
            mass = np.zeros((*plane.shape, len(self.species)))
            np.add.at(mass, at, rate[:, None] * conc)
            share = np.divide(mass, plane[..., None], out=np.zeros_like(mass), where=plane[..., None] != 0.0)
            return Recharge(rate_m_s=frozen(plane), conc_kg_m3=frozen(share), name=package.package_name)

        return _held_on(package.stress_period_data, count, made)

    def _walls(self, package: Any, grid: Grid, count: int) -> list[Stress | None]:
        def made(rows: Any) -> Stress | None:
            if rows is None or not len(rows):
                return None
            values = _numbers(rows, "hydchr", package) / self.units.time_s
            if (values < 0.0).any():
                raise UnsupportedError(("hfb.hydchr below zero (a multiplier)",), source=self.gwf.name)
            return Barrier(
                cells_a=cells_of(rows["cellid1"], grid.shape[1]),
                cells_b=cells_of(rows["cellid2"], grid.shape[1]),
                hydraulic_1_s=frozen(values),
                name=package.package_name,
            )

        return _held_on(package.stress_period_data, count, made)


def _held_on(data: Any, count: int, made: Callable[[Any], Stress | None]) -> list[Stress | None]:
    """A list by period: it holds on until another, or an empty block, takes its place."""
    body = data.get_data() or {}
    if not isinstance(body, dict):
        body = {0: body}
    empty = {int(key) for key in (getattr(data, "empty_keys", None) or {})}
    found: list[Stress | None] = []
    now: Stress | None = None
    for n in range(count):
        if n in empty:
            now = None
        elif n in body:
            now = made(body[n])
        found.append(now)
    return found


def _numbers(rows: Any, name: str, package: Any) -> FloatArray:
    """A column of numbers. Raises UnsupportedError for the name of a time series."""
    try:
        return np.asarray(rows[name], dtype=np.float64)
    except (TypeError, ValueError):
        raise UnsupportedError(
            (f"{package.package_type}.timeseries ({name})",), source=package.package_name
        ) from None


def _planes(data: Any, grid: Grid, count: int) -> list[FloatArray]:
    body = data.get_data() or {}
    found: list[FloatArray] = []
    now = np.zeros(grid.shape[1:])
    for n in range(count):
        given = body.get(n) if isinstance(body, dict) else body if n == 0 else None
        if given is not None:
            now = turned(np.broadcast_to(np.asarray(given, dtype=np.float64), grid.shape[1:]))
        found.append(now)
    return found


def _same_objects(
    rows: Sequence[tuple[Any, ...]], rate: int, make: Callable[[Any], Stress]
) -> list[Stress | None]:
    """Stresses of rows of planes; none where the plane of rates (number ``rate`` of a row) is all zero."""
    found: list[Stress | None] = []
    for n, row in enumerate(rows):
        if n and all(a is b for a, b in zip(row, rows[n - 1], strict=True)):
            found.append(found[-1])
        else:
            found.append(make(row) if np.any(row[rate]) else None)
    return found


def _aux_names(package: Any) -> list[str]:
    rows = package.auxiliary.get_data()
    if rows is None:
        return []
    return [str(name) for name in tuple(rows[0])[1:]]


def _check_cells(cells: IntArray, grid: Grid, name: str) -> None:
    passive = ~grid.active[tuple(cells.T)]
    if passive.any():
        cell = tuple(int(n) for n in cells[passive][0])
        raise refused(f"{name}, cell (layer, row, column) {cell}", "inactive", "an active cell", "活动单元")


def _check_uppermost(cells: IntArray, grid: Grid, name: str) -> None:
    top = grid.uppermost[cells[:, 1], cells[:, 2]]
    deep = top != cells[:, 0]
    if deep.any():
        cell = tuple(int(n) for n in cells[deep][0])
        raise refused(
            f"{name}, cell (layer, row, column) {cell}",
            "below another active cell",
            "the uppermost active cell",
            "最上面的活动单元",
        )


def _check_layers(data: Any, grid: Grid, package: Any) -> None:
    """IRCH and IEVT may name the uppermost active cell only."""
    if data is None or not data.has_data():
        return
    body = data.get_data()
    for given in (body or {}).values() if isinstance(body, dict) else [body]:
        if given is None:
            continue
        layer = turned(np.broadcast_to(np.asarray(given), grid.shape[1:]))
        there = grid.uppermost >= 0
        if (layer[there] != grid.uppermost[there]).any():
            raise UnsupportedError(
                (f"{package.package_type}.layers that are not the uppermost",), source=package.package_name
            )
