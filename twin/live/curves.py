"""One gas over the park as a curve: the mean of all beams, the largest and which beam it was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from twin.core.errors import NotFoundError
from twin.live.state import Rows
from twin.store.rows import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class GasCurve:
    """Equally long columns, oldest first: start of the step, kg/m3, sensor, number of beams."""

    time_ms: tuple[int, ...]
    mean_kg_m3: tuple[float, ...]
    largest_kg_m3: tuple[float, ...]
    sensor: tuple[str, ...]
    n: tuple[int, ...]


def gas_curve(rows: Rows, keys: Sequence[str], step: Step, from_ms: int, to_ms: int) -> GasCurve:
    """Curve over several series of one gas, from the means of their usable values."""
    found: dict[int, list[tuple[float, str]]] = defaultdict(list)
    for key in keys:
        try:
            means = rows.rollup(key, step, from_ms, to_ms)
        except NotFoundError:  # a series without a usable value has no roll-up yet
            continue
        for row in means:
            if row.mean is not None:
                found[row.start_ms].append((row.mean, key.partition("/")[0]))
    times = sorted(found)
    top = [max(found[t]) for t in times]
    return GasCurve(
        time_ms=tuple(times),
        mean_kg_m3=tuple(sum(value for value, _ in found[t]) / len(found[t]) for t in times),
        largest_kg_m3=tuple(value for value, _ in top),
        sensor=tuple(sensor for _, sensor in top),
        n=tuple(len(found[t]) for t in times),
    )
