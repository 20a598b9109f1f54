"""Reading a case file of the water. Everything that is wrong with it is said at once, in both languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from models.casefiles.findings import CaseError, bad_value, invalid_case, toml_of
from models.water.case.dims import Scale, scale_of
from models.water.case.kinds import KINDS, AnyCase, case_adapter

_NAMELESS = "case"
_WITH_UNIT = re.compile(r"_(m|cm|km|s|d|h|m2|m3|kg|g|mg|1_s|1_m|m_s|m_d|m2_s|m3_s|m3_d|kg_m3|mg_l|kg_s)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedCase:
    """A case that was checked. ``folder`` is where the files that it names are looked for."""

    id: str
    case: AnyCase
    scale: Scale
    folder: Path
    source: str


def load_case(given: str | Path | Mapping[str, Any], *, folder: Path | None = None) -> LoadedCase:
    """Read and check a case: a path, TOML text or a mapping.

    Files that the case names are relative to the case file, or to ``folder``. Raises CaseError with every
    finding (file, field, value, what was expected).
    """
    if isinstance(given, Mapping):
        return _checked(dict(given), folder or Path(), "case")
    if isinstance(given, str) and ("\n" in given or ("=" in given and Path(given).suffix != ".toml")):
        return _checked(toml_of(given, "case"), folder or Path(), "case")
    if not isinstance(given, str | Path):
        raise bad_value(_NAMELESS, "file", given, "a path, TOML text or a mapping", "路径、TOML 文本或映射")
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
        raise bad_value(source, "kind", kind, f"one of {known}", f"{'、'.join(KINDS)} 之一")
    mixed = _mixed_units(data, "")
    try:
        case = case_adapter().validate_python(data)
    except ValidationError as error:
        found = invalid_case(error, data, source)
        raise _with_hints(found, mixed) from None
    return LoadedCase(
        id=case.id or Path(source).stem, case=case, scale=scale_of(case.units), folder=folder, source=source
    )


def _mixed_units(data: object, where: str) -> list[str]:
    """Keys that carry a unit of their own, which no key of these files does but the place on the earth's."""
    if isinstance(data, list):
        return [name for row in data for name in _mixed_units(row, where)]
    if not isinstance(data, Mapping):
        return []
    own = {"easting_m", "northing_m"}
    found = [f"{where}{key}" for key in data if key not in own and _WITH_UNIT.search(str(key))]
    return found + [name for key, value in data.items() for name in _mixed_units(value, f"{where}{key}.")]


def _with_hints(found: CaseError, mixed: list[str]) -> CaseError:
    if not mixed:
        return found
    names = ", ".join(mixed)
    hint = (
        f"units are mixed: {names} carries a unit; numbers of a case are all in the units of [units]",
        f"单位混用：{names} 自带单位；案例中的数字一律使用 [units] 的单位",
    )
    return CaseError((*found.problems, hint), source=found.source, field=found.field, value=found.value)
