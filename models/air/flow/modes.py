"""The table of mode builders: each row turns the ground into named winds of unit weight.

A new kind of wind (wakes of buildings, say) is a function ``Ground -> (name, wind)`` pairs and one entry
of ``ROWS``. Winds are arrays (nz, ny, nx, 2), east and north, m/s per unit weight, free of divergence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft

from models.air.flow.inflow import REFERENCE_M, Inflow
from models.air.flow.lee import shelter
from models.air.flow.mass import Column, Faces, edges_of, faces_of, project
from models.air.flow.spectral import Waves, perturbed, waves
from models.air.flow.stratified import over_it
from models.air.flow.thermal import per_floor, slope_wind, valley_wind
from twin.core.geometry import FloatArray
from twin.core.wind import uv_from_direction

Float32Array = npt.NDArray[np.float32]
_TOLERANCE = 1e-3  # of the projection; what is left is closed in the vertical wind
_ABOVE = 2.0  # one more layer above the library's, so that its top is not the top of the air


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """A class of air: 1/L of its profile, buoyancy frequency over the speed at 10 m, freedom to rise.

    ``vertical_factor`` is a^2 of the mass-consistent projection: 1 in neutral air, small when the air would
    rather go around a hill than over it.
    """

    name: str
    inverse_obukhov_1_m: float = 0.0
    buoyancy_per_speed_1_m: float = 0.0
    vertical_factor: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """Terrain and air in the forms that the rows eat; ``levels_m`` has one height more than is kept."""

    ground_m: FloatArray
    step_m: float
    levels_m: FloatArray
    inflow: Inflow
    stability: Stability
    sectors: int
    spectrum: Waves
    column: Column
    shelters: Sequence[FloatArray]

    @classmethod
    def of(
        cls,
        ground_m: FloatArray,
        step_m: float,
        heights_m: FloatArray,
        inflow: Inflow,
        stability: Stability,
        shelters: Sequence[FloatArray],
    ) -> Ground:
        """Prepare what all rows share. ``shelters`` are those of the sectors (``shelters_of``)."""
        levels = with_one_above(heights_m)
        return cls(
            ground_m=ground_m,
            step_m=step_m,
            levels_m=levels,
            inflow=inflow,
            stability=stability,
            sectors=len(shelters),
            spectrum=waves(over_it(ground_m, inflow) * ground_m, step_m),
            column=Column(
                ground_m=ground_m, step_m=step_m, edges_m=edges_of(levels), profile=inflow.speed(levels)
            ),
            shelters=shelters,
        )

    def consistent(self, u: FloatArray, v: FloatArray, w: FloatArray) -> Float32Array:
        """Project a first guess and give its horizontal wind at the nodes, without the layer above."""
        guess = faces_of(u, v, w, self.column)
        return at_nodes(
            project(guess, self.column, vertical_factor=self.stability.vertical_factor, tolerance=_TOLERANCE)
        )


def at_nodes(wind: Faces) -> Float32Array:
    """Horizontal wind (nz - 1, ny, nx, 2) at the centres of cells, without the uppermost layer."""
    u = 0.5 * (wind.u[:-1, :, 1:] + wind.u[:-1, :, :-1])
    v = 0.5 * (wind.v[:-1, 1:] + wind.v[:-1, :-1])
    return np.stack([u, v], axis=-1).astype(np.float32)


def widened(ground_m: FloatArray) -> FloatArray:
    """Terrain continued level to the north and east, to lengths that Fourier transforms like."""
    extra = [(0, scipy.fft.next_fast_len(count, real=True) - count) for count in ground_m.shape]
    return np.pad(ground_m, extra, mode="edge")


def with_one_above(heights_m: FloatArray) -> FloatArray:
    """Heights and one more, twice as high as the last."""
    return np.append(heights_m, _ABOVE * heights_m[-1])


def from_directions(sectors: int) -> FloatArray:
    """Grid directions the sectors' winds come FROM, degrees."""
    return np.asarray(360.0 / sectors * np.arange(sectors))


def shelters_of(
    ground_m: FloatArray, step_m: float, heights_m: FloatArray, sectors: int
) -> tuple[FloatArray, ...]:
    """Shelter for the wind of every sector; the same in all stabilities."""
    return tuple(
        shelter(ground_m, step_m, uv_from_direction(1.0, float(deg)), heights_m)
        for deg in from_directions(sectors)
    )


def inflow_row(ground: Ground) -> Iterator[tuple[str, Float32Array]]:
    """Wind over the terrain for unit inflow at 10 m from every sector."""
    for deg, lost in zip(from_directions(ground.sectors), ground.shelters, strict=True):
        towards = uv_from_direction(1.0, float(deg))
        u, v, w = perturbed(ground.spectrum, towards, ground.inflow, ground.levels_m)
        kept = 1.0 - lost
        yield f"from_{deg:g}", ground.consistent(u * kept, v * kept, w * kept)


def slope_row(ground: Ground) -> Iterator[tuple[str, Float32Array]]:
    """The slope wind, positive down; deeper in unstable air, where it blows up."""
    up = ground.stability.inverse_obukhov_1_m < 0.0
    u, v = slope_wind(ground.ground_m, ground.step_m, ground.levels_m, up=up)
    yield "slope", ground.consistent(u, v, _along_ground(ground, u, v))


def valley_row(ground: Ground) -> Iterator[tuple[str, Float32Array]]:
    """The wind along the valley, positive down."""
    profile = ground.inflow.speed(ground.levels_m)
    u, v = valley_wind(ground.ground_m, ground.step_m, ground.levels_m, profile)
    wind = ground.consistent(u, v, _along_ground(ground, u, v))
    yield "valley", per_floor(wind, wind[int(np.argmin(np.abs(ground.levels_m[:-1] - REFERENCE_M)))])


ROWS: tuple[Callable[[Ground], Iterator[tuple[str, Float32Array]]], ...] = (inflow_row, slope_row, valley_row)


def _along_ground(ground: Ground, u: FloatArray, v: FloatArray) -> FloatArray:
    north, east = np.gradient(ground.ground_m, ground.step_m)
    return np.asarray(u * east + v * north)


def sector_vectors(sectors: int) -> FloatArray:
    """Unit vectors (sectors, 2) that the sectors' winds blow TO."""
    angles = np.radians(from_directions(sectors))
    return np.stack([-np.sin(angles), -np.cos(angles)], axis=1)
