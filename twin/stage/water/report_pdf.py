"""A report as PDF: reportlab with the CID font STSong-Light, which readers bring along for Chinese."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from twin.stage.water.report_facts import RiskReport
from twin.stage.water.report_parts import Block, Heading, Paragraph, Picture, Table, stamp, title

_FONT = "STSong-Light"
_SUPERS = str.maketrans({"²": "<super>2</super>", "³": "<super>3</super>", "–": "~", "—": "-"})


def pdf_of(report: RiskReport, blocks: Sequence[Block]) -> bytes:
    """The report as a PDF file, A4; the same report gives the same bytes."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.platypus import SimpleDocTemplate

    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    out = BytesIO()
    name = title(report)
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=22 * mm,
        bottomMargin=20 * mm,
        title=name.zh,
        subject=name.en,
        author="Park Twin",
        invariant=True,
    )
    marked = stamp(report)

    def page(canvas: Any, doc: Any) -> None:
        width, height = A4
        canvas.saveState()
        canvas.setFont(_FONT, 8)
        canvas.setFillGray(0.35)
        canvas.drawString(18 * mm, height - 13 * mm, name.zh)
        canvas.line(18 * mm, height - 15 * mm, width - 18 * mm, height - 15 * mm)
        canvas.line(18 * mm, 14 * mm, width - 18 * mm, 14 * mm)
        canvas.drawString(18 * mm, 10 * mm, marked)
        canvas.drawRightString(width - 18 * mm, 10 * mm, f"第 {doc.page} 页")
        canvas.restoreState()

    styles = _styles()
    story = _cover(report, styles) + _story(blocks, styles, document.width)
    document.build(story, onFirstPage=page, onLaterPages=page)
    return out.getvalue()


def _styles() -> dict[str, Any]:
    from reportlab.lib import colors
    from reportlab.lib.styles import ParagraphStyle

    def style(name: str, size: float, **more: Any) -> Any:
        return ParagraphStyle(name, fontName=_FONT, fontSize=size, leading=1.5 * size, wordWrap="CJK", **more)

    ink = colors.HexColor("#1f3a5f")
    return {
        "title": style("title", 20, alignment=1, spaceAfter=4, textColor=ink),
        "under": style("under", 11, alignment=1, spaceAfter=4),
        "heading": style("heading", 13, spaceBefore=12, spaceAfter=5, textColor=ink, keepWithNext=1),
        "body": style("body", 10, spaceAfter=4),
        "small": style("small", 8, spaceAfter=3, textColor=colors.HexColor("#555555")),
        "cell": style("cell", 8),
        "head": style("head", 8, textColor=colors.white),
    }


def _cover(report: RiskReport, styles: dict[str, Any]) -> list[Any]:
    from reportlab.platypus import Paragraph as Text
    from reportlab.platypus import Spacer

    name = title(report)
    return [
        Text(_marked(name.zh), styles["title"]),
        Text(_marked(name.en), styles["under"]),
        Text(_marked(stamp(report)), styles["under"]),
        Spacer(1, 8),
    ]


def _story(blocks: Sequence[Block], styles: dict[str, Any], width: float) -> list[Any]:
    from reportlab.lib.utils import ImageReader
    from reportlab.platypus import Image, KeepTogether
    from reportlab.platypus import Paragraph as Text

    story: list[Any] = []
    headings = 0
    for block in blocks:
        if isinstance(block, Heading):
            headings += 1
            story.append(Text(_marked(f"{headings}　{block.text.zh} {block.text.en}"), styles["heading"]))
        elif isinstance(block, Paragraph):
            story.append(Text(_marked(block.text), styles["small" if block.small else "body"]))
        elif isinstance(block, Picture):
            across, down = ImageReader(BytesIO(block.png)).getSize()
            high = min(width * down / across, 330.0)
            picture = Image(BytesIO(block.png), width=high * across / down, height=high)
            held = [picture, Text(_marked(block.caption), styles["small"])]
            if story and getattr(story[-1], "style", None) is styles["heading"]:
                held.insert(0, story.pop())
            story.append(KeepTogether(held))
        else:
            story += _table(block, styles, width)
    return story


def _table(block: Table, styles: dict[str, Any], width: float) -> list[Any]:
    from reportlab.lib import colors
    from reportlab.platypus import Paragraph as Text
    from reportlab.platypus import Spacer, TableStyle
    from reportlab.platypus import Table as Grid

    shares = [width * part / sum(block.widths) for part in block.widths]
    rows = [[Text(_marked(cell), styles["head"]) for cell in block.head]]
    rows += [[Text(_marked(cell), styles["cell"]) for cell in row] for row in block.rows]
    look = [
        ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#34567a")),
        ("GRID", (0, 0), (-1, -1), 0.4, colors.HexColor("#9aa7b5")),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
    look += [("BACKGROUND", (0, at + 1), (-1, at + 1), colors.HexColor("#fbe9d7")) for at in block.marked]
    grid = Grid(rows, colWidths=shares, repeatRows=1)
    grid.setStyle(TableStyle(look))
    return [grid, Spacer(1, 6)]


def _marked(text: str) -> str:
    """Text as reportlab's markup; superscripts are raised, for the font has none."""
    return escape(text).translate(_SUPERS).replace("\n", "<br/>")
