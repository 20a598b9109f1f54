"""Warnings that a now-cast of the groundwater gives rise to: begun, changed, ended, repeated, unknown.

A grade is raised at once and lowered only when ``CALM_CASTS`` now-casts in a row ask for less, each also by
the rule with a margin (``models.water.arrival.kept_response``); the first, small ensemble lowers nothing. A
warning whose well no longer gives a fresh good reading is unknown, not over. What stands is said again once a
day, so that nobody has to look further back than that.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.contaminants.library import contaminant
from models.contaminants.standard import indicator
from models.contaminants.warning import Alert
from models.water.arrival import GRADES, kept_response
from models.water.now import Response, TargetNow
from models.water.risk import of_warning
from twin.core.errors import NotFoundError
from twin.core.park import Park
from twin.core.text import Text

Subject = tuple[str, str]  # target or well, substance
CALM_CASTS = 3
REPEAT_MS = 86_400_000
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What stands of a subject: risk and response (None: nothing is asked for).

    ``kept``: the response below which one that stands is not lowered.
    """

    kind: str
    name: Text
    risk: str
    response: Response | None
    kept: Response | None
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The newest warning about a subject: its body, and when it was given."""

    body: Mapping[str, Any]
    time_ms: int

    @property
    def response(self) -> Response | None:
        """The grade that stands since."""
        found: Response | None = self.body["response"]
        return found


@dataclass(slots=True, kw_only=True)
class Book:
    """What was said last of every subject, and for how many now-casts less has been asked for."""

    said: dict[Subject, Said] = field(default_factory=dict)
    calm: dict[Subject, int] = field(default_factory=dict)

    def note(self, body: Mapping[str, Any], time_ms: int) -> None:
        """Remember a warning that is on its way."""
        subject = body["subject"], body["substance"]
        self.said[subject] = Said(body=dict(body), time_ms=time_ms)
        self.calm.pop(subject, None)


def standing(
    targets: Sequence[TargetNow],
    alerts: Mapping[Subject, Alert],
    park: Park,
    *,
    members: int | None = None,
) -> dict[Subject, Standing]:
    """What a now-cast of so many ``members`` asks for, by subject."""
    assert park.groundwater is not None
    names = {row.id: row.name for row in park.groundwater.targets}
    found: dict[Subject, Standing] = {}
    for row in targets:
        name = names.get(row.id, Text(zh=row.id, en=row.id))
        found[row.id, row.species] = Standing(
            kind="target",
            name=name,
            risk=row.risk,
            response=row.response,
            kept=kept_response(row, members),
            text=_of_target(row, name),
        )
    wells = {row.id: row.name for row in park.wells}
    for (well, substance), alert in alerts.items():
        risk, response = of_warning(alert.level)
        found[well, substance] = Standing(
            kind="well",
            name=wells.get(well, Text(zh=well, en=well)),
            risk=risk,
            response=response,
            kept=response,
            text=alert.why,
        )
    return found


def changes(
    book: Book,
    now: Mapping[Subject, Standing],
    nowcast: str,
    time_ms: int,
    *,
    park: Park,
    quick: bool = False,
) -> Iterator[dict[str, Any]]:
    """Bodies of the warnings that a now-cast gives rise to.

    Whoever sends one tells ``book.note``; one that could not be sent comes again with the next now-cast.
    """
    for subject, row in now.items():
        last = book.said.get(subject)
        before = None if last is None else last.response
        state = _state(book, subject, row, quick=quick)
        if state is None and before is not None and last is not None:
            state = _again(last, row, time_ms)
        if state is None:
            continue
        body = {
            "subject": subject[0],
            "kind": row.kind,
            "name": {"zh": row.name.zh, "en": row.name.en},
            "substance": subject[1],
            "state": state,
            "risk": row.risk,
            "response": row.response,
            "text": {"zh": row.text.zh, "en": row.text.en},
            "nowcast": nowcast,
        }
        if state == "standing" and last is not None:  # the grade that stands, with the words of today
            body |= {"risk": last.body["risk"], "response": last.response}
        yield body
    assert park.groundwater is not None
    places = {row.id for row in park.groundwater.targets} | {row.id for row in park.wells}
    yield from _unknown(book, now, nowcast, time_ms, places)


def _state(book: Book, subject: Subject, row: Standing, *, quick: bool) -> str | None:
    """``raised``, ``changed`` or ``ended``; None where what was said last is left standing."""
    last = book.said.get(subject)
    before = None if last is None else last.response
    if GRADES.index(row.response) > GRADES.index(before):
        return "raised" if before is None else "changed"
    if GRADES.index(row.kept) >= GRADES.index(before):
        book.calm.pop(subject, None)
        return None
    if quick:
        return None
    book.calm[subject] = book.calm.get(subject, 0) + 1
    if book.calm[subject] < CALM_CASTS:
        return None
    return "ended" if row.response is None else "changed"


def _again(last: Said, row: Standing, time_ms: int) -> str | None:
    """``standing`` once a day, and as soon as an unknown one is known again."""
    known = last.body["state"] == "unknown"
    return "standing" if known or time_ms - last.time_ms >= REPEAT_MS else None


def _unknown(
    book: Book, now: Mapping[Subject, Standing], nowcast: str, time_ms: int, places: Container[str]
) -> Iterator[dict[str, Any]]:
    """Warnings whose source says nothing any more: they stand; places that are gone end."""
    for subject, last in list(book.said.items()):
        if subject in now or last.response is None:
            continue
        if subject[0] not in places:
            gone = {"state": "ended", "risk": "none", "response": None}
            text = {"zh": "场景中已无此处", "en": "no longer a place of the scene"}
            yield {**last.body, **gone, "text": text, "nowcast": nowcast}
        elif last.body["state"] != "unknown":
            was = last.body["text"]
            text = {
                "zh": f"近期无有效数据，不能解除；此前：{was['zh']}",
                "en": f"no fresh good data, so it cannot be ended; before: {was['en']}",
            }
            yield {**last.body, "state": "unknown", "text": text, "nowcast": nowcast}
        elif time_ms - last.time_ms >= REPEAT_MS:
            yield {**last.body, "nowcast": nowcast}


def _of_target(row: TargetNow, name: Text) -> Text:
    share = f"{100.0 * row.probability:.0f} %"
    if row.arrival_s is None:
        when = Text(zh="一年内预计不到达", en="not expected to arrive within a year")
    else:
        low, high = row.arrival_s.low / _DAY_S, row.arrival_s.high / _DAY_S
        middle = row.arrival_s.median / _DAY_S
        when = Text(
            zh=f"预计 {middle:.0f} 天到达（{low:.0f}–{high:.0f}）",
            en=f"arrival in about {middle:.0f} days ({low:.0f} to {high:.0f})",
        )
    what = substance_name(row.species)
    return Text(
        zh=f"{name.zh}：365 天内{what.zh}超过限值的概率为 {share}；{when.zh}",
        en=f"{name.en}: {what.en} above its limit within 365 days with {share}; {when.en}",
    )


def substance_name(name: str) -> Text:
    """What a substance of the scene is called: as in GB/T 14848, else as in the library, else its id."""
    for find in (indicator, contaminant):
        try:
            return find(name).name
        except NotFoundError:
            continue
    return Text(zh=name, en=name)
