"""Linear systems of a step: whole columns of cells as preconditioner, or algebraic multigrid."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, csr_matrix
from scipy.sparse.linalg import LinearOperator, bicgstab, cg

from models.water.flow.cycle import levels_of
from twin.core.geometry import FloatArray

BoolArray = npt.NDArray[np.bool_]
SMALL = 2000  # cells up to which the cycles alone are faster
PATIENCE = 150  # iterations with cycles, after which the algebraic multigrid is tried


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matrix:
    """Seven points per cell, as ``models.water.flow.plain`` keeps them; ``symmetric`` if west is east."""

    diag: FloatArray
    east: FloatArray
    west: FloatArray
    north: FloatArray
    south: FloatArray
    down: FloatArray
    symmetric: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Level:
    """One level of the V-cycle: its system, the factors of its columns, right side and answer."""

    diag: FloatArray
    east: FloatArray
    north: FloatArray
    down: FloatArray
    mask: FloatArray
    lower: FloatArray
    inverse: FloatArray
    right: FloatArray
    answer: FloatArray
    wide: int
    deep: int

    @property
    def system(self) -> tuple[FloatArray, ...]:
        """Diagonal, links and mask."""
        return self.diag, self.east, self.north, self.down, self.mask


class Cycles:
    """Krylov iterations with a V-cycle as preconditioner; keeps its levels' arrays between systems."""

    def __init__(self, kernels: Any, free: BoolArray, east: FloatArray, north: FloatArray) -> None:
        self._kernels = kernels
        self._levels = []
        for shape, wide, deep in levels_of(east, north):
            diag, e, n, d, mask, lower, inverse, right, answer = (np.zeros(shape) for _ in range(9))
            self._levels.append(
                Level(
                    diag=diag,
                    east=e,
                    north=n,
                    down=d,
                    mask=mask,
                    lower=lower,
                    inverse=inverse,
                    right=right,
                    answer=answer,
                    wide=wide,
                    deep=deep,
                )
            )
        self._levels[0].mask[...] = free
        self._spare = [np.zeros(free.shape) for _ in range(4)]
        self._none = np.zeros((0, 0, 0))

    def solve(
        self, most: int, matrix: Matrix, right: FloatArray, target: float, x: FloatArray
    ) -> tuple[int, float]:
        """Solve from x = 0 to a 2-norm of ``target``; returns iterations and the norm reached."""
        self.fill(matrix)
        if matrix.symmetric:
            return self._conjugate(most, right, target, x)
        return self._stabilised(most, matrix, right, target, x)

    def fill(self, matrix: Matrix) -> None:
        """Take up a matrix (its symmetric part) and make the coarser levels and factors."""
        first = self._levels[0]
        if matrix.symmetric:
            first.east[...], first.north[...] = matrix.east, matrix.north
        else:
            np.multiply(0.5, matrix.east + matrix.west, out=first.east)
            np.multiply(0.5, matrix.north + matrix.south, out=first.north)
        first.diag[...], first.down[...] = matrix.diag, matrix.down
        for n, level in enumerate(self._levels):
            self._kernels.factor(level.diag, level.east, level.down, level.lower, level.inverse)
            if n + 1 < len(self._levels):
                self._kernels.coarsen(*level.system, level.wide, level.deep, *self._levels[n + 1].system)

    def cycle(self) -> None:
        """One V-cycle from zero: ``answer`` of the first level to its ``right``."""
        levels, kernels = self._levels, self._kernels
        for n, row in enumerate(levels):
            below = levels[n + 1].right if n + 1 < len(levels) else self._none
            kernels.down_sweep(
                *(row.right, row.answer, row.east, row.north, row.down, row.lower, row.inverse),
                *(row.wide, row.deep, below),
            )
        for n in range(len(levels) - 2, -1, -1):
            row = levels[n]
            kernels.up_sweep(
                *(row.right, row.answer, *row.system, row.lower, row.inverse, row.wide, row.deep),
                levels[n + 1].answer,
            )

    def _conjugate(self, most: int, right: FloatArray, target: float, x: FloatArray) -> tuple[int, float]:
        """Conjugate gradients (Hestenes and Stiefel, 1952)."""
        first, kernels, (p, q, *_) = self._levels[0], self._kernels, self._spare
        r, z = first.right, first.answer
        system = (first.diag, first.east, first.north, first.down)
        x.fill(0.0)
        p.fill(0.0)
        r[...] = right
        square, before, count = kernels.dot(r, r), 0.0, 0
        while square > target * target and count < most:
            self.cycle()
            now = kernels.dot(r, z)
            bent = kernels.turn(z, now / before if count else 0.0, p, *system, q)
            if not bent > 0.0:
                break
            square = kernels.advance(now / bent, p, q, x, r)
            before = now
            count += 1
        return count, float(np.sqrt(square))

    def _stabilised(
        self, most: int, matrix: Matrix, right: FloatArray, target: float, x: FloatArray
    ) -> tuple[int, float]:
        """BiCGSTAB (van der Vorst, 1992); a breakdown ends it where it is."""
        first, kernels, (p, v, t, r) = self._levels[0], self._kernels, self._spare
        b, y = first.right, first.answer
        parts = (matrix.diag, matrix.east, matrix.west, matrix.north, matrix.south, matrix.down)
        for values in (x, p, v):
            values.fill(0.0)
        r[...] = right
        now = square = kernels.dot(right, r)
        rho, alpha, omega, count = 1.0, 1.0, 1.0, 0
        while square > target * target and count < most and now * omega != 0.0:
            p -= omega * v
            p *= now / rho * (alpha / omega)
            p += r
            b[...] = p
            self.cycle()
            kernels.product(y, *parts, v)
            along = kernels.dot(right, v)
            if along == 0.0:
                break
            alpha = now / along
            kernels.advance(alpha, y, v, x, r)
            b[...] = r
            self.cycle()
            kernels.product(y, *parts, t)
            under = kernels.dot(t, t)
            omega = kernels.dot(t, r) / under if under > 0.0 else 0.0
            square = kernels.advance(omega, y, t, x, r)
            rho, now = now, kernels.dot(right, r)
            count += 1
        return count, float(np.sqrt(square))


class Linear:
    """Cycles first; where they are slow and pyamg is installed, its hierarchy from then on."""

    def __init__(
        self,
        kernels: Any,
        free: BoolArray,
        east: FloatArray,
        north: FloatArray,
        *,
        most: int,
        multigrid: Literal["auto", "always", "never"],
    ) -> None:
        self.free = free.copy()
        self._most = most
        self._cycles = Cycles(kernels, free, east, north)
        large = int(free.sum()) > SMALL
        there = multigrid == "always" or (multigrid == "auto" and large)
        self._multigrid = Multigrid(self.free) if there and has_multigrid() else None
        self._slow = multigrid == "always"

    def solve(self, matrix: Matrix, right: FloatArray, target: float, x: FloatArray) -> tuple[int, float]:
        """Solve from x = 0 to a 2-norm of ``target``; returns iterations and the norm reached."""
        if not matrix.symmetric:
            return self._cycles.solve(min(PATIENCE, self._most), matrix, right, target, x)
        if self._multigrid is None:
            return self._cycles.solve(self._most, matrix, right, target, x)
        spent = 0
        if not self._slow:
            spent, norm = self._cycles.solve(min(PATIENCE, self._most), matrix, right, target, x)
            if norm <= target:
                return spent, norm
            self._slow = True
        count, norm = self._multigrid.solve(min(PATIENCE, self._most), matrix, right, target, x)
        return spent + count, norm


class Multigrid:
    """Conjugate gradients with a Ruge-Stueben hierarchy that is kept while the matrix changes little."""

    def __init__(self, free: BoolArray) -> None:
        self.free = free
        self._number = np.full(free.shape, -1, dtype=np.int32)
        self._number[free] = np.arange(int(free.sum()), dtype=np.int32)
        self._kept: Any = None
        self._built_with = 0

    def solve(
        self, most: int, matrix: Matrix, right: FloatArray, target: float, x: FloatArray
    ) -> tuple[int, float]:
        """Solve from x = 0 to a 2-norm of ``target``; returns iterations and the norm reached."""
        sparse = sparse_of(matrix, self.free, self._number)
        size = sparse.shape[0]
        vector = right[self.free]
        fresh = self._kept is None
        if fresh:
            self._build(sparse, matrix)
        apply = LinearOperator((size, size), matvec=self._kept.matvec, dtype=np.float64)
        solution, count = _run(sparse, vector, target, most, apply, matrix.symmetric)
        if not fresh and count > max(2 * self._built_with, 12):
            self._build(sparse, matrix)
            apply = LinearOperator((size, size), matvec=self._kept.matvec, dtype=np.float64)
            rest = vector - sparse @ solution
            more, again = _run(sparse, rest, target, most, apply, matrix.symmetric)
            solution, count = solution + more, count + again
            fresh = True
        if fresh:
            self._built_with = count
        x[...] = 0.0
        x[self.free] = solution
        return count, float(np.sqrt(np.square(vector - sparse @ solution).sum()))

    def _build(self, sparse: csr_array, matrix: Matrix) -> None:
        import pyamg

        same = sparse if matrix.symmetric else csr_array(0.5 * (sparse + sparse.T))
        hierarchy = pyamg.ruge_stuben_solver(csr_matrix(same), max_coarse=300)
        self._kept = hierarchy.aspreconditioner(cycle="V")


def has_multigrid() -> bool:
    """Whether pyamg is installed."""
    return find_spec("pyamg") is not None


def sparse_of(matrix: Matrix, free: BoolArray, number: npt.NDArray[np.int32]) -> csr_array:
    """The matrix over free cells in rows."""
    rows, columns, values = [number[free]], [number[free]], [matrix.diag[free]]
    for axis, own, other in (
        (2, matrix.east, matrix.west),
        (1, matrix.north, matrix.south),
        (0, matrix.down, matrix.down),
    ):
        first = [slice(None)] * 3
        second = [slice(None)] * 3
        first[axis], second[axis] = slice(None, -1), slice(1, None)
        a, b = tuple(first), tuple(second)
        linked = (own[a] > 0.0) | (other[a] > 0.0)
        one, two = number[a][linked], number[b][linked]
        rows += [one, two]
        columns += [two, one]
        values += [-own[a][linked], -other[a][linked]]
    size = int(free.sum())
    return csr_array(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(size, size)
    )


def _run(
    sparse: csr_array,
    vector: FloatArray,
    target: float,
    most: int,
    apply: LinearOperator,
    symmetric: bool,
) -> tuple[FloatArray, int]:
    count = 0

    def counted(_: FloatArray) -> None:
        nonlocal count
        count += 1

    method = cg if symmetric else bicgstab
    solution, _ = method(sparse, vector, rtol=0.0, atol=target, maxiter=most, M=apply, callback=counted)
    return np.asarray(solution), count
