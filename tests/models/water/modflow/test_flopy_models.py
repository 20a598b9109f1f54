"""Models that flopy wrote: they run here, and what is not computed here is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.water.grid import regular_grid
from models.water.model import WaterProblem
from models.water.modflow import Units, UnsupportedError, extra, read_modflow6
from models.water.modflow.fields import read_budget, read_fields, write_fields
from models.water.problem import FixedHead, FlowProblem, Medium, Period, Recharge, Wells
from models.water.run import run
from tests.support.water_data import reference, tool
from twin.core.errors import BadRequestError, ToolMissingError

pytest.importorskip("flopy")
DAY = 86400.0
SHAPE = (2, 6, 9)


def valley(folder: Path, change: Any = None) -> None:
    """A small valley as the reference tool writes it: days, metres, fixed heads, a well, rain."""
    from flopy import mf6

    sim = mf6.MFSimulation(sim_name="park", sim_ws=str(folder), verbosity_level=0)
    mf6.ModflowTdis(sim, nper=2, time_units="days", perioddata=[(1.0, 1, 1.0), (30.0, 3, 1.0)])
    gwf = mf6.ModflowGwf(sim, modelname="gwf")
    sim.register_ims_package(mf6.ModflowIms(sim), ["gwf"])
    mf6.ModflowGwfdis(
        gwf, length_units="meters", nlay=2, nrow=6, ncol=9, delr=10.0, delc=20.0, top=0.0, botm=[-5.0, -12.0]
    )
    mf6.ModflowGwfic(gwf, strt=1.0)
    k = np.linspace(1.0, 5.0, 108).reshape(SHAPE)
    mf6.ModflowGwfnpf(gwf, icelltype=0, k=k, k33overk=True, k33=0.1)
    mf6.ModflowGwfsto(gwf, iconvert=0, ss=1e-4, steady_state={0: True}, transient={1: True})
    sides = [((k, r, c), 2.0 - 0.1 * c) for k in range(2) for r in range(6) for c in (0, 8)]
    mf6.ModflowGwfchd(gwf, stress_period_data=sides, pname="sides")
    mf6.ModflowGwfwel(gwf, stress_period_data={1: [((1, 1, 4), -15.0)]}, pname="pump")
    rain = np.arange(54.0).reshape(6, 9) * 1e-5
    mf6.ModflowGwfrcha(gwf, recharge=rain, pname="rain")
    if change is not None:
        change(mf6, sim, gwf)
    sim.write_simulation(silent=True)


def direct() -> WaterProblem:
    """The same by hand, in SI, rows from the south."""
    grid = regular_grid(SHAPE, dx_m=10.0, dy_m=20.0, thickness_m=np.array([5.0, 7.0]))
    k = np.linspace(1.0, 5.0, 108).reshape(SHAPE)[:, ::-1] / DAY
    medium = Medium(
        k_m_s=k,
        k33_m_s=0.1 * k,
        porosity=np.full(SHAPE, 0.25),
        specific_storage_1_m=np.full(SHAPE, 1e-4),
        specific_yield=np.zeros(SHAPE),
    )
    cells = np.array([(k, r, c) for k in range(2) for r in range(6) for c in (0, 8)])
    sides = FixedHead(cells=cells, head_m=2.0 - 0.1 * cells[:, 2])
    pump = Wells(cells=np.array([[1, 4, 4]]), rate_m3_s=np.array([-15.0 / DAY]))  # row 1 from the north
    rain = Recharge(rate_m_s=np.arange(54.0).reshape(6, 9)[::-1] * 1e-5 / DAY)
    periods = (
        Period(length_s=DAY, stresses=(sides, rain), steady=True),
        Period(length_s=30 * DAY, stresses=(sides, rain, pump), steps=3),
    )
    flow = FlowProblem(grid=grid, medium=medium, start_head_m=np.ones(SHAPE), periods=periods)
    return WaterProblem(flow=flow)


def test_a_model_that_flopy_wrote_gives_the_heads_of_the_same_problem_by_hand(tmp_path: Path) -> None:
    valley(tmp_path)
    found = read_modflow6(tmp_path)
    assert found.units == Units(time="days")
    theirs = run(found.problem, times_s=[DAY, 31 * DAY])
    mine = run(direct(), times_s=[DAY, 31 * DAY])
    assert theirs.converged
    np.testing.assert_allclose(theirs.head_m, mine.head_m, rtol=0.0, atol=1e-9)
    assert {row.name for row in theirs.budgets[-1]} >= {"sides", "pump", "rain"}
    assert float(np.ptp(mine.head_m[1] - mine.head_m[0])) > 1e-3  # the pump is felt


def more(name: str) -> Any:
    def change(mf6: Any, sim: Any, gwf: Any) -> None:
        if name == "maw":
            mf6.ModflowGwfmaw(
                gwf,
                packagedata=[(0, 0.1, -12.0, 1.0, "THIEM", 1)],
                connectiondata=[(0, 0, (1, 2, 2), -5.0, -12.0, 1.0, 0.1)],
            )
        elif name == "wel.auto_flow_reduce":
            mf6.ModflowGwfwel(gwf, auto_flow_reduce=0.1, stress_period_data=[((0, 1, 1), -1.0)], pname="wel2")
        elif name == "npf.rewet_record":
            gwf.remove_package("npf")
            mf6.ModflowGwfnpf(
                gwf,
                icelltype=1,
                k=1.0,
                wetdry=0.1,
                rewet_record=[("WETFCT", 1.0, "IWETIT", 1, "IHDWET", 0)],
            )
        elif name == "npf.xt3doptions":
            gwf.remove_package("npf")
            mf6.ModflowGwfnpf(gwf, icelltype=0, k=1.0, xt3doptions=True)
        elif name == "evt.nseg":
            mf6.ModflowGwfevt(
                gwf, nseg=2, stress_period_data=[((0, 1, 1), 0.0, 1e-3, 2.0, 0.5, 0.5)], pname="evt"
            )

    return change


@pytest.mark.parametrize(
    "name", ["maw", "wel.auto_flow_reduce", "npf.rewet_record", "npf.xt3doptions", "evt.nseg"]
)
def test_what_is_not_computed_here_is_named_never_dropped(tmp_path: Path, name: str) -> None:
    valley(tmp_path, more(name))
    with pytest.raises(UnsupportedError) as caught:
        read_modflow6(tmp_path)
    assert name in caught.value.names
    assert "ignore" in caught.value.message
    assert "ignore" in caught.value.message_zh


def test_what_is_left_out_knowingly_stands_in_the_notes(tmp_path: Path) -> None:
    valley(tmp_path, more("wel.auto_flow_reduce"))
    found = read_modflow6(tmp_path, ignore=["wel.auto_flow_reduce"])
    assert any("wel.auto_flow_reduce" in note for note in found.notes)


def test_a_model_without_units_needs_them_said(tmp_path: Path) -> None:
    def bare(mf6: Any, sim: Any, gwf: Any) -> None:
        sim.tdis.time_units = None
        gwf.dis.length_units = None

    valley(tmp_path, bare)
    with pytest.raises(BadRequestError, match="length_unit"):
        read_modflow6(tmp_path)
    with pytest.raises(BadRequestError, match="time_unit"):
        read_modflow6(tmp_path, length_unit="meters")
    with pytest.raises(BadRequestError, match="fathoms"):
        read_modflow6(tmp_path, length_unit="fathoms", time_unit="days")
    found = read_modflow6(tmp_path, length_unit="meters", time_unit="days")
    assert found.flow.medium.k_m_s.max() == pytest.approx(5.0 / DAY)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRequestError, match=r"mfsim\.nam"):
        read_modflow6(tmp_path)
    (tmp_path / "mfsim.nam").write_text("BEGIN options\nnonsense\n", encoding="utf-8")
    with pytest.raises(BadRequestError):
        read_modflow6(tmp_path)


def test_without_flopy_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extra, "find_spec", lambda name: None)
    with pytest.raises(ToolMissingError, match=r"park-twin\[modflow\]") as caught:
        read_modflow6(tmp_path)
    assert "未安装" in caught.value.message_zh


def test_heads_and_concentrations_are_read_by_flopy_and_by_us_alike(tmp_path: Path) -> None:
    import flopy

    rng = np.random.default_rng(1)
    values = rng.random((3, 2, 4, 5))
    values[1, 0, 2, 3] = np.nan
    times = np.array([DAY, 2 * DAY, 5 * DAY])
    days = Units(time="days", mass="g")
    heads = write_fields(tmp_path / "a.hds", times, values, quantity="head_m", units=days)
    concs = write_fields(tmp_path / "a.ucn", times, values, quantity="conc_kg_m3", units=days)
    body = flopy.utils.HeadFile(str(heads))
    assert body.get_times() == [1.0, 2.0, 5.0]
    np.testing.assert_array_equal(body.get_data(totim=5.0)[:, ::-1], values[2])
    body.close()
    again = read_fields(concs, units=days)
    assert again.quantity == "conc_kg_m3"
    np.testing.assert_allclose(again.values, values, rtol=1e-15)
    np.testing.assert_array_equal(again.times_s, times)
    np.testing.assert_array_equal(read_fields(heads, units=days).values, values)


def test_a_file_that_is_no_field_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.hds").write_bytes(b"nothing of the kind, nothing of the kind")
    with pytest.raises(BadRequestError, match="HEAD or CONCENTRATION"):
        read_fields(tmp_path / "x.hds")
    with pytest.raises(BadRequestError, match="readable"):
        read_fields(tmp_path / "missing.hds")
    with pytest.raises(BadRequestError):
        read_budget(tmp_path / "missing.bud")


def test_the_reference_tools_own_model_is_the_reference_problem(tmp_path: Path) -> None:
    """Unconfined, transient, river, rain, sorption and decay, as the tool writes it for MODFLOW 6."""
    given = reference("unconfined", (5, 30, 40), 2)
    with pytest.raises(SystemExit, match="mf6 did not finish"):  # there is no mf6: only its input is wanted
        tool("mf6_reference").run_mf6(given.raw, tmp_path / "ref", "/bin/true", "TVD", False)
    found = read_modflow6(tmp_path / "ref", mass_unit="g", length_unit="meters")
    assert found.transport is not None
    species, spread = found.transport.species[0], found.transport.dispersion
    assert species.decay_1_s == species.decay_sorbed_1_s == pytest.approx(1e-3 / DAY)
    assert species.sorption is not None
    assert species.sorption.bulk_density_kg_m3 * species.sorption.kd_m3_kg == pytest.approx(0.16)
    assert (spread.transverse_horizontal_m, spread.transverse_vertical_m) == (1.0, 0.1)
    assert not spread.cross_terms
    np.testing.assert_array_equal(found.flow.medium.porosity, 0.2)
    # Eight decimals of text are what that tool writes.
    np.testing.assert_allclose(found.flow.medium.k_m_s, given.problem.medium.k_m_s, rtol=1e-6)
    theirs = run(WaterProblem(flow=found.flow))
    mine = run(WaterProblem(flow=given.problem))
    assert theirs.converged
    np.testing.assert_allclose(theirs.head_m, mine.head_m, rtol=0.0, atol=1e-5)
    carried = run(found.problem)
    assert carried.conc_kg_m3 is not None
    put = next(row for row in carried.masses[-1] if row.name == "wel-1")
    assert put.in_kg == pytest.approx(2 * 20.0 * 0.1, rel=1e-6)  # 20 m3/d of 100 g/m3 for two days
