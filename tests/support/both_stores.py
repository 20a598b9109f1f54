"""The same test on both back ends: URLs of empty data bases, an SQLite file or a real PostgreSQL."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import postgres
from twin.store.engine import sqlite_url

BACK_ENDS = ("sqlite", "postgresql")


@contextmanager
def empty_ledger(back_end: str, folder: Path | None = None) -> Iterator[str]:
    """URL of a new ledger; its data base is removed at the end."""
    if back_end == "postgresql":
        server = postgres.server()
        url = server.fresh_url()
        try:
            yield url
        finally:
            server.drop(url)
        return
    if folder is not None:
        yield sqlite_url(folder / "ledger.sqlite")
        return
    with tempfile.TemporaryDirectory() as place:
        yield sqlite_url(Path(place) / "ledger.sqlite")
