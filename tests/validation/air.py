"""``python -m tests.validation.air``: all topics of the air, as tables, pictures and docs/validation/air.md.

See ``tests.validation.running`` for the options.
"""

from __future__ import annotations

import sys

from tests.validation.running import Book, run_book

HEAD = """# Validation of the air

Made by `make validate` (`python -m tests.validation.air`); not written by hand. The data are those of
published experiments and reference programs; nothing is tuned to a run. A promise is a figure that the
models must keep; the exit code says whether they do.
"""
BOOK = Book(
    module="tests.validation.air",
    topics=(
        *("wind", "prairie_grass", "particles", "sources", "dense", "shallow", "park"),
        *("gallery", "laws", "speed"),
    ),
    file="air.md",
    head=HEAD,
)

if __name__ == "__main__":
    sys.exit(run_book(BOOK))
