"""What a file of the water says about itself: origin, solver, inputs, notes, the program that wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from twin.core.clock import to_datetime
from twin.core.errors import BadRequestError
from twin.core.origin import Origin
from twin.stage.water.fields import WaterFields

# Said in words as well, because a file leaves the house without its interface.
_STATEMENTS: Mapping[Origin, str] = MappingProxyType(
    {
        Origin.MEASURED: "measured",
        Origin.MODELLED: "modelled: computed, not measured",
        Origin.SIMULATED: "SIMULATED: computed from simulated input, not from real instruments",
        Origin.EXERCISE: "EXERCISE: computed for an exercise, nothing of it happened",
    }
)


def about(fields: WaterFields, *, program: str, made_ms: int) -> dict[str, str]:
    """Attributes of a file, all text, the same names in every format."""
    return {
        "title": fields.title or f"groundwater {fields.id}",
        "origin": fields.origin.value,
        "origin_statement": _STATEMENTS[fields.origin],
        "source": f"{program}; model {fields.solver} {fields.version}",
        "solver": fields.solver,
        "solver_version": fields.version,
        "substances": ", ".join(fields.concs_kg_m3),
        "inputs": "; ".join(fields.inputs),
        "notes": "; ".join(fields.notes),
        "history": f"{to_datetime(made_ms):%Y-%m-%dT%H:%M:%SZ} written by {program}",
    }


def moment(fields: WaterFields, n: int) -> str:
    """A time in words: UTC where the run has a start, else seconds since it."""
    seconds = float(fields.times_s[n])
    if fields.start_ms is None:
        return f"{seconds:g} s"
    return f"{to_datetime(fields.start_ms + round(1000.0 * seconds)):%Y-%m-%dT%H:%M:%SZ}"


def require_place(fields: WaterFields, what: str) -> None:
    """BadRequestError unless the frame lies somewhere on the earth."""
    if not fields.frame.crs:
        raise BadRequestError(
            f"{what} needs a place on the earth: crs, easting_m and northing_m of the grid",
            message_zh=f"{what} 需要地理位置：网格的 crs、easting_m 与 northing_m",
            field="crs",
            value=fields.id,
        )
