"""Reading a MODFLOW 6 model as a problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from models.water.model import WaterProblem
from models.water.modflow.extra import UnsupportedError, flopy_module, refused
from models.water.modflow.options import FLOW_PACKAGES, TRANSPORT_PACKAGES, unknown_options, unsupported
from models.water.modflow.read_flow import read_flow
from models.water.modflow.read_stress import Loads
from models.water.modflow.read_transport import read_transport
from models.water.modflow.units import Units
from models.water.problem import FlowProblem, TransportProblem

_ENTRY = "mfsim.nam"


@dataclass(frozen=True, slots=True, kw_only=True)
class Modflow:
    """A model that was read: the problem in SI with row 0 in the south, its units, and ``notes``.

    ``notes`` say what is computed otherwise here: the scheme of advection, what was ignored on request.
    """

    problem: WaterProblem
    units: Units
    name: str
    notes: tuple[str, ...]

    @property
    def flow(self) -> FlowProblem:
        """The flow problem."""
        return self.problem.flow

    @property
    def transport(self) -> TransportProblem | None:
        """What travels; None for a model of flow alone."""
        return self.problem.transport


def read_modflow6(
    folder: str | Path,
    *,
    length_unit: str | None = None,
    time_unit: str | None = None,
    mass_unit: str = "kg",
    ignore: Sequence[str] = (),
) -> Modflow:
    """Read a MODFLOW 6 simulation: one flow model on a DIS grid, and its transport models.

    Parameters
    ----------
    folder
        Where ``mfsim.nam`` lies.
    length_unit, time_unit
        Units of the files, for a model that does not name its own (LENGTH_UNITS of DIS, TIME_UNITS of TDIS).
    mass_unit
        kg, g or mg: concentrations of the files are this per cubed length. MODFLOW does not name it.
    ignore
        Packages and options to leave out knowingly, as an error names them (``wel.auto_flow_reduce``); each
        stands in the notes.

    Raises
    ------
    ToolMissingError
        Without flopy.
    UnsupportedError
        Naming every package and option that is not computed here. Nothing is left out silently.
    BadRequestError
        For a folder without a model, units that nobody names, and values that cannot be taken over.
    """
    mf6 = flopy_module("flopy.mf6")
    base = flopy_module("flopy.mf6.mfbase")
    place = Path(folder)
    if not (place / _ENTRY).is_file():
        raise refused(f"folder {_ENTRY}", str(place), f"a folder with {_ENTRY}", f"含 {_ENTRY} 的文件夹")
    try:
        sim = mf6.MFSimulation.load(sim_ws=str(place), verbosity_level=0)
    except (base.FlopyException, base.MFDataException, OSError, ValueError, KeyError, IndexError) as error:
        raise refused(
            str(place), str(error).strip()[:300], "a model that flopy reads", "flopy 可读的模型"
        ) from None
    flows, transports = _models(sim, ignore)
    gwf = flows[0]
    _check_support(sim, gwf, transports, ignore)
    units = Units(
        length=_named(gwf.dis.length_units.get_data(), length_unit, "length_unit", "meters"),
        time=_named(sim.tdis.time_units.get_data(), time_unit, "time_unit", "seconds"),
        mass=mass_unit,
    )
    loads = Loads(gwf=gwf, sim=sim, units=units, species=tuple(row.name for row in transports))
    loads.read_sources(transports)
    flow, notes = read_flow(sim, gwf, units, loads)
    found = [f"{name} was ignored on request" for name in ignore] + notes
    if not transports:
        return Modflow(problem=WaterProblem(flow=flow), units=units, name=gwf.name, notes=tuple(found))
    porosity, transport, more = read_transport(flow, transports, units)
    flow = replace(flow, medium=replace(flow.medium, porosity=porosity))
    return Modflow(
        problem=WaterProblem(flow=flow, transport=transport),
        units=units,
        name=gwf.name,
        notes=(*found, *more),
    )


def _models(sim: Any, ignore: Sequence[str]) -> tuple[list[Any], list[Any]]:
    by_kind: dict[str, list[Any]] = {}
    for name in sim.model_names:
        model = sim.get_model(name)
        by_kind.setdefault(model.model_type, []).append(model)
    other = tuple(kind for kind in by_kind if kind not in ("gwf6", "gwt6", *ignore))
    if other:
        raise UnsupportedError(other, source="mfsim.nam")
    flows = by_kind.get("gwf6", [])
    if len(flows) != 1:
        raise refused(f"models of {_ENTRY}", f"{len(flows)} flow models", "one GWF model", "一个 GWF 模型")
    return flows, by_kind.get("gwt6", [])


def _check_support(sim: Any, gwf: Any, transports: Sequence[Any], ignore: Sequence[str]) -> None:
    found = [name for name in unknown_options(sim.tdis) if name != "tdis.start_date_time"]
    found += unsupported(gwf, FLOW_PACKAGES)
    for model in transports:
        found += unsupported(model, TRANSPORT_PACKAGES)
    for exchange in sim.exchange_files:
        if exchange.package_type != "gwfgwt":
            found.append(exchange.package_type)
    if gwf.get_package("dis") is None:
        found.append("a grid that is not DIS")
    lost = tuple(dict.fromkeys(name for name in found if name not in ignore))
    if lost:
        raise UnsupportedError(lost, source=f"{gwf.name}")


def _named(said: str | None, given: str | None, field: str, example: str) -> str:
    """A unit of the files, or the one that the caller gives where they do not say it."""
    own = (said or "unknown").lower()
    if own != "unknown":
        if given is not None and given != own:
            raise refused(field, given, f"{own}, as the files say", f"{own}（文件所述）")
        return own
    if given is None:
        raise refused(
            field, "not named in the files", f"{field}= such as {example!r}", f"{field}=，如 {example!r}"
        )
    return given
