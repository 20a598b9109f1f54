"""Tests of the hidden ground: what slug tests say of the conductivity around wells and boreholes.

A test feels the ground within a few metres to tens of metres of its screen: one cell of the hidden aquifer.
Its result scatters about that cell's value, log-normally, as such tests do even when they are done well.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from sensors.simulated.draws import stream
from sensors.simulated.wells import Hidden
from twin.core.groundwater import ConductivityTest
from twin.core.park import Park

LN_SD = 0.3


def well_tests(park: Park, hidden: Hidden, seed: int) -> tuple[ConductivityTest, ...]:
    """A slug test at every well that stands in an aquifer of the hidden ground."""
    strata = hidden.aquifer.sheets.stratum_ids
    rows = ((row.id, row.collar.x_m, row.collar.y_m, row.stratum_id) for row in park.wells)
    found = (_test(hidden, seed, *row) for row in rows if row[3] in strata)
    return tuple(row for row in found if row is not None)


def borehole_tests(park: Park, hidden: Hidden, seed: int) -> tuple[ConductivityTest, ...]:
    """A test of the site survey in every aquifer that a borehole goes through."""
    return tuple(_of_boreholes(park, hidden, seed))


def _of_boreholes(park: Park, hidden: Hidden, seed: int) -> Iterator[ConductivityTest]:
    order = [row.id for row in park.strata]
    for hole in park.boreholes:
        for stratum in hidden.aquifer.sheets.stratum_ids:
            thickness = hole.thickness_m[order.index(stratum)]
            if thickness:
                found = _test(hidden, seed, hole.id, hole.collar.x_m, hole.collar.y_m, stratum)
                if found is not None:
                    yield found


def _test(
    hidden: Hidden, seed: int, place: str, x_m: float, y_m: float, stratum: str
) -> ConductivityTest | None:
    sheets = hidden.aquifer.sheets
    cell = sheets.cell(x_m, y_m)
    if cell is None:
        return None
    noise = LN_SD * stream(seed, "slug", place, stratum).standard_normal()
    ln_k = float(sheets.ln_k[sheets.stratum_ids.index(stratum)][cell])
    return ConductivityTest(
        place=place, stratum_id=stratum, x_m=x_m, y_m=y_m, k_m_s=math.exp(ln_k + noise), ln_sd=LN_SD
    )
