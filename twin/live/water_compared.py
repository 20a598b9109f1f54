"""From a comparison of remedies to the body of its row and the volumes of its options."""

from __future__ import annotations

from typing import Any

from models.water.measures.comparison import Comparison, wire
from twin.live.water_frames import Display, volume_of

COMPARED_BYTES = 12_000_000
_NOW = "now.twv"


def comparison_row(
    display: Display, found: Comparison, time_ms: int
) -> tuple[dict[str, Any], dict[str, bytes], tuple[str, ...]]:
    """Body, files and notes of a comparison.

    What all options begin with is one file. Files are bounded: an option whose volumes would go beyond
    ``COMPARED_BYTES`` has none, and a note says so.
    """
    told = wire(found)
    files: dict[str, bytes] = {}
    limits = {found.substance: found.limit_kg_m3}
    left: list[str] = []
    for number, (option, row) in enumerate(zip(found.options, told["options"], strict=True)):
        own: dict[str, bytes] = {}
        entries = []
        for volume in option.volumes:
            name = _NOW if volume.lead_s == 0.0 else f"option{number}-{round(volume.lead_s)}.twv"
            made: dict[str, bytes] = {}
            entry = volume_of(display, volume, time_ms, limits, made, name=name)
            own |= {} if name in files else made
            entries.append({"lead_s": entry["lead_s"], "url": entry["url"]})
        if sum(map(len, files.values())) + sum(map(len, own.values())) > COMPARED_BYTES:
            left.append(option.id)
            continue
        files |= own
        row["volumes"] = entries
    notes = (f"no volumes of {', '.join(left)}: they would be too large",) if left else ()
    return told, files, notes
