"""The document of the validation and its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.validation.section import Check, Picture, Section, Table

PICTURE_MAX_BYTES = 200_000


def document(chapters: Sequence[str], head: str) -> str:
    """The whole document."""
    return "\n".join([head, *chapters])


def save_picture(picture: Picture, folder: Path) -> Path:
    """Write a picture; ValueError when it is too large for the documents."""
    import matplotlib as mpl

    suffix = "png" if picture.pixels else "svg"
    path = folder / f"{picture.name}.{suffix}"
    # A fixed salt and no date: the same figures give the same file.
    with mpl.rc_context({"svg.hashsalt": picture.name, "svg.fonttype": "none"}):
        metadata = {"Date": None} if suffix == "svg" else {"Software": None}
        picture.figure.savefig(path, bbox_inches="tight", dpi=90, metadata=metadata)
    size = path.stat().st_size
    if size > PICTURE_MAX_BYTES:
        msg = f"{path.name} has {size} bytes, expected at most {PICTURE_MAX_BYTES}"
        raise ValueError(msg)
    return path


def chapter(section: Section, seconds: float) -> str:
    """A topic's chapter."""
    parts = [f"## {section.title}", section.text.strip()]
    parts += [_table(rows) for rows in section.tables]
    if section.checks:
        parts.append(_checks(section.checks))
    for picture in section.pictures:
        suffix = "png" if picture.pixels else "svg"
        parts.append(f"![{picture.caption}]({picture.name}.{suffix})\n\n{picture.caption}")
    parts += [f"Skipped: {text}" for text in section.skipped]
    parts.append(f"{seconds:.1f} CPU-seconds.")
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(rows: Table) -> str:
    return f"{rows.caption}\n\n{_grid(rows.columns, rows.rows)}"


def _checks(checks: Sequence[Check]) -> str:
    rows = [(row.what, f"{row.value:.4g}", row.bound, "yes" if row.holds else "**no**") for row in checks]
    return _grid(("promise", "figure", "expected", "kept"), rows)


def _grid(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
