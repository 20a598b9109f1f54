"""Wind over terrain: Askervein line A, the profile at its top, and what the projection leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.air.flow.hill import HillFlow, linear_flow
from models.air.flow.mass import relative_divergence
from tests.support.air_data import askervein
from tests.validation.section import Check, Picture, Section, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TEXT = """Askervein hill, 10 m above ground, neutral wind of 8.9 m/s FROM 210 degrees, speeds over that at
the reference mast 2.9 km upwind. Roughness 0.03 m as published; no number is fitted to the hill: inner layers
after Jackson and Hunt (1975) and Mason and King (1985), slopes cut at 0.3 (EN 1991-1-4), shelter with the 14
degree streamline of Kroy et al. (2002), the mixing layer of Goertler (1942), and separation that sets in
between slopes of 0.2 and 0.4 (Athanassiadou and Castro 2001). The scheme of the lee, a cubic streamline whose
separation is decided by the whole lee, was chosen among three while this hill was looked at. WindNinja 3.12
(mass solver, mesh of 24 to 40 m) has an RMSE of 0.36 to 0.40 over the five points up to the top, a ratio of
1.12 to 1.19 there, and 1.04 and 0.91 at the last two."""


def report() -> Section:
    """Compute line A and draw it. Raises FileNotFoundError without the data."""
    hill = askervein.load()
    flow = linear_flow(hill.terrain, askervein.WIND_FROM_DEG, roughness_m=askervein.ROUGHNESS_M)
    bare = linear_flow(hill.terrain, askervein.WIND_FROM_DEG, roughness_m=askervein.ROUGHNESS_M, lee=False)
    ratio, without = (_ratio(each, hill, hill.along_m) for each in (flow, bare))
    error = ratio - hill.ratio
    rows = [
        (f"{x:.0f}", float(o), float(r), float(w), float(r - o))
        for x, o, r, w in zip(hill.along_m, hill.ratio, ratio, without, strict=True)
    ]
    heights, measured = askervein.top_profile()
    modelled = flow.speed(*hill.top_m, heights) / flow.speed(*hill.reference_m, heights)
    return Section(
        title="Wind over a hill",
        text=_TEXT,
        tables=(
            table(
                "Askervein, line A: speed over the reference's",
                ("m from the top", "measured", "modelled", "without shelter", "difference"),
                rows,
            ),
            table(
                "Askervein, profile at the top (TU03-B): speed over the reference's at the same height",
                ("m above ground", "measured", "modelled"),
                [
                    (f"{z:.0f}", float(o), float(m))
                    for z, o, m in zip(heights, measured, modelled, strict=True)
                ],
            ),
        ),
        checks=(
            Check(
                what="Askervein, RMSE of five points to the top",
                value=float(np.sqrt(np.mean(error[:5] ** 2))),
                high=0.10,
            ),
            Check(what="Askervein, ratio at the top", value=float(ratio[4]), low=1.78, high=1.95),
            Check(what="Askervein, lee at 195 m, difference", value=float(error[6]), low=-0.35, high=0.35),
            Check(what="Askervein, lee at 388 m, difference", value=float(error[7]), low=-0.35, high=0.35),
            Check(
                what="divergence after the projection, rms over that of its largest part",
                value=relative_divergence(flow.faces, flow.column) if flow.faces else float("nan"),
                high=1e-8,
            ),
        ),
        pictures=(
            Picture(
                name="askervein_line_a",
                caption="Askervein, line A: measured speed ratios, model with and without shelter, ground",
                figure=_picture(hill, flow, bare),
            ),
            Picture(
                name="askervein_top",
                caption="Askervein, profile at the top: measured and modelled speed ratios by height",
                figure=_profile_picture(heights, measured, modelled),
            ),
        ),
    )


def _ratio(flow: HillFlow, hill: askervein.Askervein, along_m: np.ndarray) -> np.ndarray:
    return np.asarray(flow.speed(*hill.line(along_m), 10.0) / flow.speed(*hill.reference_m, 10.0))


def _picture(hill: askervein.Askervein, flow: HillFlow, bare: HillFlow) -> Figure:
    from matplotlib.figure import Figure

    along = np.linspace(-1000.0, 700.0, 171)
    figure = Figure(figsize=(8.0, 4.6), layout="constrained")
    speeds, ground = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    speeds.plot(along, _ratio(flow, hill, along), label="model")
    speeds.plot(along, _ratio(bare, hill, along), "--", label="model without shelter")
    speeds.plot(hill.along_m, hill.ratio, "ko", label="measured (MF03-D)")
    speeds.axhline(1.0, color="0.7", linewidth=0.8)
    speeds.set_ylabel("speed / reference, 10 m")
    speeds.legend()
    ground.fill_between(along, hill.terrain.height(*hill.line(along)), color="0.8")
    ground.set_ylabel("ground, m")
    ground.set_xlabel("distance from the top along line A, m (wind from the left)")
    return figure


def _profile_picture(heights_m: np.ndarray, measured: np.ndarray, modelled: np.ndarray) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot(modelled, heights_m, label="model")
    axes.plot(measured, heights_m, "ko", label="measured (TU03-B)")
    axes.set_xlabel("speed / reference at the same height")
    axes.set_ylabel("height above ground, m")
    axes.legend()
    return figure
