"""What a column gives to the saturated model: wells of water with mass, or mass alone, over intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.water.column.run import ColumnResult
from models.water.problem import MassSource, Wells
from models.water.refusal import refused
from twin.core.geometry import FloatArray, frozen


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arrivals:
    """Water and mass that reach the water table: means over intervals between ``edges_s`` (n + 1,).

    ``water_m_s`` (n,) and ``mass_kg_m2_s`` (n, s), positive down.
    """

    edges_s: FloatArray
    water_m_s: FloatArray
    mass_kg_m2_s: FloatArray


def arrivals(result: ColumnResult, *, interval_s: float) -> Arrivals:
    """Means over intervals (the last may be shorter); totals are those of the column exactly."""
    if not interval_s > 0.0:
        raise refused(interval_s, "interval_s", "more than zero", "大于零")
    end = float(result.time_s[-1])
    edges = np.append(np.arange(0.0, end * (1.0 - 1e-12), interval_s), end)
    starts = np.concatenate([[0.0], result.time_s[:-1]])
    length = (result.time_s - starts)[:, None]
    flows = np.column_stack([result.recharge_m_s, result.mass_flux_kg_m2_s]) * length
    total = np.concatenate([np.zeros((1, flows.shape[1])), np.cumsum(flows, axis=0)])
    times = np.concatenate([[0.0], result.time_s])
    at = np.column_stack([np.interp(edges, times, column) for column in total.T])
    means = np.diff(at, axis=0) / np.diff(edges)[:, None]
    return Arrivals(edges_s=frozen(edges), water_m_s=frozen(means[:, 0]), mass_kg_m2_s=frozen(means[:, 1:]))


def mass_sources(
    given: Arrivals,
    cells: npt.ArrayLike,
    area_m2: float,
    *,
    start_s: float = 0.0,
    species: Sequence[int] | None = None,
    name: str = "column",
) -> tuple[MassSource, ...]:
    """Mass into ``cells`` (n, 3), shared evenly, from a leak of ``area_m2`` that began at ``start_s``.

    ``species``: which of the column's solutes, in the order of the saturated model's species; None: all as
    they are. Intervals in which nothing arrives are left out. For a leak whose water hardly counts against
    the recharge; else take ``wells``.
    """
    rows = np.asarray(cells, dtype=np.int64).reshape(-1, 3)
    _check(rows, area_m2)
    order = list(range(given.mass_kg_m2_s.shape[1])) if species is None else list(species)
    sources = []
    for n, rate in enumerate(given.mass_kg_m2_s[:, order]):
        if not (rate > 0.0).any():
            continue
        each = np.tile(rate * area_m2 / len(rows), (len(rows), 1))
        sources.append(
            MassSource(
                cells=rows, rate_kg_s=frozen(each), start_s=start_s + float(given.edges_s[n]),
                end_s=start_s + float(given.edges_s[n + 1]), name=name,
            )
        )  # fmt: skip
    return tuple(sources)


def wells(
    given: Arrivals, cells: npt.ArrayLike, area_m2: float, *, name: str = "column"
) -> tuple[Wells, ...]:
    """Water with its concentration into ``cells`` (n, 3), one package per interval of ``given.edges_s``.

    Where water rises from the water table, the rate is negative and clean of mass.
    """
    rows = np.asarray(cells, dtype=np.int64).reshape(-1, 3)
    _check(rows, area_m2)
    packages = []
    for water, mass in zip(given.water_m_s, given.mass_kg_m2_s, strict=True):
        conc = mass / water if water > 0.0 else np.zeros_like(mass)
        packages.append(
            Wells(
                cells=rows, rate_m3_s=frozen(np.full(len(rows), water * area_m2 / len(rows))),
                conc_kg_m3=frozen(np.tile(conc, (len(rows), 1))), name=name,
            )
        )  # fmt: skip
    return tuple(packages)


def _check(rows: npt.NDArray[np.int64], area_m2: float) -> None:
    if not len(rows):
        raise refused(0, "cells", "at least one cell", "至少一个单元")
    if not area_m2 > 0.0:
        raise refused(area_m2, "area_m2", "more than zero", "大于零")
