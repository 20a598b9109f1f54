"""What the groundwater's warnings said last, so that a new process says nothing twice."""

from __future__ import annotations

from twin.core.errors import ServiceUnavailableError
from twin.live.settings import Settings
from twin.live.water_warnings import Subject
from twin.store.results import ResultReader
from twin.store.rows import WaterKind

_ROWS = 2_000


def said_last(settings: Settings) -> dict[Subject, str | None]:
    """Response of every subject as the newest warning about it said."""
    reader = ResultReader(settings.results, settings.data_dir)
    try:
        rows = reader.water_rows(WaterKind.EVENT, 0, 2**53, _ROWS)
    except ServiceUnavailableError:
        return {}
    finally:
        reader.close()
    return {(row.body["subject"], row.body["substance"]): row.body["response"] for row in rows}
