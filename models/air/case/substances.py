"""What a case needs to know of substances, of which it may name some that no table has (tracers)."""

from __future__ import annotations

from twin.core.errors import ParkTwinError


def known_molar_mass(substance_id: str) -> float | None:
    """Molar mass, kg/mol, from the table of substances; None for one that is not in it."""
    from models.substances.table import substance

    try:
        return float(substance(substance_id).molar_mass_kg_mol)
    except ParkTwinError:
        return None
