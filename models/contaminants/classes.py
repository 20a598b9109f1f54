"""Class of a sample by GB/T 14848-2017: that of its worst indicator, with what could not be judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from models.contaminants.library import contaminant
from models.contaminants.standard import Class, Indicator, IndicatorKind, class_of, indicator, indicators
from twin.core.errors import NotFoundError
from twin.core.text import Text

_NITROGEN_KG_MOL = 0.014007  # CIAAW 2021
_NITROGEN: Mapping[str, str] = MappingProxyType(
    {"nitrate": "nitrate_nitrogen", "nitrite": "nitrite_nitrogen", "ammonium": "ammonia_nitrogen"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A value of a sample: kg/m3 for concentrations, pH as it is, else in the unit of the standard.

    ``detected`` False: less than ``value``, which is then the detection limit.
    """

    value: float
    detected: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One indicator of a sample.

    ``worst`` differs from ``klass`` where a detection limit is too high to tell: a substance that was not
    found counts as half its detection limit (HJ 164-2020 for statistics), its worst class as the whole.
    ``ratio`` of the value to the limit of class III, None where there is none.
    """

    indicator: Indicator
    reading: Reading
    klass: Class
    worst: Class
    ratio: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """A sample. ``klass`` None: nothing could be judged. ``decided_by``: ids of the worst indicators."""

    klass: Class | None
    worst: Class | None
    rows: tuple[Judged, ...]
    decided_by: tuple[str, ...]
    not_judged: tuple[str, ...]
    notes: tuple[Text, ...] = ()


def classify(sample: Mapping[str, Reading | float]) -> Classified:
    """Class of every indicator and of the sample.

    Parameters
    ----------
    sample
        Readings by id, CAS number or name of the indicator; plain numbers are detected values. Isomers
        (o-xylene, cis-1,2-dichloroethylene, alpha-HCH, ...) add up to their indicator unless it is given
        itself; nitrate, nitrite and ammonium ions count as nitrogen. Concentrations in kg/m3.

    Returns
    -------
    Classified
        Substances without an indicator of the standard stand in ``not_judged``.

    Raises
    ------
    BadRequestError
        For a value that is negative or not finite.
    """
    readings = {key: row if isinstance(row, Reading) else Reading(value=row) for key, row in sample.items()}
    direct, rest = _direct(readings)
    summed, left = _sums(rest, direct)
    rows = tuple(
        _judged(found, reading)
        for found, reading in sorted({**direct, **summed}.items(), key=lambda pair: pair[0].number)
    )
    if not rows:
        return Classified(klass=None, worst=None, rows=(), decided_by=(), not_judged=tuple(sorted(left)))
    klass = max(row.klass for row in rows)
    return Classified(
        klass=klass,
        worst=max(row.worst for row in rows),
        rows=rows,
        decided_by=tuple(row.indicator.id for row in rows if row.klass is klass),
        not_judged=tuple(sorted(left)),
        notes=_notes(rows),
    )


def _direct(readings: Mapping[str, Reading]) -> tuple[dict[Indicator, Reading], dict[str, Reading]]:
    found: dict[Indicator, Reading] = {}
    rest: dict[str, Reading] = {}
    for key, reading in readings.items():
        try:
            found[indicator(key)] = reading
        except NotFoundError:
            rest[key] = reading
    return found, rest


def _sums(
    rest: Mapping[str, Reading], direct: Mapping[Indicator, Reading]
) -> tuple[dict[Indicator, Reading], list[str]]:
    """Isomers added up; names that belong to no indicator. Lindane counts towards HCH too."""
    by_cas: dict[str, Reading] = {row.cas: reading for row, reading in direct.items() if row.cas}
    left: list[str] = []
    for key, reading in rest.items():
        try:
            by_cas[contaminant(key).cas] = reading
        except NotFoundError:
            left.append(key)
    summed, used = _as_nitrogen(by_cas, direct)
    for total in indicators():
        if not total.parts:
            continue
        parts = [by_cas[cas] for cas in total.parts if cas in by_cas]
        used.update(total.parts)
        if parts and total not in direct:
            seen = [row.value for row in parts if row.detected]
            summed[total] = Reading(
                value=sum(seen) if seen else sum(row.value for row in parts), detected=bool(seen)
            )
    for key in rest:
        if key not in left and contaminant(key).cas not in used:
            left.append(key)
    return summed, left


def _as_nitrogen(
    by_cas: Mapping[str, Reading], direct: Mapping[Indicator, Reading]
) -> tuple[dict[Indicator, Reading], set[str]]:
    """Ions that the standard counts as nitrogen, by their share of nitrogen."""
    found: dict[Indicator, Reading] = {}
    used: set[str] = set()
    for name, counted in _NITROGEN.items():
        ion, total = contaminant(name), indicator(counted)
        if ion.cas in by_cas:
            used.add(ion.cas)
            if total not in direct:
                share = _NITROGEN_KG_MOL / ion.number("molar_mass_kg_mol")
                row = by_cas[ion.cas]
                found[total] = Reading(value=share * row.value, detected=row.detected)
    return found, used


def _judged(found: Indicator, reading: Reading) -> Judged:
    if reading.detected:
        klass = worst = class_of(found, reading.value)
        shown = reading.value
    else:
        shown = 0.5 * reading.value
        absent = found.limit_values[0] is None and not found.two_sided
        klass = Class.I if absent else class_of(found, shown)
        worst = Class.I if absent else class_of(found, reading.value)
    limit = found.limit(Class.III)
    ratio = shown / limit if limit and limit < float("inf") else None
    return Judged(indicator=found, reading=reading, klass=klass, worst=worst, ratio=ratio)


def _notes(rows: tuple[Judged, ...]) -> tuple[Text, ...]:
    unclear = [row.indicator for row in rows if row.worst is not row.klass]
    hot = [
        row.indicator
        for row in rows
        if row.indicator.kind is IndicatorKind.RADIOACTIVE and row.klass is Class.IV
    ]
    notes = []
    if unclear:
        zh = "、".join(row.name.zh for row in unclear)
        en = ", ".join(row.name.en for row in unclear)
        notes.append(
            Text(
                zh=f"检出限高于类别限值，类别不能确定：{zh}",
                en=f"detection limit above the limits of classes, class uncertain: {en}",
            )
        )
    if hot:
        notes.append(
            Text(
                zh="放射性指标超过指导值，应进行核素分析和评价",
                en="radioactivity above the guidance value: nuclides are to be analysed and assessed",
            )
        )
    return tuple(notes)
