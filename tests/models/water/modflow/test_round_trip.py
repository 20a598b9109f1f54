"""A problem written as MODFLOW 6 and read again is the same, number by number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.water.grid import Grid
from models.water.model import WaterProblem
from models.water.modflow import Units, read_modflow6, write_modflow6
from models.water.problem import (
    Barrier,
    DecayZone,
    Dispersion,
    Drain,
    DualDomain,
    Evapotranspiration,
    FixedConcentration,
    FixedHead,
    FlowProblem,
    GeneralHead,
    MassSource,
    Medium,
    Period,
    Recharge,
    River,
    Sorption,
    Species,
    Stress,
    TransportProblem,
    Wells,
)
from twin.core.errors import BadRequestError

pytest.importorskip("flopy")
NL, NR, NC = 3, 4, 5
ZONE = DecayZone(cells=np.array([[0, 0, 1]]), rate_1_s=np.array([1e-6]))


def ground(rng: np.random.Generator) -> tuple[Grid, Medium]:
    domain = np.ones((NL, NR, NC), dtype=np.int8)
    domain[1, 2, 3] = -1
    domain[2, 0, 0] = 0
    bottom = -np.cumsum(1.0 + rng.random((NL, NR, NC)), axis=0)
    bottom[1, 2, 3] = bottom[0, 2, 3]
    grid = Grid(
        dx_m=1.0 + rng.random(NC),
        dy_m=1.0 + rng.random(NR),
        top_m=rng.random((NR, NC)) / 3,
        bottom_m=bottom,
        domain=domain,
        x0_m=12.3,
        y0_m=-45.6,
    )

    def field(scale: float) -> Any:
        return scale * (0.5 + rng.random((NL, NR, NC)))

    medium = Medium(
        k_m_s=field(1e-5),
        k22_m_s=field(2e-5),
        k33_m_s=field(1e-6),
        porosity=field(0.2),
        specific_storage_1_m=field(1e-5),
        specific_yield=field(0.1),
        convertible=np.array([True, True, False]),
    )
    return grid, medium


def stresses(rng: np.random.Generator, species: int) -> tuple[Stress, ...]:
    def conc(*shape: int) -> Any:
        return rng.random((*shape, species)) if species else None

    cells = np.array([[0, 0, 1], [0, 3, 4]], dtype=np.int64)
    plane = (NR, NC)
    return (
        FixedHead(cells=cells, head_m=rng.random(2), conc_kg_m3=conc(2), name="chd"),
        Wells(
            cells=cells + [1, 0, 0],
            rate_m3_s=1e-4 * rng.standard_normal(2),
            conc_kg_m3=conc(2),
            name="wel_a",
        ),
        Wells(cells=cells[:1], rate_m3_s=rng.random(1) * 1e-5, name="wel_b"),
        River(
            cells=cells,
            stage_m=rng.random(2),
            conductance_m2_s=rng.random(2) * 1e-4,
            bottom_m=rng.random(2) - 1.0,
            conc_kg_m3=conc(2),
            name="riv",
        ),
        Drain(cells=cells, elevation_m=rng.random(2), conductance_m2_s=rng.random(2) * 1e-4, name="drn"),
        GeneralHead(cells=cells, head_m=rng.random(2), conductance_m2_s=rng.random(2) * 1e-4, name="ghb"),
        Recharge(rate_m_s=rng.random(plane) * 1e-8, conc_kg_m3=conc(*plane), name="rch"),
        Evapotranspiration(
            surface_m=rng.random(plane),
            rate_m_s=rng.random(plane) * 1e-8,
            depth_m=1.0 + rng.random(plane),
            name="evt",
        ),
        Barrier(
            cells_a=np.array([[0, 1, 1]]),
            cells_b=np.array([[0, 1, 2]]),
            hydraulic_1_s=np.array([1e-9 / 3]),
            name="hfb",
        ),
    )


def problem(seed: int, species: tuple[Species, ...] = ()) -> WaterProblem:
    rng = np.random.default_rng(seed)
    grid, medium = ground(rng)
    first, second = stresses(rng, len(species)), stresses(rng, len(species))
    periods = (
        Period(length_s=86400.0 / 7, stresses=first, steady=True),
        Period(length_s=1e5 / 3, stresses=first, steps=3, multiplier=1.2),
        Period(length_s=5e4, stresses=second[:4], steps=2),
        Period(length_s=5e4, stresses=(), steps=2),
    )
    flow = FlowProblem(
        grid=grid,
        medium=medium,
        start_head_m=np.where(grid.active, rng.random(grid.shape), 0.0),
        periods=periods,
    )
    if not species:
        return WaterProblem(flow=flow)
    count = len(species)
    ends = np.cumsum([row.length_s for row in periods])
    held = np.full((2, count), np.nan)
    held[:, 0] = rng.random(2)
    rate = np.zeros((1, count))
    rate[0, -1] = 1e-6 / 7
    transport = TransportProblem(
        species=species,
        dispersion=Dispersion(
            longitudinal_m=10.0 / 3,
            transverse_horizontal_m=0.7,
            transverse_vertical_m=0.03,
            diffusion_m2_s=1e-9,
            cross_terms=False,
        ),
        start_conc_kg_m3=np.where(grid.active, rng.random((count, *grid.shape)), 0.0),
        fixed=(
            FixedConcentration(
                cells=np.array([[0, 0, 0], [0, 1, 1]]),
                conc_kg_m3=held,
                start_s=float(ends[0]),
                end_s=float(ends[2]),
            ),
        ),
        sources=(MassSource(cells=np.array([[1, 1, 1]]), rate_kg_s=rate),),
    )
    return WaterProblem(flow=flow, transport=transport)


def same(one: object, other: object, where: str) -> None:
    """Equal to the last bit, arrays and nested values alike."""
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other), err_msg=where)
    elif isinstance(one, tuple | list) and isinstance(other, tuple | list):
        assert len(one) == len(other), where
        for n, (a, b) in enumerate(zip(one, other, strict=True)):
            same(a, b, f"{where}[{n}]")
    elif hasattr(one, "__dataclass_fields__"):
        assert type(one) is type(other), where
        for name in one.__dataclass_fields__:
            same(getattr(one, name), getattr(other, name), f"{where}.{name}")
    else:
        assert one == other, where


def test_a_flow_problem_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    given = problem(1)
    # No porosity stands in the files of a flow model.
    given = replace(
        given,
        flow=replace(given.flow, medium=replace(given.flow.medium, porosity=np.full((NL, NR, NC), 0.25))),
    )
    write_modflow6(given, tmp_path)
    found = read_modflow6(tmp_path)
    same(given, found.problem, "problem")
    assert found.units == Units()
    # A stress that does not change stays one object, so that a steady state is solved once.
    assert found.flow.periods[0].stresses[0] is found.flow.periods[1].stresses[0]


def test_transport_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    species = (
        Species(
            id="benzene", decay_1_s=1e-8 / 3, decay_sorbed_1_s=1e-9, sorption=Sorption(kd_m3_kg=1e-4 / 3)
        ),
        Species(
            id="lead",
            sorption=Sorption(kind="freundlich", bulk_density_kg_m3=1700.0, kf=0.01 / 7, exponent=0.7),
        ),
        Species(id="zinc", sorption=Sorption(kind="langmuir", s_max_kg_kg=3e-3, kl_m3_kg=0.1 / 3)),
    )
    given = problem(2, species)
    write_modflow6(given, tmp_path)
    found = read_modflow6(tmp_path)
    assert found.transport is not None
    assert given.transport is not None
    # Packages without concentrations come back with zeros or none; both mean clean water.
    same(given.flow, found.flow, "flow")
    same(
        replace(given.transport, fixed=(), sources=()),
        replace(found.transport, fixed=(), sources=()),
        "transport",
    )
    held = found.transport.fixed
    same(given.transport.fixed[0].conc_kg_m3, held[0].conc_kg_m3, "fixed")
    assert (held[0].start_s, held[0].end_s) == (
        given.transport.fixed[0].start_s,
        given.transport.fixed[0].end_s,
    )
    (put,) = [row for row in found.transport.sources if np.any(row.rate_kg_s)]
    same(given.transport.sources[0].rate_kg_s, put.rate_kg_s, "sources")
    assert any("Koren" in note for note in found.notes)


def test_a_dual_domain_comes_back(tmp_path: Path) -> None:
    given = problem(3, (Species(id="tce", dual=DualDomain(porosity=0.1, exchange_1_s=1e-7 / 3)),))
    write_modflow6(given, tmp_path)
    found = read_modflow6(tmp_path)
    assert found.transport is not None
    same(given.transport.species, found.transport.species, "species")  # type: ignore[union-attr]
    same(given.flow.medium.porosity, found.flow.medium.porosity, "porosity")


@pytest.mark.parametrize(
    "units", [Units(time="days", mass="g"), Units(length="feet", time="hours", mass="mg")]
)
def test_units_of_the_files_change_the_numbers_not_the_problem(tmp_path: Path, units: Units) -> None:
    species = (
        Species(id="lead", sorption=Sorption(kind="freundlich", kf=0.01, exponent=0.7), decay_1_s=1e-7),
    )
    given = problem(4, species)
    write_modflow6(given, tmp_path, units=units)
    found = read_modflow6(tmp_path, mass_unit=units.mass)
    np.testing.assert_allclose(found.flow.medium.k_m_s, given.flow.medium.k_m_s, rtol=1e-14)
    np.testing.assert_allclose(found.flow.grid.bottom_m, given.flow.grid.bottom_m, rtol=1e-14)
    for mine, theirs in zip(given.flow.periods[0].stresses, found.flow.periods[0].stresses, strict=True):
        for name in mine.__dataclass_fields__:
            value = getattr(mine, name)
            if isinstance(value, np.ndarray) and value.dtype == np.float64:
                np.testing.assert_allclose(getattr(theirs, name), value, rtol=1e-13, err_msg=name)
    assert found.transport is not None
    assert given.transport is not None
    one, other = given.transport.species[0], found.transport.species[0]
    assert one.sorption is not None
    assert other.sorption is not None
    assert other.sorption.kf == pytest.approx(one.sorption.kf, rel=1e-12)
    assert other.decay_1_s == pytest.approx(one.decay_1_s, rel=1e-12)
    with pytest.raises(BadRequestError, match="time_unit"):
        read_modflow6(tmp_path, time_unit="years")


def test_the_northern_row_of_the_files_is_our_last(tmp_path: Path) -> None:
    import flopy

    given = problem(5)
    write_modflow6(given, tmp_path)
    sim = flopy.mf6.MFSimulation.load(sim_ws=str(tmp_path), verbosity_level=0)
    gwf = sim.get_model("flow")
    np.testing.assert_array_equal(gwf.npf.k.array[:, 0], given.flow.medium.k_m_s[:, -1])
    assert gwf.dis.delc.array[0] == given.flow.grid.dy_m[-1]
    # flopy counts y from the corner in the south-west: its centres are ours.
    np.testing.assert_allclose(gwf.modelgrid.ycellcenters[::-1, 0], given.flow.grid.y_m, rtol=1e-13)
    np.testing.assert_allclose(gwf.modelgrid.xcellcenters[0], given.flow.grid.x_m, rtol=1e-13)
    assert tuple(gwf.get_package("chd").stress_period_data.get_data(0)["cellid"][0]) == (0, NR - 1, 1)


@pytest.mark.parametrize(
    ("species", "said"),
    [
        ((Species(id="a"), Species(id="b", parent="a")), "parent"),
        ((Species(id="a", sorption=Sorption(kd_m3_kg=1e-4, rate_1_s=1e-6)),), "rate_1_s"),
        (
            (Species(id="a", zones=(DecayZone(cells=np.array([[0, 0, 1]]), rate_1_s=np.array([1e-6])),)),),
            "zones",
        ),
        ((Species(id="a-name-that-is-far-too-long"),), "16"),
    ],
)
def test_what_modflow_cannot_say_is_refused(tmp_path: Path, species: tuple[Species, ...], said: str) -> None:
    with pytest.raises(BadRequestError, match=said) as caught:
        write_modflow6(problem(6, species), tmp_path)
    assert caught.value.message_zh != caught.value.message


def test_a_source_that_ends_within_a_period_is_refused(tmp_path: Path) -> None:
    given = problem(7, (Species(id="a"),))
    assert given.transport is not None
    source = replace(given.transport.sources[0], end_s=1234.5)
    with pytest.raises(BadRequestError, match=r"1234\.5"):
        write_modflow6(replace(given, transport=replace(given.transport, sources=(source,))), tmp_path)
