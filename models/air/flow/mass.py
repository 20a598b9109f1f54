"""Mass-consistent adjustment in coordinates that follow the ground.

Sasaki (1970, Mon. Wea. Rev. 98, 875-883) and Sherman (1978, J. Appl. Meteorol. 17, 312-319): of all
winds without divergence and without flow through the ground, the one closest to a first guess in the
mean square, where changes of the vertical wind cost ``1 / a^2`` times those of the horizontal wind, and
all changes are weighed against the square of the undisturbed wind of their layer: the slow air near the
ground is not pushed like the air aloft.

The coordinate is height above ground, ``zeta = z - h(x, y)``: volumes are kept, so continuity reads
``du/dx + dv/dy + d(omega)/d(zeta) = 0`` with ``omega = w - u dh/dx - v dh/dy``, the flow through surfaces
that run parallel to the ground; it is zero at the ground by construction. Unknowns sit on a staggered
grid: u on west and east faces, v on south and north faces, omega on the upper faces of cells whose
centres are the nodes of the terrain. The sides keep the flux of the first guess, the top is open.

The normal equations are solved by conjugate gradients, preconditioned by the same operator over level
ground, which cosine transforms and one small eigenproblem invert exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
import scipy.linalg

from twin.core.errors import SolverError
from twin.core.geometry import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Faces:
    """Wind on the faces of cells, m/s.

    ``u`` (nz, ny, nx + 1), ``v`` (nz, ny + 1, nx), ``omega`` (nz + 1, ny, nx), its row 0 the ground.
    """

    u: FloatArray
    v: FloatArray
    omega: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Column:
    """The cells: ``ground_m`` (ny, nx) at their centres, ``step_m`` apart; ``edges_m`` (nz + 1,) from 0.

    ``profile`` (nz,) is the undisturbed wind of the layers, in any unit; changes are weighed against it.
    """

    ground_m: FloatArray
    step_m: float
    edges_m: FloatArray
    profile: FloatArray

    @property
    def thickness_m(self) -> FloatArray:
        """Thickness of the layers (nz,)."""
        return np.asarray(np.diff(self.edges_m))


def edges_of(heights_m: FloatArray) -> FloatArray:
    """Edges of layers around rising heights: 0, geometric means between, and one as far beyond the last."""
    between = np.sqrt(heights_m[1:] * heights_m[:-1])
    return np.concatenate([[0.0], between, [heights_m[-1] ** 2 / between[-1]]])


def faces_of(u_m_s: FloatArray, v_m_s: FloatArray, w_m_s: FloatArray, column: Column) -> Faces:
    """First guess on the faces from winds (nz, ny, nx) at the centres."""
    hx, hy = _slopes(column)
    u, v = to_faces(u_m_s, 2), to_faces(v_m_s, 1)
    omega = np.zeros((u_m_s.shape[0] + 1, *u_m_s.shape[1:]))
    through = w_m_s - _centre(u * hx, 2) - _centre(v * hy, 1)
    omega[1:-1] = 0.5 * (through[1:] + through[:-1])
    omega[-1] = through[-1]
    return Faces(u=u, v=v, omega=omega)


def divergence(wind: Faces, column: Column) -> FloatArray:
    """Divergence of every cell, 1/s, (nz, ny, nx)."""
    flat = (np.diff(wind.u, axis=2) + np.diff(wind.v, axis=1)) / column.step_m
    return np.asarray(flat + np.diff(wind.omega, axis=0) / column.thickness_m[:, None, None])


def relative_divergence(wind: Faces, column: Column) -> float:
    """Root mean square of the divergence over that of its largest part: 0 is perfect, 1 is none."""
    part = np.diff(wind.omega, axis=0) / column.thickness_m[:, None, None]
    east, north = np.diff(wind.u, axis=2) / column.step_m, np.diff(wind.v, axis=1) / column.step_m
    scale = max(float(np.sqrt(np.mean(each**2))) for each in (part, east, north))
    residual = float(np.sqrt(np.mean(divergence(wind, column) ** 2)))
    return residual / scale if scale > 0.0 else 0.0


def closed(u: FloatArray, v: FloatArray, column: Column) -> Faces:
    """The omega that closes continuity upwards from the ground for winds on the faces; exact."""
    flat = (np.diff(u, axis=2) + np.diff(v, axis=1)) / column.step_m
    omega = np.zeros((u.shape[0] + 1, *flat.shape[1:]))
    np.cumsum(-flat * column.thickness_m[:, None, None], axis=0, out=omega[1:])
    return Faces(u=u, v=v, omega=omega)


def project(guess: Faces, column: Column, *, vertical_factor: float = 1.0, tolerance: float = 1e-9) -> Faces:
    """Closest wind without divergence. ``vertical_factor`` is a^2: small values make air go around, not over.

    ``tolerance`` is the residual of the divergence relative to that of the guess (root mean square).
    Raises SolverError when the iteration does not converge.
    """
    system = _System(column, vertical_factor)
    rhs = -divergence(guess, column) * column.thickness_m[:, None, None]
    size = float(np.linalg.norm(rhs))
    if size == 0.0:
        return guess
    solution, search, before = np.zeros_like(rhs), np.zeros_like(rhs), 0.0
    residual = rhs.copy()
    for _ in range(400):
        smooth = system.over_level_ground(residual)
        now = float(np.vdot(residual, smooth))
        search = smooth + (now / before if before else 0.0) * search
        applied = system.apply(search)
        step = now / float(np.vdot(search, applied))
        solution += step * search
        residual -= step * applied
        before = now
        if float(np.linalg.norm(residual)) <= tolerance * size:
            return system.corrected(guess, solution)
    msg = "mass-consistent wind did not converge in 400 steps"
    raise SolverError(msg, message_zh="质量守恒风场迭代 400 步未收敛", field="tolerance", value=tolerance)


class _System:
    """``B M^-1 B'`` with B the divergence of (u, v, w) and M the weights of Sasaki's functional."""

    def __init__(self, column: Column, vertical_factor: float) -> None:
        self.column = column
        self.slopes = _slopes(column)
        self.thickness = column.thickness_m[:, None, None]
        ease = np.asarray(column.profile) ** 2
        self.ease = ease[:, None, None]
        self.ease_up = (vertical_factor * _upper_weight(column.thickness_m, ease))[:, None, None]
        nz = ease.size
        ny, nx = column.ground_m.shape
        up = np.eye(nz) - np.eye(nz, k=-1)
        stiff = up @ np.diag(self.ease_up[:, 0, 0]) @ up.T
        root = 1.0 / np.sqrt(column.thickness_m * ease)
        values, vectors = scipy.linalg.eigh(stiff * root[:, None] * root[None, :])
        self.basis = vectors * root[:, None]
        kx = (2.0 - 2.0 * np.cos(np.pi * np.arange(nx) / nx)) / column.step_m**2
        ky = (2.0 - 2.0 * np.cos(np.pi * np.arange(ny) / ny)) / column.step_m**2
        self.inverse = 1.0 / (values[:, None, None] + ky[None, :, None] + kx[None, None, :])

    def gradient(self, lam: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """``M^-1 B'`` on multipliers (nz, ny, nx): changes of u, v and w on their faces."""
        hx, hy = self.slopes
        jump = lam.copy()
        jump[:-1] -= lam[1:]
        # omega on an upper face takes w minus the mean of slope times wind of the cells below and above.
        shared = jump.copy()
        shared[:-1] *= 0.5
        shared[1:] += 0.5 * jump[:-1]
        shared *= self.ease / self.thickness
        flat = lam * (self.ease / self.column.step_m)
        nz, ny, nx = lam.shape
        du, dv = np.zeros((nz, ny, nx + 1)), np.zeros((nz, ny + 1, nx))
        du[:, :, 1:-1] = flat[:, :, :-1] - flat[:, :, 1:]
        du[:, :, 1:-1] -= (0.5 * hx[:, 1:-1]) * (shared[:, :, :-1] + shared[:, :, 1:])
        dv[:, 1:-1] = flat[:, :-1] - flat[:, 1:]
        dv[:, 1:-1] -= (0.5 * hy[1:-1]) * (shared[:, :-1] + shared[:, 1:])
        return du, dv, self.ease_up * jump

    def omega(self, u: FloatArray, v: FloatArray, w: FloatArray) -> FloatArray:
        """Flow through upper faces (with the ground's row of zeros) from changes of u, v, w."""
        hx, hy = self.slopes
        tilt = _centre(u * hx, 2) + _centre(v * hy, 1)
        omega = np.zeros((w.shape[0] + 1, *w.shape[1:]))
        omega[1:-1] = w[:-1] - 0.5 * (tilt[1:] + tilt[:-1])
        omega[-1] = w[-1] - tilt[-1]
        return omega

    def apply(self, lam: FloatArray) -> FloatArray:
        u, v, w = self.gradient(lam)
        change = Faces(u=u, v=v, omega=self.omega(u, v, w))
        return divergence(change, self.column) * self.thickness

    def corrected(self, guess: Faces, lam: FloatArray) -> Faces:
        u, v, w = self.gradient(lam)
        return Faces(u=guess.u + u, v=guess.v + v, omega=guess.omega + self.omega(u, v, w))

    def over_level_ground(self, residual: FloatArray) -> FloatArray:
        waves = scipy.fft.dctn(residual, axes=(1, 2), norm="ortho")
        nz = waves.shape[0]
        inner = (self.basis.T @ waves.reshape(nz, -1)).reshape(waves.shape) * self.inverse
        back = (self.basis @ inner.reshape(nz, -1)).reshape(waves.shape)
        return np.asarray(scipy.fft.idctn(back, axes=(1, 2), norm="ortho"))


def _slopes(column: Column) -> tuple[FloatArray, FloatArray]:
    """Rise of the ground on the faces of u (ny, nx + 1) and v (ny + 1, nx); level across the sides."""
    ny, nx = column.ground_m.shape
    hx, hy = np.zeros((ny, nx + 1)), np.zeros((ny + 1, nx))
    hx[:, 1:-1] = np.diff(column.ground_m, axis=1) / column.step_m
    hy[1:-1] = np.diff(column.ground_m, axis=0) / column.step_m
    return hx, hy


def to_faces(centre: FloatArray, axis: int) -> FloatArray:
    """Means of neighbours; the outermost faces take the outermost centres."""
    first, last = np.take(centre, [0], axis=axis), np.take(centre, [-1], axis=axis)
    low = np.concatenate([first, centre], axis=axis)
    high = np.concatenate([centre, last], axis=axis)
    return np.asarray(0.5 * (low + high))


def _centre(faces: FloatArray, axis: int) -> FloatArray:
    if axis == 2:
        return np.asarray(0.5 * (faces[:, :, 1:] + faces[:, :, :-1]))
    return np.asarray(0.5 * (faces[:, 1:] + faces[:, :-1]))


def _upper_weight(thickness_m: FloatArray, ease: FloatArray) -> FloatArray:
    """Ease over volume of the upper faces: a face belongs to half of each of its two layers."""
    volume, mean = 0.5 * thickness_m, ease.copy()
    volume[:-1] += 0.5 * thickness_m[1:]
    mean[:-1] = 0.5 * (ease[1:] + ease[:-1])
    return np.asarray(mean / volume)
