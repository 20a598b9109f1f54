"""The risk assessment report of the groundwater (GW-12): the facts that go in, and the call that writes it.

SI inside; the document shows mg/L, days and square metres.
"""

from __future__ import annotations

from twin.core.errors import BadRequestError
from twin.stage.water.report_docx import docx_of
from twin.stage.water.report_facts import (
    MIMETYPES,
    BudgetLine,
    Format,
    FrontRow,
    OptionLine,
    PlanLine,
    Rings,
    RiskReport,
    Sample,
    Spread,
    TargetRow,
    WellRow,
    spread_of,
)
from twin.stage.water.report_parts import blocks_of
from twin.stage.water.report_pdf import pdf_of
from twin.stage.water.report_plain import plain

__all__ = [
    "BudgetLine",
    "Format",
    "FrontRow",
    "MIMETYPES",
    "OptionLine",
    "PlanLine",
    "Rings",
    "RiskReport",
    "Sample",
    "Spread",
    "spread_of",
    "TargetRow",
    "WellRow",
    "write_report",
]


def write_report(report: RiskReport, form: Format) -> bytes:
    """The report as a Word or PDF file.

    Raises BadRequestError for another form, or a sample that GB/T 14848 cannot judge (negative, not finite).
    """
    if form not in MIMETYPES:
        raise BadRequestError(
            f"form: {form}; expected one of {', '.join(MIMETYPES)}",
            message_zh=f"form：{form}；应为 {'、'.join(MIMETYPES)} 之一",
            field="form",
            value=form,
        )
    report = plain(report)
    blocks = blocks_of(report)
    return docx_of(report, blocks) if form == "docx" else pdf_of(report, blocks)
