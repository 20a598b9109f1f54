"""The calls of few lines: masses add up, shapes fit, phases and limits are right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.air.source.compose import Falling
from models.air.source.mitigation import Curtain, behind_curtain
from models.air.source.outcome import Outcome
from models.air.source.pipe import Pipe
from models.air.source.release import broken_gas_line, burst_vessel, spill, vent, vessel_hole
from models.substances.table import substance
from models.term import Ambient, Shape, SourceTerm
from twin.core.errors import NotFoundError, SolverError

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


def sound(term: SourceTerm) -> None:
    count = len(term.rate_kg_s)
    assert len(term.times_s) == count + 1
    assert np.all(np.diff(term.times_s) > 0.0)
    for row in (term.temperature_k, term.liquid_fraction, term.air_fraction, term.radius_m, term.speed_m_s):
        assert row.shape == (count,)
        assert np.all(np.isfinite(row))
    assert np.all((term.liquid_fraction >= 0.0) & (term.liquid_fraction <= 1.0))
    assert np.all(term.rate_kg_s >= 0.0)
    assert np.all(term.radius_m > 0.0)


def closed(outcome: Outcome) -> None:
    """Discharged = vapour + aerosol + evaporated + removed + pool, always; terms carry what the book says."""
    books = outcome.balance
    assert books.error_fraction <= 1e-9
    assert np.allclose(books.rained_kg, books.evaporated_kg + books.pool_kg)
    for row in (books.vapour_kg, books.aerosol_kg, books.evaporated_kg, books.removed_kg, books.pool_kg):
        assert np.all(row >= -1e-9 * books.discharged_kg[-1])
    airborne = 0.0 if outcome.jet is None else outcome.jet.mass_kg
    assert airborne == pytest.approx(books.vapour_kg[-1] + books.aerosol_kg[-1], rel=1e-9, abs=1e-9)
    pooled = 0.0 if outcome.pool is None else outcome.pool.mass_kg
    assert pooled == pytest.approx(books.evaporated_kg[-1], rel=1e-6, abs=1e-9)
    for term in outcome.terms:
        sound(term)


@given(
    name=st.sampled_from(["hf", "cl2", "nh3", "so2", "methanol", "propane"]),
    hole=st.floats(0.005, 0.1),
    warm=st.floats(255.0, 315.0),
    fill=st.floats(0.1, 0.9),
    nozzle=st.booleans(),
    rain=st.one_of(st.sampled_from(["none", "kletz"]), st.floats(0.0, 1.0)),
    closes=st.one_of(st.none(), st.floats(5.0, 600.0)),
)
@settings(deadline=None, max_examples=15)
def test_masses_add_up(
    name: str, hole: float, warm: float, fill: float, nozzle: bool, rain: str | float, closes: float | None
) -> None:
    closed(
        vessel_hole(
            name,
            hole,
            temperature_k=warm,
            ambient=AIR,
            volume_m3=20.0,
            pressure_pa=2e5,
            fill_fraction=fill,
            nozzle=nozzle,
            isolated_after_s=closes,
            falling=Falling(rain_out=rain, until_s=1200.0),
        )
    )


def test_hydrogen_fluoride_below_and_above_its_boiling_point() -> None:
    """19.5 C divides: a pool only, or a two-phase jet."""

    def leak(at_k: float) -> Outcome:
        return vessel_hole("hf", 0.02, temperature_k=at_k, ambient=AIR, volume_m3=5.0, fill_fraction=0.8)

    cold, warm = leak(288.15), leak(303.15)
    assert cold.jet is None
    assert cold.pool is not None
    assert warm.jet is not None
    assert warm.pool is None
    assert 0.8 < warm.jet.liquid_fraction[0] < 1.0
    assert warm.jet.temperature_k[0] == pytest.approx(292.7, abs=0.3)
    closed(cold)
    closed(warm)


def test_a_liquid_that_cools_to_its_boiling_point_stops_being_a_jet() -> None:
    leak = vessel_hole(
        "so2", 0.05, temperature_k=263.3, ambient=AIR, volume_m3=20.0, pressure_pa=2e5, fill_fraction=0.8
    )
    assert leak.jet is not None
    assert leak.pool is not None
    assert leak.jet.times_s[-1] < 0.9 * leak.pool.times_s[-1]
    closed(leak)


def test_gas_leaves_as_a_jet_with_the_wind_or_as_told() -> None:
    args = {"temperature_k": 293.15, "ambient": AIR, "volume_m3": 5.0, "pressure_pa": 4e5}
    free = vessel_hole("cl2", 0.01, **args)  # type: ignore[arg-type]
    told = vessel_hole("cl2", 0.01, towards_deg=200.0, elevation_deg=45.0, height_m=7.0, **args)  # type: ignore[arg-type]
    assert free.jet is not None
    assert told.jet is not None
    assert free.pool is None
    assert free.jet.shape is Shape.JET
    assert (free.jet.towards_deg, told.jet.towards_deg) == (90.0, 200.0)
    assert (told.jet.elevation_deg, told.jet.height_m) == (45.0, 7.0)
    closed(free)


def test_a_valve_that_closes_stops_it() -> None:
    args = {"temperature_k": 293.15, "ambient": AIR, "volume_m3": 50.0, "fill_fraction": 0.8}
    whole = vessel_hole("cl2", 0.02, **args)  # type: ignore[arg-type]
    cut = vessel_hole("cl2", 0.02, isolated_after_s=60.0, **args)  # type: ignore[arg-type]
    assert cut.jet is not None
    assert cut.jet.times_s[-1] <= 60.0 + 1e-6
    assert cut.balance.discharged_kg[-1] < 0.1 * whole.balance.discharged_kg[-1]


@pytest.mark.parametrize("extra", [{"nozzle": True}, {"pipe": Pipe(length_m=30.0, diameter_m=0.02)}])
def test_boiling_inside_and_friction_slow_the_flow(extra: dict[str, object]) -> None:
    args = {
        "temperature_k": 293.15,
        "ambient": AIR,
        "volume_m3": 5.0,
        "fill_fraction": 0.8,
        "duration_s": 60.0,
    }
    thin = vessel_hole("cl2", 0.02, **args)  # type: ignore[arg-type]
    slow = vessel_hole("cl2", 0.02, **args, **extra)  # type: ignore[arg-type]
    assert slow.balance.discharged_kg[-1] < thin.balance.discharged_kg[-1]
    closed(slow)


def test_a_larger_hole_lets_more_out() -> None:
    args = {
        "temperature_k": 293.15,
        "ambient": AIR,
        "volume_m3": 50.0,
        "fill_fraction": 0.8,
        "duration_s": 30.0,
    }
    rates = [vessel_hole("nh3", d, **args).balance.discharged_kg[-1] for d in (0.01, 0.02, 0.04)]  # type: ignore[arg-type]
    assert rates[1] / rates[0] == pytest.approx(4.0, rel=0.05)
    assert rates[2] > rates[1]


def test_a_burst_vessel_is_a_cylinder_as_high_as_wide() -> None:
    outcome = burst_vessel(
        "cl2", mass_kg=1000.0, temperature_k=293.15, ambient=AIR, falling=Falling(rain_out="kletz")
    )
    assert outcome.jet is not None
    assert outcome.jet.shape is Shape.INSTANT
    assert outcome.jet.height_of_cylinder_m == pytest.approx(outcome.jet.radius_m[0])
    assert outcome.jet.mass_kg == pytest.approx(2 * 0.18 * 1000.0, rel=0.03)
    closed(outcome)


def test_a_spill_of_cold_liquid_is_a_pool_and_a_hot_one_flashes() -> None:
    cold = spill("nh3", mass_kg=500.0, temperature_k=235.0, ambient=AIR)
    hot = spill("nh3", rate_kg_s=5.0, duration_s=100.0, temperature_k=290.0, ambient=AIR)
    assert cold.jet is None
    assert hot.jet is not None
    assert hot.jet.shape is Shape.POOL
    closed(cold)
    closed(hot)


def test_water_below_a_pool_boils_it_faster_than_dry_sand() -> None:
    wet, dry = (
        spill(
            "nh3",
            mass_kg=500.0,
            temperature_k=235.0,
            ambient=AIR,
            falling=Falling(ground=ground, until_s=300.0),
        )
        for ground in ("water", "sand_dry")
    )
    assert wet.balance.evaporated_kg[-1] > dry.balance.evaporated_kg[-1]


def test_a_broken_line_gives_its_inventory() -> None:
    pipe = Pipe(length_m=2000.0, diameter_m=0.2)
    outcome = broken_gas_line("methane", pipe=pipe, temperature_k=288.15, pressure_pa=40e5, ambient=AIR)
    volume = pipe.area_m2 * pipe.length_m
    whole = 40e5 * volume / (0.91 * substance("methane").gas_constant_j_kg_k * 288.15)
    assert outcome.balance.discharged_kg[-1] == pytest.approx(whole, rel=0.05)
    closed(outcome)


def test_a_vent_blows_its_volume() -> None:
    term = vent(
        "so2",
        rate_kg_s=0.1,
        duration_s=600.0,
        temperature_k=350.0,
        diameter_m=0.5,
        ambient=AIR,
        height_m=20.0,
    )
    sound(term)
    assert term.mass_kg == pytest.approx(60.0)
    density = term.rate_kg_s[0] / (term.speed_m_s[0] * np.pi * term.radius_m[0] ** 2)
    assert density == pytest.approx(101_325.0 / (substance("so2").gas_constant_j_kg_k * 350.0), rel=0.02)


def test_a_curtain_takes_its_share_while_it_runs() -> None:
    leak = vessel_hole("hf", 0.02, temperature_k=303.15, ambient=AIR, volume_m3=5.0, fill_fraction=0.8)
    assert leak.jet is not None
    at_s = float(0.4 * leak.jet.times_s[-1])
    middle, low, high = behind_curtain(
        leak, Curtain(removed_fraction=0.7, low_fraction=0.5, high_fraction=0.9, from_s=at_s)
    )
    for row in (middle, low, high):
        closed(row)
        assert row.balance.discharged_kg[-1] == leak.balance.discharged_kg[-1]
        assert "curtain" in row.notes[-1].en
    masses = [row.jet.mass_kg for row in (high, middle, low, leak) if row.jet is not None]
    assert masses == sorted(masses)
    before = np.interp(at_s, leak.balance.times_s, leak.balance.discharged_kg)
    assert middle.jet is not None
    assert middle.jet.mass_kg == pytest.approx(before + 0.3 * (leak.jet.mass_kg - before), rel=1e-6)


def test_a_curtain_out_of_order_is_refused_and_a_pool_is_not_caught() -> None:
    cold = spill("hf", mass_kg=10.0, temperature_k=285.0, ambient=AIR)
    curtain = Curtain(removed_fraction=0.5, low_fraction=0.5, high_fraction=0.5)
    assert behind_curtain(cold, curtain)[0] is cold
    with pytest.raises(SolverError, match="removed_fraction is 0.5 with range 0.6"):
        behind_curtain(cold, replace(curtain, low_fraction=0.6))


def test_limits_are_said() -> None:
    storm = replace(AIR, wind_speed_m_s=25.0)
    outcome = spill("hf", mass_kg=100.0, temperature_k=285.0, ambient=storm)
    assert [found.limit.quantity for found in outcome.outside] == ["wind_speed_10_m_s"]
    assert "outside validity: wind_speed_10_m_s 25" in outcome.notes[0].en
    assert "未经验证" in outcome.notes[0].zh
    wide = vessel_hole("cl2", 0.6, temperature_k=293.15, ambient=AIR, volume_m3=1.0, fill_fraction=0.8)
    assert "hole_to_vessel_ratio" in wide.notes[0].en
    warm = vessel_hole("hf", 0.02, temperature_k=303.15, ambient=AIR, volume_m3=5.0, fill_fraction=0.8)
    assert [found.note for found in warm.outside] == [
        "outside validity: temperature_k 303, expected 277.56 to 292.67"
    ]
    assert warm.jet is not None
    assert warm.jet.notes == warm.notes
    lake = spill("nh3", mass_kg=50.0, temperature_k=235.0, ambient=AIR, falling=Falling(ground="water"))
    assert lake.pool is not None
    assert "not modelled" in lake.pool.notes[-1].en


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"phase": "foam"}, "phase is 'foam'"),
        ({"fill_fraction": 0.0}, "pressure_pa is None"),
        ({"falling": Falling(rain_out="all")}, "rain_out is 'all'"),
        ({"falling": Falling(rain_out=1.5)}, "rain_out is 1.5"),
        ({"falling": Falling(ground="lava", rain_out="kletz")}, "ground is 'lava'"),
    ],
)
def test_inputs_that_make_no_sense_are_named(change: dict[str, object], text: str) -> None:
    args = {"temperature_k": 300.0, "ambient": AIR, "volume_m3": 5.0, "fill_fraction": 0.5} | change
    with pytest.raises(SolverError, match=text):
        vessel_hole("cl2", 0.02, **args)  # type: ignore[arg-type]


def test_nothing_that_leaves_is_an_error_and_so_is_an_unknown_substance() -> None:
    with pytest.raises(SolverError, match="nothing leaves the vessel"):
        vessel_hole(
            "methanol",
            0.02,
            temperature_k=290.0,
            ambient=AIR,
            volume_m3=5.0,
            fill_fraction=0.2,
            hole_height_m=2.0,
        )
    with pytest.raises(NotFoundError, match="krypton"):
        spill("krypton", mass_kg=1.0, temperature_k=100.0, ambient=AIR)


def test_missing_properties_are_an_error_not_a_guess() -> None:
    with pytest.raises(SolverError, match="of pfib is not in the table"):
        vessel_hole("pfib", 0.02, temperature_k=290.0, ambient=AIR, volume_m3=1.0, fill_fraction=0.5)


def test_liquid_that_would_turn_solid_is_an_error_and_its_gas_is_not() -> None:
    with pytest.raises(SolverError, match="pressure_pa is 101325"):
        vessel_hole("co2", 0.02, temperature_k=280.0, ambient=AIR, volume_m3=1.0, fill_fraction=0.5)
    closed(vessel_hole("co2", 0.02, temperature_k=290.0, ambient=AIR, volume_m3=1.0, pressure_pa=20e5))


def test_gas_of_hf_says_what_was_assumed() -> None:
    outcome = vessel_hole("hf", 0.02, temperature_k=320.0, ambient=AIR, volume_m3=1.0, pressure_pa=2e5)
    assert outcome.jet is not None
    assert any("associates" in note.en for note in outcome.jet.notes)
