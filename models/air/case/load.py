"""Reading a case file. Everything that is wrong with it is said at once, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from models.air.case.schema import (
    KINDS,
    BackwardCase,
    DenseCase,
    PlumeCase,
    SourceCase,
    WindCase,
    case_adapter,
)
from models.casefiles.findings import CaseError as CaseError
from models.casefiles.findings import bad_value as bad_value
from models.casefiles.findings import invalid_case, toml_of

AnyCase = PlumeCase | DenseCase | WindCase | BackwardCase | SourceCase


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedCase:
    """A case that was checked. ``folder`` is where the files that it names are looked for.

    ``notes`` say what was assumed because the file does not say it.
    """

    id: str
    case: AnyCase
    folder: Path
    source: str
    notes: tuple[str, ...] = ()


def load_case(given: str | Path | Mapping[str, Any], *, folder: Path | None = None) -> LoadedCase:
    """Read and check a case: a path, TOML text or a mapping.

    Files that the case names are relative to the case file, or to ``folder``. Raises CaseError with every
    finding (file, field, value, what was expected).
    """
    if isinstance(given, Mapping):
        return _checked(dict(given), folder or Path(), "case")
    if isinstance(given, str) and "\n" in given:
        return _checked(toml_of(given, "case"), folder or Path(), "case")
    path = Path(given)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise bad_value(
            path.name, "file", str(path), f"a readable TOML file ({error})", "可读的 TOML 文件"
        ) from None
    return _checked(toml_of(text, path.name), folder or path.parent, path.name)


def _checked(data: dict[str, Any], folder: Path, source: str) -> LoadedCase:
    kind = data.get("kind")
    if kind not in KINDS:
        known = ", ".join(KINDS)
        raise bad_value(source, "kind", kind, f"one of {known}", f" {known} 之一")
    try:
        case = case_adapter().validate_python(data)
    except ValidationError as error:
        raise invalid_case(error, data, source) from None
    _check_stations(case, source)
    case, notes = _with_stability(case)
    return LoadedCase(id=case.id or Path(source).stem, case=case, folder=folder, source=source, notes=notes)


def _check_stations(case: AnyCase, source: str) -> None:
    ids = [row.id for row in getattr(case, "station", ())]
    for name in ids:
        if ids.count(name) > 1:
            raise bad_value(
                source, "station.id", name, "an id that no other station has", "与其他站不同的 id"
            )


def _with_stability(case: AnyCase) -> tuple[AnyCase, tuple[str, ...]]:
    """The case with neutral air where neither stability nor place and time of the sun are known."""
    air, site = case.air, case.site
    stated = (air.obukhov_length_m, air.inverse_obukhov_1_m, air.pasquill_class)
    placed = site.dem is not None or None not in (site.longitude_deg, site.latitude_deg)
    placed = placed or None not in (site.epsg, site.origin_easting_m, site.origin_northing_m)
    if any(value is not None for value in stated) or (placed and "start" in case.run.model_fields_set):
        return case, ()
    if getattr(case, "station", ()):
        said = "stations without a place or start: the sun is that of the default ones"
        return case, (f"{said} (expected site.longitude_deg, site.latitude_deg, run.start)",)
    neutral = case.model_copy(update={"air": air.model_copy(update={"inverse_obukhov_1_m": 0.0})})
    return neutral, (
        "no stability stated, and no place and start for the sun: neutral air taken (expected "
        "air.obukhov_length_m, air.inverse_obukhov_1_m or air.pasquill_class)",
    )
