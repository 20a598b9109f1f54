"""Numbers and names of a report as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

from twin.core.origin import Origin
from twin.core.text import Text
from twin.stage.water.report_facts import Spread

DAY_S = 86_400.0
ORIGINS = {
    Origin.MEASURED: Text(zh="实测", en="measured"),
    Origin.MODELLED: Text(zh="模型推演", en="modelled"),
    Origin.SIMULATED: Text(zh="模拟数据", en="simulated"),
    Origin.EXERCISE: Text(zh="演练", en="exercise"),
}
RISKS = {
    "none": Text(zh="无", en="none"),
    "low": Text(zh="低", en="low"),
    "medium": Text(zh="中", en="medium"),
    "high": Text(zh="高", en="high"),
}
CLASSES = {1: "Ⅰ", 2: "Ⅱ", 3: "Ⅲ", 4: "Ⅳ", 5: "Ⅴ"}
KINDS = {
    "well": Text(zh="水井", en="well"),
    "intake": Text(zh="取水口", en="intake"),
    "river": Text(zh="河流", en="river"),
    "village": Text(zh="村庄", en="village"),
    "boundary": Text(zh="厂界", en="boundary"),
}

PACKAGES = {
    "chd": Text(zh="定水头", en="fixed head"),
    "wel": Text(zh="井", en="wells"),
    "riv": Text(zh="河流", en="river"),
    "drn": Text(zh="排水", en="drains"),
    "ghb": Text(zh="通用水头", en="general head"),
    "rch": Text(zh="降雨入渗", en="recharge"),
    "evt": Text(zh="蒸发", en="evapotranspiration"),
    "sto": Text(zh="储水", en="storage"),
    "storage": Text(zh="储水", en="storage"),
    "springs": Text(zh="泉与渗出", en="springs"),
    "river": Text(zh="河流", en="river"),
    "rain": Text(zh="降雨入渗", en="rain"),
    "margin": Text(zh="坡脚侧向补给", en="inflow of slopes"),
    "valley_ends": Text(zh="河谷两端", en="valley ends"),
    "assimilation": Text(zh="同化修正", en="correction by readings"),
    "src": Text(zh="源", en="source"),
    "source": Text(zh="源", en="source"),
    "decay": Text(zh="衰减", en="decay"),
    "zone": Text(zh="反应带", en="reactive zone"),
}


def package(name: str) -> str:
    """Name of a term of a budget; one that is not in the table as it is."""
    known = PACKAGES.get(name) or PACKAGES.get(name.replace(" ", "_"))
    if known is not None:
        return both(known)
    kind, _, rest = name.partition(" ")
    return f"{both(PACKAGES[kind])} {rest}" if rest and kind in PACKAGES else name


def age(time_ms: int | None, at_ms: int) -> str:
    """How old a reading is."""
    if time_ms is None:
        return "—"
    seconds = max(at_ms - time_ms, 0) / 1e3
    if seconds < 5400.0:
        return f"{seconds / 60.0:.0f} min"
    return f"{seconds / 3600.0:.0f} h" if seconds < 2.0 * DAY_S else f"{seconds / DAY_S:.0f} d"


def both(text: Text) -> str:
    """Chinese, then English."""
    return f"{text.zh} {text.en}"


def number(value: float) -> str:
    """Three significant digits, without an exponent where it can be avoided."""
    if value != value:
        return "—"
    if value == 0.0 or 1e-4 <= abs(value) < 1e6:
        text = f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
        return f"{float(text):,.4g}" if "e" in text else text
    return f"{value:.2e}"


def band(row: Spread, factor: float = 1.0) -> str:
    """Median with its band; the median alone where it has no width."""
    low, median, high = row.low * factor, row.median * factor, row.high * factor
    if low == median == high:
        return number(median)
    return f"{number(median)} ({number(low)} – {number(high)})"


def mg_l(kg_m3: float) -> str:
    """Concentration in mg/L."""
    return number(1e3 * kg_m3)


def days(seconds: float) -> str:
    """Whole days, tenths under ten."""
    value = seconds / DAY_S
    return f"{value:.1f}" if 0.0 < value < 10.0 else f"{value:.0f}"


def moment(time_ms: int) -> str:
    """Moment in UTC."""
    return datetime.fromtimestamp(time_ms / 1e3, UTC).strftime("%Y-%m-%d %H:%M UTC")


def yuan(row: Spread | None) -> str:
    """Cost in ten thousand yuan; unknown says so."""
    return "未知 unknown" if row is None else band(row, 1e-4)
