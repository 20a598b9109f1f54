"""``python -m tests.validation.air``: all topics of the air, as tables, pictures and docs/validation/air.md.

``--only NAME`` (several times) runs some topics and leaves the document alone; ``--out`` writes elsewhere.
A topic whose file, data or model is not there is said to be skipped. The exit code is 1 when a promised
figure does not hold.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from tests.validation.section import Section, Table
from tests.validation.writing import markdown, save_picture

TOPICS = (
    *("wind", "prairie_grass", "particles", "sources", "dense", "shallow", "park"),
    *("gallery", "laws", "speed"),
)
OUT = Path(__file__).resolve().parents[2] / "docs" / "validation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A topic that ran, or why it did not."""

    topic: str
    seconds: float
    section: Section | None
    why_not: str = ""


def run_topic(topic: str) -> Outcome:
    """Run one topic. A missing file of ours or of data is an outcome, anything else an error."""
    if find_spec(f"tests.validation.{topic}") is None:
        return Outcome(topic=topic, seconds=0.0, section=None, why_not="no such topic yet")
    started = time.process_time()
    try:
        section = import_module(f"tests.validation.{topic}").report()
    except FileNotFoundError as error:
        return Outcome(
            topic=topic, seconds=0.0, section=None, why_not=f"{Path(error.filename or '').name} is not there"
        )
    return Outcome(topic=topic, seconds=time.process_time() - started, section=section)


def tell(outcome: Outcome) -> None:
    """Print a topic's tables and judged figures."""
    print(f"\n== {outcome.topic} ({outcome.seconds:.1f} CPU-s)")
    if outcome.section is None:
        print(f"   skipped: {outcome.why_not}")
        return
    print(f"   {outcome.section.title}")
    for rows in outcome.section.tables:
        _print_table(rows)
    for row in outcome.section.checks:
        print(f"   {'ok  ' if row.holds else 'FAIL'} {row.what}: {row.value:.4g} (expected {row.bound})")
    for text in outcome.section.skipped:
        print(f"   skipped: {text}")


def _print_table(rows: Table) -> None:
    lines = [rows.columns, *rows.rows]
    widths = [max(len(line[k]) for line in lines) for k in range(len(rows.columns))]
    print(f"   {rows.caption}")
    for line in lines:
        print(
            "     " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the topics; the number of promises that do not hold decides the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.validation.air", description=__doc__)
    parser.add_argument("--only", action="append", choices=TOPICS, default=[], help="run this topic only")
    parser.add_argument("--out", type=Path, default=None, help="folder of the document and its pictures")
    asked = parser.parse_args(arguments)
    folder = asked.out or (None if asked.only else OUT)
    outcomes = []
    for topic in asked.only or TOPICS:
        outcome = run_topic(topic)
        tell(outcome)
        outcomes.append(outcome)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for outcome in outcomes:
            for picture in outcome.section.pictures if outcome.section else ():
                save_picture(picture, folder)
        chapters = [(row.topic, row.section, row.seconds, row.why_not) for row in outcomes]
        (folder / "air.md").write_text(markdown(chapters), encoding="utf-8")
    broken = [
        row.what for outcome in outcomes if outcome.section for row in outcome.section.checks if not row.holds
    ]
    print(f"\n{len(broken)} promised figures do not hold" + "".join(f"\n  {what}" for what in broken))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
