"""The natural background put back on what was computed above it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from models.water.measures.comparison import Comparison
from models.water.now import Band, Nowcast


def with_background(now: Nowcast, background_kg_m3: Mapping[str, float]) -> Nowcast:
    """A now-cast as people measure: wells, limits and peaks with the background.

    Volumes, masses and the shapes of fronts stay: a front at the limit is one at the limit less the
    background of what was computed.
    """
    low = background_kg_m3
    return replace(
        now,
        wells=tuple(
            replace(
                row,
                conc_kg_m3={name: raised(one, low.get(name, 0.0)) for name, one in row.conc_kg_m3.items()},
            )
            for row in now.wells
        ),
        fronts=tuple(
            replace(row, limit_kg_m3=row.limit_kg_m3 + low.get(row.species, 0.0)) for row in now.fronts
        ),
        targets=tuple(
            replace(
                row,
                limit_kg_m3=row.limit_kg_m3 + low.get(row.species, 0.0),
                peak_kg_m3=raised(row.peak_kg_m3, low.get(row.species, 0.0)),
            )
            for row in now.targets
        ),
    )


def compared_with_background(found: Comparison, low_kg_m3: float) -> Comparison:
    """A comparison as people measure: limit and largest values with the background, masses without."""
    return replace(
        found,
        limit_kg_m3=found.limit_kg_m3 + low_kg_m3,
        options=tuple(
            replace(
                option,
                leads=tuple(
                    replace(lead, max_kg_m3=raised(lead.max_kg_m3, low_kg_m3)) for lead in option.leads
                ),
            )
            for option in found.options
        ),
    )


def raised(band: Band, by: float) -> Band:
    """A band with a constant put on it."""
    return Band(low=band.low + by, median=band.median + by, high=band.high + by)
