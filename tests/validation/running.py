"""Running the topics of a document of validation.

``--only NAME`` (several times) runs some topics and leaves the document alone; ``--out`` writes elsewhere.
Every topic runs in a process of its own and has ``--topic-s`` seconds on the clock, so that one that fails or
hangs costs its own chapter only. A topic whose data are not there is said to be skipped. The exit code is 1
when a promised figure does not hold or a topic fails.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from tests.validation.section import Section, Table
from tests.validation.writing import chapter, document, save_picture

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "docs" / "validation"
TOPIC_S = 1200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A document of topics: ``module`` is run as ``python -m``, ``file`` lies in docs/validation."""

    module: str
    topics: tuple[str, ...]
    file: str
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A topic's chapter as text, and what it promised and did not keep."""

    topic: str
    text: str
    broken: tuple[str, ...] = ()


def run_topic(topic: str, folder: Path) -> Part:
    """Run a topic here, print it and save its pictures. Anything but missing data is an error."""
    if find_spec(f"tests.validation.{topic}") is None:
        return _skipped(topic, "there is no such topic yet")
    started = time.process_time()
    try:
        section: Section = import_module(f"tests.validation.{topic}").report()
    except FileNotFoundError as error:
        return _skipped(topic, f"{Path(error.filename or 'data').name} is not there")
    seconds = time.process_time() - started
    _tell(topic, section, seconds)
    for picture in section.pictures:
        save_picture(picture, folder)
    broken = tuple(row.what for row in section.checks if not row.holds)
    return Part(topic=topic, text=chapter(section, seconds), broken=broken)


def run_apart(topic: str, folder: Path, seconds: float, book: Book) -> Part:
    """Run a topic in a process of its own, for at most so long."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "part.json"
        command = [sys.executable, "-m", book.module, "--only", topic]
        command += ["--out", str(folder), "--part", str(file)]
        try:
            done = subprocess.run(command, cwd=ROOT, timeout=seconds, check=False)
        except subprocess.TimeoutExpired:
            return _failed(topic, f"stopped after {seconds:g} seconds")
        if not file.exists():
            return _failed(topic, f"ended with exit code {done.returncode}")
        body = json.loads(file.read_text(encoding="utf-8"))
    return Part(topic=body["topic"], text=body["text"], broken=tuple(body["broken"]))


def _skipped(topic: str, why: str) -> Part:
    print(f"\n== {topic}\n   skipped: {why}")
    return Part(topic=topic, text=f"## {topic}\n\nNot run: {why}.\n")


def _failed(topic: str, why: str) -> Part:
    print(f"\n== {topic}\n   FAILED: {why}")
    return Part(topic=topic, text=f"## {topic}\n\n**Failed**: {why}.\n", broken=(f"{topic}: {why}",))


def _tell(topic: str, section: Section, seconds: float) -> None:
    print(f"\n== {topic} ({seconds:.1f} CPU-s)\n   {section.title}")
    for rows in section.tables:
        _print_table(rows)
    for row in section.checks:
        print(f"   {'ok  ' if row.holds else 'FAIL'} {row.what}: {row.value:.4g} (expected {row.bound})")
    for text in section.skipped:
        print(f"   skipped: {text}")


def _print_table(rows: Table) -> None:
    lines = [rows.columns, *rows.rows]
    widths = [max(len(line[k]) for line in lines) for k in range(len(rows.columns))]
    print(f"   {rows.caption}")
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        print("     " + "  ".join(cells).rstrip())


def run_book(book: Book, arguments: Sequence[str] | None = None) -> int:
    """Run the topics and write the document; the promises that do not hold decide the exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m {book.module}")
    parser.add_argument(
        "--only", action="append", choices=book.topics, default=[], help="run this topic only"
    )
    parser.add_argument("--out", type=Path, default=None, help="folder of the document and its pictures")
    parser.add_argument(
        "--topic-s", type=float, default=TOPIC_S, help="longest time of a topic, on the clock"
    )
    parser.add_argument("--part", type=Path, default=None, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as nowhere:
        folder = asked.out or (Path(nowhere) if asked.only else OUT)
        folder.mkdir(parents=True, exist_ok=True)
        if asked.part is not None:
            part = run_topic(asked.only[0], folder)
            asked.part.write_text(json.dumps(asdict(part)), encoding="utf-8")
            return 0
        parts: list[Part] = []
        for topic in asked.only or book.topics:
            parts.append(run_apart(topic, folder, asked.topic_s, book))
            # After every topic, so that whoever breaks off keeps what is done.
            text = document([part.text for part in parts], book.head)
            (folder / book.file).write_text(text, encoding="utf-8")
    broken = [what for part in parts for what in part.broken]
    print(f"\n{len(broken)} promised figures do not hold" + "".join(f"\n  {what}" for what in broken))
    return 1 if broken else 0
