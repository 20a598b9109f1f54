"""Passive plumes: Project Prairie Grass, by the steady plume and by puffs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.air.deposition import NOTHING
from tests.support.air_data import prairie_grass as prairie
from tests.validation.section import Check, Picture, Section, Table, table
from twin.core.geometry import FloatArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TEXT = """Project Prairie Grass (Barad 1958), the odd-numbered runs with meteorology: SO2 from a pipe at
0.46 m over mown prairie, ten-minute means on arcs at 50 to 800 m, 1.5 m above ground; 26 runs, 130 arcs.
Wind speed and scatter of the direction at 2 m, Obukhov length and mixing height are those of the table;
roughness 0.006 m. u* follows from them with a von Karman constant of 0.40 (the printed u* were fitted with
0.35). SO2 is deposited at 1 cm/s. No number is fitted to a run or to the set: vertical growth and profile
after van Ulden (1978) and Huang (1979) with the functions of Dyer (1974); flux against the wind by gusts in
the steady plume after Thomson (1987); lateral spread after Taylor (1921)
with the spectrum of Kaimal et al. (1972), the ratio of time scales of Hanna (1981) and the large eddies of
Hanna (1982). Which of the published lateral schemes is used was decided while these runs were looked at
(docs/decisions/2026-11-22-two-scales.md has the others). The arc's maximum is the largest of some dozen
samplers, so a mean plume reads lower in convective air, where ten minutes hold few large eddies."""

_ORDER = ("fac2", "fb", "nmse", "mg", "vg")


def report() -> Section:
    """Run both models over all arcs. Raises FileNotFoundError without the data."""
    rows = prairie.runs()
    observed = prairie.observed(rows)
    models = {
        "steady plume": prairie.steady(rows),
        "steady plume, nothing deposited": prairie.steady(rows, NOTHING),
        "puffs": prairie.puffs(rows),
        "puffs, 1 m of spread at birth (live)": prairie.puffs(rows, sigma_start_m=1.0),
    }
    lines = [
        (name, what, *(prairie.scores(observed[:, k], found[:, k])[score] for score in _ORDER))
        for k, what in enumerate(("arc maximum", "crosswind integral"))
        for name, found in models.items()
    ]
    checks = [row for name in ("steady plume", "puffs") for row in _checks(name, observed, models[name])]
    return Section(
        title="Passive plumes: Prairie Grass",
        text=_TEXT,
        tables=(
            table("130 arcs", ("model", "what", "FAC2", "FB", "NMSE", "MG", "VG"), lines),
            _by_distance(rows, observed, models["steady plume"]),
        ),
        checks=tuple(checks),
        pictures=(
            Picture(
                name="prairie-grass-scatter",
                caption="Observed and modelled maxima of the arcs, steady plume, by stability",
                figure=_scatter(rows, observed[:, 0], models["steady plume"][:, 0]),
            ),
            Picture(
                name="prairie-grass-arcs",
                caption="Observed over modelled against distance: maxima and crosswind integrals",
                figure=_ratios(rows, observed, models["steady plume"]),
            ),
        ),
    )


def _checks(name: str, observed: FloatArray, found: FloatArray) -> list[Check]:
    peak = prairie.scores(observed[:, 0], found[:, 0])
    across = prairie.scores(observed[:, 1], found[:, 1])
    return [
        Check(what=f"Prairie Grass, {name}, arc maxima FAC2", value=peak["fac2"], low=0.95),
        Check(what=f"Prairie Grass, {name}, arc maxima FB", value=peak["fb"], low=-0.10, high=0.10),
        Check(what=f"Prairie Grass, {name}, arc maxima NMSE", value=peak["nmse"], high=0.30),
        Check(what=f"Prairie Grass, {name}, arc maxima MG", value=peak["mg"], low=0.92, high=1.08),
        Check(what=f"Prairie Grass, {name}, arc maxima VG", value=peak["vg"], high=1.12),
        Check(what=f"Prairie Grass, {name}, crosswind integrals FAC2", value=across["fac2"], low=0.97),
    ]


def _inverse(rows: tuple[prairie.Run, ...]) -> FloatArray:
    return np.concatenate([np.full(row.radius_m.size, row.air.layer.inverse_obukhov_1_m) for row in rows])


def _by_distance(rows: tuple[prairie.Run, ...], observed: FloatArray, found: FloatArray) -> Table:
    radius, inverse = np.concatenate([row.radius_m for row in rows]), _inverse(rows)
    lines = []
    for name, here in (("unstable", inverse < 0.0), ("stable", inverse > 0.0)):
        for k, what in enumerate(("arc maximum", "crosswind integral")):
            ratio = np.log(observed[:, k] / found[:, k])
            means = [float(np.exp(ratio[here & (radius == at)].mean())) for at in (50, 100, 200, 400, 800)]
            lines.append((name, what, *means))
    columns = ("air", "what", "50 m", "100 m", "200 m", "400 m", "800 m")
    return table("observed over modelled, geometric mean, steady plume", columns, lines)


def _scatter(rows: tuple[prairie.Run, ...], observed: FloatArray, found: FloatArray) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.0, 5.0), layout="constrained")
    axes = figure.add_subplot()
    inverse = _inverse(rows)
    for name, here, mark in (("unstable", inverse < 0.0, "o"), ("stable", inverse > 0.0, "^")):
        axes.loglog(observed[here] * 1e6, found[here] * 1e6, mark, ms=4, label=name)
    ends = np.array([observed.min(), observed.max()]) * 1e6
    for factor, style in ((1.0, "-"), (0.5, ":"), (2.0, ":")):
        axes.loglog(ends, factor * ends, style, color="0.5", lw=1)
    axes.set(xlabel="observed, mg/m3", ylabel="modelled, mg/m3", aspect="equal")
    axes.legend()
    return figure


def _ratios(rows: tuple[prairie.Run, ...], observed: FloatArray, found: FloatArray) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 3.5), layout="constrained")
    for k, what in enumerate(("arc maximum", "crosswind integral")):
        axes = figure.add_subplot(1, 2, k + 1)
        first = 0
        for row in rows:
            part = slice(first, first + row.radius_m.size)
            first = part.stop
            colour = "tab:red" if row.air.layer.inverse_obukhov_1_m < 0.0 else "tab:blue"
            axes.loglog(row.radius_m, observed[part, k] / found[part, k], "-", color=colour, lw=0.8)
        for factor in (0.5, 1.0, 2.0):
            axes.axhline(factor, color="0.5", lw=0.8, ls=":" if factor != 1.0 else "-")
        axes.set(title=what, xlabel="m", ylabel="observed / modelled", ylim=(0.1, 10.0))
    return figure
