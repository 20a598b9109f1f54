"""What every file says about itself: origin, solver, inputs, notes, the program that wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from models.air.case.result import AirField
from twin.core.clock import to_datetime
from twin.core.errors import ParkTwinError
from twin.core.origin import Origin

# Said in words as well, because a file leaves the house without its interface.
_WARNING: Mapping[Origin, str] = MappingProxyType(
    {
        Origin.MEASURED: "measured",
        Origin.MODELLED: "modelled: computed, not measured",
        Origin.SIMULATED: "SIMULATED: computed from simulated input, not from real instruments",
        Origin.EXERCISE: "EXERCISE: computed for an exercise, nothing of it happened",
    }
)


def about(field: AirField, *, program: str, made_ms: int) -> dict[str, str]:
    """Attributes of a file, all text, the same names in every format."""
    return {
        "title": field.title or f"{field.substance_id} {field.quantity}".strip(),
        "origin": field.origin.value,
        "origin_statement": _WARNING[field.origin],
        "source": f"{program}; model {field.solver} {field.version}",
        "solver": field.solver,
        "solver_version": field.version,
        "substance_id": field.substance_id,
        "cas_number": cas_of(field.substance_id),
        "inputs": "; ".join(field.inputs),
        "notes": "; ".join(field.notes),
        "history": f"{to_datetime(made_ms):%Y-%m-%dT%H:%M:%SZ} written by {program}",
    }


def cas_of(substance_id: str) -> str:
    """CAS number of a substance; empty for one that the table does not have."""
    from models.substances.table import substance

    try:
        return substance(substance_id).cas
    except ParkTwinError:
        return ""
