"""Tables of docs/substances.md, made from the table itself.

``python -m tests.support.substances_page`` writes them anew; a test keeps page and table equal.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from models.substances.levels import Kind, Level
from models.substances.substance import SubstanceData
from models.substances.table import sources, substances

PAGE = Path(__file__).resolve().parents[2] / "docs/substances.md"
MARK = "<!-- made by tests.support.substances_page; do not edit below -->"
LAWS = (
    ("vapour_pressure_pa", "vapour pressure"),
    ("liquid_density_kg_m3", "liquid density"),
    ("liquid_cp_j_kg_k", "liquid cp"),
    ("gas_cp_j_kg_k", "gas cp"),
    ("vaporisation_j_kg", "vaporisation"),
)
MINUTES = (10, 30, 60, 240, 480)


def star(verified: bool) -> str:
    return "" if verified else "\\*"


def row_of(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def head(cells: tuple[str, ...]) -> list[str]:
    return [row_of(cells), "|" + "---|" * len(cells)]


def number(row: SubstanceData, name: str, factor: float = 1.0, digits: int = 4) -> str:
    found = row.numbers.get(name)
    return "" if found is None else f"{found.value * factor:.{digits}g}{star(found.verified)}"


def identity() -> list[str]:
    cells = (
        "id",
        "CAS",
        "name",
        "formula",
        "g/mol",
        "boils, K",
        "critical, K",
        "MPa",
        "n",
        "GB 18218, t",
        "beta",
    )
    lines = head(cells)
    for row in substances():
        lines.append(
            row_of(
                (
                    f"`{row.id}`",
                    row.cas,
                    f"{row.name.zh}, {row.name.en}",
                    row.formula,
                    number(row, "molar_mass_kg_mol", 1e3, 6),
                    number(row, "boiling_k", 1.0, 5),
                    number(row, "critical_k", 1.0, 5),
                    number(row, "critical_pa", 1e-6),
                    number(row, "toxic_exponent_ratio"),
                    number(row, "critical_quantity_kg", 1e-3),
                    number(row, "beta_factor"),
                )
            )
        )
    return lines


def law_cell(row: SubstanceData, name: str) -> str:
    law = row.laws.get(name)
    if law is None:
        return ""
    origin = ", ".join(source.id for source in law.sources)
    off = "" if law.deviation_fraction is None else f", within {100 * law.deviation_fraction:.2g} %"
    return f"{law.low_k:.0f} to {law.high_k:.0f} K, {origin}{off}{star(law.verified)}"


def properties() -> list[str]:
    lines = head(("id", *(title for _, title in LAWS)))
    for row in substances():
        if row.laws:
            lines.append(row_of((f"`{row.id}`", *(law_cell(row, name) for name, _ in LAWS))))
    return lines


def printed(level: Level | None) -> str:
    if level is None:
        return ""
    value = level.printed.value if level.printed.units == "ppm" else level.printed.value * 1e6
    unit = "" if level.printed.units == "ppm" else " mg/m3"
    return f"{value:.4g}{unit}{star(level.printed.verified)}"


def aegl() -> list[str]:
    lines = head(("id", "level", *(f"{m} min" for m in MINUTES)))
    for row in substances():
        for level in (1, 2, 3):
            own = {
                round((found.exposure_s or 0.0) / 60): found
                for found in row.levels
                if found.kind is Kind.AEGL and found.level == level
            }
            if own:
                lines.append(
                    row_of((f"`{row.id}`", f"AEGL-{level}", *(printed(own.get(m)) for m in MINUTES)))
                )
    return lines


def others() -> list[str]:
    kinds = [(Kind.ERPG, i) for i in (1, 2, 3)] + [(Kind.PAC, i) for i in (1, 2, 3)]
    kinds += [(Kind.IDLH, 1), (Kind.MAC, 1), (Kind.TWA, 1), (Kind.STEL, 1)]
    titles = [
        f"{kind.value.upper()}-{i}" if kind in (Kind.ERPG, Kind.PAC) else kind.value.upper()
        for kind, i in kinds
    ]
    lines = head(("id", *titles))
    for row in substances():
        own = {(level.kind, level.level): level for level in row.levels if level.kind is not Kind.AEGL}
        if own:
            lines.append(row_of((f"`{row.id}`", *(printed(own.get(key)) for key in kinds))))
    return lines


def remarks() -> list[str]:
    lines = []
    for row in substances():
        notes = [(name, found.note) for name, found in row.numbers.items() if found.note]
        notes += [(name, law.note) for name, law in row.laws.items() if law.note]
        notes += [
            (f"{level.kind.value}-{level.level}", level.printed.note)
            for level in row.levels
            if level.printed.note
        ]
        lines += [f"- `{row.id}` {name}: {note}" for name, note in dict.fromkeys(notes)]
        lines += [f"- `{row.id}`: {note.en}" for note in row.notes]
    return lines


def cited() -> list[str]:
    lines = head(("source", "carrier", "what was read"))
    return lines + [row_of((f"`{row.id}`", row.family, row.citation)) for row in sources().values()]


def tables() -> str:
    parts = (
        ("Identity and constants", identity()),
        ("Laws of temperature", properties()),
        ("AEGL, ppm unless said", aegl()),
        ("Other levels, ppm unless said", others()),
        ("Remarks", remarks()),
        ("Sources", cited()),
    )
    return "\n".join(f"## {title}\n\n" + "\n".join(lines) + "\n" for title, lines in parts)


def page(current: str) -> str:
    return f"{current.split(MARK)[0].rstrip()}\n\n{MARK}\n\n{tables()}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
