"""Contaminants, trends and measures against closed forms; ``python -m tests.validation.water_chem``."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from math import exp, log, pi

import numpy as np

from models.contaminants.dose import CALCIUM_FLUORIDE_KSP, fluoride_left_kg_m3, formula_kg_mol
from models.contaminants.library import library
from models.contaminants.trend import mann_kendall
from models.water.grid import regular_grid
from models.water.measures.actions import branch
from models.water.measures.release import tank_leak
from models.water.model import WaterModel, WaterProblem
from models.water.problem import (
    Dispersion,
    FixedHead,
    FlowProblem,
    Medium,
    Period,
    Species,
    TransportProblem,
)
from tests.validation.section import Check, Section, Table, table
from twin.core.groundwater import GroundwaterMeasure, MeasureKind
from twin.core.text import Text

DAY_S = 86_400.0
POROSITY = 0.25
NAME = Text(zh="措施", en="Measure")


def report() -> Section:
    """Closed forms of measures, trends and chemistry."""
    capture, drawn = _capture()
    barrier, rows = _barrier()
    leak = _leak()
    null, power = _trends()
    worst_ksp = max(_ksp(calcium) for calcium in (0.0, 0.1, 1.0, 10.0, 100.0))
    return Section(
        title="Contaminants and measures",
        text=(
            "Measures are branches of the model. A well in uniform flow draws its stagnation point to "
            "Q / (2 pi b q); a reactive barrier leaves exp(-lambda b / v) of what enters it; a tank empties "
            "through a hole as Torricelli says. Cells wider than a barrier mix what it would treat one after "
            "the other: they make it weaker than it is, never stronger. The trend test runs on 1,000 series "
            "without a trend, about a fifth of the values below detection limits that fall by the year, and "
            "on the same with a rise of four standard deviations."
        ),
        tables=(
            table(
                "Stagnation point of a pumping well in uniform flow, from the well downstream",
                ("cells, m", "computed, m", "closed form, m"),
                [[10.0, drawn[0], drawn[1]]],
            ),
            table(
                "What a 2 m barrier with a residence time of 1.5 half-lives leaves",
                ("cells, m", "computed", "exp(-lambda b / v)", "cells mixed"),
                rows,
            ),
            _coverage(),
        ),
        checks=(
            Check(what="stagnation point, error in cells", value=capture, high=1.0),
            Check(what="barrier at 0.5 m cells, computed over exact", value=barrier[0], low=1.0, high=1.05),
            Check(what="barrier at 8 m cells is not stronger than it is", value=barrier[1], low=1.0),
            Check(what="tank leak, relative error of volume and time", value=leak, high=1e-9),
            Check(what="false alarms of the trend test at 5 %", value=null, low=0.01, high=0.07),
            Check(what="rises that are found", value=power, low=0.9),
            Check(what="solubility product of CaF2 kept, relative", value=worst_ksp, high=1e-6),
            Check(what="contaminants in the library", value=float(len(library())), low=200.0),
        ),
    )


def _capture() -> tuple[float, tuple[float, float]]:
    """Error in cells, and (computed, exact) distance of the stagnation point."""
    cell, k, gradient, rate = 10.0, 2e-4, 0.005, 2e-3
    grid = regular_grid((1, 161, 201), dx_m=cell, dy_m=cell, thickness_m=10.0)
    model = _flow(grid.shape, k, gradient, cell, None)
    at = (100.5 * cell, 80.5 * cell)
    pumped = branch(
        model,
        GroundwaterMeasure(
            id="w", name=NAME, kind=MeasureKind.PUMP, line=(at,), rate_m3_s=rate, bottom_m=10.0
        ),
    )
    flow = pumped.step(DAY_S).flow.field.right_m3_s[0, 80]
    downstream = flow[100:]
    turn = int(np.argmax(downstream > 0.0))
    before, after = downstream[turn - 1], downstream[turn]
    found = cell * (0.5 + turn - 1 + before / (before - after))
    exact = rate / (2.0 * pi * 10.0 * k * gradient)
    return abs(found - exact) / cell, (found, exact)


def _barrier() -> tuple[tuple[float, float], list[list[object]]]:
    rows: list[list[object]] = []
    ratios = []
    for cell in (8.0, 4.0, 2.0, 1.0, 0.5):
        left, exact, mixed = _column(cell)
        rows.append([cell, left, exact, mixed])
        ratios.append(left / exact)
    return (ratios[-1], ratios[0]), rows


def _column(cell: float) -> tuple[float, float, float]:
    """(computed, exact, completely mixed cells) share that passes a barrier 2 m thick."""
    width, k, gradient = 2.0, 1e-4, 0.01
    velocity = k * gradient / POROSITY
    half_life = width / velocity / 1.5
    length = 64.0
    count = round(length / cell)
    model = _flow((1, 1, count), k, gradient, cell, Species(id="x"))
    middle = 32.0 + 0.5 * width
    zone = branch(
        model,
        GroundwaterMeasure(
            id="z",
            name=NAME,
            kind=MeasureKind.REACTIVE_ZONE,
            line=((middle, 0.0), (middle, cell)),
            thickness_m=width,
            half_life_s=half_life,
            bottom_m=10.0,
        ),
    )
    for _ in range(40):
        zone.step(2.5 * length / velocity / 40.0)
    carried = zone.state().transport
    assert carried is not None
    rate = log(2.0) / half_life
    tanks = max(width / cell, 1.0)
    mixed = (1.0 + rate * width / velocity / tanks) ** -tanks
    return float(carried.conc_kg_m3[0, 0, 0, -2]), exp(-rate * width / velocity), mixed


def _flow(
    shape: tuple[int, int, int], k: float, gradient: float, cell: float, species: Species | None
) -> WaterModel:
    """Uniform flow to the east between fixed heads; what enters holds 1 kg/m3 of a species."""
    grid = regular_grid(shape, dx_m=cell, dy_m=cell, thickness_m=10.0)
    full = np.ones(shape)
    medium = Medium(
        k_m_s=k * full,
        k33_m_s=k * full,
        porosity=POROSITY * full,
        specific_storage_1_m=1e-5 * full,
        specific_yield=0.1 * full,
    )
    rows, columns = shape[1], shape[2]
    cells = np.array([(0, i, j) for i in range(rows) for j in (0, columns - 1)])
    drop = gradient * cell * (columns - 1)
    heads = FixedHead(
        cells=cells,
        head_m=np.where(cells[:, 2] == 0, drop, 0.0),
        conc_kg_m3=None if species is None else np.where(cells[:, 2:] == 0, 1.0, 0.0),
    )
    flow = FlowProblem(
        grid=grid,
        medium=medium,
        start_head_m=np.zeros(shape),
        periods=(Period(length_s=1e12, stresses=(heads,), steady=True),),
    )
    transport = None if species is None else TransportProblem(species=(species,), dispersion=Dispersion())
    return WaterModel(WaterProblem(flow=flow, transport=transport))


def _leak() -> float:
    found = tank_leak(conc_kg_m3=[1.0], hole_diameter_m=0.02, level_m=5.0, section_m2=20.0)
    hole = pi / 4.0 * 0.02**2
    time = 20.0 / (0.61 * hole) * (2.0 * 5.0 / 9.80665) ** 0.5
    return max(abs(found.volume_m3 / 100.0 - 1.0), abs(float(found.times_s[-1]) / time - 1.0))


def _trends() -> tuple[float, float]:
    """Shares of series called rising or falling: without a trend, and with one."""
    random = np.random.default_rng(20261122)
    times = np.arange(16) * 30.0 * DAY_S
    limits = np.linspace(0.9, 0.4, 16)
    false, found = 0, 0
    for _ in range(1000):
        values = random.lognormal(0.0, 0.6, 16)
        seen = values > limits
        shown = np.where(seen, values, limits)
        false += mann_kendall(times, shown, seen).direction in ("rising", "falling")
        risen = values * np.exp(np.linspace(0.0, 2.4, 16))
        seen = risen > limits
        found += mann_kendall(times, np.where(seen, risen, limits), seen).direction == "rising"
    return false / 1000.0, found / 1000.0


def _ksp(calcium_mol_m3: float) -> float:
    left = fluoride_left_kg_m3(calcium_mol_m3) / formula_kg_mol("F") * 1e-3
    product = left**2 * (1e-3 * calcium_mol_m3 + 0.5 * left)
    return abs(product / CALCIUM_FLUORIDE_KSP - 1.0)


def _coverage() -> Table:
    rows = []
    kinds = Counter(row.kind for row in library())
    for kind, count in sorted(kinds.items()):
        own = [row for row in library() if row.kind is kind]
        known = [
            sum("sorption_m3_kg" not in row.unknown for row in own),
            sum("solubility_kg_m3" in row.numbers for row in own),
            sum("half_life_saturated_s" in row.numbers for row in own),
            sum(row.indicator is not None for row in own),
        ]
        rows.append([kind.value, count, *known])
    columns = ("kind", "rows", "sorption", "solubility", "half-life", "in GB/T 14848")
    return table("The library: rows in which something is known", columns, rows)


if __name__ == "__main__":
    section = replace(report())
    for check in section.checks:
        sys.stdout.write(
            f"{'ok ' if check.holds else 'NO '} {check.what}: {check.value:.4g} ({check.bound})\n"
        )
    for one in section.tables:
        sys.stdout.write(f"\n{one.caption}\n{one.columns}\n")
        for line in one.rows:
            sys.stdout.write(f"  {line}\n")
    sys.exit(0 if all(check.holds for check in section.checks) else 1)
