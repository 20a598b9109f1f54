"""``park-twin water contaminants``: the library, each number with its sources; handling plans that fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from web.commands.shell import Shell, open_shell

if TYPE_CHECKING:
    from models.contaminants.contaminant import Contaminant


def contaminants(
    name: Annotated[
        str | None,
        typer.Argument(
            help="代号、CAS 号、名称或其部分；缺省为全部 / Id, CAS number, (part of a) name; default all",
            show_default=False,
        ),
    ] = None,
    degree: Annotated[
        float | None,
        typer.Option(
            "--degree",
            min=0.0,
            help="污染程度（Ⅲ类限值的倍数）：列出适用处置方案 / Times class III: lists plans that fit",
            show_default=False,
        ),
    ] = None,
) -> None:
    """污染物库：性质、限值、来源、处置方案。 Contaminants: properties, limits, sources, plans."""
    from models.contaminants.library import contaminant, search
    from twin.core.errors import NotFoundError

    shell = open_shell()
    if name is None:
        _listed(shell, search(""))
        return
    try:
        found = contaminant(name)
    except NotFoundError:
        rows = search(name)
        if not rows:
            raise
        _listed(shell, rows)
        return
    _shown(shell, found)
    if degree is not None:
        _plans(shell, found, degree)


def _listed(shell: Shell, rows: Sequence[Contaminant]) -> None:
    from rich.table import Table

    zh = shell.speaker.language == "zh"
    table = Table()
    for head in ("id", "CAS", shell.say("air_name"), "kind", "GB/T 14848"):
        table.add_column(head)
    for row in rows:
        number = "" if row.indicator is None else str(row.indicator)
        table.add_row(row.id, row.cas, row.name.zh if zh else row.name.en, row.kind.value, number)
    shell.out.print(table)


def _shown(shell: Shell, row: Contaminant) -> None:
    from rich.table import Table

    from models.contaminants.standard import Class, indicators

    head = f"{row.id}  {row.name.zh}  {row.name.en}  {row.formula}  CAS {row.cas}  {row.kind.value}"
    shell.out.print(head, markup=False, highlight=False, soft_wrap=True)
    table = Table()
    for column in (shell.say("water_quantity"), "SI", shell.say("air_sources")):
        table.add_column(column)
    pairs = list(row.numbers.items())
    pairs += [(f"kd_m3_kg (pH {ph:g})", number) for ph, number in row.kd_by_ph]
    for name, number in pairs:
        table.add_row(name, f"{number.value:.4g}", ", ".join(source.id for source in number.sources))
    for name in row.unknown:
        table.add_row(name, shell.say("water_unknown"), "")
    if row.indicator is not None:
        found = indicators()[row.indicator - 1]
        limits = [found.limit(klass) for klass in (Class.I, Class.II, Class.III, Class.IV)]
        shown = " / ".join("-" if value is None else f"{value:.3g}" for value in limits)
        unit = "kg/m3" if found.is_mass else found.unit
        table.add_row(f"GB/T 14848 I/II/III/IV ({unit})", shown, "gb_14848_2017")
    shell.out.print(table)
    if row.note is not None:
        note = row.note.zh if shell.speaker.language == "zh" else row.note.en
        shell.out.print(note, markup=False, highlight=False, soft_wrap=True)


def _plans(shell: Shell, row: Contaminant, degree: float) -> None:
    from models.contaminants.plans import match_plans

    zh = shell.speaker.language == "zh"
    for match in match_plans(row, degree):
        plan = match.plan
        name, why = (plan.name.zh, match.why.zh) if zh else (plan.name.en, match.why.en)
        line = f"{match.score}  {plan.id}  {name}: {why}"
        shell.out.print(line, markup=False, highlight=False, soft_wrap=True)
