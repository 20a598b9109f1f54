"""How transport is computed; the defaults suit nearly everything."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportOptions:
    """Knobs of the solver.

    ``courant_share`` of the longest explicit step that keeps every value between its neighbours.
    ``max_substeps`` per step that few cells alone may force; beyond it they are solved implicitly.
    ``few_share`` of the cells counts as few; ``most_substeps`` is the end however many ask for more.
    ``window``: compute only around the plume, out to concentrations below ``window_share`` of the largest,
    with ``guard_cells`` around. Nothing is lost by it: its edge is closed and moves before anything arrives.
    """

    courant_share: float = 1.0
    max_substeps: int = 20
    most_substeps: int = 1000
    few_share: float = 0.01
    window: bool = True
    window_share: float = 1e-10
    guard_cells: int = 6
