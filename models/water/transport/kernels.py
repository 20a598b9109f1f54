"""The five kernels of transport, compiled or in numpy, behind the same calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from models.water import kernels as installed
from models.water.grid import IntArray
from models.water.kernels import Kernel
from models.water.transport import cross as cross_numpy
from models.water.transport import dispersion as dispersion_numpy
from models.water.transport import faces as faces_numpy
from models.water.transport import reactions as reactions_numpy
from models.water.transport.isotherm import Isotherm, conc_of
from models.water.transport.neighbours import ByteArray
from models.water.transport.reactions import Rates
from twin.core.geometry import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shape:
    """Geometry of a window: widths, thickness (nl, nr, nc), layers of the next active cells (-1: none)."""

    dx_m: FloatArray
    dy_m: FloatArray
    thick_m: FloatArray
    below: IntArray
    above: IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flows:
    """Flow and conductance of dispersion (m3/s) of every cell's faces, its cross coefficients (m4/s)."""

    right_m3_s: FloatArray
    front_m3_s: FloatArray
    lower_m3_s: FloatArray
    gx: FloatArray
    gy: FloatArray
    gz: FloatArray
    cross: FloatArray


class Kernels(Protocol):
    """What computes: see the numpy functions of the same names."""

    def faces(
        self,
        conc: FloatArray,
        flows: Flows,
        shape: Shape,
        state: ByteArray,
        inlet: tuple[FloatArray, FloatArray],
        scheme: int,
        change: FloatArray,
    ) -> None:
        """Rate of change of mass by advection and dispersion; ``inlet`` inflow and what it holds."""

    def conc(
        self, mass: FloatArray, water: FloatArray, solid: FloatArray, law: Isotherm, out: FloatArray
    ) -> None:
        """Concentrations of masses."""

    def spread(
        self,
        flows: Flows,
        shape: Shape,
        deep: FloatArray,
        porosity: FloatArray,
        state: ByteArray,
        alphas: tuple[float, float, float, float],
    ) -> None:
        """Fill the conductances of ``flows``; ``alphas`` al, ath, atv and the diffusion."""

    def across(
        self,
        before: FloatArray,
        mass: FloatArray,
        trial: FloatArray,
        held: tuple[FloatArray, FloatArray, Isotherm],
        flows: Flows,
        shape: Shape,
        state: ByteArray,
        h: float,
    ) -> None:
        """Move what the limited cross terms move; ``held`` water, solids and their law."""

    def react(
        self,
        masses: tuple[FloatArray, FloatArray, FloatArray],
        held: tuple[FloatArray, FloatArray, Isotherm],
        rest: tuple[FloatArray, FloatArray],
        state: ByteArray,
        gain: FloatArray,
        made: FloatArray,
        h: float,
        slow: Isotherm,
        rates: Rates,
    ) -> None:
        """Exchange, decay, production; ``rest`` immobile water and its exchange."""


class NumpyKernels:
    """The kernels without a compiler."""

    def faces(
        self,
        conc: FloatArray,
        flows: Flows,
        shape: Shape,
        state: ByteArray,
        inlet: tuple[FloatArray, FloatArray],
        scheme: int,
        change: FloatArray,
    ) -> None:
        """See ``Kernels``."""
        faces_numpy.faces(conc, *_along(flows), *_geometry(shape), state, *inlet, scheme, change)

    def conc(
        self, mass: FloatArray, water: FloatArray, solid: FloatArray, law: Isotherm, out: FloatArray
    ) -> None:
        """See ``Kernels``."""
        out[...] = conc_of(mass, water, solid, law)

    def spread(
        self,
        flows: Flows,
        shape: Shape,
        deep: FloatArray,
        porosity: FloatArray,
        state: ByteArray,
        alphas: tuple[float, float, float, float],
    ) -> None:
        """See ``Kernels``."""
        q = np.empty((3, *deep.shape))
        right, front, lower, gx, gy, gz = _along(flows)
        around = _geometry(shape)
        into = (q, gx, gy, gz, flows.cross)
        dispersion_numpy.spread(right, front, lower, deep, porosity, *around, state, *alphas, *into)

    def across(
        self,
        before: FloatArray,
        mass: FloatArray,
        trial: FloatArray,
        held: tuple[FloatArray, FloatArray, Isotherm],
        flows: Flows,
        shape: Shape,
        state: ByteArray,
        h: float,
    ) -> None:
        """See ``Kernels``."""
        water, solid, law = held
        cross = flows.cross
        cross_numpy.across(before, mass, trial, water, solid, law, cross, *_geometry(shape), state, h)

    def react(
        self,
        masses: tuple[FloatArray, FloatArray, FloatArray],
        held: tuple[FloatArray, FloatArray, Isotherm],
        rest: tuple[FloatArray, FloatArray],
        state: ByteArray,
        gain: FloatArray,
        made: FloatArray,
        h: float,
        slow: Isotherm,
        rates: Rates,
    ) -> None:
        """See ``Kernels``."""
        water, solid, law = held
        reactions_numpy.react(*masses, water, solid, *rest, state, gain, made, h, law, slow, rates)


class NumbaKernels:
    """The compiled kernels."""

    def __init__(self) -> None:
        from models.water.compiled import dispersion, transport

        self._compiled = transport
        self._dispersion = dispersion

    def faces(
        self,
        conc: FloatArray,
        flows: Flows,
        shape: Shape,
        state: ByteArray,
        inlet: tuple[FloatArray, FloatArray],
        scheme: int,
        change: FloatArray,
    ) -> None:
        """See ``Kernels``."""
        self._compiled.faces(conc, *_along(flows), *_geometry(shape), state, *inlet, scheme, change)

    def conc(
        self, mass: FloatArray, water: FloatArray, solid: FloatArray, law: Isotherm, out: FloatArray
    ) -> None:
        """See ``Kernels``."""
        self._compiled.invert(mass, water, solid, *_numbers(law), out)

    def spread(
        self,
        flows: Flows,
        shape: Shape,
        deep: FloatArray,
        porosity: FloatArray,
        state: ByteArray,
        alphas: tuple[float, float, float, float],
    ) -> None:
        """See ``Kernels``."""
        q = np.empty((3, *deep.shape))
        water = (flows.right_m3_s, flows.front_m3_s, flows.lower_m3_s)
        into = (flows.gx, flows.gy, flows.gz, flows.cross)
        self._dispersion.spread(*water, deep, porosity, *_geometry(shape), state, *alphas, q, *into)

    def across(
        self,
        before: FloatArray,
        mass: FloatArray,
        trial: FloatArray,
        held: tuple[FloatArray, FloatArray, Isotherm],
        flows: Flows,
        shape: Shape,
        state: ByteArray,
        h: float,
    ) -> None:
        """See ``Kernels``."""
        water, solid, law = held
        room = np.empty((8, *mass.shape))
        around = (flows.cross, *_geometry(shape), state, h)
        self._dispersion.across(
            before, mass, trial, water, solid, *_numbers(law), *around, room[:3], room[3:6], room[6:]
        )

    def react(
        self,
        masses: tuple[FloatArray, FloatArray, FloatArray],
        held: tuple[FloatArray, FloatArray, Isotherm],
        rest: tuple[FloatArray, FloatArray],
        state: ByteArray,
        gain: FloatArray,
        made: FloatArray,
        h: float,
        slow: Isotherm,
        rates: Rates,
    ) -> None:
        """See ``Kernels``."""
        water, solid, law = held
        laws = (*_numbers(law), *_numbers(slow))
        pace = (rates.exchange_1_s, rates.decay_1_s, rates.decay_sorbed_1_s)
        self._compiled.react(*masses, water, solid, *rest, state, gain, made, h, *laws, *pace)


def kernels(kernel: Kernel) -> Kernels:
    """The kernels of a name; transport has no torch kernel: where numba is missing numpy computes."""
    return NumbaKernels() if installed.chosen(kernel) == "numba" else NumpyKernels()


def _along(
    flows: Flows,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    return flows.right_m3_s, flows.front_m3_s, flows.lower_m3_s, flows.gx, flows.gy, flows.gz


def _geometry(shape: Shape) -> tuple[FloatArray, FloatArray, FloatArray, IntArray, IntArray]:
    return shape.dx_m, shape.dy_m, shape.thick_m, shape.below, shape.above


def _numbers(law: Isotherm) -> tuple[int, float, float]:
    return law.code, law.first_value, law.second_value
