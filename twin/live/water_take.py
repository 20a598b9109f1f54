"""The worker takes what the groundwater process has laid out, one parcel at a turn, and stores it."""

from __future__ import annotations

import logging
from pathlib import Path

from twin.core.errors import BadRequestError, StoreError
from twin.live.water_box import discard, read_parcel, waiting
from twin.store.results import ResultStore

_log = logging.getLogger(__name__)


def take_water(store: ResultStore, data_dir: Path) -> bool:
    """Store the oldest parcel that waits; whether there was one. What is stored already is only removed."""
    for path in waiting(data_dir)[:1]:
        parcel = read_parcel(path)
        if parcel is None:
            return True
        if not store.has_water(parcel.row.run, parcel.row.k):
            try:
                store.add_water(parcel.row, parcel.files)
            except BadRequestError as error:
                _log.warning("groundwater result %s is not stored: %s", path.name, error.message)
            except StoreError as error:  # it stays and is tried again
                _log.warning("groundwater result %s waits: %s", path.name, error.message)
                return False
        discard(path)
        return True
    return False
