"""Rows of the rulebook that judge: agreement, runs, linkage, clocks, duties, codes and labels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from sensors.hj212.edition import COMMANDS, CommandKind
from sensors.hj212.factor_codes import explain_code
from sensors.quality import agreement, duties, linkage
from sensors.rulebook.given import Given
from sensors.rulebook.statistics import Answer, Rule, choice
from sensors.statistics.marks import Medium
from sensors.statistics.runs import fixed_runs, runs_over
from twin.core.clock import zone
from twin.core.errors import BadRequestError

_BEIJING_H = 8.0
_CLASSES = MappingProxyType({"a": "air", "w": "water", "l": "noise", "s": "soil"})
_STAMP = re.compile(r"[0-9]{14}", re.ASCII)


def _dual(given: Given) -> Answer:
    row = agreement.dual_sensor(given.number("a"), given.number("b"), given.maybe_number("detection_limit"))
    return {"diff_pct": row.diff_pct, "review": row.too_far}


def _platform(given: Given) -> Answer:
    row = agreement.platform_error(given.number("platform"), given.number("analyser"))
    return {"diff_pct": row.diff_pct, "ok": not row.too_far}


def _fixed(given: Given) -> Answer:
    runs = fixed_runs(given.column("values"), given.whole("min_run"), given.maybe_number("detection_limit"))
    return {"runs": [{"start": run.start, "length": run.length, "value": run.value} for run in runs]}


def _over(given: Given) -> Answer:
    runs = runs_over(given.column("values"), given.number("limit"), given.whole("min_run", 1))
    return {"runs": [{"start": run.start, "length": run.length, "value": run.value} for run in runs]}


def _rate(given: Given) -> Answer:
    rate = agreement.rate_per_min(
        given.number("before"), given.number("value"), round(1000 * given.number("seconds"))
    )
    limit = given.number("max_per_min")
    return {"rate_per_min": rate, "review": rate is not None and rate > limit}


def _link(given: Given) -> Answer:
    state = linkage.linkage(
        given.maybe_flag("production_on"),
        given.maybe_flag("treatment_on"),
        given.number("minutes", 0.0),
        given.number("grace_min", linkage.GRACE_MIN),
    )
    return {"state": state.value}


def _on_off(given: Given) -> Answer:
    levels = linkage.Levels(
        on_above_value=given.number("on_above"), off_below_value=given.number("off_below")
    )
    return {"states": list(linkage.states(given.column("currents_a"), levels))}


def _clock(given: Given) -> Answer:
    return {"ok": agreement.clock_ok(given.number("drift_s"), given.number("hours"))}


def _code(given: Given) -> Answer:
    code = given.text("code")
    found = explain_code(code)
    if found.kind not in ("listed", "process", "site", "medium"):
        raise BadRequestError(
            f"code {code!r} has no known form; expected six characters of HJ 212-2017 6.4.1 or HJ 524/525",
            message_zh=f"编码 {code!r} 形式未知；应为 HJ 212-2017 6.4.1 或 HJ 524/525 的六位编码",
            field="code",
            value=code,
        )
    if found.row is None:
        answer: Answer = {"class": found.name.en}
        return answer | dict(found.parts)
    # "Fluorides (as HF)" is the list's remark on what it is counted as, not another name.
    name = found.row.name.en.partition(" (")[0]
    answer = {"class": _CLASSES.get(code[0], ""), "name": name[:1].lower() + name[1:]}
    return answer | ({"default_unit": found.row.unit} if found.row.unit else {})


def _label(given: Given) -> Answer:
    cn, text = given.text("CN"), given.text("DataTime")
    command = COMMANDS.get(cn)
    if command is None or command.kind is not CommandKind.DATA:
        raise BadRequestError(
            f"CN is {cn!r}; expected the number of a command that carries data",
            message_zh=f"CN 为 {cn!r}；应为上传数据的命令编码",
            field="CN",
            value=cn,
        )
    length = timedelta(minutes=given.number("interval_min", command.interval_ms / 60_000.0))
    start = _stamp(text)
    return {"start": start.isoformat(), "end": (start + length).isoformat()}


def _stamp(text: str) -> datetime:
    try:
        if _STAMP.fullmatch(text):
            return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=zone(_BEIJING_H))
    except ValueError:
        pass
    raise BadRequestError(
        f"DataTime is {text!r}; expected 14 digits YYYYMMDDhhmmss of a real moment",
        message_zh=f"DataTime 为 {text!r}；应为真实时刻的 14 位数字 YYYYMMDDhhmmss",
        field="DataTime",
        value=text,
    )


def _due(given: Given) -> Answer:
    return {"overdue": duties.is_overdue(given.text("kind"), given.moment("last"), given.moment("now"))}


def _deadline(given: Given) -> Answer:
    kind, since, now = given.text("kind"), given.moment("since"), given.moment("now")
    due = since + timedelta(hours=duties.deadline_h(kind))
    return {"due": due.isoformat(), "overdue": now > due}


def _repeat(given: Given) -> Answer:
    return {"violation": duties.repeats_fault(given.numbers("same_fault_days"))}


def _manual(given: Given) -> Answer:
    return {"ok": duties.manual_data_ok(choice(given, "medium", Medium), given.numbers("samples_at_h"))}


def _sample(given: Given) -> Answer:
    return {"ok": duties.standard_sample_ok(given.number("range_upper"), given.number("standard"))}


def _range(given: Given) -> Answer:
    return {"ok": duties.range_fits_limit(given.number("range_upper"), given.number("limit"))}


def _exceed(given: Given) -> Answer:
    is_day = given.has("day_mean")
    mean = given.number("day_mean" if is_day else "hour_mean")
    row = duties.exceed_action(mean, given.number("limit"), is_day=is_day)
    return {"platform_mark": row.platform_mark, "sms": row.sms}


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "dual_sensor": _dual,
        "platform_error": _platform,
        "fixed_value": _fixed,
        "over_limit_runs": _over,
        "rate_of_change": _rate,
        "start_stop_link": _link,
        "on_off_from_current": _on_off,
        "clock_drift": _clock,
        "factor_code": _code,
        "interval_label": _label,
        "qc_due": _due,
        "deadline": _deadline,
        "repeat_fault": _repeat,
        "manual_data": _manual,
        "standard_sample": _sample,
        "range_to_limit": _range,
        "exceed_action": _exceed,
    }
)
