"""Messages that are no measurements: states, running hours, alarms, logs, parameters, restarts.

Every pair of the data area becomes one fact; nothing is thrown away because its name is not known.
HJ 212-2017, 6.6.5 and tables B.3 to B.10 (information codes ``i``: first digit 1 instrument, 2 logger;
second digit 1 log, 2 state, 3 parameter); 2071 and 2072 are of HJ/T 212-2005.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from sensors.hj212.codec import Group, Message
from sensors.quality import number
from twin.core.fact import Fact, FactKind

StampMs = Callable[[str], int | None]

_KINDS: Mapping[str, FactKind] = MappingProxyType(
    {
        "2021": FactKind.STATE,
        "2041": FactKind.RUNNING_HOURS,
        "2062": FactKind.STANDARD_CHECK,
        "2071": FactKind.ALARM,
        "2072": FactKind.ALARM,
        "2081": FactKind.RESTART,
        "1001": FactKind.PARAMETER,
        "3015": FactKind.SAMPLE,
        "3017": FactKind.SAMPLE,
        "3018": FactKind.SAMPLE,
        "3019": FactKind.PARAMETER,
    }
)
_INFO_KINDS: Mapping[str, FactKind] = MappingProxyType(
    {"1": FactKind.LOG, "2": FactKind.STATE, "3": FactKind.PARAMETER}
)
_FENCE = "//"
_TEXT_LENGTH = 1000
# They say when, of what, and how it was sent; they are no facts of their own.
_CONTEXT = frozenset({"DataTime", "PolId", "RF", "Flag"})
MOST_FACTS = 500


def message_facts(message: Message, received_ms: int, stamp_ms: StampMs) -> tuple[Fact, ...]:
    """Facts of a message; DataTime and PolId hold until the next of their kind.

    A time that cannot be read is that of receipt. At most ``MOST_FACTS``.
    """
    cn = message.cn or ""
    facts: list[Fact] = []
    time_ms, subject = received_ms, ""
    for key, text in _rejoined(message.groups):
        if key == "DataTime":
            found = stamp_ms(text)
            time_ms = received_ms if found is None else found
        elif key == "PolId":
            subject = text
        elif key not in _CONTEXT and len(facts) < MOST_FACTS:
            facts.append(_fact(cn, time_ms, subject, key, text, stamp_ms))
    return tuple(facts)


def _fact(cn: str, time_ms: int, subject: str, key: str, text: str, stamp_ms: StampMs) -> Fact:
    name, dash, field = key.partition("-")
    if dash and field == "Info":
        code, prop, kind = subject, name, _info_kind(name)
    elif dash:
        code, prop, kind = name, field, _KINDS.get(cn, FactKind.OTHER)
    else:
        code, prop, kind = subject, key, _KINDS.get(cn, FactKind.OTHER)
    value = None if prop.endswith("Time") and stamp_ms(text) is not None else number(text)
    return Fact(kind=kind, time_ms=time_ms, code=code, field=prop, text=_bare(text), value=value)


def _info_kind(code: str) -> FactKind:
    if len(code) < 3 or code[0] != "i":
        return FactKind.OTHER
    return _INFO_KINDS.get(code[2], FactKind.OTHER)


def _bare(text: str) -> str:
    """Text without the ``//`` around logs."""
    if len(text) >= 2 * len(_FENCE) and text.startswith(_FENCE) and text.endswith(_FENCE):
        text = text[len(_FENCE) : -len(_FENCE)]
    return text[:_TEXT_LENGTH]


def _rejoined(groups: tuple[Group, ...]) -> Iterator[tuple[str, str]]:
    """Pairs, with texts between ``//`` and ``//`` put together again that hold ``;`` or ``,``."""
    open_key, pieces = "", ""
    for group in groups:
        joint = ";"
        for key, value in group:
            if not open_key:
                if value.startswith(_FENCE) and (len(value) < 4 or not value.endswith(_FENCE)):
                    open_key, pieces = key, value
                else:
                    yield key, value
            else:
                pieces += joint + (f"{key}={value}" if value else key)
                if pieces.endswith(_FENCE):
                    yield open_key, pieces
                    open_key = ""
            joint = ","
    if open_key:
        yield open_key, pieces
