"""Export as Parquet: one row per value; park, span and units stand in the file's own metadata too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twin.store.export.gather import About, Counter, Plan, heads, iso, pieces
from twin.store.reader import LedgerReader


def write(reader: LedgerReader, plan: Plan, about: About, target: Path, counter: Counter) -> None:
    """Write the file, one row group per series and month."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = {
        "park": about.park_en,
        "park_zh": about.park_zh,
        "from": iso(plan.from_ms),
        "to": iso(plan.to_ms),
        "step": plan.step_name,
        "made": iso(about.made_ms),
    }
    heads(reader, plan)
    schema = _schema(raw=plan.step is None).with_metadata(texts)
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for piece in pieces(reader, plan, counter):
            n, row = len(piece), piece.head.row
            columns: dict[str, Any] = {
                "series": [row.key] * n,
                "time": piece.columns["time_ms"],
                "unit": [piece.head.unit] * n,
                "origin": [row.origin.value] * n,
            }
            columns |= {name: column for name, column in piece.columns.items() if name != "time_ms"}
            if plan.step is None:
                columns["received"] = columns.pop("received_ms")
            writer.write_table(pa.table({name: columns[name] for name in schema.names}, schema=schema))


def _schema(*, raw: bool) -> Any:
    import pyarrow as pa

    text, moment = pa.dictionary(pa.int32(), pa.string()), pa.timestamp("ms", tz="UTC")
    head = [("series", text), ("time", moment)]
    tail = [("unit", text), ("quality", text), ("origin", text)]
    if raw:
        own = [("interval_ms", pa.int32()), ("value", pa.float64()), ("mark", text), ("checks", pa.int32())]
        own += [("version", pa.int32()), ("received", moment)]
    else:
        own = [("value", pa.float64()), ("count", pa.int32()), ("low", pa.float64()), ("high", pa.float64())]
    return pa.schema([*head, *own, *tail])
