"""The gallery of examples: key figures and the pictures of docs/air-gallery.md."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.air.case import CaseResult, run_case
from tests.validation.section import Picture, Section, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = Path(__file__).resolve().parents[2] / "scenes" / "cases" / "air"
_SHOWN = {
    "prairie-grass-9": ("arc@100", "arc_max"),
    "settling-basin": ("fence", "conc"),
    "passing-puff": ("p200", "dose"),
    "beam-across": ("long", "conc"),
    "turning-wind": ("east", "peak"),
    "bell-hill": ("crest@0", "ratio"),
    "flux-footprint": ("field", "ce"),
    "chlorine-pool": ("d@1000", "conc_ppm"),
    "cloud-downhill": ("below", "conc"),
    "hf-vessel": ("jet", "mass"),
}


def report() -> Section:
    """One figure per example, and the pictures."""
    results = {name: run_case(FOLDER / f"{name}.toml") for name in (*_SHOWN, "files-out")}
    rows = []
    for name, (receptor, quantity) in _SHOWN.items():
        result = results[name]
        units = next((c.units for t in result.tables.values() for c in t.columns if c.name == quantity), "")
        rows.append(
            (name, result.solver, f"{quantity} at {receptor}", result.value(receptor, quantity), units)
        )
    return Section(
        title="Gallery",
        text="Key figures of the examples in `scenes/cases/air`; see [air-gallery.md](../air-gallery.md).",
        tables=(table("Key figures", ("case", "model", "figure", "value", "unit"), rows),),
        pictures=(
            Picture(name="gallery-arcs", caption="Prairie Grass run 9: arc maxima", figure=_arcs(results)),
            Picture(
                name="gallery-hill", caption="Bell-shaped hill: speed along the wind", figure=_hill(results)
            ),
            Picture(name="gallery-puff", caption="Course of a puff at two places", figure=_puff(results)),
            Picture(
                name="gallery-downhill",
                caption="A heavy cloud on a slope: highest concentration at 0.5 m",
                figure=_field(results["cloud-downhill"], 1),
                pixels=True,
            ),
            Picture(
                name="gallery-plain",
                caption="Hydrogen fluoride over a plain, wind from 300 degrees",
                figure=_field(results["files-out"], 0),
                pixels=True,
            ),
        ),
    )


def _axes(size: tuple[float, float] = (5.0, 3.2)) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=size)


def _arcs(results: dict[str, CaseResult]) -> Figure:
    found = results["prairie-grass-9"]
    figure = _axes()
    axes = figure.subplots()
    radius = found.tables["arcs"].numbers("radius")
    axes.loglog(radius, 1e6 * found.tables["observed"].numbers("modelled"), "-", label="modelled")
    axes.loglog(radius, 1e6 * found.tables["observed"].numbers("observed"), "o", label="observed")
    axes.set(xlabel="distance, m", ylabel="arc maximum, mg/m3")
    axes.legend()
    return figure


def _hill(results: dict[str, CaseResult]) -> Figure:
    found = results["bell-hill"].tables["receptors"]
    rows = [k for k, name in enumerate(found.column("receptor").values) if str(name).startswith("crest")]
    x, ratio, ground = (found.numbers(name)[rows] for name in ("x", "ratio", "ground"))
    order = np.argsort(x)
    figure = _axes()
    upper, lower = figure.subplots(2, sharex=True, height_ratios=(2, 1))
    upper.plot(x[order], ratio[order], "o-")
    upper.set(ylabel="speed ratio at 10 m")
    lower.fill_between(x[order], ground[order], color="0.7")
    lower.set(xlabel="x, m (wind from the left)", ylabel="ground, m")
    return figure


def _puff(results: dict[str, CaseResult]) -> Figure:
    found = results["passing-puff"].tables["series"]
    figure = _axes()
    axes = figure.subplots()
    for name, label in (("p200", "200 m"), ("p800", "800 m")):
        axes.plot(found.numbers("time"), 1e6 * found.numbers(name), label=label)
    axes.set(xlabel="time, s", ylabel="HF, mg/m3", xlim=(0, 600))
    axes.legend()
    return figure


def _field(result: CaseResult, number: int) -> Figure:
    from matplotlib.colors import LogNorm

    field = result.fields[number]
    grid = field.grid
    x = grid.x_min_m + np.arange(grid.nx + 1) * grid.dx_m
    y = grid.y_min_m + np.arange(grid.ny + 1) * grid.dy_m
    values = 1e6 * field.values[-1, 0]
    top = float(values.max())
    figure = _axes((5.5, 3.6))
    axes = figure.subplots()
    drawn = axes.pcolormesh(
        x, y, np.maximum(values, 1e-4 * top), norm=LogNorm(1e-4 * top, top), cmap="viridis"
    )
    if np.ptp(field.ground_m) > 0.0:
        middle_x, middle_y = 0.5 * (x[1:] + x[:-1]), 0.5 * (y[1:] + y[:-1])
        axes.contour(middle_x, middle_y, field.ground_m, colors="white", linewidths=0.5)
    axes.set(aspect="equal", xlabel="x (east), m", ylabel="y (north), m")
    figure.colorbar(drawn, label="mg/m3")
    return figure
