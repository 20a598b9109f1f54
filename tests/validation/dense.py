"""Dense gas: hydrogen fluoride, the one-dimensional model against two programs and a field trial."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from models.air.dense.cloud import DenseCloud
from models.air.dense.hf import association_factor
from models.air.dense.similarity import ambient_of, ambient_of_class, similarity_run, simple_term
from models.air.dense.table import MixtureTable, mixture_table
from tests.support.air_data.britter_mcquaid import Compared, steady, sudden
from tests.support.air_data.chlorine import AIR, CHLORINE, DISTANCES_M
from tests.support.air_data.degadis import degadis_fraction
from tests.support.air_data.desert_tortoise import desert_tortoise_4
from tests.support.air_data.slab import SlabRun, slab_run
from tests.validation.section import Check, Picture, Section, Table, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# trial, rate kg/s, wind m/s at 2 m, K, humidity, s, highest ppm at 300, 1,000 and 3,000 m; from memory of
# Hanna et al. (1993), not confirmed against print: a comparison, not an acceptance
_GOLDFISH = (
    ("1", 27.7, 5.6, 310.0, 0.049, 125.0, (25_473.0, 3_098.0, 411.0)),
    ("2", 10.5, 4.2, 309.0, 0.107, 360.0, (19_396.0, 2_392.0, math.nan)),
    ("3", 10.3, 5.4, 299.7, 0.177, 360.0, (18_596.0, 2_492.0, 224.0)),
)


def report() -> Section:
    """Figures, tables and pictures of the mixtures and of the one-dimensional model."""
    hf_rows, hf_checks = _mixtures()
    chlorine, cl2_rows, cl2_checks = _chlorine()
    tortoise_rows, tortoise_checks = _tortoise()
    return Section(
        title="Dense gas: mixtures and the one-dimensional model",
        text=(
            "Hydrogen fluoride: ideal associated vapour (single molecules and rings of six) over droplets "
            "of acid. One-dimensional model: all constants are published ones and none was changed for a "
            "case; that a jet on the ground spreads as a wall jet, and that the vertical profile stiffens "
            "under weight, was decided with Desert Tortoise 4 in view, which is therefore no blind test. "
            "Chlorine: 10 kg/s from a pool of 5 m radius, 5 m/s at 10 m, class D, z0 0.03 m, means over "
            "60 s. Desert Tortoise 4: the jet is expanded from a hole of 94.5 mm at 297 K (both from "
            "memory of the report) to ambient pressure, momentum and enthalpy kept."
        ),
        tables=(
            table(
                "HF vapour at 292.7 K in air of 298 K: density over that of the air, temperature",
                ("HF, mole fraction", "dry", "K", "70 % humidity", "K", "without association"),
                hf_rows,
            ),
            table("Chlorine on the ground, ppm", ("m", "here", "SLAB", "DEGADIS", "ratios"), cl2_rows),
            table("Desert Tortoise 4, kg/m3 at 1 m", ("m", "observed", "here", "ratio"), tortoise_rows),
            _shipped("INPR1", 0, "methane pool, 117 kg/s for 107 s, 1.9 m/s at 2.9 m, L 15 m"),
            _shipped("INPR1", 1, "the same pool, 4 m/s at 2.9 m, neutral"),
            _shipped("INPR2", 0, "ammonia jet, 108 kg/s for 381 s, 4.5 m/s at 2 m, L 45 m, at 25.6 m/s"),
            _workbook(),
            _goldfish(),
        ),
        checks=(*hf_checks, *cl2_checks, *tortoise_checks),
        pictures=(
            Picture(name="dense_hf", caption="Density and temperature of HF in air", figure=_hf_figure()),
            Picture(
                name="dense_chlorine",
                caption="Chlorine: this model between SLAB and DEGADIS",
                figure=_chlorine_figure(chlorine),
            ),
        ),
    )


def _line(humidity: float) -> MixtureTable:
    air = ambient_of(
        wind_speed_m_s=5.0,
        wind_height_m=10.0,
        roughness_m=0.03,
        temperature_k=298.15,
        relative_humidity_fraction=humidity,
    )
    return mixture_table("hf", 292.67, 0.0, air)


def _at(line: MixtureTable, values: np.ndarray, x: float) -> float:
    return float(np.interp(x, line.mole_fraction, values))


def _mixtures() -> tuple[list[list[object]], list[Check]]:
    dry, moist = _line(0.0), _line(0.7)
    rows: list[list[object]] = []
    for x in (0.5, 0.3, 0.1, 0.03, 0.01):
        cells: list[object] = [f"{x:g}"]
        for line in (dry, moist):
            cells.append(f"{_at(line, line.density_kg_m3, x) / line.ambient_density_kg_m3:.3f}")
            cells.append(f"{_at(line, line.temperature_k, x):.0f}")
        cells.append(f"{(x * 20.006 + (1 - x) * 28.96) / 28.96:.3f} (isothermal)")
        rows.append(cells)
    rich = dry.mole_fraction >= 0.01
    warmer = min(
        _at(moist, moist.temperature_k, x) - _at(dry, dry.temperature_k, x) for x in (0.01, 0.1, 0.3)
    )
    checks = [
        Check(
            what="HF association at 292.67 K, 1 atm",
            value=association_factor(292.67, 101_325.0),
            low=3.2,
            high=3.5,
        ),
        Check(
            what="HF in dry air of 298 K: least density over that of air for x >= 0.01",
            value=float((dry.density_kg_m3[rich] / dry.ambient_density_kg_m3).min()),
            low=1.0,
        ),
        Check(what="HF: moist case warmer than dry by, K", value=warmer, low=0.0),
    ]
    return rows, checks


def _chlorine() -> tuple[DenseCloud, list[list[object]], list[Check]]:
    cloud = similarity_run(CHLORINE, AIR, averaging_s=60.0)
    ours = cloud.ppm_of(cloud.centreline_kg_m3(DISTANCES_M))
    slab, degadis = 1e6 * slab_run("cl2").at(DISTANCES_M), 1e6 * degadis_fraction(DISTANCES_M)
    rows: list[list[object]] = [
        [f"{x:g}", f"{a:.0f}", f"{b:.0f}", f"{c:.0f}", f"{a / b:.2f}, {a / c:.2f}"]
        for x, a, b, c in zip(DISTANCES_M, ours, slab, degadis, strict=True)
    ]
    checks = [
        Check(
            what=f"chlorine over {name}, {word}, 100 to 3,000 m",
            value=float(pick(ours / other)),
            low=0.7,
            high=1.3,
        )
        for name, other in (("SLAB", slab), ("DEGADIS", degadis))
        for word, pick in (("least", np.min), ("largest", np.max))
    ]
    return cloud, rows, checks


def _tortoise() -> tuple[list[list[object]], list[Check]]:
    trial = desert_tortoise_4()
    predicted, seen = trial.predicted_kg_m3, trial.conc_kg_m3
    ratio = predicted / seen
    rows: list[list[object]] = [
        [f"{x:g}", f"{b:.4f}", f"{a:.4f}", f"{a / b:.2f}"]
        for x, a, b in zip(trial.x_m, predicted, seen, strict=True)
    ]
    checks = [
        Check(
            what="Desert Tortoise 4: FAC2", value=float(np.mean((ratio >= 0.5) & (ratio <= 2.0))), low=0.67
        ),
        Check(
            what="Desert Tortoise 4: MG", value=math.exp(float(np.mean(-np.log(ratio)))), low=0.6, high=1.6
        ),
    ]
    return rows, checks


def _shipped(name: str, weather: int, what: str) -> Table:
    """SLAB's own shipped cases, as a further comparison."""
    run, cloud = slab_run(name, weather), _shipped_cloud(name, weather)
    last = float(run.x_m[-1])
    x = np.array([v for v in (50.0, 100.0, 200.0, 400.0, 800.0, 1600.0, 2800.0) if v <= last])
    ours, theirs = 1e-6 * cloud.ppm_of(cloud.centreline_kg_m3(x)), run.at(x)
    return table(
        f"SLAB's case {name} ({what}): highest volume fraction, not an acceptance",
        ("m", "here", "SLAB", "ratio"),
        [[f"{d:g}", float(a), float(b), f"{a / b:.2f}"] for d, a, b in zip(x, ours, theirs, strict=True)],
    )


def _shipped_cloud(name: str, weather: int = 0) -> DenseCloud:
    if name == "INPR1":
        air = ambient_of(
            wind_speed_m_s=(1.92, 4.0)[weather],
            wind_height_m=2.88,
            roughness_m=0.0002,
            inverse_obukhov_1_m=(0.0665, 0.0)[weather],
            temperature_k=306.0,
            relative_humidity_fraction=0.046,
        )
        term = simple_term(
            "methane", shape="pool", rate_kg_s=117.0, duration_s=107.0, area_m2=657.0, temperature_k=111.7
        )
        return similarity_run(term, air, averaging_s=10.0)
    air = ambient_of(
        wind_speed_m_s=4.5,
        wind_height_m=2.0,
        roughness_m=0.003,
        inverse_obukhov_1_m=0.0221,
        temperature_k=306.2,
        relative_humidity_fraction=0.213,
    )
    term = simple_term(
        "nh3",
        shape="jet",
        rate_kg_s=107.87,
        duration_s=381.0,
        temperature_k=239.57,
        liquid_fraction=0.81,
        height_m=1.0,
        speed_m_s=25.6,
    )
    return similarity_run(term, air, averaging_s=10.0)


def _workbook() -> Table:
    """Distances of the workbook's fractions: ours over the workbook's."""
    rows: list[list[object]] = []
    for volume, wind, radius in ((2e3, 1.7, 7.0), (2e3, 2.4, 7.0), (2e3, 5.0, 7.0), (2e4, 3.0, 18.0)):
        rows.append(_row(f"{volume:g} m3 at once, {wind:g} m/s", sudden(volume, wind, radius, 0.01)))
    for flow, wind, rough in ((100.0, 8.0, 2e-4), (100.0, 5.0, 2e-4), (30.0, 4.0, 2e-4), (100.0, 5.0, 0.003)):
        what = f"{flow:g} m3/s, {wind:g} m/s, z0 {rough:g} m"
        rows.append(_row(what, steady(flow, wind, 10.0 if flow > 50.0 else 6.0, rough)))
    return table(
        "Britter and McQuaid's workbook (1988), density 1.4 times that of air: concentration here over the "
        "workbook's where it has 10, 5, 2, 1, 0.5 and 0.2 per cent of the source's; z0 0.01 m at once",
        ("case", "alpha", "10 %", "5 %", "2 %", "1 %", "0.5 %", "0.2 %"),
        rows,
    )


def _row(what: str, found: Compared) -> list[object]:
    return [what, f"{found.alpha:.2f}", *(f"{ratio:.2f}" for ratio in found.ratio[:6])]


def _goldfish() -> Table:
    rows: list[list[object]] = []
    for name, rate, wind, kelvin, humidity, duration, seen in _GOLDFISH:
        air = ambient_of_class(
            wind_speed_m_s=wind,
            wind_height_m=2.0,
            pasquill="D",
            roughness_m=0.003,
            temperature_k=kelvin,
            relative_humidity_fraction=humidity,
            pressure_pa=90_000.0,
        )
        term = simple_term(
            "hf",
            shape="jet",
            rate_kg_s=rate,
            duration_s=duration,
            temperature_k=289.0,
            liquid_fraction=0.85,
            height_m=1.0,
            speed_m_s=26.0,
        )
        cloud = similarity_run(term, air, averaging_s=80.0)
        ours = cloud.ppm_of(cloud.centreline_kg_m3(np.array([300.0, 1000.0, 3000.0]), 1.0))
        rows += [
            [name, f"{x:g}", f"{b:.0f}", f"{a:.0f}", f"{a / b:.2f}"]
            for x, a, b in zip((300.0, 1000.0, 3000.0), ours, seen, strict=True)
            if not math.isnan(b)
        ]
    return table(
        "Goldfish (HF), ppm at 1 m; observations and source states from memory, not confirmed: no acceptance",
        ("trial", "m", "observed", "here", "ratio"),
        rows,
    )


def _hf_figure() -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for humidity, style in ((0.0, "-"), (0.5, "--"), (0.9, ":")):
        line = _line(humidity)
        x = line.mole_fraction
        part = (x > 1e-3) & (x < 0.9)
        label = f"{100 * humidity:.0f} % humidity"
        left.semilogx(x[part], line.density_kg_m3[part] / line.ambient_density_kg_m3, style, label=label)
        right.semilogx(x[part], line.temperature_k[part], style, label=label)
    left.axhline(1.0, color="grey", linewidth=0.8)
    left.set(xlabel="mole fraction of HF", ylabel="density over that of the air")
    right.set(xlabel="mole fraction of HF", ylabel="temperature, K")
    left.legend()
    return figure


def _chlorine_figure(cloud: DenseCloud) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.0, 3.6), layout="constrained")
    axes = figure.subplots()
    x = np.geomspace(60.0, 5000.0, 120)
    slab: SlabRun = slab_run("cl2")
    axes.loglog(x, cloud.ppm_of(cloud.centreline_kg_m3(x)), "k-", label="here")
    axes.loglog(x, 1e6 * slab.at(x), "C0--", label="SLAB")
    axes.loglog(x, 1e6 * degadis_fraction(x), "C1-.", label="DEGADIS")
    axes.set(xlabel="distance, m", ylabel="chlorine on the ground, ppm")
    axes.legend()
    return figure
