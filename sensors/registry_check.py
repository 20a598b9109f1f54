"""What is wrong or odd in the record of a device, before and while it speaks.

Nothing is corrected; each finding names what to change in the scene. Errors keep data from being used
rightly, warnings ask for a look, notes are for the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sensors.hj212.device_number import explain_number
from sensors.hj212.factor_codes import NO_LETTERS, Letters, explain_code
from sensors.hj212.findings import FindingCount, FindingKind
from sensors.plausible import PHYSICAL_SI
from twin.core.device import Device, Edition, Factor
from twin.core.quantity import substance_of
from twin.core.text import Text
from twin.core.units import to_si

HJ212 = "hj212"
# HJ 212-2017, table 5; 44 and 45 are of 2025.
SYSTEMS: dict[str, Text] = {
    "21": Text(zh="地表水质量监测", en="surface water"),
    "22": Text(zh="空气质量监测", en="ambient air"),
    "23": Text(zh="声环境质量监测", en="noise"),
    "24": Text(zh="地下水质量监测", en="groundwater"),
    "25": Text(zh="土壤质量监测", en="soil"),
    "26": Text(zh="海水质量监测", en="sea water"),
    "27": Text(zh="挥发性有机物监测", en="volatile organic compounds"),
    "31": Text(zh="大气环境污染源", en="air source"),
    "32": Text(zh="地表水体环境污染源", en="water source"),
    "33": Text(zh="地下水体环境污染源", en="groundwater source"),
    "34": Text(zh="海洋环境污染源", en="sea source"),
    "35": Text(zh="土壤环境污染源", en="soil source"),
    "36": Text(zh="声环境污染源", en="noise source"),
    "37": Text(zh="振动环境污染源", en="vibration source"),
    "38": Text(zh="放射性环境污染源", en="radioactive source"),
    "39": Text(zh="工地扬尘污染源", en="dust of building sites"),
    "41": Text(zh="电磁环境污染源", en="electromagnetic source"),
    "44": Text(zh="用电监控", en="electricity"),
    "45": Text(zh="关键生产工况监控", en="key working conditions"),
    "51": Text(zh="烟气排放过程监控", en="flue-gas process"),
    "52": Text(zh="污水排放过程监控", en="waste-water process"),
    "91": Text(zh="系统交互", en="system"),
}
# Protocols that send bare counts, which only a factor of the record turns into values.
_COUNTS = frozenset({"modbus"})
# A factor whose range is wider than the physical one by this much was hardly meant in its unit.
_TOO_WIDE = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding. ``level``: ``info``, ``warning``, ``error``; counts and times where it was counted."""

    kind: str
    level: str
    what: str
    text: Text
    count: int | None = None
    first_ms: int | None = None
    last_ms: int | None = None
    detail: str = ""


def check_device(
    device: Device, *, has_key: bool, has_password: bool, letters: Letters = NO_LETTERS
) -> tuple[Finding, ...]:
    """Findings in a device's record."""
    found: list[Finding] = []
    if device.protocol == HJ212:
        found += _identity(device, has_key=has_key, has_password=has_password)
    for code, count in Counter(row.code for row in device.factors).items():
        if count > 1:
            found.append(_of("code_twice", "error", code, f"{code} 重复", f"{code} stands {count} times"))
    for factor in device.factors:
        found += _factor(device, factor, letters)
    return tuple(found)


def counted(rows: Iterable[FindingCount]) -> tuple[Finding, ...]:
    """Findings that were counted on the line, as they are told to people."""
    return tuple(_counted(row) for row in rows)


def _identity(device: Device, *, has_key: bool, has_password: bool) -> Iterator[Finding]:
    number = explain_number(device.mn)
    if number.kind == "other":
        yield _of("mn_length", "info", "", number.text.zh, number.text.en)
    if device.st not in SYSTEMS:
        zh, en = f"系统编码 {device.st} 不在表中", f"ST {device.st} is in no table"
        yield _of("st_unknown", "warning", device.st, zh, en)
    if device.edition is Edition.HJ2025 and not has_key:
        zh, en = "2025 版设备未设 SM4 密钥，加密报文无法读取", "edition 2025 without an SM4 key"
        yield _of("sm4_key_missing", "warning", "", zh, en)
    if not has_password:
        zh, en = "未设密码，任何密码均被接受", "no password is set: any is taken"
        yield _of("password_missing", "warning", "", zh, en)


def _factor(device: Device, factor: Factor, letters: Letters) -> Iterator[Finding]:
    meaning = explain_code(factor.code, letters)
    if device.protocol == HJ212 and meaning.kind in ("unknown", "medium"):
        zh, en = f"{factor.code} 不在编码表中", f"{factor.code} is not in the list of codes"
        yield _of("code_unknown", "info", factor.code, zh, en)
    if meaning.row is not None and meaning.row.quantity not in ("", factor.quantity):
        zh = f"{factor.code} 通常为“{meaning.row.name.zh}”，登记为 {factor.quantity}"
        en = f"{factor.code} is usually {meaning.row.name.en}, the record says {factor.quantity}"
        yield _of("code_meaning", "warning", factor.code, zh, en)
    if factor.low is None or factor.high is None:
        zh, en = f"{factor.code} 未设量程", f"{factor.code} has no plausible range"
        yield _of("no_range", "warning", factor.code, zh, en)
    elif _range_is_odd(factor):
        zh = f"{factor.code} 的量程 {factor.low:g}–{factor.high:g} {factor.unit} 与物理范围不符，单位可疑"
        en = (
            f"range {factor.low:g} to {factor.high:g} {factor.unit} of {factor.code} is physically odd: unit?"
        )
        yield _of("unit_range", "warning", factor.code, zh, en)
    if device.protocol not in _COUNTS and factor.scale != 1.0:
        zh = f"{factor.code} 的上传值乘以 {factor.scale:g}（登记为原始信号）"
        en = f"what {factor.code} sends is multiplied by {factor.scale:g} (recorded as a bare signal)"
        yield _of("scaled", "warning", factor.code, zh, en)
    if factor.unit in ("ppm", "ppb") and factor.reference_k is None:
        zh, en = f"{factor.code} 缺少参比状态", f"{factor.code} has no reference state"
        yield _of("reference_missing", "warning", factor.code, zh, en)


def _range_is_odd(factor: Factor) -> bool:
    """Whether the range of a record cannot be meant in its unit: far outside, or far too wide."""
    bounds = PHYSICAL_SI.get(factor.quantity)
    if bounds is None or factor.low is None or factor.high is None or substance_of(factor.quantity):
        return False
    low, high = to_si(factor.low, factor.unit), to_si(factor.high, factor.unit)
    outside = high < bounds[0] or low > bounds[1]
    return outside or high - low > _TOO_WIDE * (bounds[1] - bounds[0])


def _counted(row: FindingCount) -> Finding:
    level, zh, en = _COUNTED.get(row.kind, ("info", row.kind, row.kind))
    if row.kind == FindingKind.CRC_WRONG and row.what:
        zh, en = "该设备的报文符合 {what} 校验", "this device's frames match {what}"
    return Finding(
        kind=row.kind,
        level=level,
        what=row.what,
        text=Text(zh=zh.format(what=row.what), en=en.format(what=row.what)),
        count=row.count,
        first_ms=row.first_ms,
        last_ms=row.last_ms,
        detail=row.detail,
    )


_COUNTED: dict[str, tuple[str, str, str]] = {
    FindingKind.CRC_RIGHT: ("info", "校验正确（{what}）", "check sum right ({what})"),
    FindingKind.CRC_WRONG: (
        "warning",
        "校验错误，不符合任何已知算法",
        "check sum wrong, fits no known algorithm",
    ),
    FindingKind.EDITION_DIFFERS: (
        "warning",
        "Flag 声称的版本为 {what}，与登记不同",
        "Flag says {what}, not the edition of the record",
    ),
    FindingKind.CANNOT_DECRYPT: ("error", "数据区无法解密", "the data area cannot be decrypted"),
    FindingKind.NOT_ENCRYPTED: (
        "info",
        "命令 {what} 未加密（2025 版要求互联网传输加密）",
        "CN {what} came unencrypted (2025 wants it encrypted on the internet)",
    ),
    FindingKind.UNKNOWN_FACTOR: ("warning", "发送了未登记的因子 {what}", "sends {what}, not in its record"),
    FindingKind.UNIT_DOUBTED: ("warning", "{what} 的单位可疑", "the unit of {what} is doubtful"),
    FindingKind.SPLIT_INCOMPLETE: ("warning", "拆分包不完整", "split messages stayed incomplete"),
    FindingKind.CLOCK_DRIFT: (
        "warning",
        "设备时钟偏差超过 30 秒",
        "the device's clock is off by more than 30 s",
    ),
    FindingKind.CLOCK_BREACH: (
        "error",
        "设备时钟 48 小时内误差超过 864 秒",
        "the device's clock went wrong by more than 864 s within 48 h",
    ),
}


def _of(kind: str, level: str, what: str, zh: str, en: str) -> Finding:
    return Finding(kind=kind, level=level, what=what, text=Text(zh=zh, en=en))
