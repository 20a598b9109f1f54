"""Warnings that a now-cast of the groundwater gives rise to: begun, changed, ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.contaminants.warning import Alert, Warn
from models.water.now import TargetNow
from twin.core.park import Park
from twin.core.text import Text

Subject = tuple[str, str]  # target or well, substance
_RISK = {Warn.NONE: "none", Warn.BLUE: "low", Warn.YELLOW: "low", Warn.ORANGE: "medium", Warn.RED: "high"}
_RESPONSE = {Warn.NONE: None, Warn.BLUE: "III", Warn.YELLOW: "III", Warn.ORANGE: "II", Warn.RED: "I"}
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What stands of a subject: risk and response (None: nothing is asked for)."""

    kind: str
    name: Text
    risk: str
    response: str | None
    text: Text


def standing(
    targets: Sequence[TargetNow], alerts: Mapping[Subject, Alert], park: Park
) -> dict[Subject, Standing]:
    """What a now-cast asks for, by subject."""
    assert park.groundwater is not None
    names = {row.id: row.name for row in park.groundwater.targets}
    found: dict[Subject, Standing] = {}
    for row in targets:
        name = names.get(row.id, Text(zh=row.id, en=row.id))
        found[row.id, row.species] = Standing(
            kind="target", name=name, risk=row.risk, response=row.response, text=_of_target(row, name)
        )
    wells = {row.id: row.name for row in park.wells}
    for (well, substance), alert in alerts.items():
        found[well, substance] = Standing(
            kind="well",
            name=wells.get(well, Text(zh=well, en=well)),
            risk=_RISK[alert.level],
            response=_RESPONSE[alert.level],
            text=alert.why,
        )
    return found


def changes(
    before: Mapping[Subject, str | None], now: Mapping[Subject, Standing], nowcast: str
) -> Iterator[dict[str, Any]]:
    """Bodies of the warnings between what was said last (responses by subject) and what stands now."""
    for subject, row in now.items():
        last = before.get(subject)
        if last == row.response:
            continue
        state = "raised" if last is None else "ended" if row.response is None else "changed"
        yield {
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
    return Text(
        zh=f"{name.zh}：365 天内超过 {row.species} 限值的概率为 {share}；{when.zh}",
        en=f"{name.en}: limit of {row.species} exceeded within 365 days with {share}; {when.en}",
    )
