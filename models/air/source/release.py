"""The calls of few lines: a hole in a vessel, a broken line, a spill, a burst vessel, a vent.

Each gives an ``Outcome``: what goes into the air (``models.term.SourceTerm``), and where every kilogram is.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from models.air.source.compose import Aim, Falling, Flown, carried, composed
from models.air.source.fluid import boiling_at_k, compressibility, flash_fraction, vapour_density_kg_m3
from models.air.source.orifice import Throat
from models.air.source.outcome import Outcome
from models.air.source.pipe import Pipe, bell_rate_kg_s, gas_pipe_throat
from models.air.source.validity import beyond_the_hole, beyond_the_laws
from models.air.source.vessel import Form, Moment, Opening, Vessel, gas_course, liquid_course
from models.substances.substance import SubstanceData
from models.substances.table import substance
from models.term import Ambient, Shape, SourceTerm
from twin.core.errors import SolverError
from twin.core.geometry import Place

HERE = Place(x_m=0.0, y_m=0.0, z_m=0.0)


def vessel_hole(
    substance_id: str,
    hole_diameter_m: float,
    *,
    temperature_k: float,
    ambient: Ambient,
    volume_m3: float,
    pressure_pa: float | None = None,
    fill_fraction: float = 0.0,
    vessel_height_m: float | None = None,
    form: Form = Form.UPRIGHT,
    hole_height_m: float = 0.0,
    height_m: float = 1.0,
    place: Place = HERE,
    towards_deg: float | None = None,
    elevation_deg: float = 0.0,
    phase: str = "auto",
    discharge_factor: float | None = None,
    pipe: Pipe | None = None,
    nozzle: bool = False,
    isolated_after_s: float | None = None,
    duration_s: float = 3600.0,
    falling: Falling | None = None,
) -> Outcome:
    """Discharge of a vessel through a hole, or through a pipe whose far end is open.

    Parameters
    ----------
    substance_id:
        Id, alias or CAS number of the table of substances.
    hole_diameter_m, hole_height_m, height_m:
        Diameter; height over the vessel's lowest point; height of the opening above ground.
    temperature_k, pressure_pa:
        Of the contents, absolute. None: the vapour pressure, or that of the air where it is higher.
    volume_m3, fill_fraction, vessel_height_m, form:
        Vessel, part of it that is liquid, its vertical extent (default: that of a sphere).
    phase:
        ``auto``, ``gas`` or ``liquid``. Auto: gas above the critical temperature or without liquid.
    pipe, nozzle:
        A pipe with friction; or a nozzle of 0.1 m and more, in which a superheated liquid boils.
    isolated_after_s, duration_s:
        Time at which a valve closes; longest time that is followed.
    towards_deg, elevation_deg:
        Where the jet blows to, clockwise from grid north (None: with the wind), and up.

    Raises SolverError for inputs that make no discharge, or properties that the table lacks.
    """
    row = substance(substance_id)
    vessel = Vessel(volume_m3=volume_m3, height_m=vessel_height_m or _sphere_m(volume_m3), form=form)
    if hole_height_m > vessel.height_m:
        raise SolverError(
            f"hole_height_m is {hole_height_m:g}; expected at most the vessel's height {vessel.height_m:.3g}",
            message_zh=f"hole_height_m 为 {hole_height_m:g}；应不高于容器高度 {vessel.height_m:.3g}",
            field="hole_height_m",
            value=hole_height_m,
        )
    opening = Opening(
        diameter_m=hole_diameter_m,
        height_m=hole_height_m,
        discharge_factor=discharge_factor,
        pipe=pipe,
        nozzle=nozzle,
    )
    time_s = min(duration_s, isolated_after_s if isolated_after_s is not None else duration_s)
    if _is_gas(row, temperature_k, fill_fraction, phase):
        inside_pa = _needed(pressure_pa, "pressure_pa")
        course = gas_course(row, vessel, opening, temperature_k, inside_pa, ambient.pressure_pa, time_s)
    else:
        course = liquid_course(
            row, vessel, opening, temperature_k, pressure_pa, fill_fraction, ambient.pressure_pa, time_s
        )
    broken = beyond_the_hole(row, temperature_k, course[0].phase, hole_diameter_m / vessel.height_m)
    towards = ambient.towards_deg if towards_deg is None else towards_deg
    aim = Aim(place=place, height_m=height_m, towards_deg=towards, elevation_deg=elevation_deg)
    return carried(row, course, ambient, falling or Falling(), aim, broken)


def spill(
    substance_id: str,
    *,
    temperature_k: float,
    ambient: Ambient,
    mass_kg: float | None = None,
    rate_kg_s: float | None = None,
    duration_s: float | None = None,
    place: Place = HERE,
    falling: Falling | None = None,
) -> Outcome:
    """Liquid poured onto the ground: ``mass_kg`` at once, or ``rate_kg_s`` for ``duration_s``.

    Liquid hotter than its boiling point flashes first; the flash and its spray stay in the air.
    """
    row, rules = substance(substance_id), falling or Falling()
    if mass_kg is not None:
        time_s, rate = 1.0, mass_kg
    else:
        time_s, rate = _needed(duration_s, "duration_s"), _needed(rate_kg_s, "rate_kg_s")
    vapour = flash_fraction(row, temperature_k, ambient.pressure_pa)
    boiling_k = boiling_at_k(row, ambient.pressure_pa)
    fallen = rules.share(vapour) if vapour > 0.0 else 1.0
    bounds = np.array([0.0, time_s])
    one = np.ones(1)
    flown = Flown(
        times_s=bounds,
        rate_kg_s=rate * one,
        fallen_fraction=fallen * one,
        vapour_fraction=vapour * one,
        temperature_k=min(temperature_k, boiling_k) * one,
        speed_m_s=0.0 * one,
        radius_m=one,
    )
    shape = Shape.POOL if mass_kg is None else Shape.INSTANT
    aim = Aim(place=place, height_m=0.0, towards_deg=ambient.towards_deg, elevation_deg=0.0, shape=shape)
    broken = beyond_the_laws(row, temperature_k, gas=False)
    return composed(row, flown, ambient, rules, aim, broken)


def burst_vessel(
    substance_id: str,
    *,
    mass_kg: float,
    temperature_k: float,
    ambient: Ambient,
    place: Place = HERE,
    falling: Falling | None = None,
) -> Outcome:
    """Catastrophic failure: everything at once, flashed at ambient pressure, as a cylinder as high as wide.

    Vapour and the spray that stays up are a cloud at rest (``INSTANT``); the rest is a pool.
    """
    row, rules = substance(substance_id), falling or Falling()
    supercritical = temperature_k >= row.critical_k
    vapour = 1.0 if supercritical else flash_fraction(row, temperature_k, ambient.pressure_pa)
    fallen = 0.0 if supercritical else rules.share(vapour) if vapour > 0.0 else 1.0
    cold_k = temperature_k if supercritical else min(temperature_k, boiling_at_k(row, ambient.pressure_pa))
    flown = Flown(
        times_s=np.array([0.0, 1.0]),
        rate_kg_s=np.array([mass_kg]),
        fallen_fraction=np.array([fallen]),
        vapour_fraction=np.array([vapour]),
        temperature_k=np.array([cold_k]),
        speed_m_s=np.zeros(1),
        radius_m=np.ones(1),
    )
    aim = Aim(
        place=place, height_m=0.0, towards_deg=ambient.towards_deg, elevation_deg=0.0, shape=Shape.INSTANT
    )
    broken = beyond_the_laws(row, temperature_k, gas=supercritical)
    return composed(row, flown, ambient, rules, aim, broken)


def vent(
    substance_id: str,
    *,
    rate_kg_s: float,
    duration_s: float,
    temperature_k: float,
    diameter_m: float,
    ambient: Ambient,
    height_m: float,
    place: Place = HERE,
    air_fraction: float = 0.0,
) -> SourceTerm:
    """Steady opening at a height: gas at ambient pressure, blown upwards at the speed its volume asks for."""
    row = substance(substance_id)
    density = vapour_density_kg_m3(row, temperature_k, ambient.pressure_pa)
    speed = rate_kg_s / max(1.0 - air_fraction, 1e-9) / density / (0.25 * math.pi * diameter_m**2)
    one = np.ones(1)
    return SourceTerm(
        substance_id=row.id,
        shape=Shape.VENT,
        place=place,
        height_m=height_m,
        times_s=np.array([0.0, duration_s]),
        rate_kg_s=rate_kg_s * one,
        temperature_k=temperature_k * one,
        liquid_fraction=0.0 * one,
        air_fraction=air_fraction * one,
        radius_m=0.5 * diameter_m * one,
        speed_m_s=speed * one,
        elevation_deg=90.0,
    )


def broken_gas_line(
    substance_id: str,
    *,
    pipe: Pipe,
    temperature_k: float,
    pressure_pa: float,
    ambient: Ambient,
    place: Place = HERE,
    height_m: float = 1.0,
    towards_deg: float | None = None,
    duration_s: float = 3600.0,
) -> Outcome:
    """Full-bore rupture of a long gas line whose ends are closed at once (Bell 1978), one open end."""
    row = substance(substance_id)
    z = compressibility(row, temperature_k, pressure_pa)
    gamma = row.gamma(temperature_k)
    inventory = pressure_pa / (z * row.gas_constant_j_kg_k * temperature_k) * pipe.area_m2 * pipe.length_m
    stub = replace(pipe, length_m=0.0, loss_ratio=0.0)
    first = gas_pipe_throat(row, stub, temperature_k, pressure_pa, ambient.pressure_pa)
    first_kg_s = first.flux_kg_m2_s * pipe.area_m2
    sound = math.sqrt(gamma * z * row.gas_constant_j_kg_k * temperature_k)
    times = np.concatenate([[0.0], np.geomspace(0.1, duration_s, 200)])
    rates = [bell_rate_kg_s(float(t), first_kg_s, inventory, pipe, sound, gamma) for t in times]
    gone = np.concatenate(
        [[0.0], np.cumsum(np.diff(times) * 0.5 * (np.array(rates)[1:] + np.array(rates)[:-1]))]
    )
    course = tuple(
        Moment(
            time_s=float(t),
            discharged_kg=float(kg),
            rate_kg_s=r,
            throat=_weaker(first, r / first_kg_s, ambient.pressure_pa),
            phase="gas",
        )
        for t, kg, r in zip(times, gone, rates, strict=True)
    )
    towards = ambient.towards_deg if towards_deg is None else towards_deg
    aim = Aim(place=place, height_m=height_m, towards_deg=towards, elevation_deg=0.0)
    return carried(row, course, ambient, Falling(rain_out="none"), aim, ())


def _weaker(first: Throat, part: float, back_pa: float) -> Throat:
    """Opening of a line that has lost pressure: choked flux goes with pressure, then the speed falls."""
    pressure_pa = max(first.pressure_pa * part, back_pa)
    return replace(
        first,
        flux_kg_m2_s=first.flux_kg_m2_s * part,
        pressure_pa=pressure_pa,
        speed_m_s=first.speed_m_s * first.pressure_pa * part / pressure_pa,
        choked=pressure_pa > back_pa,
    )


def _sphere_m(volume_m3: float) -> float:
    return float((6.0 * volume_m3 / math.pi) ** (1 / 3))


def _needed(value: float | None, name: str) -> float:
    if value is None or not value > 0.0:
        raise SolverError(
            f"{name} is {value}; expected a positive number",
            message_zh=f"{name} 为 {value}；应为正数",
            field=name,
            value=value,
        )
    return value


def _is_gas(row: SubstanceData, temperature_k: float, fill_fraction: float, phase: str) -> bool:
    if phase not in ("auto", "gas", "liquid"):
        raise SolverError(
            f"phase is {phase!r}; expected auto, gas or liquid",
            message_zh=f"phase 为 {phase!r}；应为 auto、gas 或 liquid",
            field="phase",
            value=phase,
        )
    if phase == "auto":
        return fill_fraction <= 0.0 or temperature_k >= row.critical_k
    return phase == "gas"
