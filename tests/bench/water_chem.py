"""What measures cost to compare: CPU-seconds per option and member; ``python -m tests.bench.water_chem``."""

from __future__ import annotations

import sys
import time

from models.water.measures.compare import compare
from tests.support.risk_facts import comparison, now_cast
from tests.support.spoiled_ground import DAY_S, TANK, WELL, aged, spoiled_ground
from twin.core.groundwater import GroundwaterMeasure, MeasureKind
from twin.core.text import Text
from twin.stage.water.report import write_report
from twin.stage.water.report_wire import report_of

NAME = Text(zh="抽水", en="Pump")


def main() -> None:
    model = aged(spoiled_ground(columns=100, rows=50), 200)
    pump = GroundwaterMeasure(
        id="pump", name=NAME, kind=MeasureKind.PUMP, line=((205.0, 105.0),), rate_m3_s=1e-3, bottom_m=10.0
    )
    start = time.process_time()
    compare(
        model,
        [pump],
        substance="fluoride",
        limit_kg_m3=1e-3,
        leads_s=(30 * DAY_S, 365 * DAY_S),
        targets=[WELL],
        sources=[TANK],
        step_s=5 * DAY_S,
    )
    spent_s = (time.process_time() - start) / 2
    print(f"compare, 10,000 cells, 365 d in 5 d steps, numpy: {spent_s:.2f} CPU-s per option")
    facts = report_of(now_cast(), comparison(), park=NAME)
    for form in ("docx", "pdf"):
        start = time.process_time()
        body = write_report(facts, form)
        print(f"report {form}: {time.process_time() - start:.2f} CPU-s, {len(body)} bytes")


if __name__ == "__main__":
    sys.exit(main())
