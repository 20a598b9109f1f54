"""Writing a problem as a MODFLOW 6 model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.water.model import WaterProblem
from models.water.modflow.extra import flopy_module
from models.water.modflow.units import Units
from models.water.modflow.write_flow import write_flow
from models.water.modflow.write_transport import write_transport
from models.water.problem import FlowProblem

# Seventeen significant digits give every float64 back; small numbers are written without an exponent.
_DIGITS, _WIDTH = 21, 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Files of a model, and ``notes`` on what MODFLOW 6 computes otherwise (schemes, chains)."""

    folder: Path
    files: tuple[Path, ...]
    notes: tuple[str, ...]


def write_modflow6(
    problem: WaterProblem | FlowProblem,
    folder: str | Path,
    *,
    name: str = "flow",
    units: Units | None = None,
) -> Written:
    """Write the input of MODFLOW 6 for a problem into ``folder`` (made when missing).

    Parameters
    ----------
    problem
        Flow, or flow with transport: every species becomes a model of its own, named by its id.
    folder
        Where ``mfsim.nam`` will lie. Rows are turned: MODFLOW's row 0 is the northern one.
    name
        Of the flow model (at most 16 characters, MODFLOW's own limit).
    units
        Units of the files; seconds, metres and kg when left out, which give every number back exactly.

    Raises
    ------
    ToolMissingError
        Without flopy.
    BadRequestError
        Naming what MODFLOW 6 has no input for (decay chains, rates of sorption, reactive zones, sources that
        begin or end within a stress period).
    """
    mf6 = flopy_module("flopy.mf6")
    whole = problem if isinstance(problem, WaterProblem) else WaterProblem(flow=problem)
    used = units or Units()
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    sim = mf6.MFSimulation(sim_name=name, sim_ws=str(place), verbosity_level=0, write_headers=False)
    sim.simulation_data.float_precision = _DIGITS
    sim.simulation_data.float_characters = _WIDTH
    _times(mf6, sim, whole.flow, used)
    species = () if whole.transport is None else tuple(row.id for row in whole.transport.species)
    sources = write_flow(mf6, sim, whole.flow, name=name, units=used, species=species)
    notes: tuple[str, ...] = ()
    if whole.transport is not None:
        notes = write_transport(mf6, sim, whole.flow, whole.transport, name=name, units=used, sources=sources)
    sim.write_simulation(silent=True)
    files = tuple(sorted(path for path in place.iterdir() if path.is_file()))
    return Written(folder=place, files=files, notes=notes)


def _times(mf6: Any, sim: Any, flow: FlowProblem, units: Units) -> None:
    mf6.ModflowTdis(
        sim,
        nper=len(flow.periods),
        time_units=units.time,
        perioddata=[(row.length_s / units.time_s, row.steps, row.multiplier) for row in flow.periods],
    )
