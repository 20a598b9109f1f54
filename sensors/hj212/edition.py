"""Editions of HJ 212 as rows, and the table of commands.

A new edition is a row of ``PROFILES``; a new command a row of ``COMMANDS``. The edition belongs to
the device: the version bits of Flag are echoed in answers but prove nothing (devices of 2021 send
Flag=8, four years before that edition existed).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from twin.core.device import Edition
from twin.core.observation import Mark


class CommandKind(StrEnum):
    """What a command is when it comes from the site to the platform."""

    DATA = "data"  # answered 9014
    NOTICE = "notice"  # answered 9013
    ANSWER = "answer"  # never answered
    REQUEST = "request"  # goes from the platform to the site; not answered here


ANSWER_CN: Mapping[CommandKind, str] = MappingProxyType(
    {CommandKind.DATA: "9014", CommandKind.NOTICE: "9013"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command number. ``interval_ms`` is set for means and sums, 0 for moments.

    ``fields`` are the sub-fields that carry the value of a factor, best first; empty where the
    command carries no factors. ``statistic`` names the series beside the factor's own in which the
    value is kept (raw readings are no real-time data). ``is_minute``: the length of the interval is
    the device's.
    """

    kind: CommandKind
    interval_ms: int = 0
    fields: tuple[str, ...] = ()
    statistic: str = ""
    is_minute: bool = False


_MOMENT = Command(kind=CommandKind.DATA, fields=("Rtd",))
_DATA = Command(kind=CommandKind.DATA)
_NOTICE = Command(kind=CommandKind.NOTICE)
_ANSWER = Command(kind=CommandKind.ANSWER)
_REQUEST = Command(kind=CommandKind.REQUEST)


def _mean(interval_ms: int) -> Command:
    return Command(kind=CommandKind.DATA, interval_ms=interval_ms, fields=("Avg", "Rtd"))


# HJ 212-2017 table 9 and HJ/T 212-2005 (2071, 2072); 2013, 2052, 2062, 2111 and 9015 come with 2025.
COMMANDS: Mapping[str, Command] = MappingProxyType(
    {
        "1001": _NOTICE,  # 2025: hardware numbers of a logger without MN
        "1011": _DATA,
        "1013": _NOTICE,
        "1014": _NOTICE,  # 2025: the site asks for a new key
        "1061": _DATA,
        "1063": _DATA,
        "2011": _MOMENT,
        "2013": Command(kind=CommandKind.DATA, fields=("Avg", "Rtd"), statistic="raw"),
        "2021": _DATA,
        "2031": _mean(86_400_000),
        "2041": _DATA,
        "2051": Command(kind=CommandKind.DATA, interval_ms=60_000, fields=("Avg", "Rtd"), is_minute=True),
        "2052": Command(kind=CommandKind.DATA, fields=("Data", "Rtd")),
        "2061": _mean(3_600_000),
        "2062": _DATA,
        "2071": _DATA,
        "2072": _NOTICE,
        "2081": _DATA,
        "2111": _mean(300_000),
        "3015": _DATA,
        "3017": _DATA,
        "3018": _DATA,
        "3019": _DATA,
        "3020": _DATA,
        "9011": _ANSWER,
        "9012": _ANSWER,
        "9013": _ANSWER,
        "9014": _ANSWER,
        "9015": _NOTICE,
    }
)


def command(cn: str) -> Command:
    """Row of a command number; everything unknown counts as a request and stays unanswered."""
    return COMMANDS.get(cn, _REQUEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What differs between editions.

    ``version_bits`` stand in Flag above D and A. ``marks`` maps data marks to ours. ``has_qn``:
    whether every frame must carry QN and Flag. ``may_encrypt``: SM4 in the data area. ``air_marks``:
    the marks of ambient stations, where they differ.
    """

    edition: Edition
    version_bits: int
    marks: Mapping[str, Mark]
    has_qn: bool
    may_encrypt: bool
    air_marks: Mapping[str, Mark] | None = None

    def marks_for(self, st: str) -> Mapping[str, Mark]:
        """Table of marks for a system (ST): ambient air stations of 2005 send digits."""
        return self.marks if self.air_marks is None or st not in _AIR_ST else self.air_marks


_LETTERS = {mark.value: mark for mark in Mark}
# HJ/T 212-2005: P is a power failure; air stations send 0 calibration, 1 weather, 2 abnormal, 3 normal.
_MARKS_2005 = {
    **{key: mark for key, mark in _LETTERS.items() if key != "B"},
    "P": Mark.FAULT,
}
_MARKS_2005_AIR = {
    **_MARKS_2005,
    "0": Mark.CALIBRATION,
    "1": Mark.NORMAL,
    "2": Mark.FAULT,
    "3": Mark.NORMAL,
}
_AIR_ST = frozenset({"22"})

PROFILES: Mapping[Edition, Profile] = MappingProxyType(
    {
        row.edition: row
        for row in (
            Profile(
                edition=Edition.HJ2005,
                version_bits=0,
                marks=MappingProxyType(_MARKS_2005),
                has_qn=False,
                may_encrypt=False,
                air_marks=MappingProxyType(_MARKS_2005_AIR),
            ),
            Profile(
                edition=Edition.HJ2017,
                version_bits=1,
                marks=MappingProxyType(_LETTERS),
                has_qn=True,
                may_encrypt=False,
            ),
            Profile(
                edition=Edition.HJ2025,
                version_bits=2,
                marks=MappingProxyType(_LETTERS),
                has_qn=True,
                may_encrypt=True,
            ),
        )
    }
)


def edition_of_flag(version_bits: int) -> Edition | None:
    """Edition that the version bits of Flag claim; a hint, never a proof.

    >>> edition_of_flag(2)
    <Edition.HJ2025: '2025'>
    """
    return next((row.edition for row in PROFILES.values() if row.version_bits == version_bits), None)
