"""When the next plume is due, on the time axis of the data: the present first, then what was missed.

Live, that is every interval. When data run ahead (a simulated park at 600x, or the hours that piled
up while the worker was down) the newest moment is computed first, so that a screen never shows an old
cloud as the present one; the moments in between are filled in afterwards, one per five minutes, the
newest first, and only while no newer moment is due.
"""

from __future__ import annotations

from collections.abc import Collection

COARSE_MS = 300_000
LIVE_MS = 60_000
PATIENCE_S = 5.0
FILL_MS = 6 * 3_600_000


def next_time_ms(
    last_ms: int | None, data_ms: int, interval_ms: int, waited_s: float, coarse_ms: int = COARSE_MS
) -> int | None:
    """Time of the next frame of the present, None when none is due.

    ``last_ms`` is the time of the newest frame (None: there is none), ``data_ms`` the newest
    observation, ``waited_s`` how long ago, by the wall clock, the last frame of the present was made.
    """
    newest = data_ms // interval_ms * interval_ms
    if last_ms is None or last_ms > data_ms + coarse_ms:  # no frame yet, or frames of another ledger
        return newest
    if newest <= last_ms:
        return None
    if data_ms - last_ms <= LIVE_MS + interval_ms or waited_s >= PATIENCE_S:
        return newest
    coarse = data_ms // coarse_ms * coarse_ms
    return coarse if coarse > last_ms else None


def missed_ms(last_ms: int | None, at_ms: int, coarse_ms: int = COARSE_MS) -> tuple[int, ...]:
    """Whole five minutes that a step of the present from ``last_ms`` to ``at_ms`` left out, rising."""
    if last_ms is None or at_ms - last_ms <= coarse_ms:
        return ()
    first = max(last_ms, at_ms - FILL_MS) // coarse_ms + 1
    return tuple(k * coarse_ms for k in range(first, -(-at_ms // coarse_ms)))


def fill_time_ms(missed: Collection[int], now_ms: int) -> int | None:
    """Which missed moment to fill in: the newest that is not too old to matter; None when there is none."""
    return max((time for time in missed if now_ms - FILL_MS <= time <= now_ms), default=None)
