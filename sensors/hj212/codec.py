"""Data segment <-> message.

``parse`` never raises: what a field device sends beside the standard is read as meant where the
meaning is plain, and every doubt becomes a ``Problem`` of the message. Tolerated without a word:
blanks around separators, ``,`` for ``;`` in the header, a missing ``;`` before ``CP=``, missing QN
and Flag (2005), numbers with leading zeros, empty groups.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sensors.contract import LineEventKind

Pair = tuple[str, str]
Group = tuple[Pair, ...]

_CP = "CP="
_FENCE = "&&"
_HEADER_SPLIT = re.compile(r"[;,]")
_SMALL_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_ST = re.compile(r"[0-9]{2,3}", re.ASCII)
_CN = re.compile(r"[0-9]{4}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A doubt about a message. ``kind`` is one of the line's event kinds."""

    kind: LineEventKind
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A data segment, taken apart. Header fields are None where missing.

    ``flag`` is None when missing or not in 0..255. ``groups`` are the ``;`` groups of CP, each a
    tuple of (key, value) pairs in order, blanks trimmed. ``backfilled``: RF=1 in the header (2025).
    """

    qn: str | None
    st: str | None
    cn: str | None
    pw: str | None
    mn: str | None
    flag: int | None
    pnum: int | None
    pno: int | None
    groups: tuple[Group, ...]
    problems: tuple[Problem, ...] = ()
    backfilled: bool = False

    @property
    def wants_answer(self) -> bool:
        """Bit A of Flag."""
        return self.flag is not None and bool(self.flag & 1)

    @property
    def is_split(self) -> bool:
        """Bit D of Flag: the message comes in several packages."""
        return self.flag is not None and bool(self.flag & 2)

    @property
    def version_bits(self) -> int | None:
        """Version in Flag (0: 2005, 1: 2017, 2: 2025), a hint only."""
        return None if self.flag is None else self.flag >> 2

    @property
    def data_time(self) -> str | None:
        """Text of DataTime, or None."""
        return self.value("DataTime")

    def value(self, key: str) -> str | None:
        """First value of a key in CP, or None."""
        return next((value for group in self.groups for name, value in group if name == key), None)


# The line and the gate ask for the same segment, the gate a moment later.
@lru_cache(maxsize=512)
def parse(segment: bytes) -> Message:
    """Take a data segment apart."""
    problems: list[Problem] = []
    text = _decode(segment, problems)
    head, body = _cut(text, problems)
    fields = _header(head, problems)
    groups = _groups(body)
    _check_factors(groups, problems)
    message = Message(
        qn=fields.get("QN"),
        st=fields.get("ST"),
        cn=fields.get("CN"),
        pw=fields.get("PW"),
        mn=fields.get("MN"),
        flag=_flag(fields.get("Flag"), problems),
        pnum=_small(fields.get("PNUM")),
        pno=_small(fields.get("PNO")),
        groups=groups,
        backfilled=fields.get("RF") == "1",
    )
    problems += _header_problems(message)
    return _with(message, tuple(problems))


def build(
    *,
    qn: str,
    st: str,
    cn: str,
    pw: str,
    mn: str,
    flag: int,
    groups: Iterable[Sequence[Pair]] = (),
) -> bytes:
    """Data segment of a message that is not split, UTF-8."""
    body = ";".join(",".join(f"{key}={value}" for key, value in group) for group in groups)
    return f"QN={qn};ST={st};CN={cn};PW={pw};MN={mn};Flag={flag};CP=&&{body}&&".encode()


def _with(message: Message, problems: tuple[Problem, ...]) -> Message:
    if not problems:
        return message
    return Message(
        qn=message.qn,
        st=message.st,
        cn=message.cn,
        pw=message.pw,
        mn=message.mn,
        flag=message.flag,
        pnum=message.pnum,
        pno=message.pno,
        groups=message.groups,
        problems=problems,
        backfilled=message.backfilled,
    )


def _decode(segment: bytes, problems: list[Problem]) -> str:
    """UTF-8 as the standard says; GB 18030, which old loggers send, is read but noted."""
    try:
        return segment.decode("utf-8")
    except UnicodeDecodeError as error:
        detail = f"byte {error.start} is not UTF-8; read as GB 18030"
        problems.append(Problem(kind=LineEventKind.UNDECODABLE_TEXT, detail=detail))
        return segment.decode("gb18030", "replace")


def _cut(text: str, problems: list[Problem]) -> tuple[str, str]:
    """Header and inside of CP. CP ends at the LAST ``&&``: log texts may hold others."""
    head, found, rest = text.partition(_CP)
    if not found:
        problems.append(Problem(kind=LineEventKind.NO_CP, detail="no CP field"))
        return head, ""
    rest = rest.strip()
    body = rest.removeprefix(_FENCE)
    closed = body.removesuffix(_FENCE)
    if len(rest) == len(body) or len(body) == len(closed):
        detail = "CP is not enclosed in && on both sides"
        problems.append(Problem(kind=LineEventKind.BAD_CP, detail=detail))
    return head, closed


def _header(head: str, problems: list[Problem]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for item in _HEADER_SPLIT.split(head):
        key, found, value = item.partition("=")
        key = key.strip()
        if not found or not key:
            continue
        if key in fields:
            detail = f"{key} stands twice in the header; the first is used"
            problems.append(Problem(kind=LineEventKind.DUPLICATE_KEY, detail=detail))
            continue
        fields[key] = value.strip()
    return fields


def _groups(body: str) -> tuple[Group, ...]:
    return tuple(_pairs(group) for group in body.split(";") if group.strip())


def _pairs(group: str) -> Group:
    pairs = []
    for item in group.split(","):
        key, _, value = item.partition("=")
        if key.strip() or value.strip():
            pairs.append((key.strip(), value.strip()))
    return tuple(pairs)


def _check_factors(groups: tuple[Group, ...], problems: list[Problem]) -> None:
    seen: set[str] = set()
    for group in groups:
        for key, _ in group:
            if "-" not in key:
                continue
            if key in seen:
                detail = f"{key} stands twice; the first is used"
                problems.append(Problem(kind=LineEventKind.DUPLICATE_FACTOR, detail=detail))
            seen.add(key)


def _flag(text: str | None, problems: list[Problem]) -> int | None:
    if text is None:
        return None
    number = _small(text)
    if number is None or number > 255:
        detail = f"Flag {text!r} is not a number from 0 to 255"
        problems.append(Problem(kind=LineEventKind.BAD_FLAG, detail=detail))
        return None
    return number


def _small(text: str | None) -> int | None:
    return int(text) if text is not None and _SMALL_NUMBER.fullmatch(text) else None


def _header_problems(message: Message) -> list[Problem]:
    problems = []
    if message.st is None or not _ST.fullmatch(message.st):
        detail = f"ST {message.st!r} is not two or three digits"
        problems.append(Problem(kind=LineEventKind.UNKNOWN_ST, detail=detail))
    if message.cn is None or not _CN.fullmatch(message.cn):
        detail = f"CN {message.cn!r} is not four digits"
        problems.append(Problem(kind=LineEventKind.UNKNOWN_CN, detail=detail))
    wrong = _split_problem(message)
    if wrong:
        problems.append(Problem(kind=LineEventKind.BAD_SPLIT, detail=wrong))
    return problems


def _split_problem(message: Message) -> str:
    """Why PNUM and PNO are wrong, or an empty string. Frames without Flag may carry them."""
    given = message.pnum is not None or message.pno is not None
    if message.is_split and not given:
        return "Flag says split, but PNUM and PNO are missing"
    if message.flag is not None and not message.is_split and given:
        return "PNUM or PNO without the split bit of Flag"
    if given and not 1 <= (message.pno or 0) <= (message.pnum or 0):
        return f"package {message.pno} of {message.pnum}"
    return ""
