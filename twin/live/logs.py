"""Log lines of our processes: time, level, name, message, to standard error."""

from __future__ import annotations

import logging


def configure_logging(level: str) -> None:
    """Write log lines from this level on."""
    logging.basicConfig(
        level=level.upper(),
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%S",
        force=True,
    )
    # It tells every plug-in that it loads.
    logging.getLogger("alembic").setLevel(logging.WARNING)
