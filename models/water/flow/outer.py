"""The iteration on what depends on the head: saturation upstream, storage, rivers, drains, evaporation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.water.flow.balance import Balance
from models.water.flow.linear import Matrix
from twin.core.geometry import FloatArray

Solve = Callable[[Matrix, FloatArray, float, FloatArray], tuple[int, float]]
LOOSE = 0.05  # share of the residual that a linear solution may leave before heads are looked at again
HALVINGS = 6
SLOW = 0.4  # of the residual left by an iteration: beyond it the symmetric iteration is too slow
ROUNDING = 8.0 * np.finfo(np.float64).eps
CLOSED = 1e-13  # of the flow, aimed at as what is left over in the whole model; 100 times that will do
TIGHTENED = 4  # times that the cells' tolerance is divided by ten to get there
STALL = 5  # iterations in which the water left over must halve
TURNS = 2  # slow iterations after which another matrix is tried
FAR = 10.0  # of what was asked for may be left over in a state that counts as solved (after tightening)
UNDER = 0.97  # a head that would fall below the lowest bottom goes this far towards it


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an iteration ended: outer and inner iterations, left-over water over throughput, ``solved``."""

    outer: int
    inner: int
    left_share: float
    solved: bool


class Iteration:
    """Heads of one balance, improved in place until the water left over is small."""

    def __init__(
        self,
        balance: Balance,
        head_m: FloatArray,
        solve: Solve,
        *,
        share: float,
        newton: bool,
        may_turn: bool,
    ) -> None:
        self.balance, self.head_m, self._solve = balance, head_m, solve
        self._share, self._newton, self._may_turn = share, newton, may_turn
        g = balance.ground
        self._bends = bool(g.convertible.any()) or balance.loads.heads_matter()
        self._change = np.zeros(g.active.shape)
        self._lowest = self._lowest_cells()
        self._slow = 0
        self._tightened = 0
        self._asked = share
        low_m, high_m = balance.levels_m()
        self._size_m = max(abs(low_m), abs(high_m), float(np.abs(head_m[balance.free]).max(initial=0.0)))
        self._reach_m = max(high_m - low_m, 1.0)
        self._floor = 0.0
        self._held = False
        balance.fills, balance.holds = True, False

    def run(self, outer: int, *, stalls: bool = False) -> Outcome:
        """Iterate at most ``outer`` times; ``stalls``: give up when little was won in the last few."""
        matrix, left = self._look(self.head_m)
        inner, seen = 0, [left]
        for count in range(outer + 1):
            enough = self._enough(matrix)
            if left <= enough:
                matrix, left, closed = self._level(matrix, left, enough)
                if closed or self._tightened == TIGHTENED:
                    return self._outcome(count, inner, left, solved=True)
                self._tightened += 1
                self._share *= 0.1
                enough *= 0.1
            if stalls and not self._tightened and len(seen) > STALL and seen[-1] > 0.5 * seen[-1 - STALL]:
                return self._outcome(count, inner, left, solved=False)
            if count < outer:
                matrix, left, spent = self._improve(matrix, left, enough)
                inner += spent
                seen.append(left)
        return self._outcome(outer, inner, left, solved=self._tightened > 0)

    def _look(self, head_m: FloatArray) -> tuple[Matrix, float]:
        self.balance.settle(head_m)
        matrix = self.balance.evaluate(head_m, newton=self._newton)
        return matrix, float(np.abs(self.balance.right()).sum())

    def _enough(self, matrix: Matrix) -> float:
        """What may be left over: the share of the flow, and what rounding makes of heads of this size.

        Heads may run far away where nothing holds them: beyond the levels of the model (and the first guess)
        rounding counts only as a part of the share.
        """
        flow = self.balance.throughput_m3_s(self.head_m)
        free = self.balance.free
        norm = ROUNDING * float(np.sqrt(np.square(matrix.diag[free]).sum()))
        rounding = norm * float(np.abs(self.head_m[free]).max(initial=1.0))
        self._floor = norm * max(self._size_m, 1.0)
        return self._share * flow + min(rounding, max(self._floor, 0.1 * self._asked * flow))

    def _improve(self, matrix: Matrix, left: float, enough: float) -> tuple[Matrix, float, int]:
        spent, largest = self._direction(matrix, enough)
        if largest > self._reach_m and self._bends and not self._held:
            # Nothing but loads on the flat part of their lines may hold the level: let them hold it once.
            self.balance.holds = True
            matrix, _ = self._look(self.head_m)
            self.balance.holds = False
            more, largest = self._direction(matrix, enough)
            spent, self._held = spent + more, True
        else:
            self._held = False
        share = min(1.0, self._reach_m / largest) if self._bends and largest > 0.0 else 1.0
        matrix, after = self._search(left, share)
        if share < 1.0 and after <= (1.0 - 0.5 * share) * left and after >= (1.0 - 2.0 * share) * left:
            self._reach_m *= 10.0  # as foretold: the heads do go far
        return matrix, after, spent

    def _direction(self, matrix: Matrix, enough: float) -> tuple[int, float]:
        """Fill the change of heads; returns inner iterations and the largest change, m."""
        right = self.balance.right()
        target = 0.3 * enough / max(np.sqrt(self.balance.free.sum()), 1.0)
        if self._bends:
            target = max(target, LOOSE * float(np.sqrt(np.square(right).sum())))
        spent, _ = self._solve(matrix, right, target, self._change)
        if not np.isfinite(self._change).all():
            self._change[...] = 0.0
        return spent, float(np.abs(self._change).max(initial=0.0))

    def _search(self, left: float, share: float) -> tuple[Matrix, float]:
        """Go along the change as far as it helps; returns the matrix there and what is left over."""
        before = self.head_m.copy()
        best: tuple[float, FloatArray] | None = None
        for _ in range(HALVINGS if self._bends else 1):
            trial = self._moved(before, share)
            matrix, after = self._look(trial)
            if best is None or after < best[0]:
                best = (after, trial)
            if after < (1.0 - 0.1 * share) * left:
                break
            share *= 0.5
        assert best is not None
        after, self.head_m[...] = best
        if self._turned(after, left) or trial is not best[1]:
            matrix, after = self._look(self.head_m)
        return matrix, after

    def _turned(self, after: float, left: float) -> bool:
        """After slow iterations go over to Newton's matrix, then to it without and with filling dry cells.

        Letting dry cells answer as wet ones keeps their rows from being empty, but holds back the head of a
        dry cell that is pumped or seeps.
        """
        if not (self._newton or self._may_turn):
            return False
        self._slow += after > SLOW * left
        if self._slow < TURNS:
            return False
        self._slow = 0
        if self._newton:
            self.balance.fills = not self.balance.fills
        self._newton = True
        return True

    def _moved(self, before: FloatArray, share: float) -> FloatArray:
        trial = before + share * self._change
        if self._lowest is not None:
            bottom = self.balance.ground.bottom_m
            below = self._lowest & (trial < bottom)
            trial[below] = ((1.0 - UNDER) * np.maximum(before, bottom) + UNDER * bottom)[below]
        return trial

    def _lowest_cells(self) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]] | None:
        """Convertible free cells with none above or below: only their own water says where their head is."""
        g = self.balance.ground
        lowest = g.alone & g.convertible[:, None, None] & self.balance.free
        return lowest if lowest.any() else None

    def _level(self, matrix: Matrix, left: float, enough: float) -> tuple[Matrix, float, bool]:
        """Close the balance of the whole model by one level for all heads (a constant coarse correction).

        Returns the matrix and what is left over then, and whether the whole closes.
        """
        closed = CLOSED * self.balance.throughput_m3_s(self.head_m)
        for _ in range(4):
            whole = float(self.balance.right().sum())
            stiff = _row_sum(matrix, self.balance.free)
            if abs(whole) <= closed or not stiff > 0.0:
                break
            kept = self.head_m.copy()
            self.head_m[self.balance.free] += whole / stiff
            matrix, after = self._look(self.head_m)
            if after > left + 2.0 * abs(whole) + enough:
                self.head_m[...] = kept
                matrix, after = self._look(kept)
                break
            left = after
        return matrix, left, abs(float(self.balance.right().sum())) <= 100.0 * closed

    def _outcome(self, count: int, inner: int, left: float, *, solved: bool) -> Outcome:
        flow = self.balance.throughput_m3_s(self.head_m)
        return Outcome(
            outer=count,
            inner=inner,
            left_share=left / flow if flow > 0.0 else 0.0,
            solved=solved
            and left <= FAR * self._asked * flow + 2.0 * self._floor
            and bool(np.isfinite(self.head_m).all()),
        )


def _row_sum(matrix: Matrix, free: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
    links = sum(float(part.sum()) for part in (matrix.east, matrix.west, matrix.north, matrix.south))
    return float(matrix.diag[free].sum()) - links - 2.0 * float(matrix.down.sum())
