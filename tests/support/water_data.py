"""The published reference inputs of groundwater, in SI; tests skip where the data are not there."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from models.water.grid import Grid
from models.water.problem import FixedHead, FlowProblem, Medium, Period, Recharge, River, Stress, Wells
from twin.core.geometry import FloatArray, frozen

SHARED = Path(__file__).resolve().parents[3] / "shared"
DATA = SHARED / "data" / "groundwater"
REFERENCE = SHARED / "tools" / "mf6_reference.py"
FIELDS = DATA / "mf6_ref_confined_fields.npz"
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reference:
    """The reference problem in SI with row 0 in the south; ``raw`` is what its script returns (m, days)."""

    problem: FlowProblem
    raw: dict[str, Any]


def file_of(path: Path) -> Path:
    """The path, or the test is skipped with the reason."""
    if not path.exists():
        pytest.skip(f"{path.name} is not there")
    return path


def tool(name: str) -> ModuleType:
    """A module of ../shared/tools, by path; skips the test where it is not there."""
    path = file_of(SHARED / "tools" / f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"shared_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def reference(
    case: str = "confined", shape: tuple[int, int, int] = (5, 200, 200), days: int = 365
) -> Reference:
    """The published 200 x 200 x 5 problem (or another shape of it), metres and days made metres and seconds.

    Its rows count from the north; all arrays are turned over, cells too. Periods have one step per day. The
    source well's concentration stands in column 0 of ``conc_kg_m3``.
    """
    raw = tool("mf6_reference").problem(case, *shape, days)
    nr = int(raw["nrow"])
    grid = Grid(
        dx_m=frozen(np.full(raw["ncol"], raw["dx"])),
        dy_m=frozen(np.full(nr, raw["dx"])),
        top_m=south_up(raw["top"]),
        bottom_m=south_up(raw["botm"]),
        domain=np.ones(raw["botm"].shape, dtype=np.int8),
    )
    full = np.ones(grid.shape)
    medium = Medium(
        k_m_s=south_up(raw["k"]) / DAY_S,
        k33_m_s=south_up(raw["k33"]) / DAY_S,
        porosity=full * raw["porosity"],
        specific_storage_1_m=full * raw["ss"],
        specific_yield=full * raw["sy"],
        convertible=np.full(grid.shape[0], bool(raw["newton"])),
    )
    periods, start_d = [], 0.0
    for length, rate in zip(raw["per"], raw["rech"], strict=True):
        periods.append(
            Period(
                length_s=length * DAY_S,
                steps=int(length),
                steady=bool(raw["steady"]),
                stresses=_stresses(raw, grid, rate, source_on=start_d < raw["src_stop"] - 1e-9),
            )
        )
        start_d += length
    return Reference(
        problem=FlowProblem(
            grid=grid, medium=medium, start_head_m=south_up(raw["strt"]), periods=tuple(periods)
        ),
        raw=raw,
    )


def south_up(values: FloatArray) -> FloatArray:
    """Rows from the north turned into rows from the south, a copy."""
    return np.ascontiguousarray(np.asarray(values, dtype=np.float64)[..., ::-1, :])


def cells_of(raw: dict[str, Any], cells: list[tuple[int, int, int]]) -> np.ndarray:
    """Cells of the reference (rows from the north) as ours (rows from the south)."""
    turned = np.array(cells, dtype=np.int64)
    turned[:, 1] = int(raw["nrow"]) - 1 - turned[:, 1]
    return turned


def _stresses(raw: dict[str, Any], grid: Grid, recharge_m_d: float, *, source_on: bool) -> tuple[Stress, ...]:
    chd, wells, source, river = raw["chd"], raw["wells"], raw["src"], raw["river"]
    out: list[Stress] = [
        FixedHead(cells=cells_of(raw, [c for c, _ in chd]), head_m=np.array([h for _, h in chd])),
        Recharge(rate_m_s=np.full(grid.shape[1:], recharge_m_d / DAY_S)),
        Wells(
            cells=cells_of(raw, [c for c, _ in wells]),
            rate_m3_s=np.array([q for _, q in wells]) / DAY_S,
        ),
        Wells(
            cells=cells_of(raw, [row[0] for row in source]),
            rate_m3_s=np.array([row[1] for row in source]) / DAY_S,
            conc_kg_m3=np.array([[row[2] * 1e-3 if source_on else 0.0] for row in source]),
            name="source",
        ),
    ]
    if river:
        out.append(
            River(
                cells=cells_of(raw, [row[0] for row in river]),
                stage_m=np.array([row[1] for row in river]),
                conductance_m2_s=np.array([row[2] for row in river]) / DAY_S,
                bottom_m=np.array([row[3] for row in river]),
            )
        )
    return tuple(out)
