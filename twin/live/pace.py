"""When the next plume is due, on the time axis of the data.

Live, that is every interval. When data run ahead (a simulated park at 600x, or the hours that piled
up while the worker was down) it is every five minutes of data time, and never further behind than half
an hour: what cannot be computed in time is skipped, not queued.
"""

from __future__ import annotations

COARSE_MS = 300_000
LIVE_MS = 60_000
MAX_BEHIND_MS = 1_800_000
PATIENCE_S = 5.0


def next_time_ms(
    last_ms: int | None, data_ms: int, interval_ms: int, waited_s: float, coarse_ms: int = COARSE_MS
) -> int | None:
    """Time of the next frame, None when none is due.

    ``last_ms`` is the time of the last frame (None: there is none), ``data_ms`` the newest
    observation, ``waited_s`` how long ago, by the wall clock, the last frame was made.
    """
    newest = data_ms // interval_ms * interval_ms
    if last_ms is None or last_ms > data_ms + coarse_ms:  # no frame yet, or frames of another ledger
        return newest
    if newest <= last_ms:
        return None
    if data_ms - last_ms <= LIVE_MS + interval_ms:
        return newest
    coarse = (last_ms // coarse_ms + 1) * coarse_ms
    if coarse <= data_ms:
        return max(coarse, (data_ms - MAX_BEHIND_MS) // coarse_ms * coarse_ms)
    return newest if waited_s >= PATIENCE_S else None
