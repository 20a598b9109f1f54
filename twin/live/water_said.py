"""What the groundwater's warnings said last, so that a new process says nothing twice."""

from __future__ import annotations

from twin.core.errors import ServiceUnavailableError
from twin.live.settings import Settings
from twin.live.water_warnings import Book
from twin.store.results import ResultReader
from twin.store.rows import WaterKind

_ROWS = 2_000


def said_last(settings: Settings) -> Book:
    """The newest warning about every subject."""
    reader = ResultReader(settings.results, settings.data_dir)
    try:
        rows = reader.water_rows(WaterKind.EVENT, 0, 2**53, _ROWS)
    except ServiceUnavailableError:
        return Book()
    finally:
        reader.close()
    book = Book()
    for row in rows:
        book.note(row.body, row.time_ms)
    return book
