"""What measures cost, in yuan: ranges for planning, not offers.

The unit prices are planning assumptions of this product (order of magnitude of public tenders in China's
remediation market); no price list stands behind them, and a scene may give its own sum (``cost_cny``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi

from models.water.measures.places import is_area, length_m, zone_volume_m3
from models.water.now import Band
from twin.core.groundwater import GroundwaterMeasure, GroundwaterSource, MeasureKind
from twin.core.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Range of a unit price, yuan per unit; ``basis`` says that it is assumed."""

    item: Text
    unit: str
    low_value: float
    median_value: float
    high_value: float
    basis: str = "planning assumption"

    def times(self, amount: float) -> Band:
        """Cost of an amount."""
        return Band(
            low=self.low_value * amount, median=self.median_value * amount, high=self.high_value * amount
        )


def _price(zh: str, en: str, unit: str, low: float, median: float, high: float) -> Price:
    return Price(item=Text(zh=zh, en=en), unit=unit, low_value=low, median_value=median, high_value=high)


WELL_METRE = _price("成井", "drilling and completion of a well", "CNY/m", 800, 1500, 3000)
WELL_PLANT = _price("泵、管线与仪表", "pump, pipes and instruments", "CNY/well", 20_000, 50_000, 120_000)
TREATMENT = _price("抽出水处理", "treatment of pumped water", "CNY/m3", 3, 8, 25)
INJECTED = _price("注入水与配药", "injected water, prepared", "CNY/m3", 2, 5, 15)
WALL = _price("垂直阻隔墙", "cut-off wall", "CNY/m2", 500, 1100, 2500)
EXCAVATION = _price("污染土开挖与处置", "excavation and disposal", "CNY/m3", 400, 1000, 2500)
FILL = _price("反应墙开槽与填料", "trench and reactive fill", "CNY/m3", 1200, 3500, 8000)
DOSED = _price("原位注药（按处理土方）", "agent injected, per volume of ground", "CNY/m3", 60, 200, 600)
PRICES = (WELL_METRE, WELL_PLANT, TREATMENT, INJECTED, WALL, EXCAVATION, FILL, DOSED)


def cost(
    measure: GroundwaterMeasure,
    *,
    horizon_s: float,
    sources: Sequence[GroundwaterSource] = (),
) -> Band | None:
    """Cost of a measure until a horizon; None where what is needed to reckon it is missing.

    Doing nothing costs nothing. A scene's own ``cost_cny`` stands without a range.
    """
    if measure.cost_cny is not None:
        return Band(low=measure.cost_cny, median=measure.cost_cny, high=measure.cost_cny)
    parts = _parts(measure, horizon_s, sources)
    if parts is None:
        return None
    bands = [price.times(amount) for price, amount in parts]
    return Band(
        low=sum(row.low for row in bands),
        median=sum(row.median for row in bands),
        high=sum(row.high for row in bands),
    )


def _parts(
    measure: GroundwaterMeasure, horizon_s: float, sources: Sequence[GroundwaterSource]
) -> list[tuple[Price, float]] | None:
    """Prices and amounts of a measure; a zone of closed outline is injected, a line is a trench."""
    kind, depth_m = measure.kind, measure.bottom_m - measure.top_m
    if kind is MeasureKind.DO_NOTHING:
        return []
    if kind in (MeasureKind.PUMP, MeasureKind.INJECT):
        until_s = horizon_s if measure.end_s is None else min(measure.end_s, horizon_s)
        water_m3 = measure.rate_m3_s * len(measure.line) * max(until_s - measure.start_s, 0.0)
        fluid = TREATMENT if kind is MeasureKind.PUMP else INJECTED
        wells = len(measure.line)
        return [(WELL_METRE, wells * measure.bottom_m), (WELL_PLANT, wells), (fluid, water_m3)]
    if kind is MeasureKind.BARRIER:
        return [(WALL, length_m(measure.line) * depth_m)]
    if kind is MeasureKind.REACTIVE_ZONE:
        price = DOSED if is_area(measure.line) else FILL
        return [(price, zone_volume_m3(measure.line, measure.thickness_m, measure.top_m, measure.bottom_m))]
    dug = [row for row in sources if row.id == measure.source_id]
    if not dug:
        return None
    return [(EXCAVATION, measure.removal_share * pi * dug[0].radius_m ** 2 * depth_m)]
