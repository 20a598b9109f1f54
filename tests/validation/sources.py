"""Substances and source terms: against equations of state, closed forms and the book of masses."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from models.air.source.compose import Falling
from models.air.source.fluid import compressibility, flash_fraction, vapour_density_kg_m3
from models.air.source.orifice import G_M_S2
from models.air.source.outcome import Outcome
from models.air.source.pipe import Pipe
from models.air.source.pool import GROUNDS, PoolSetting, run_pool
from models.air.source.release import broken_gas_line, burst_vessel, spill, vessel_hole
from models.air.source.vessel import Course, Opening, Vessel, gas_course, liquid_course
from models.substances.overview import overviews
from models.substances.substance import SubstanceData
from models.substances.table import substance, substances
from models.term import Ambient
from tests.validation.section import Check, Picture, Section, Table, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ATM = 101_325.0
# Isenthalpic flash of saturated liquid to 1 atm and compressibility of its vapour: equations of state
# behind CoolProp 7 (Thol 2021 and others), computed apart from this project's code.
REFERENCE = (
    ("cl2", 293.15, 0.1807, 0.9023),
    ("nh3", 293.15, 0.1788, 0.8941),
    ("propane", 293.15, 0.3555, 0.8369),
    ("so2", 303.15, 0.1417, 0.9230),
)
AIR = Ambient(
    wind_speed_m_s=3.0,
    wind_height_m=10.0,
    towards_deg=90.0,
    roughness_m=0.05,
    friction_velocity_m_s=0.2,
    inverse_obukhov_1_m=0.0,
    temperature_k=293.15,
    relative_humidity_fraction=0.5,
)


def clapeyron(row: SubstanceData) -> float:
    """Heat from the slope of the vapour pressure over the heat of the table, at the boiling point."""
    law = row.law("vapour_pressure_pa")
    at_k = row.boiling_k if "boiling_k" in row.numbers else law.low_k + 15.0
    low, middle, high = (float(row.vapour_pressure_pa(at_k + step)) for step in (-0.5, 0.0, 0.5))
    volume = 1.0 / vapour_density_kg_m3(row, at_k, middle) - 1.0 / float(row.liquid_density_kg_m3(at_k))
    return at_k * (high - low) * volume / float(row.vaporisation_j_kg(at_k))


def consistency() -> tuple[Table, Check, Check]:
    rows, boils, heats = [], [], []
    for row in substances():
        if {"vapour_pressure_pa", "vaporisation_j_kg"} <= set(row.laws):
            heat = clapeyron(row)
            heats.append(abs(heat - 1.0))
            if "boiling_k" in row.numbers:
                boil = float(row.vapour_pressure_pa(row.boiling_k)) / ATM
                boils.append(abs(boil - 1.0))
                rows.append((row.id, row.boiling_k, boil, heat))
            else:
                rows.append((row.id, "", "", heat))
    shown = table(
        "Vapour pressure at the boiling point over 1 atm; Clapeyron's heat over the table's",
        ("substance", "boils, K", "p / 1 atm", "heat ratio"),
        rows,
    )
    return (
        shown,
        Check(what="vapour pressure at the boiling point, largest difference", value=max(boils), high=0.01),
        Check(what="Clausius and Clapeyron, largest difference", value=max(heats), high=0.10),
    )


def flashes() -> tuple[Table, Check]:
    rows, errors = [], []
    for name, at_k, flash, z in REFERENCE:
        row = substance(name)
        mine = flash_fraction(row, at_k, ATM)
        own_z = compressibility(row, at_k, float(row.vapour_pressure_pa(at_k)))
        errors.append(abs(mine / flash - 1.0))
        rows.append((name, at_k, mine, flash, own_z, z))
    shown = table(
        "Flash to 1 atm and compressibility of saturated vapour against equations of state",
        ("substance", "K", "flash", "reference", "Z", "reference Z"),
        rows,
    )
    return shown, Check(what="flash fraction, largest relative difference", value=max(errors), high=0.03)


def blow_down() -> tuple[Course, np.ndarray, float]:
    """A vessel of methane; the closed form of the mass left at the course's times; largest difference."""
    row = substance("methane")
    course = gas_course(
        row, Vessel(volume_m3=5.0, height_m=2.0), Opening(diameter_m=0.02), 300.0, 40e5, ATM, 3600.0
    )
    choked = [moment for moment in course if moment.throat.choked]
    first_kg = vapour_density_kg_m3(row, 300.0, 40e5) * 5.0
    gamma, tau = row.gamma(300.0), first_kg / course[0].rate_kg_s
    times = np.array([moment.time_s for moment in choked])
    left = (1.0 + 0.5 * (gamma - 1.0) * times / tau) ** (-2.0 / (gamma - 1.0))
    mine = 1.0 - np.array([moment.discharged_kg for moment in choked]) / first_kg
    return tuple(choked), left, float(np.max(np.abs(mine - left)))


def torricelli() -> float:
    row, opening = substance("methanol"), Opening(diameter_m=0.05)
    course = liquid_course(row, Vessel(volume_m3=10.0, height_m=4.0), opening, 293.15, ATM, 0.9, ATM, 1e5)
    slope = 0.61 * opening.area_m2 * math.sqrt(G_M_S2 / 2.0) / 2.5
    density = float(row.liquid_density_kg_m3(293.15))
    errors = []
    for moment in course:
        level = max(3.6 - moment.discharged_kg / density / 2.5, 0.0)
        errors.append(abs(math.sqrt(level) - math.sqrt(3.6) + slope * moment.time_s) / math.sqrt(3.6))
    return max(errors)


def half_space() -> float:
    """Boiling methane on concrete in still air over conduction into a half-space and the sky."""
    row, ground = substance("methane"), GROUNDS["concrete"]
    setting = PoolSetting(
        row=row, ambient=replace(AIR, wind_speed_m_s=0.02), ground=ground, bund_area_m2=100.0
    )
    times = np.concatenate([[0.0], np.geomspace(0.5, 60.0, 200)])
    poured = np.zeros(200)
    poured[0] = 20_000.0
    course = run_pool(setting, times, poured, np.full(200, 112.0))
    heat = 2.0 * ground.conduction_w_m_k * (293.15 - row.boiling_k)
    heat *= math.sqrt(60.0 / (math.pi * ground.diffusivity_m2_s))
    heat += 0.95 * 5.67e-8 * (293.15**4 - row.boiling_k**4) * 60.0
    return float(course.evaporated_kg[-1]) / (100.0 * heat / float(row.vaporisation_j_kg(row.boiling_k)))


def leak(name: str, hole_m: float, at_k: float, **more: object) -> Outcome:
    liquid = {"temperature_k": at_k, "ambient": AIR, "volume_m3": 20.0, "fill_fraction": 0.8}
    return vessel_hole(name, hole_m, **liquid, **more)  # type: ignore[arg-type]


def cases() -> list[tuple[str, Outcome]]:
    diked, kletz = Falling(bund_area_m2=40.0), Falling(rain_out="kletz")
    line = Pipe(length_m=2000.0, diameter_m=0.2)
    broken = broken_gas_line("methane", pipe=line, temperature_k=288.15, pressure_pa=40e5, ambient=AIR)
    return [
        ("HF at 30 C, 25 mm, closed after 300 s", leak("hf", 0.025, 303.15, isolated_after_s=300.0)),
        ("HF at 10 C, 25 mm, dike of 40 m2", leak("hf", 0.025, 283.15, falling=diked)),
        ("Cl2 at 20 C, 20 mm, Kletz", leak("cl2", 0.02, 293.15, falling=kletz)),
        ("NH3 at 20 C, 50 mm nozzle", leak("nh3", 0.05, 293.15, nozzle=True)),
        ("NH3 burst, 5 t", burst_vessel("nh3", mass_kg=5000.0, temperature_k=293.15, ambient=AIR)),
        ("SO2 at -20 C, 1 t spilt", spill("so2", mass_kg=1000.0, temperature_k=253.15, ambient=AIR)),
        ("CH4 line, 2 km, DN 200", broken),
    ]


def masses(found: list[tuple[str, Outcome]]) -> tuple[Table, Check]:
    names = ("discharged_kg", "vapour_kg", "aerosol_kg", "evaporated_kg", "pool_kg")
    rows = [
        (title, *(float(getattr(outcome.balance, name)[-1]) for name in names)) for title, outcome in found
    ]
    shown = table(
        "Where the mass is after an hour, kg",
        ("case", "discharged", "vapour", "aerosol", "evaporated", "in the pool"),
        rows,
    )
    worst = max(outcome.balance.error_fraction for _, outcome in found)
    return shown, Check(what="book of masses at all times, largest relative error", value=worst, high=1e-9)


def drawn(found: list[tuple[str, Outcome]], course: Course, closed: np.ndarray) -> Figure:
    from matplotlib.figure import Figure as Sheet

    sheet = Sheet(figsize=(9.0, 3.6), layout="constrained")
    left, right = sheet.subplots(1, 2)
    first_kg = course[0].rate_kg_s
    left.plot([m.time_s for m in course], [m.rate_kg_s / first_kg for m in course], label="model")
    gamma = substance("methane").gamma(300.0)
    left.plot([m.time_s for m in course], closed ** ((gamma + 1.0) / 2.0), "--", label="closed form")
    left.set(xlabel="time, s", ylabel="rate over first rate", title="Blow-down, methane, 40 bar")
    left.legend()
    for name, outcome in found[:3]:
        for term in outcome.terms:
            right.stairs(term.rate_kg_s, term.times_s, label=f"{name}: {term.shape.value}")
    right.set(xlabel="time, s", ylabel="into the air, kg/s", title="Leaks of 20 m3 vessels", yscale="log")
    right.legend(fontsize=6)
    return sheet


def report() -> Section:
    """Chapter on substances and source terms."""
    pure, boils, heats = consistency()
    flash, flash_check = flashes()
    course, closed, blown = blow_down()
    found = cases()
    books, book_check = masses(found)
    marks = overviews()
    sure = sum(row.verified_count for row in marks)
    open_ones = sum(len(row.unverified) for row in marks)
    return Section(
        title="Substances and source terms",
        text=(
            f"{len(marks)} substances; {sure} numbers, laws and levels stand on two independent carriers, "
            f"{open_ones} on one and are marked unverified (docs/substances.md). No discharge test is among "
            "the data of this project: the flow models are held against closed forms and equations of state, "
            "not against experiments."
        ),
        tables=(pure, flash, books),
        checks=(
            boils,
            heats,
            flash_check,
            Check(what="choked blow-down against its closed form, share of mass", value=blown, high=0.01),
            Check(what="draining tank against Torricelli, root of the level", value=torricelli(), high=0.01),
            Check(what="boiling on concrete over conduction", value=half_space(), low=0.97, high=1.03),
            book_check,
        ),
        pictures=(
            Picture(
                name="sources",
                caption="Left: blow-down of a vessel and its closed form. Right: three leaks in time",
                figure=drawn(found, course, closed),
            ),
        ),
    )
