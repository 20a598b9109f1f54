"""What a factor code says by its form, and the names of common ones.

Forms: HJ 212-2017 6.4.1 (e, g: process device codes; i: site information) and HJ 524-2009 / HJ 525-2009
(a: air, w: water). Names as in HJ 212-2017 appendix B; a code that is not listed has none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from twin.core.errors import BadRequestError

_PROCESS = re.compile(r"([eg])([0-9])([0-9]{2})([0-9]{2})", re.ASCII)
_SITE = re.compile(r"i([0-9])([0-9])([0-9a-z]{3})", re.ASCII)
_MEDIUM = re.compile(r"([awLs])([0-9]{2})([0-9]{3})", re.ASCII)
_PROCESS_CLASSES = MappingProxyType({"e": "waste-water process", "g": "flue-gas process"})
_MEDIUM_CLASSES = MappingProxyType({"a": "air", "w": "water", "L": "noise", "s": "soil"})
_AIR, _LITRE = "mg/m3", "mg/L"
NAMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "a00000": ("flue-gas flow", "m3/s"),
        "a01001": ("temperature", "degC"),
        "a01002": ("humidity", "%"),
        "a01006": ("air pressure", "kPa"),
        "a01007": ("wind speed", "m/s"),
        "a01008": ("wind direction", "deg"),
        "a01011": ("flue-gas velocity", "m/s"),
        "a01012": ("flue-gas temperature", "degC"),
        "a01013": ("flue-gas pressure", "kPa"),
        "a01014": ("flue-gas humidity", "%"),
        "a05002": ("methane", _AIR),
        "a05024": ("ozone", _AIR),
        "a19001": ("oxygen", "%"),
        "a21001": ("ammonia", _AIR),
        "a21002": ("nitrogen oxides", _AIR),
        "a21003": ("nitric oxide", _AIR),
        "a21004": ("nitrogen dioxide", _AIR),
        "a21005": ("carbon monoxide", _AIR),
        "a21018": ("fluorides", _AIR),
        "a21022": ("chlorine", _AIR),
        "a21024": ("hydrogen chloride", _AIR),
        "a21026": ("sulfur dioxide", _AIR),
        "a21028": ("hydrogen sulfide", _AIR),
        "a24088": ("non-methane hydrocarbons", _AIR),
        "a25002": ("benzene", _AIR),
        "a25003": ("toluene", _AIR),
        "a34001": ("total suspended particles", _AIR),
        "a34002": ("PM10", _AIR),
        "a34004": ("PM2.5", _AIR),
        "a34013": ("smoke dust", _AIR),
        "w00000": ("waste-water flow", "L/s"),
        "w01001": ("pH", "1"),
        "w01009": ("dissolved oxygen", _LITRE),
        "w01010": ("water temperature", "degC"),
        "w01014": ("conductivity", "uS/cm"),
        "w01018": ("chemical oxygen demand", _LITRE),
        "w01019": ("permanganate index", _LITRE),
        "w21001": ("total nitrogen", _LITRE),
        "w21003": ("ammonia nitrogen", _LITRE),
        "w21011": ("total phosphorus", _LITRE),
        "w21017": ("fluorides", _LITRE),
    }
)


def describe_code(code: str) -> dict[str, object]:
    """Parts of a factor code. Raises BadRequestError for a code of no known form.

    >>> describe_code("e30102")
    {'class': 'waste-water process', 'process': '3', 'factor': '01', 'device': '02'}
    """
    found = _PROCESS.fullmatch(code)
    if found is not None:
        kind, process, factor, device = found.groups()
        return {"class": _PROCESS_CLASSES[kind], "process": process, "factor": factor, "device": device}
    found = _SITE.fullmatch(code)
    if found is not None:
        device, info, item = found.groups()
        return {"class": "site information", "device": device, "info": info, "item": item}
    found = _MEDIUM.fullmatch(code)
    if found is None:
        raise BadRequestError(
            f"code {code!r} has no known form; expected six characters of HJ 212-2017 6.4.1 or HJ 524/525",
            message_zh=f"编码 {code!r} 形式未知；应为 HJ 212-2017 6.4.1 或 HJ 524/525 的六位编码",
            field="code",
            value=code,
        )
    named = NAMES.get(code)
    answer: dict[str, object] = {"class": _MEDIUM_CLASSES[found[1]]}
    return answer if named is None else {**answer, "name": named[0], "default_unit": named[1]}
