"""What a case needs to know of substances, of which it may name some that no table has (tracers)."""

from __future__ import annotations

from models.air.case.load import LoadedCase, bad_value
from twin.core.errors import NotFoundError, ParkTwinError


def known_molar_mass(substance_id: str) -> float | None:
    """Molar mass, kg/mol, from the table of substances; None for one that is not in it."""
    from models.substances.table import substance

    try:
        return float(substance(substance_id).molar_mass_kg_mol)
    except ParkTwinError:
        return None


def check_substances(loaded: LoadedCase) -> None:
    """Raise CaseError when a model that needs properties is asked for a substance that the table lacks."""
    from models.substances.table import substance, substance_ids

    case = loaded.case
    rows = {"source": getattr(case, "source", None)}
    if case.kind == "dense":
        rows["release"] = case.release
    for where, row in rows.items():
        if row is None:
            continue
        try:
            substance(row.substance)
        except NotFoundError:
            known = ", ".join(substance_ids())
            raise bad_value(
                loaded.source,
                f"{where}.substance",
                row.substance,
                f"one of {known}, its CAS number or an alias",
                f" {known} 之一，或其 CAS 号、别名",
            ) from None
