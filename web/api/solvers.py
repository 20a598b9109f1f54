"""The table of air solvers: what each row needs, makes and where it holds."""

from __future__ import annotations

from collections.abc import Mapping

from apiflask import APIBlueprint

from models.contract import Field, solver, solver_names
from twin.live.dense import LIMIT
from web.reply import Operation, serve
from web.schemas.air import FieldOut, LimitOut, SolverOut, SolversOut
from web.schemas.base import TextOut
from web.services import services

solvers = APIBlueprint("solvers", __name__, url_prefix="/api/v1", tag="Models")


def get_solvers() -> SolversOut:
    """All rows of the table of air solvers; ``active`` is the one that the now-cast runs.

    To the limits of a row comes the one that the live twin checks for all of them: how dense a release is.
    """
    active = services().settings.plume_solver
    return SolversOut(solvers=[_solver_out(name, active) for name in solver_names()])


def _solver_out(name: str, active: str) -> SolverOut:
    row = solver(name)
    return SolverOut(
        name=row.name,
        version=row.version,
        active=name == active,
        needs=_fields(row.needs),
        makes=_fields(row.makes),
        limits=[
            LimitOut(
                quantity=limit.quantity,
                units=limit.units,
                low=limit.low,
                high=limit.high,
                why=TextOut(zh=limit.why.zh, en=limit.why.en),
            )
            for limit in (*row.limits, LIMIT)
        ],
    )


def _fields(declared: Mapping[str, Field]) -> dict[str, FieldOut]:
    return {name: FieldOut(units=row.units, dims=list(row.dims)) for name, row in declared.items()}


serve(solvers, "/solvers", get_solvers, Operation(gives=SolversOut, cache="no-cache"))
