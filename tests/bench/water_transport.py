"""Cost of transport: a day's step against cells, and the reference case of 365 days.

``python -m tests.bench.water_transport`` prints CPU-seconds (one core); MODFLOW 6 took 344.7 CPU-s for the
reference case, flow and transport (../shared/notes/groundwater.md, section 2).
"""

from __future__ import annotations

from tests.validation.section import Section, Table
from tests.validation.water_transport import growth_table, reference_table


def lines(rows: Table) -> list[str]:
    """A table as lines of text."""
    return [rows.caption, "  ".join(rows.columns), *("  ".join(row) for row in rows.rows)]


def main() -> Section:
    """Measure, and hand over what was measured."""
    return Section(title="Transport", text="", tables=(growth_table(), reference_table()))


if __name__ == "__main__":
    import sys

    for made in main().tables:
        sys.stdout.write("\n".join(lines(made)) + "\n\n")
