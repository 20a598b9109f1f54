"""What a factor code is: the list of known codes, and the forms of six-character codes.

The list (``codes.csv``) holds names and usual units; it scales nothing, the device's record does. Table
B.2 prints ng/m3 for ammonia and particles and kPa where loggers send hPa. HF, total VOC and the
groundwater level have no code in 2017: ``a21018`` (as HF), ``a99054`` and ``w99001`` stand for them unless
a site names others. Forms: HJ 212-2017, 6.4 (e, g: process codes; i: site information); the Wenzhou guide,
6.3.5.2 (a letter code of the annexes G, then a module number of annex H: both are settings, the annexes
were not at hand).
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from twin.core.errors import SettingsError
from twin.core.text import Text

_PROCESS = re.compile(r"([eg])([0-9])([0-9]{2})([0-9a-z]{2})", re.ASCII)
_SITE = re.compile(r"i([0-9])([0-9])([0-9a-z]{3})", re.ASCII)
_MEDIUM = re.compile(r"([awls])[0-9]{5}", re.ASCII)
_WENZHOU = re.compile(r"([A-Za-z][0-9A-Za-z]{4})([1-9a-z])", re.ASCII)
_UNNAMED = Text(zh="", en="")
_MEDIA: Mapping[str, Text] = MappingProxyType(
    {
        "a": Text(zh="气", en="air"),
        "w": Text(zh="水", en="water"),
        "l": Text(zh="声", en="noise"),
        "s": Text(zh="土壤", en="soil"),
        "e": Text(zh="污水处理过程", en="waste-water process"),
        "g": Text(zh="烟气处理过程", en="flue-gas process"),
        "i": Text(zh="现场端信息", en="site information"),
    }
)
_INFO: Mapping[str, Text] = MappingProxyType(
    {
        "1": Text(zh="日志", en="log"),
        "2": Text(zh="状态", en="state"),
        "3": Text(zh="参数", en="parameter"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRow:
    """A known code. ``unit`` and ``quantity`` are proposals for a record, empty where there are none."""

    code: str
    name: Text
    unit: str
    quantity: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """Letter tables of a region: first part (conditions, electricity) and module numbers, with names."""

    conditions: Mapping[str, Text] = field(default_factory=dict)
    modules: Mapping[str, Text] = field(default_factory=dict)


NO_LETTERS = Letters()


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeMeaning:
    """A code explained. ``kind``: listed, medium, process, site, condition or unknown."""

    code: str
    kind: str
    name: Text
    parts: tuple[tuple[str, str], ...] = ()
    row: CodeRow | None = None


@lru_cache(maxsize=1)
def known_codes() -> Mapping[str, CodeRow]:
    """The list, by code."""
    text = (resources.files("sensors.hj212") / "codes.csv").read_text(encoding="utf-8")
    rows = (
        CodeRow(
            code=row["code"],
            name=Text(zh=row["name_zh"], en=row["name_en"]),
            unit=row["unit"],
            quantity=row["quantity"],
            source=row["source"],
        )
        for row in csv.DictReader(text.splitlines())
    )
    return MappingProxyType({row.code: row for row in rows})


def read_letters(path: Path) -> Letters:
    """Letter tables from TOML: ``[conditions]`` and ``[modules]``, each ``letters = "name"``.

    Raises SettingsError for a file that is none.
    """
    try:
        given = tomllib.loads(path.read_text("utf-8"))
        tables = [_texts(given.get(name, {})) for name in ("conditions", "modules")]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, AttributeError) as error:
        raise SettingsError(
            f"letter tables {path} cannot be read: {error}",
            message_zh=f"字母编码表 {path} 无法读取：{error}",
            field="factor_letters",
            value=str(path),
        ) from None
    return Letters(conditions=tables[0], modules=tables[1])


def explain_code(code: str, letters: Letters = NO_LETTERS) -> CodeMeaning:
    """What a code says by the list and by its form; every code gets an answer.

    >>> explain_code("e30102").parts
    (('process', '3'), ('factor', '01'), ('device', '02'))
    >>> explain_code("i12001").parts
    (('device', '1'), ('info', '2'), ('item', '001'))
    """
    row = known_codes().get(code)
    if row is not None:
        return CodeMeaning(code=code, kind="listed", name=row.name, row=row)
    if found := _SITE.fullmatch(code):
        device, info, item = found.groups()
        name = _joined(_MEDIA["i"], _INFO.get(info, _UNNAMED))
        parts = (("device", device), ("info", info), ("item", item))
        return CodeMeaning(code=code, kind="site", name=name, parts=parts)
    if found := _PROCESS.fullmatch(code):
        kind, process, factor, device = found.groups()
        parts = (("process", process), ("factor", factor), ("device", device))
        return CodeMeaning(code=code, kind="process", name=_MEDIA[kind], parts=parts)
    if found := _MEDIUM.fullmatch(code):
        return CodeMeaning(code=code, kind="medium", name=_MEDIA[found[1]])
    if found := _WENZHOU.fullmatch(code):
        return _condition(code, found[1], found[2], letters)
    return CodeMeaning(code=code, kind="unknown", name=_UNNAMED)


def _condition(code: str, first: str, module: str, letters: Letters) -> CodeMeaning:
    """A code of the Wenzhou kind: the longest letter code that the table knows, then the module."""
    known = next((first[:n] for n in range(len(first), 0, -1) if first[:n] in letters.conditions), first)
    name = _joined(letters.conditions.get(known, _UNNAMED), letters.modules.get(module, _UNNAMED))
    parts = (("condition", known), ("module", module))
    return CodeMeaning(code=code, kind="condition", name=name, parts=parts)


def _joined(one: Text, other: Text) -> Text:
    return Text(zh=f"{one.zh} {other.zh}".strip(), en=f"{one.en} {other.en}".strip())


def _texts(table: Mapping[str, object]) -> Mapping[str, Text]:
    return {key: Text(zh=str(name), en=str(name)) for key, name in table.items()}
