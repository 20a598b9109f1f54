"""The case files of the gallery: every published value beside ours, and MODFLOW 6 models there and back."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.water.case import CaseResult, build_case, load_case, run_case
from tests.validation.section import Check, Picture, Section, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = Path(__file__).resolve().parents[2] / "scenes" / "cases" / "water"


def report() -> Section:
    """Errors of every case, promises of those with tolerances, pictures of some."""
    results = {path.stem: run_case(path) for path in sorted(FOLDER.glob("*.toml"))}
    rows = [
        (name, found.kind, f"{row.quantity} [{row.units}]", row.number, row.rmse_value, row.max_value,
         f"{row.kept}/{row.judged}" if row.judged else "-")
        for name, found in results.items()
        for row in found.scores
    ]  # fmt: skip
    checks = [
        Check(what=f"{name}: observations beyond their tolerance", value=float(lost), high=0.0)
        for name, found in results.items()
        if any(row.judged for row in found.scores)
        for lost in [sum(row.judged - row.kept for row in found.scores)]
    ]
    worst = max(found.run.worst_balance_error for found in results.values() if found.run is not None)
    checks.append(Check(what="largest relative error of mass in all cases", value=worst, high=1e-10))
    difference, text = _there_and_back(results)
    checks.append(Check(what="files-out as MODFLOW 6 and back: largest |dh|, m", value=difference, high=1e-9))
    return Section(
        title="Case files",
        text="The case files of `scenes/cases/water`; each names where its values were published. " + text,
        tables=(
            table(
                "Errors by case, SI", ("case", "kind", "quantity", "values", "RMSE", "largest", "kept"), rows
            ),
        ),
        checks=tuple(checks),
        pictures=(
            Picture(name="water-cases-fronts", caption="MT3DMS problems 1b, 1c, 1d", figure=_fronts(results)),
            Picture(name="water-cases-wells", caption="Theis, and three layers", figure=_wells(results)),
            Picture(
                name="water-cases-diagonal",
                caption="MT3DMS problem 4: a point source in flow at 45 degrees, g/m3",
                figure=_diagonal(results["mt3dms-4"]),
                pixels=True,
            ),
        ),
    )


def _there_and_back(results: dict[str, CaseResult]) -> tuple[float, str]:
    """Heads of a case against those of the model written by it; NaN without flopy."""
    from importlib.util import find_spec

    if find_spec("flopy") is None:
        return float("nan"), "flopy is not installed, so no MODFLOW 6 model was written."
    from models.water.modflow import read_modflow6, write_modflow6
    from models.water.run import run

    made = results["files-out"].run
    assert made is not None
    built = build_case(load_case(FOLDER / "files-out.toml"))
    with tempfile.TemporaryDirectory() as folder:
        # A source that ends within a period has no place in MODFLOW 6; this one ends with the first.
        write_modflow6(built.problem, folder)
        again = run(read_modflow6(folder).problem, times_s=list(made.times_s))
    return (
        float(np.nanmax(np.abs(again.head_m - made.head_m))),
        "One of them is written as a MODFLOW 6 model, read again and run.",
    )


def _axes(size: tuple[float, float] = (5.4, 3.2)) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=size)


def _fronts(results: dict[str, CaseResult]) -> Figure:
    figure = _axes()
    axes = figure.subplots()
    for name in ("mt3dms-1b", "mt3dms-1c", "mt3dms-1d"):
        profile = results[name].tables["profile_x"]
        (line,) = axes.plot(profile.numbers("x"), 1e3 * profile.numbers("conc"), label=name)
        seen = results[name].tables["observed"]
        x = [10.0 * (int(str(r).split("/")[1].split("@")[0]) - 1) for r in seen.column("receptor").values]
        axes.plot(x, 1e3 * seen.numbers("observed"), "o", color=line.get_color())
    axes.set(xlabel="x, m", ylabel="C / C0", xlim=(0.0, 700.0))
    axes.legend()
    return figure


def _wells(results: dict[str, CaseResult]) -> Figure:
    figure = _axes()
    axes = figure.subplots()
    for name in ("theis", "three-layers"):
        series = results[name].tables["series"]
        days = series.numbers("time") / 86400.0
        for column in series.columns[1:]:
            axes.semilogx(days, -np.asarray(column.values), label=f"{name} {column.name}")
        seen = results[name].tables["observed"]
        when = [float(str(r).split("@")[1]) for r in seen.column("receptor").values]
        axes.semilogx(when, seen.numbers("observed"), "k.", markersize=4)
    axes.set(xlabel="days", ylabel="drawdown, m", ylim=(0.0, 3.6), xlim=(1e-3, 100.0))
    axes.legend(fontsize=7)
    return figure


def _diagonal(found: CaseResult) -> Figure:
    figure = _axes((4.2, 3.6))
    axes = figure.subplots()
    assert found.run is not None
    assert found.run.conc_kg_m3 is not None
    field = np.log10(np.maximum(1e3 * found.run.conc_kg_m3[-1, 0, 0], 1e-3))
    image = axes.imshow(field, origin="lower", extent=(0.0, 1000.0, 0.0, 1000.0), cmap="viridis")
    figure.colorbar(image, label="log10 g/m3")
    axes.set(xlabel="x, m", ylabel="y, m")
    return figure
