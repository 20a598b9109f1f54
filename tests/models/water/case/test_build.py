"""A case becomes the problem it describes: units, rows from the north, arrays, places, periods."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import from_origin

from models.water.case import build_case, load_case, run_case
from models.water.case.dims import CONCS_KG_M3, LENGTHS_M, MASSES_KG, TIMES_S, Dim, UnitsTable, scale_of
from models.water.case.write import payload, read_pairs, write_npz, write_result
from models.water.problem import Barrier, FixedHead, FlowProblem, Recharge, River, Wells

SHAPE = (2, 3, 4)


def flow(folder: Path | None = None, **changes: Any) -> FlowProblem:
    case: dict[str, Any] = {
        "kind": "flow",
        "units": {"length": "m", "time": "s", "mass": "kg"},
        "grid": {"nlay": 2, "nrow": 3, "ncol": 4, "dx": 10.0, "dy": [1.0, 2.0, 3.0], "thickness": [5.0, 4.0]},
        "medium": {"k": 1.0},
        "period": [{"length": 10.0}, {"length": 20.0}, {"length": 5.0}],
    }
    return build_case(load_case({**case, **changes}, folder=folder)).problem.flow


def test_rows_of_the_file_run_from_the_north_and_ours_from_the_south() -> None:
    grid = flow().grid
    np.testing.assert_array_equal(grid.dy_m, [3.0, 2.0, 1.0])
    plane = [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [9.0, 10.0, 11.0, 12.0]]
    k = flow(medium={"k": [plane, 2.0]}).medium.k_m_s
    np.testing.assert_array_equal(k[0, 0], plane[2])
    assert (k[1] == 2.0).all()
    wells = flow(wel=[{"layer": 1, "row": 1, "column": 4, "rate": 1.0}]).periods[0].stresses[0]
    assert isinstance(wells, Wells)
    assert wells.cells.tolist() == [[0, 2, 3]]
    south = {"nlay": 2, "nrow": 3, "ncol": 4, "dx": 10.0, "dy": [1.0, 2.0, 3.0], "thickness": 5.0}
    south |= {"rows": "south_to_north", "index_base": 0}
    wells = flow(grid=south, wel=[{"layer": 1, "row": 0, "column": 3, "rate": 1.0}]).periods[0].stresses[0]
    assert isinstance(wells, Wells)
    assert wells.cells.tolist() == [[1, 0, 3]]


def test_arrays_come_from_files_of_every_kind_alike(tmp_path: Path) -> None:
    values = 1.0 + np.arange(24.0).reshape(SHAPE)
    np.save(tmp_path / "k.npy", values)
    np.savez(tmp_path / "k.npz", other=np.zeros(3), k=values)
    np.savetxt(tmp_path / "k.txt", values.reshape(6, 4))
    np.savetxt(tmp_path / "k.csv", values.reshape(6, 4), delimiter=",")
    with rasterio.open(
        tmp_path / "k.tif", "w", driver="GTiff", width=4, height=3, count=2, dtype="float64",
        crs="EPSG:32650", transform=from_origin(0.0, 6.0, 10.0, 2.0),
    ) as raster:  # fmt: skip
        raster.write(values)
    expected = values[:, ::-1]
    for given_k in ("k.npy", {"file": "k.npz", "key": "k"}, "k.txt", "k.csv", "k.tif"):
        found = flow(tmp_path, medium={"k": given_k}).medium.k_m_s
        np.testing.assert_array_equal(found, expected, err_msg=str(given_k))
    turned = flow(tmp_path, medium={"k": {"file": "k.npy", "rows": "south_to_north", "factor": 2.0}})
    np.testing.assert_array_equal(turned.medium.k_m_s, 2.0 * values)
    np.save(tmp_path / "zones.npy", np.array([[1, 1, 2, 2]] * 3))
    zoned = flow(tmp_path, medium={"k": {"zones": "zones.npy", "zone_values": {"1": 0.5, "2": 7.0}}})
    assert zoned.medium.k_m_s[1, 0].tolist() == [0.5, 0.5, 7.0, 7.0]
    patched = {"value": 1.0, "patch": [{"layer": 2, "row": "1:2", "column": [1, 4], "value": 9.0}]}
    k = flow(medium={"k": patched}).medium.k_m_s
    assert (k == 9.0).sum() == 4
    assert k[1, 2, 0] == 9.0
    assert k[1, 0, 0] == 1.0


def test_a_number_that_is_not_there_is_no_matter_where_there_is_no_water(tmp_path: Path) -> None:
    values = np.ones(SHAPE)
    values[0, 0, 0] = np.nan
    np.save(tmp_path / "k.npy", values)
    grid = {"nlay": 2, "nrow": 3, "ncol": 4, "dx": 10.0, "dy": 2.0, "thickness": 5.0}
    grid["domain"] = {"value": 1, "patch": [{"layer": 1, "row": 1, "column": 1, "value": 0}]}
    assert flow(tmp_path, grid=grid, medium={"k": "k.npy"}).medium.k_m_s[1, 2, 0] == 1.0


def test_a_stress_that_does_not_change_is_one_object_and_lists_go_by_period() -> None:
    problem = flow(
        chd=[{"side": "west", "head": 3.0}],
        wel=[
            {"layer": 2, "row": 2, "column": 2, "rate": [1.0, 2.0], "periods": [1, 3]},
            {"name": "other", "table": [[1, 1, 1, -1.0], [1, 1, 2, -2.0]], "periods": [2]},
        ],
        rch=[{"rate": 1e-8, "periods": [2]}],
    )
    first, second, third = (period.stresses for period in problem.periods)
    assert first[0] is second[0] is third[0]
    assert isinstance(first[0], FixedHead)
    assert len(first[0].cells) == 6
    rates = [s.rate_m3_s.tolist() for row in (first, second, third) for s in row if isinstance(s, Wells)]
    assert rates == [[1.0], [-1.0, -2.0], [2.0]]
    assert [any(isinstance(s, Recharge) for s in row) for row in (first, second, third)] == [
        False,
        True,
        False,
    ]


def test_places_by_point_screen_csv_and_walls(tmp_path: Path) -> None:
    (tmp_path / "riv.csv").write_text(
        "x,y,stage,conductance,bottom\n5,0.5,1,2,0\n35,5.5,3,4,1\n", encoding="utf-8"
    )
    problem = flow(
        tmp_path,
        riv=[{"csv": "riv.csv"}],
        wel=[{"x": 15.0, "y": 4.0, "screen_top": -4.0, "screen_bottom": -9.0, "rate": -1.0}],
        hfb=[{"columns": [2, 3], "along": "1:2", "layer": 1, "hydraulic": 0.5}],
    )
    stresses = problem.periods[0].stresses
    river = next(s for s in stresses if isinstance(s, River))
    assert river.cells.tolist() == [[0, 0, 0], [0, 2, 3]]
    assert river.conductance_m2_s.tolist() == [2.0, 4.0]
    wells = next(s for s in stresses if isinstance(s, Wells))
    # One metre of the screen lies in the upper layer, four in the lower; both conduct alike.
    np.testing.assert_allclose(wells.rate_m3_s, [-0.2, -0.8])
    assert wells.cells.tolist() == [[0, 1, 1], [1, 1, 1]]
    wall = next(s for s in stresses if isinstance(s, Barrier))
    assert wall.cells_a.tolist() == [[0, 2, 1], [0, 1, 1]]
    assert wall.cells_b.tolist() == [[0, 2, 2], [0, 1, 2]]


@settings(max_examples=30, deadline=None)
@given(
    length=st.sampled_from(sorted(LENGTHS_M)),
    time=st.sampled_from(sorted(TIMES_S)),
    mass=st.sampled_from(sorted(MASSES_KG)),
    conc=st.sampled_from([None, *sorted(CONCS_KG_M3)]),
)
def test_the_same_problem_in_any_units_is_the_same_problem(
    length: Any, time: Any, mass: Any, conc: Any
) -> None:
    """Numbers are divided by their unit and come back; Freundlich's coefficient too."""
    units = UnitsTable(length=length, time=time, mass=mass, conc=conc, solid="kg")
    scale = scale_of(units)

    def said(value: float, dim: str) -> float:
        return value / scale.factor(dim)

    kf = 0.01 * scale.factor("C") ** 0.7 / scale.factor("CL3/S")
    case = {
        "kind": "transport",
        "units": units.model_dump(exclude_none=True),
        "grid": {
            "ncol": 3,
            "nrow": 1,
            "dx": said(10.0, "L"),
            "dy": said(2.0, "L"),
            "thickness": said(5.0, "L"),
        },
        "medium": {"k": said(1e-4, "L/T"), "specific_storage": said(1e-5, "1/L")},
        "period": [{"length": said(86400.0, "T")}],
        "ghb": [
            {"side": "west", "head": said(3.0, "L"), "conductance": said(0.1, "L2/T"), "conc": said(0.5, "C")}
        ],
        "wel": [{"column": 2, "rate": said(-1e-3, "L3/T")}],
        "transport": {"diffusion": said(1e-9, "L2/T")},
        "species": [
            {
                "id": "a",
                "decay": said(1e-7, "1/T"),
                "sorption": {
                    "kind": "freundlich",
                    "bulk_density": said(1600.0, "S/L3"),
                    "kf": kf,
                    "exponent": 0.7,
                },
            }
        ],
        "mass_source": [{"column": 3, "rate": said(1e-6, "M/T")}],
    }
    problem = build_case(load_case(case)).problem
    assert problem.transport is not None
    near = {"rel": 1e-12}
    assert problem.flow.medium.k_m_s[0, 0, 0] == pytest.approx(1e-4, **near)
    assert problem.flow.medium.specific_storage_1_m[0, 0, 0] == pytest.approx(1e-5, **near)
    outside = next(s for s in problem.flow.periods[0].stresses if s.name == "ghb")
    assert outside.conductance_m2_s[0] == pytest.approx(0.1, **near)  # type: ignore[union-attr]
    assert outside.conc_kg_m3[0, 0] == pytest.approx(0.5, **near)  # type: ignore[union-attr,index]
    assert problem.transport.sources[0].rate_kg_s[0, 0] == pytest.approx(1e-6, **near)
    sorption = problem.transport.species[0].sorption
    assert sorption is not None
    assert sorption.kf == pytest.approx(0.01, **near)
    assert sorption.bulk_density_kg_m3 == pytest.approx(1600.0, **near)
    assert problem.transport.dispersion.diffusion_m2_s == pytest.approx(1e-9, **near)


def test_dimensions_are_read_as_they_are_written() -> None:
    assert Dim("L2/T").powers == (("L", 2), ("T", -1))
    assert Dim("CL3/S").powers == (("C", 1), ("L", 3), ("S", -1))
    assert Dim("1").powers == ()


def test_results_are_written_and_read_again(tmp_path: Path) -> None:
    case = {
        "kind": "flow",
        "id": "strip",
        "units": {"length": "m", "time": "d", "mass": "g"},
        "grid": {"ncol": 11, "nrow": 1, "dx": 10.0, "dy": 1.0, "thickness": 1.0},
        "medium": {"k": 1.0},
        "period": [{"length": 1.0, "steady": True}],
        "chd": [{"column": 1, "head": 2.0}, {"column": 11, "head": 1.0, "name": "low"}],
        "point": [{"id": "mid", "layer": 1, "row": 1, "column": 6}],
        "observed": [{"receptor": "mid", "value": 1.5, "tolerance": 1e-9}],
    }
    made = run_case(case)
    assert made.value("mid@1", "head") == pytest.approx(1.5)
    files = {path.name for path in write_result(made, tmp_path)}
    assert {"result.json", "points.csv", "budget.csv", "series.csv", "observed.csv"} <= files
    assert json.loads((tmp_path / "result.json").read_text(encoding="utf-8")) == json.loads(
        json.dumps(payload(made))
    )
    assert read_pairs([tmp_path]) == made.pairs
    with np.load(write_npz(made, tmp_path / "strip.npz"), allow_pickle=False) as body:
        assert made.run is not None
        np.testing.assert_array_equal(body["head_m"], made.run.head_m)
        assert str(body["origin"]) == "modelled"
    assert "origin" in (tmp_path / "points.csv").read_text(encoding="utf-8").splitlines()[0]


def test_the_worked_conversion_of_freundlichs_coefficient_holds() -> None:
    """1.5 (mg/kg)/(mg/L)^0.7 of the document: at 2 mg/L 2.44 mg of it sit on a kilogram."""
    case = load_case(
        """
        kind = "transport"
        units = {length = "m", time = "d", mass = "g", solid = "kg", conc = "mg/L"}
        grid = {nrow = 1, ncol = 2, dx = 1.0, dy = 1.0, thickness = 1.0}
        medium = {k = 1.0}
        period = [{length = 1.0, steady = true}]
        chd = [{side = "west", head = 1.0}]
        [[species]]
        id = "a"
        sorption = {kind = "freundlich", bulk_density = 1600.0, kf = 1.5e-3, exponent = 0.7}
        """
    )
    transport = build_case(case).problem.transport
    assert transport is not None
    sorption = transport.species[0].sorption
    assert sorption is not None
    assert sorption.kf * 2e-3**sorption.exponent == pytest.approx(1.5e-6 * 2**0.7, rel=1e-12)
