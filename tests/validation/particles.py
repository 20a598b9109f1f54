"""Backward particles against the reference kernel, and what the reference's own time step does."""

from __future__ import annotations

import math
import time

import numpy as np

from models.air.particles.backward import Catalogue, catalogue, conc_per_flux
from tests.support.air_data.bls import ReferenceArea, reference_areas
from tests.support.air_data.bls_euler import euler_conc_per_flux
from tests.validation.section import Check, Picture, Section, Table, table

_PARTICLES = 400_000
_EULER = ((0.02, 60_000), (0.005, 20_000))


def report() -> Section:
    """C / E of six areas, trajectories per CPU-second, and C / E by length of step."""
    areas = reference_areas()
    stays = {case: _catalogue(areas, case) for case in ("neutral", "stable")}
    rows, checks = [], []
    for area in areas:
        found = conc_per_flux(stays[area.case], area.area_m)
        apart = found.value_s_m / area.value_s_m - 1.0
        joint = math.hypot(found.error_s_m, area.error_s_m) / area.value_s_m
        rows.append(
            (
                f"{area.case}, {area.name}",
                f"{area.value_s_m:.3f} ± {area.error_s_m:.3f}",
                f"{found.value_s_m:.3f} ± {found.error_s_m:.3f}",
                f"{100 * apart:+.1f} %",
                f"{apart / joint:+.1f}",
            )
        )
        checks.append(
            Check(what=f"C/E {area.case}, {area.name}: difference, %", value=100 * apart, low=-3, high=3)
        )
    speed = _speed(areas)
    checks.append(Check(what="trajectories per CPU-second, 500 m fetch, neutral", value=speed, low=15_000))
    return Section(
        title="Backward particles",
        text=(
            "C/E of area sources by the backward model, against a table made with an established kernel "
            "(100,000 trajectories, Euler steps of 0.02 of the memory). Ours: "
            f"{_PARTICLES:,} trajectories, steps of 0.5 in the particles' clock. The second table shows the "
            "same equations in plain Euler steps, written apart for this comparison."
        ),
        tables=(
            table("C/E, s/m", ("area", "reference", "here", "difference", "in joint errors"), rows),
            _by_share(areas, stays["neutral"]),
        ),
        checks=tuple(checks),
        pictures=(_picture(areas[0]),),
    )


def _catalogue(areas: list[ReferenceArea], case: str) -> Catalogue:
    area = next(row for row in areas if row.case == case)
    return catalogue(area.turbulence, area.height_m, fetch_m=220.0, particles=_PARTICLES, seed=7)


def _speed(areas: list[ReferenceArea]) -> float:
    area = areas[0]
    catalogue(area.turbulence, area.height_m, fetch_m=50.0, particles=100)
    start = time.process_time()
    catalogue(area.turbulence, area.height_m, fetch_m=500.0, particles=100_000)
    return 100_000 / (time.process_time() - start)


def _by_share(areas: list[ReferenceArea], converged: Catalogue) -> Table:
    neutral = [row for row in areas if row.case == "neutral"]
    boxes = np.array(
        [(*np.sort(row.area_m[:, 0])[[0, -1]], *np.sort(row.area_m[:, 1])[[0, -1]]) for row in neutral]
    )
    rows = []
    for share, particles in _EULER:
        value, error = euler_conc_per_flux(
            neutral[0].turbulence, neutral[0].height_m, boxes, share=share, particles=particles, seed=5
        )
        rows.append(
            (f"Euler, share {share}", *(f"{a:.3f} ± {b:.3f}" for a, b in zip(value, error, strict=True)))
        )
    found = [conc_per_flux(converged, row.area_m) for row in neutral]
    rows.append(("here", *(f"{row.value_s_m:.3f} ± {row.error_s_m:.3f}" for row in found)))
    rows.append(
        ("reference (share 0.02)", *(f"{row.value_s_m:.3f} ± {row.error_s_m:.3f}" for row in neutral))
    )
    return table("Neutral case by length of the step, s/m", ("steps", *(row.name for row in neutral)), rows)


def _picture(area: ReferenceArea) -> Picture:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.0, 3.4))
    axes = figure.subplots()
    steps = (0.1, 0.25, 0.5, 1.0, 1.5, 2.0)
    for step in steps:
        stays = catalogue(area.turbulence, area.height_m, fetch_m=110.0, particles=60_000, step=step, seed=3)
        found = conc_per_flux(
            stays, np.array([(-100.0, -20.0), (-20.0, -20.0), (-20.0, 20.0), (-100.0, 20.0)])
        )
        axes.errorbar(step, found.value_s_m, yerr=2 * found.error_s_m, fmt="o", color="#1f6f8b")
    axes.set_xlabel("step in the particles' clock (memory of w: 1.4)")
    axes.set_ylabel("C/E, s/m")
    axes.set_ylim(bottom=0.0)
    figure.tight_layout()
    return Picture(
        name="particles_step",
        caption="C/E of a field of 80 x 40 m by length of step, two standard errors",
        figure=figure,
    )
