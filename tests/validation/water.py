"""``python -m tests.validation.water``: all topics of the water; docs/validation/water.md.

See ``tests.validation.running`` for the options. A topic that is not there yet is said to be skipped.
"""

from __future__ import annotations

import sys

from tests.validation.running import Book, run_book

HEAD = """# Validation of the water

Made by `make validate` (`python -m tests.validation.water`); not written by hand. Compared are closed
forms, published problems (MT3DMS, MODFLOW 6 examples) and stored runs of the reference program; nothing is
tuned to a run. A promise is a figure that the models must keep; the exit code says whether they do.
"""
BOOK = Book(
    module="tests.validation.water",
    topics=(  # the longest last: whoever breaks off keeps the others
        *("water_cases", "water_flow", "water_transport", "water_geo", "water_chem", "water_speed"),
        *("water_twin", "water_park"),
    ),
    file="water.md",
    head=HEAD,
)

if __name__ == "__main__":
    sys.exit(run_book(BOOK))
