"""Molar mass from a formula."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from twin.core.errors import SceneError

# Conventional standard atomic weights (CIAAW 2021), g/mol.
ATOMIC_G_MOL: Mapping[str, float] = MappingProxyType(
    {
        **{"H": 1.008, "Li": 6.94, "B": 10.81, "C": 12.011, "N": 14.007, "O": 15.999},
        **{"F": 18.998403162, "Si": 28.085, "P": 30.973761998, "S": 32.06, "Cl": 35.45},
    }
)
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_ATOM = re.compile(r"([A-Z][a-z]?)(\d*)")


def molar_mass_kg_mol(formula: str) -> float:
    """Molar mass of a formula without brackets, subscripts allowed.

    Raises SceneError for an element without a row or for anything that is not a formula.

    >>> round(molar_mass_kg_mol("SO₂"), 6)
    0.064058
    """
    plain = formula.translate(_SUBSCRIPTS)
    atoms = _ATOM.findall(plain)
    known = all(name in ATOMIC_G_MOL for name, _ in atoms)
    if not atoms or not known or "".join(name + count for name, count in atoms) != plain:
        raise SceneError(
            f"formula is {formula!r}; expected elements of {', '.join(ATOMIC_G_MOL)} with counts",
            message_zh=f"formula 为 {formula!r}；应由 {', '.join(ATOMIC_G_MOL)} 及数目组成",
            field="formula",
            value=formula,
        )
    return 1e-3 * sum(ATOMIC_G_MOL[name] * int(count or 1) for name, count in atoms)
