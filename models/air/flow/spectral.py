"""Linear flow over terrain by Fourier transform: every wave of the ground bends the wind in its own layer.

Jackson and Hunt (1975, Q. J. R. Meteorol. Soc. 101, 929-955): far above a hill the air moves as an
ideal fluid in the wind of height ``1/k``; near the ground, in a layer whose depth l depends on the
wave, the pressure of that flow works against friction, which gives modified Bessel functions. Mason
and King (1985, Q. J. R. Meteorol. Soc. 111, 327-349) and Walmsley, Salmon and Taylor (1982,
Boundary-Layer Meteorol. 23, 283-295; MS3DJH) use a depth for every wavenumber and the local advecting
wind in three dimensions. A stratified outer flow follows Hunt, Richards and Brighton (1988, Q. J. R.
Meteorol. Soc. 114, 859-886): waves that the stability lets pass radiate upwards.

Linear theory wants gentle slopes. Steeper ground enters with its gradient cut to 0.3, as codes of wind
loading do (EN 1991-1-4, A.3): the speed-up of a hill no longer grows beyond that slope.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import scipy.fft
from scipy.special import kei, ker

from models.air.flow.inflow import Inflow
from twin.core.geometry import FloatArray

ComplexArray = npt.NDArray[np.complex128]

MAX_SLOPE = 0.3
_MAX_STRATIFICATION = 3.0
_LEAST, _LARGEST = 1e-6, 60.0  # arguments of the table


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Waves:
    """Spectrum of a terrain, mirrored at its edges so that nothing jumps.

    ``ground`` are the coefficients of heights (my, mx // 2 + 1) in metres, ``kx_1_m`` and ``ky_1_m``
    the wavenumbers to the east and north, ``shape`` that of the mirrored grid, ``inside`` that of the
    terrain itself.
    """

    ground: ComplexArray
    kx_1_m: FloatArray
    ky_1_m: FloatArray
    shape: tuple[int, int]
    inside: tuple[int, int]

    def field(self, coefficients: ComplexArray) -> FloatArray:
        """Back from the spectrum, on the nodes of the terrain."""
        whole = scipy.fft.irfft2(coefficients, s=self.shape)
        return np.asarray(whole[: self.inside[0], : self.inside[1]], dtype=np.float64)


def waves(ground_m: npt.ArrayLike, step_m: float, *, periodic: bool = False) -> Waves:
    """Spectrum of heights (ny, nx), row 0 = south, nodes ``step_m`` apart.

    ``periodic`` takes the grid as one period instead of mirroring it.
    """
    ground = np.asarray(ground_m, dtype=np.float64)
    whole = ground if periodic else _mirrored(ground)
    my, mx = whole.shape
    kx = 2.0 * np.pi * scipy.fft.rfftfreq(mx, step_m)[None, :]
    ky = 2.0 * np.pi * scipy.fft.fftfreq(my, step_m)[:, None]
    return Waves(
        ground=_gentle_spectrum(whole, step_m, kx, ky),
        kx_1_m=kx,
        ky_1_m=ky,
        shape=(my, mx),
        inside=(ground.shape[0], ground.shape[1]),
    )


def perturbed(
    terrain: Waves, towards: tuple[float, float], inflow: Inflow, heights_m: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Wind (u east, v north, w up) at heights above ground, per unit inflow at 10 m.

    ``towards`` is the unit vector (east, north) that the undisturbed wind blows TO. Three arrays
    (n_heights, ny, nx). Level ground gives the profile of the inflow exactly.
    """
    levels = np.atleast_1d(np.asarray(heights_m, dtype=np.float64))
    wave = _Wave.of(terrain, towards, inflow)
    u, v, w = (np.empty((levels.size, *terrain.inside)) for _ in range(3))
    for n, z in enumerate(levels):
        base = float(inflow.speed(z))
        along, across, up = (terrain.field(part) for part in wave.at(float(z), base))
        u[n] = (base + along) * towards[0] - across * towards[1]
        v[n] = (base + along) * towards[1] + across * towards[0]
        w[n] = up
    return u, v, w


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Wave:
    """All that does not depend on height; ``along`` and ``across`` are wavenumbers in the wind's axes."""

    inflow: Inflow
    lift: ComplexArray
    push: ComplexArray
    decay_1_m: ComplexArray
    along_1_m: FloatArray
    across_1_m: FloatArray
    depth_m: FloatArray
    depth_speed: FloatArray
    ratio: FloatArray
    at_ground: tuple[ComplexArray, ComplexArray]

    @classmethod
    def of(cls, terrain: Waves, towards: tuple[float, float], inflow: Inflow) -> _Wave:
        along = terrain.kx_1_m * towards[0] + terrain.ky_1_m * towards[1]
        across = terrain.ky_1_m * towards[0] - terrain.kx_1_m * towards[1]
        k = np.hypot(along, across)
        k_safe = np.where(k > 0.0, k, 1.0)
        outer = inflow.passing(1.0 / k_safe)
        decay = _decay(k, along, outer, inflow.buoyancy_per_speed_1_m)
        ratio = along / k_safe
        depth = inflow.inner_depth_m(k_safe)
        # Pressure of the ideal flow is -push * along^2 / k^2 * U^2; what drives u and v is its gradient.
        push = np.where(k > 0.0, terrain.ground * decay * outer**2 / k_safe**2, 0.0)
        z0 = inflow.roughness_m
        return cls(
            inflow=inflow,
            lift=1j * along * terrain.ground,
            push=np.asarray(push * along),
            decay_1_m=decay,
            along_1_m=along,
            across_1_m=across,
            depth_m=depth,
            depth_speed=inflow.speed(depth),
            ratio=ratio,
            at_ground=(_k0(ratio * z0 / depth), _k0(2.0 * ratio * z0 / depth)),
        )

    def at(self, z: float, speed: float) -> tuple[ComplexArray, ComplexArray, ComplexArray]:
        """Coefficients of the wind along, across and up at one height."""
        fading = np.exp(-self.decay_1_m * z)
        amplitude = self.push * fading / np.maximum(self.depth_speed, speed)
        along, across = amplitude * self.along_1_m, amplitude * self.across_1_m
        if not self.inflow.uniform:
            # Mixing length: a change of shear along the wind is mixed twice as hard as one across it.
            along = along * self._slowed(z, 1.0, self.at_ground[0])
            across = across * self._slowed(z, 2.0, self.at_ground[1])
        return along, across, self.lift * fading * speed

    def _slowed(self, z: float, stiff: float, at_ground: ComplexArray) -> ComplexArray:
        free = _k0(stiff * self.ratio * z / self.depth_m)
        return np.asarray(1.0 - np.where(self.ratio == 0.0, 0.0, free / at_ground))


def _decay(k: FloatArray, along: FloatArray, speed: FloatArray, buoyancy: float) -> ComplexArray:
    """How a wave fades upwards, 1/m; imaginary where it radiates (upwards: phase lines lean upwind)."""
    if buoyancy == 0.0:
        return np.asarray(k, dtype=np.complex128)
    number = buoyancy / (speed * np.maximum(np.abs(along), 1e-9))
    number = np.minimum(number, _MAX_STRATIFICATION)
    root = np.sqrt(np.asarray(1.0 - number**2, dtype=np.complex128))
    return np.asarray(k * np.where(number > 1.0, -1j * np.sign(along) * np.abs(root), root))


def _k0(argument: FloatArray) -> ComplexArray:
    """``K0(2 sqrt(i s))`` for real s of either sign, from a table of Kelvin functions."""
    log_x, real, imaginary = _kelvin()
    place = np.log(np.clip(2.0 * np.sqrt(np.abs(argument)), 1.001 * _LEAST, 0.999 * _LARGEST))
    found = np.interp(place, log_x, real) + 1j * np.sign(argument) * np.interp(place, log_x, imaginary)
    return np.asarray(found)


@cache
def _kelvin() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Logarithms of arguments, ker and kei."""
    x = np.geomspace(_LEAST, _LARGEST, 6000)
    return np.log(x), ker(x), kei(x)


def _mirrored(ground: FloatArray) -> FloatArray:
    wide = np.concatenate([ground, ground[:, ::-1]], axis=1)
    return np.concatenate([wide, wide[::-1]], axis=0)


def _gentle_spectrum(whole: FloatArray, step_m: float, kx: FloatArray, ky: FloatArray) -> ComplexArray:
    """Spectrum of the ground with slopes above ``MAX_SLOPE`` cut, the closest one in the mean square."""
    spectrum = scipy.fft.rfft2(whole - whole.mean())
    east = (np.roll(whole, -1, axis=1) - np.roll(whole, 1, axis=1)) / (2.0 * step_m)
    north = (np.roll(whole, -1, axis=0) - np.roll(whole, 1, axis=0)) / (2.0 * step_m)
    slope = np.hypot(east, north)
    if slope.max() <= MAX_SLOPE:
        return np.asarray(spectrum)
    too_much = 1.0 - np.minimum(1.0, MAX_SLOPE / np.maximum(slope, 1e-12))
    k2 = kx**2 + ky**2
    k2[0, 0] = 1.0
    excess = kx * scipy.fft.rfft2(east * too_much) + ky * scipy.fft.rfft2(north * too_much)
    return np.asarray(spectrum + 1j * excess / k2)
