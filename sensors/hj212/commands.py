"""What a platform may ask of a station: commands as rows, and the request frame of one.

HJ 212-2017 table 9 and annex C, HJ/T 212-2005 where its meaning is the same, and what HJ 212-2025
adds. A new command is a row; nothing else has to be changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from sensors.hj212.edition import PROFILES
from sensors.hj212.sm4 import key_of
from twin.core.clock import to_datetime
from twin.core.device import Device, Edition
from twin.core.errors import BadRequestError, SettingsError
from twin.core.text import Text

_ANSWER_WANTED = 1
_CP_MAX = 950
_CP = "arguments"
_CODE = re.compile(r"[A-Za-z0-9]{3,10}", re.ASCII)
_CLOCK_TIME = re.compile(r"([01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]", re.ASCII)
_PLAIN = re.compile(r"[^\x00-\x1f=;,&#]+")
_DAY_MS = 86_400_000
HIDDEN = "******"
# Seventeen digits end in milliseconds; names of exchanges must not repeat within one.
_QN_MS = 1


class ArgumentKind(StrEnum):
    """How an argument is written: a whole number, a time, a code, a choice, or free text."""

    INTEGER = "integer"
    TIME = "time"
    CLOCK_TIME = "clock_time"
    CODE = "code"
    TEXT = "text"
    CHOICE = "choice"


class Nature(StrEnum):
    """What a command does to a station; the kind under which it enters the evidence."""

    READ = "command.read"
    SETTING = "command.setting"
    ACTION = "command.action"
    SECRET = "command.secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One argument. ``field`` is its name in CP; ``low``/``high`` bound numbers (``unit``) and text lengths.

    A ``secret`` one (password, key) is sent and forgotten: no row, act or log line ever holds it.
    """

    name: str
    field: str
    kind: ArgumentKind
    text: Text
    low: int = 0
    high: int = 64
    unit: str = ""
    choices: tuple[int, ...] = ()
    required: bool = True
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRow:
    """One command from platform to station.

    ``data_cns`` are the uploads that answer it; ``wants_ready`` and ``wants_result`` say whether 9011
    and 9012 are due; where ``is_notice`` is set, 9013 answers instead. ``role`` may send it; ``mark`` is
    the data mark that the station should set while it is carried out.
    """

    cn: str
    text: Text
    arguments: tuple[Argument, ...] = ()
    editions: frozenset[Edition]
    data_cns: tuple[str, ...] = ()
    wants_ready: bool = True
    wants_result: bool = True
    is_notice: bool = False
    role: str = "operator"
    nature: Nature = Nature.READ
    mark: str = ""

    def argument(self, name: str) -> Argument | None:
        """Argument of that name, or None."""
        return next((row for row in self.arguments if row.name == name), None)


_ALL = frozenset(Edition)
_NEWER = frozenset({Edition.HJ2017, Edition.HJ2025})
_LATEST = frozenset({Edition.HJ2025})
_INT, _TIME = ArgumentKind.INTEGER, ArgumentKind.TIME
# HJ 212-2017, table 8: lengths of the minute interval that divide an hour.
_MINUTES = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)


def _t(zh: str, en: str) -> Text:
    return Text(zh=zh, en=en)


_MN = Argument(name="mn", field="NewMN", kind=ArgumentKind.CODE, text=_t("新 MN", "New MN"), low=24, high=24)
_PASSWORD = Argument(
    name="password",
    field="NewPW",
    kind=ArgumentKind.TEXT,
    text=_t("新密码", "New password"),
    low=6,
    high=6,
    secret=True,
)
_FIRST_SAMPLE = Argument(
    name="start",
    field="CstartTime",
    kind=ArgumentKind.CLOCK_TIME,
    text=_t("起始时间", "First sample at"),
)
_FACTOR = Argument(
    name="factor", field="PolId", kind=ArgumentKind.CODE, text=_t("因子编码", "Factor code"), required=False
)
_ONE_FACTOR = Argument(
    name="factor", field="PolId", kind=ArgumentKind.CODE, text=_t("因子编码", "Factor code")
)
_FROM = Argument(name="from_ms", field="BeginTime", kind=_TIME, text=_t("开始时间", "From"), unit="ms")
_TO = Argument(name="to_ms", field="EndTime", kind=_TIME, text=_t("结束时间", "To"), unit="ms")
_LATER_FROM = Argument(
    name="from_ms", field="BeginTime", kind=_TIME, text=_t("开始时间", "From"), unit="ms", required=False
)
_LATER_TO = Argument(
    name="to_ms", field="EndTime", kind=_TIME, text=_t("结束时间", "To"), unit="ms", required=False
)
_INFO = Argument(
    name="info", field="InfoId", kind=ArgumentKind.CODE, text=_t("信息编码", "Code of the information")
)


def _number(name: str, field: str, text: Text, low: int, high: int, unit: str) -> Argument:
    return Argument(name=name, field=field, kind=_INT, text=text, low=low, high=high, unit=unit)


def _history(cn: str, text: Text) -> CommandRow:
    return CommandRow(cn=cn, text=text, arguments=(_FROM, _TO), editions=_ALL, data_cns=(cn,))


def _action(
    cn: str,
    text: Text,
    *,
    editions: frozenset[Edition] = _NEWER,
    mark: str = "",
    factor: Argument = _ONE_FACTOR,
) -> CommandRow:
    return CommandRow(
        cn=cn, text=text, arguments=(factor,), editions=editions, nature=Nature.ACTION, mark=mark
    )


def _setting(
    cn: str, text: Text, *arguments: Argument, editions: frozenset[Edition] = _ALL, role: str = "engineer"
) -> CommandRow:
    return CommandRow(
        cn=cn, text=text, arguments=arguments, editions=editions, role=role, nature=Nature.SETTING
    )


def _question(cn: str, text: Text, *arguments: Argument, editions: frozenset[Edition] = _ALL) -> CommandRow:
    return CommandRow(cn=cn, text=text, arguments=arguments, editions=editions, data_cns=(cn,))


def _secret(cn: str, text: Text, argument: Argument, editions: frozenset[Edition]) -> CommandRow:
    return CommandRow(
        cn=cn, text=text, arguments=(argument,), editions=editions, role="engineer", nature=Nature.SECRET
    )


_TEXT = ArgumentKind.TEXT
_ROWS = (
    _setting(
        "1000",
        _t("设置超时时间及重发次数", "Set time-out and resend count"),
        _number("over_time_s", "OverTime", _t("超时时间", "Time-out"), 1, 99_999, "s"),
        _number("recount", "ReCount", _t("重发次数", "Resend count"), 0, 99, ""),
    ),
    _question("1001", _t("提取设备硬件编号", "Read the hardware number"), editions=_LATEST),
    _setting(
        "1002",
        _t("设置设备 MN", "Set the MN"),
        Argument(
            name="mn", field="NewMN", kind=ArgumentKind.CODE, text=_t("新 MN", "New MN"), low=24, high=24
        ),
        editions=_LATEST,
    ),
    _question("1011", _t("提取现场机时间", "Read the clock"), _FACTOR),
    _setting(
        "1012",
        _t("设置现场机时间", "Set the clock"),
        _FACTOR,
        Argument(
            name="time_ms",
            field="SystemTime",
            kind=_TIME,
            text=_t("时间，不填为平台当前时间", "Time; empty: the platform's own, at the moment of sending"),
            unit="ms",
            required=False,
        ),
        role="operator",
    ),
    _secret(
        "1014",
        _t("更换密钥", "New key"),
        Argument(
            name="key", field="NewKey", kind=_TEXT, text=_t("新密钥", "New key"), low=16, high=32, secret=True
        ),
        _LATEST,
    ),
    _question("1061", _t("提取实时数据间隔", "Read the real-time interval")),
    _setting(
        "1062",
        _t("设置实时数据间隔", "Set the real-time interval"),
        _number("interval_s", "RtdInterval", _t("间隔", "Interval"), 30, 3600, "s"),
    ),
    _question("1063", _t("提取分钟数据间隔", "Read the minute interval"), editions=_NEWER),
    _setting(
        "1064",
        _t("设置分钟数据间隔", "Set the minute interval"),
        Argument(
            name="interval_min",
            field="MinInterval",
            kind=ArgumentKind.CHOICE,
            text=_t("间隔", "Interval"),
            choices=_MINUTES,
            unit="min",
        ),
        editions=_NEWER,
    ),
    _secret(
        "1072",
        _t("设置现场机访问密码", "Set the station's password"),
        _PASSWORD,
        _ALL,
    ),
    CommandRow(
        cn="2011",
        text=_t("取实时数据", "Start real-time data"),
        editions=_ALL,
        data_cns=("2011",),
        wants_result=False,
        nature=Nature.SETTING,
    ),
    CommandRow(
        cn="2012",
        text=_t("停止实时数据", "Stop real-time data"),
        editions=_ALL,
        wants_ready=False,
        wants_result=False,
        is_notice=True,
        role="engineer",
        nature=Nature.SETTING,
    ),
    CommandRow(
        cn="2021",
        text=_t("取设备运行状态", "Start facility state"),
        editions=_ALL,
        data_cns=("2021",),
        wants_result=False,
        nature=Nature.SETTING,
    ),
    CommandRow(
        cn="2022",
        text=_t("停止设备运行状态", "Stop facility state"),
        editions=_ALL,
        wants_ready=False,
        wants_result=False,
        is_notice=True,
        role="engineer",
        nature=Nature.SETTING,
    ),
    _history("2031", _t("取日历史数据", "Call day data")),
    _history("2041", _t("取设备运行时间", "Call running hours")),
    _history("2051", _t("取分钟历史数据", "Call minute data")),
    _history("2061", _t("取小时历史数据", "Call hour data")),
    CommandRow(
        cn="2062",
        text=_t("取标样核查数据", "Call standard-check data"),
        arguments=(_FROM, _TO),
        editions=_LATEST,
        data_cns=("2062",),
    ),
    _action("3011", _t("零点量程校准", "Calibrate zero and span"), editions=_ALL, mark="C"),
    _action("3012", _t("即时采样", "Sample now"), editions=_ALL),
    _action("3013", _t("启动清洗或反吹", "Start cleaning or blowback"), mark="M"),
    _action("3014", _t("比对采样", "Comparison sampling")),
    CommandRow(
        cn="3015",
        text=_t("超标留样", "Keep a sample over the limit"),
        editions=_NEWER,
        data_cns=("3015",),
        nature=Nature.ACTION,
    ),
    _setting(
        "3016",
        _t("设置采样时间周期", "Set the sampling period"),
        _ONE_FACTOR,
        _FIRST_SAMPLE,
        _number("period_h", "Ctime", _t("周期", "Period"), 1, 24, "h"),
        editions=_NEWER,
    ),
    _question("3017", _t("提取采样时间周期", "Read the sampling period"), _ONE_FACTOR, editions=_NEWER),
    _question("3018", _t("提取出样时间", "Read the delay of results"), _ONE_FACTOR, editions=_NEWER),
    _question("3019", _t("提取设备唯一标识", "Read the device's identity"), _ONE_FACTOR, editions=_NEWER),
    _question(
        "3020",
        _t("提取现场机信息", "Read station information (log, state, parameters)"),
        _FACTOR,
        _INFO,
        _LATER_FROM,
        _LATER_TO,
        editions=_NEWER,
    ),
    _setting(
        "3021",
        _t("设置现场机参数", "Set a parameter"),
        _ONE_FACTOR,
        _INFO,
        Argument(name="value", field="{info}-Info", kind=_TEXT, text=_t("值", "Value"), low=1, high=64),
        editions=_NEWER,
    ),
    CommandRow(cn="3022", text=_t("即时留样", "Keep a sample now"), editions=_LATEST, nature=Nature.ACTION),
    _action("3024", _t("启动标样核查", "Start a standard check"), editions=_LATEST, mark="C"),
)

COMMAND_ROWS: Mapping[str, CommandRow] = MappingProxyType({row.cn: row for row in _ROWS})
HISTORY_CNS = frozenset({"2031", "2041", "2051", "2061", "2062"})


def commands_of(edition: Edition) -> tuple[CommandRow, ...]:
    """Commands that a station of this edition knows."""
    return tuple(row for row in _ROWS if edition in row.editions)


def command_row(cn: str, edition: Edition) -> CommandRow:
    """Row of a command. Raises BadRequestError where the edition has no such command."""
    row = COMMAND_ROWS.get(cn)
    if row is None or edition not in row.editions:
        known = ", ".join(one.cn for one in commands_of(edition))
        raise BadRequestError(
            f"cn {cn!r} is no command of edition {edition.value}; expected one of {known}",
            message_zh=f"{edition.value} 版没有命令 {cn!r}；应为 {known} 之一",
            field="cn",
            value=cn,
        )
    return row


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A checked command to one device: what is sent, and what may be told of it.

    ``fields`` are the pairs of CP in order; those of ``hidden`` never leave this object except in the
    frame. ``row`` is the row of the command.
    """

    mn: str
    row: CommandRow
    fields: tuple[tuple[str, str], ...]
    arguments: Mapping[str, object]
    hidden: frozenset[str] = frozenset()

    def told(self) -> dict[str, object]:
        """Arguments as they may be stored and shown."""
        return {name: HIDDEN if name in self.hidden else value for name, value in self.arguments.items()}


def make_request(device: Device, cn: str, arguments: Mapping[str, object], utc_offset_h: float) -> Request:
    """Check a command and its arguments for a device.

    Times are ms since 1970 UTC and are written in the zone of the station. Raises BadRequestError that
    names the argument, its value and what was expected.
    """
    row = command_row(cn, device.edition)
    for name in arguments:
        if row.argument(name) is None:
            raise _unknown_argument(row)
    fields = []
    for argument in row.arguments:
        value = arguments.get(argument.name)
        if value is None:
            if argument.required:
                raise _bad(argument.name, None, "a value", "必填")
            continue
        text = _written(argument, value, utc_offset_h)
        field = argument.field.replace("{info}", str(arguments.get("info", "")))
        fields.append((field, text))
    _check_span(arguments)
    return Request(
        mn=device.mn,
        row=row,
        fields=tuple(fields),
        arguments=dict(arguments),
        hidden=frozenset(one.name for one in row.arguments if one.secret),
    )


def segment_of_request(request: Request, device: Device, *, qn: str, password: str) -> bytes:
    """Plain data segment of a request in the edition of its device; Flag asks for an answer."""
    flag = PROFILES[device.edition].version_bits << 2 | _ANSWER_WANTED
    body = ";".join(f"{key}={value}" for key, value in request.fields)
    if len(body.encode()) > _CP_MAX:
        raise _bad(_CP, len(body), f"at most {_CP_MAX} bytes", f"不超过 {_CP_MAX} 字节")
    head = f"QN={qn};ST={device.st};CN={request.row.cn};PW={password};MN={device.mn};Flag={flag}"
    return f"{head};CP=&&{body}&&".encode()


class ExchangeNumbers:
    """QN of requests: local time to the millisecond, never twice, however fast they come."""

    def __init__(self, utc_offset_h: float) -> None:
        self._utc_offset_h = utc_offset_h
        self._last_ms = 0

    def next(self, now_ms: int) -> str:
        """Next number; ahead of the clock by a millisecond per number of the same instant."""
        self._last_ms = max(now_ms, self._last_ms + _QN_MS)
        return f"{stamp(self._last_ms, self._utc_offset_h)}{self._last_ms % 1000:03d}"


def stamp(time_ms: int, utc_offset_h: float) -> str:
    """Time as the standard writes it, 14 digits.

    >>> stamp(0, 8)
    '19700101080000'
    """
    return to_datetime(time_ms, utc_offset_h).strftime("%Y%m%d%H%M%S")


def _written(argument: Argument, value: object, utc_offset_h: float) -> str:
    if argument.kind in (ArgumentKind.INTEGER, ArgumentKind.CHOICE, ArgumentKind.TIME):
        return _number_text(argument, value, utc_offset_h)
    if not isinstance(value, str):
        raise _bad(argument.name, _shown(argument, value), "a text", "文本")
    if argument.kind is ArgumentKind.CODE and not _CODE.fullmatch(value) and not _is_mn(argument, value):
        raise _bad(argument.name, value, "3 to 10 letters and digits", "3 至 10 个字母或数字")
    if argument.kind is ArgumentKind.CLOCK_TIME and not _CLOCK_TIME.fullmatch(value):
        raise _bad(argument.name, value, "six digits hhmmss", "六位数字 hhmmss")
    if argument.kind is ArgumentKind.TEXT:
        _check_text(argument, value)
    return value


def _is_mn(argument: Argument, value: str) -> bool:
    return argument.field == "NewMN" and re.fullmatch(r"[0-9A-F]{24}", value, re.ASCII) is not None


def _number_text(argument: Argument, value: object, utc_offset_h: float) -> str:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _bad(argument.name, value, "a whole number", "整数")
    if argument.kind is ArgumentKind.TIME:
        if not 0 < value < 4_102_444_800_000:
            raise _bad(argument.name, value, "ms since 1970 UTC before 2100", "1970 年起的毫秒数")
        return stamp(value, utc_offset_h)
    if argument.kind is ArgumentKind.CHOICE:
        if value not in argument.choices:
            expected = ", ".join(str(row) for row in argument.choices)
            raise _bad(argument.name, value, f"one of {expected}", f"{expected} 之一")
    elif not argument.low <= value <= argument.high:
        span = f"{argument.low} to {argument.high} {argument.unit}".rstrip()
        raise _bad(argument.name, value, span, f"{argument.low} 至 {argument.high} {argument.unit}".rstrip())
    return str(value)


def _check_text(argument: Argument, value: str) -> None:
    if not argument.low <= len(value) <= argument.high or not _PLAIN.fullmatch(value):
        limits = f"{argument.low} to {argument.high} characters without = ; , & #"
        shown = _shown(argument, value)
        raise _bad(argument.name, shown, limits, f"{argument.low} 至 {argument.high} 个字符，不含 = ; , & #")
    if argument.field == "NewKey":
        _check_key(argument, value)


def _check_key(argument: Argument, value: str) -> None:
    try:
        key_of(value)
    except SettingsError as error:
        shown = _shown(argument, value)
        raise _bad(argument.name, shown, error.message, "16 个 ASCII 字符或 32 位十六进制数字") from None


def _shown(argument: Argument, value: object) -> object:
    return HIDDEN if argument.secret else value


def _check_span(arguments: Mapping[str, object]) -> None:
    first, last = arguments.get("from_ms"), arguments.get("to_ms")
    if isinstance(first, int) and isinstance(last, int) and not first < last <= first + 400 * _DAY_MS:
        raise _bad(
            _TO.name, last, "a time after from_ms, at most 400 days later", "晚于开始时间，且不超过 400 天"
        )


def _unknown_argument(row: CommandRow) -> BadRequestError:
    """Without name and value: a secret that stands in the wrong place must not be told either."""
    known = ", ".join(one.name for one in row.arguments) or "none"
    return BadRequestError(
        f"args: one of them is unknown; expected an argument of {row.cn}: {known}",
        message_zh=f"args 中有未知参数；应为 {row.cn} 的参数：{known}",
        field="args",
    )


def _bad(name: str, value: object, expected: str, expected_zh: str) -> BadRequestError:
    return BadRequestError(
        f"{name} = {value!r}; expected {expected}",
        message_zh=f"参数 {name} = {value!r} 无效；应为{expected_zh}",
        field=name,
        value=value,
    )
