"""Reading a case file. Everything that is wrong with it is said at once, in both languages."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from models.air.case.schema import (
    KINDS,
    BackwardCase,
    DenseCase,
    PlumeCase,
    SourceCase,
    WindCase,
    case_adapter,
)
from models.air.case.strict import RULE
from twin.core.errors import BadRequestError

AnyCase = PlumeCase | DenseCase | WindCase | BackwardCase | SourceCase

_EXPECTED_EN = {"missing": "a value is required", "extra_forbidden": "no such key in this format"}
_EXPECTED_ZH = {
    "missing": "此项必填",
    "extra_forbidden": "格式中没有此项",
    "string_type": "应为文字",
    "int_type": "应为整数",
    "float_type": "应为数字",
    "bool_type": "应为 true 或 false",
    "list_type": "应为列表",
    "model_type": "应为表",
    "finite_number": "应为有限数",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "应不小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "应不大于 {le}",
    "literal_error": "应为 {expected} 之一",
    "string_too_short": "不得为空",
    "string_pattern_mismatch": "应符合 {pattern}",
    "too_short": "至少 {min_length} 项",
    "too_long": "至多 {max_length} 项",
    RULE: "{chinese}",
}


class CaseError(BadRequestError):
    """A case file cannot be used; ``problems`` holds one (English, Chinese) pair per finding."""

    def __init__(
        self, problems: tuple[tuple[str, str], ...], *, source: str, field: str, value: object
    ) -> None:
        super().__init__(
            "\n".join(english for english, _ in problems),
            message_zh="\n".join(chinese for _, chinese in problems),
            field=field,
            value=value,
            source=source,
        )
        self.problems = problems


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
        return _checked(_parsed(given, "case"), folder or Path(), "case")
    path = Path(given)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _problem(
            path.name, "file", str(path), f"a readable TOML file ({error})", "可读的 TOML 文件"
        ) from None
    return _checked(_parsed(text, path.name), folder or path.parent, path.name)


def _parsed(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _problem(source, "file", source, f"TOML ({error})", f"TOML 格式（{error}）") from None


def _checked(data: dict[str, Any], folder: Path, source: str) -> LoadedCase:
    kind = data.get("kind")
    if kind not in KINDS:
        known = ", ".join(KINDS)
        raise _problem(source, "kind", kind, f"one of {known}", f" {known} 之一")
    try:
        case = case_adapter().validate_python(data)
    except ValidationError as error:
        raise _invalid(error, data, source) from None
    _check_stations(case, source)
    case, notes = _with_stability(case)
    return LoadedCase(id=case.id or Path(source).stem, case=case, folder=folder, source=source, notes=notes)


def _check_stations(case: AnyCase, source: str) -> None:
    ids = [row.id for row in getattr(case, "station", ())]
    for name in ids:
        if ids.count(name) > 1:
            raise _problem(source, "station.id", name, "an id that no other station has", "与其他站不同的 id")


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


def _invalid(error: ValidationError, data: dict[str, Any], source: str) -> CaseError:
    details = error.errors(include_url=False)
    told = tuple(_told(row, data, source) for row in details)
    first = details[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    return CaseError(told, source=source, field=where, value=first["input"])


def _told(row: ErrorDetails, data: dict[str, Any], source: str) -> tuple[str, str]:
    kind = row["type"]
    where = _called(row["loc"][1:], data) or "case"  # the first part is the kind
    missing = kind == "missing"
    shown = "missing" if missing else _short(row["input"])
    english = _EXPECTED_EN.get(kind, row["msg"][:1].lower() + row["msg"][1:])
    chinese = _EXPECTED_ZH.get(kind, row["msg"])
    for key, value in row.get("ctx", {}).items():
        chinese = chinese.replace("{" + key + "}", str(value))
    return (
        f"{source}: {where} is {shown}; {english}",
        f"{source}：{where} 为 {'缺失' if missing else shown}；{chinese}",
    )


def _called(loc: tuple[int | str, ...], data: object) -> str:
    """A place in the file: rows of lists by their id where they have one."""
    parts = []
    for part in loc:
        if isinstance(part, int) and isinstance(data, list):
            data = data[part] if part < len(data) else None
            own = data.get("id") if isinstance(data, Mapping) else None
            parts.append(str(own or part + 1))
            continue
        data = data.get(part) if isinstance(data, Mapping) and isinstance(part, str) else None
        parts.append(str(part))
    return ".".join(parts)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _problem(source: str, field: str, value: object, expected: str, expected_zh: str) -> CaseError:
    told = (
        f"{source}: {field} is {value!r}; expected {expected}",
        f"{source}：{field} 为 {value!r}；应为{expected_zh}",
    )
    return CaseError((told,), source=source, field=field, value=value)


def bad_value(source: str, field: str, value: object, expected: str, expected_zh: str) -> CaseError:
    """One finding about one field, for what a schema cannot see (files, units, models)."""
    return _problem(source, field, value, expected, expected_zh)
