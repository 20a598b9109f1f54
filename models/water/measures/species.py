"""A contaminant of the library as what transport carries."""

from __future__ import annotations

from models.contaminants.contaminant import Contaminant
from models.water.problem import Sorption, Species


def species_of(
    found: Contaminant,
    *,
    id: str = "",  # noqa: A002
    foc_fraction: float = 0.001,
    ph: float = 7.0,
    bulk_density_kg_m3: float = 1700.0,
    decays: bool = True,
) -> Species:
    """Species with linear sorption (Kd, or foc Koc) and first-order decay in water and on solids.

    What is unknown does nothing: no sorption, no decay, which lets the plume come sooner and last longer.
    ``id`` of the species, the contaminant's own where empty; ``decays`` False leaves half-lives out.
    Raises BadRequestError for a foc outside 0 to 1 or a pH outside 0 to 14.
    """
    kd = found.kd_m3_kg(foc_fraction=foc_fraction, ph=ph)
    rate = found.decay_1_s if decays else 0.0
    sorption = None if not kd else Sorption(kd_m3_kg=kd, bulk_density_kg_m3=bulk_density_kg_m3)
    return Species(id=id or found.id, sorption=sorption, decay_1_s=rate, decay_sorbed_1_s=rate)
