"""Numbers of devices (MN): which rule they follow, and what their parts mean. They are kept as sent.

HJ 212-2017, 6.3.2: 24 characters 0-9 A-F (EPC-96). The Wenzhou guide, 6.3.5.3: 66, region 6, installer 2,
maintainer 2, enterprise 5, logger 3, together 20. Field devices send others; both rules and every
other number are accepted once the device is registered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from twin.core.text import Text

_EPC96 = re.compile(r"[0-9A-F]{24}", re.ASCII)
_WENZHOU = re.compile(r"66([0-9]{6})([0-9A-Za-z]{2})([0-9A-Za-z]{2})([0-9]{5})([0-9]{3})", re.ASCII)
_PARTS = (
    Text(zh="行政区划代码", en="Administrative region"),
    Text(zh="安装单位编号", en="Installer"),
    Text(zh="运维单位编号", en="Maintainer"),
    Text(zh="企业顺序号", en="Enterprise"),
    Text(zh="数采仪编号", en="Logger"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceNumber:
    """A number explained. ``kind``: ``epc96``, ``wenzhou`` or ``other``; ``parts``: name and digits."""

    mn: str
    kind: str
    in_standard: bool
    text: Text
    parts: tuple[tuple[Text, str], ...] = ()


def explain_number(mn: str) -> DeviceNumber:
    """Which rule a number follows.

    >>> [value for _, value in explain_number("66330302010200017001").parts]
    ['330302', '01', '02', '00017', '001']
    """
    if _EPC96.fullmatch(mn):
        text = Text(zh="24 位 EPC-96 编码（HJ 212-2017）", en="24 characters, EPC-96 (HJ 212-2017)")
        return DeviceNumber(mn=mn, kind="epc96", in_standard=True, text=text)
    found = _WENZHOU.fullmatch(mn)
    if found is not None:
        text = Text(zh="20 位温州工况编码", en="20 characters, Wenzhou working-condition guide")
        parts = tuple(zip(_PARTS, found.groups(), strict=True))
        return DeviceNumber(mn=mn, kind="wenzhou", in_standard=False, text=text, parts=parts)
    text = Text(
        zh=f"{len(mn)} 位，不符合 24 位 0-9 A-F 规则，按原样保留",
        en=f"{len(mn)} characters, not 24 of 0-9 A-F; kept as sent",
    )
    return DeviceNumber(mn=mn, kind="other", in_standard=False, text=text)
