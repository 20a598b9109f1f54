"""The hidden truth, written down so that models can be scored against it afterwards.

One folder per run: ``plan.json`` and, per UTC day, ``beams-*.csv`` (true path means), ``wind-*.csv``
(true winds at the stations) and ``sources-*.csv`` (true rates). SI units, times in ms UTC.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

from sensors.simulated.sources import Outlet
from twin.core.clock import to_datetime

_FLUSH_ROWS = 500


class TruthLog:
    """Appends rows to the files of a run; call ``close`` at the end."""

    def __init__(self, folder: Path, substances: Sequence[str], plan: dict[str, object]) -> None:
        self._folder = folder
        gases = [f"{gas}_kg_m3" for gas in substances]
        self._heads = {
            "beams": ["time_ms", "sensor_id", *gases],
            "wind": ["time_ms", "sensor_id", "u_m_s", "v_m_s"],
            "sources": ["time_ms", "unit_id", *[f"{gas}_kg_s" for gas in substances]],
        }
        self._rows: dict[tuple[str, str], list[Sequence[object]]] = {}
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"origin": "simulated", "substances": list(substances)} | plan, indent=1)
        (folder / "plan.json").write_text(text + "\n", "utf-8")

    def beam(self, time_ms: int, sensor_id: str, conc_kg_m3: Sequence[float]) -> None:
        """True path means of one dwell."""
        self._add("beams", time_ms, [time_ms, sensor_id, *(f"{value:.4e}" for value in conc_kg_m3)])

    def wind(self, time_ms: int, sensor_id: str, u_m_s: float, v_m_s: float) -> None:
        """True wind at a station, without gusts."""
        self._add("wind", time_ms, [time_ms, sensor_id, f"{u_m_s:.3f}", f"{v_m_s:.3f}"])

    def sources(self, time_ms: int, outlets: Sequence[Outlet]) -> None:
        """True rates of everything that releases now."""
        for row in outlets:
            self._add("sources", time_ms, [time_ms, row.unit_id, *(f"{rate:.4e}" for rate in row.rate_kg_s)])

    def close(self) -> None:
        """Write what is still held."""
        for key in list(self._rows):
            self._flush(key)

    def _add(self, name: str, time_ms: int, row: Sequence[object]) -> None:
        key = (name, f"{to_datetime(time_ms):%Y%m%d}")
        rows = self._rows.setdefault(key, [])
        rows.append(row)
        if len(rows) >= _FLUSH_ROWS:
            self._flush(key)

    def _flush(self, key: tuple[str, str]) -> None:
        name, day = key
        path = self._folder / f"{name}-{day}.csv"
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if not path.exists():
            writer.writerow(self._heads[name])
        writer.writerows(self._rows.pop(key))
        with path.open("a", encoding="utf-8") as file:
            file.write(text.getvalue())
