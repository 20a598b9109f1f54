"""Linear systems of a step: whole columns of cells as preconditioner, or algebraic multigrid."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, csr_matrix
from scipy.sparse.linalg import LinearOperator, bicgstab, cg

from models.water.flow.cycle import at_level, table_of
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


class Cycles:
    """Krylov iterations with a V-cycle as preconditioner; keeps its levels' arrays between systems."""

    def __init__(self, kernels: Any, free: BoolArray, east: FloatArray, north: FloatArray) -> None:
        self._kernels = kernels
        self.free = free
        self._table = table_of(east, north)
        size = int(self._table[-1, 0] + self._table[-1, 1:4].prod())
        self._parts = tuple(np.zeros(size) for _ in range(9))
        at_level(self._parts[4], self._table, 0)[...] = free

    def solve(
        self, most: int, matrix: Matrix, right: FloatArray, target: float, x: FloatArray
    ) -> tuple[int, float]:
        """Solve from x = 0 to a 2-norm of ``target``; returns iterations and the norm reached."""
        self._fill(matrix)
        head = (self._table, *self._parts, right, target, most, x)
        if matrix.symmetric:
            count, norm = self._kernels.conjugate_gradients(*head)
        else:
            count, norm = self._kernels.stabilised_gradients(
                *head, matrix.diag, matrix.east, matrix.west, matrix.north, matrix.south, matrix.down
            )
        return int(count), float(norm)

    def _fill(self, matrix: Matrix) -> None:
        table = self._table
        levels = [tuple(at_level(part, table, n) for part in self._parts) for n in range(len(table))]
        diag, east, north, down = levels[0][:4]
        if matrix.symmetric:
            east[...], north[...] = matrix.east, matrix.north
        else:
            np.multiply(0.5, matrix.east + matrix.west, out=east)
            np.multiply(0.5, matrix.north + matrix.south, out=north)
        diag[...], down[...] = matrix.diag, matrix.down
        for n, level in enumerate(levels):
            self._kernels.factor(level[0], level[1], level[3], level[5], level[6])
            if n + 1 < len(levels):
                self._kernels.coarsen(*level[:5], int(table[n, 4]), int(table[n, 5]), *levels[n + 1][:5])


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
