"""A computed concentration field at one moment, with what it was computed from."""

from __future__ import annotations

from dataclasses import dataclass

from twin.core.geometry import FloatArray
from twin.core.origin import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class PlumeGrid:
    """Regular grid whose vertical axis is height ABOVE GROUND (terrain-following).

    Cell centres: ``x = x_min_m + (i + 0.5) * dx_m`` and so on; ``z`` from 0 at the ground.
    """

    x_min_m: float
    y_min_m: float
    dx_m: float
    dy_m: float
    dz_m: float
    nx: int
    ny: int
    nz: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plume:
    """Concentration (nz, ny, nx) in kg/m3 at ``time_ms``.

    ``beam_conc_kg_m3`` maps sensor ids to the path average that the solver computed for them.
    ``inputs`` names every input (series keys with times, release ids, solver and its version),
    so that the result can be computed again. ``notes`` holds warnings on validity.
    """

    substance_id: str
    time_ms: int
    grid: PlumeGrid
    conc_kg_m3: FloatArray
    beam_conc_kg_m3: dict[str, float]
    solver: str
    origin: Origin
    inputs: tuple[str, ...]
    notes: tuple[str, ...] = ()
