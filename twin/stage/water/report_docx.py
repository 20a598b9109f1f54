"""A report as a Word document: python-docx, Chinese in Song, the origin in the footer of every page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from twin.stage.water.report_facts import RiskReport
from twin.stage.water.report_parts import Block, Heading, Paragraph, Picture, Table, stamp, title

_WIDTH_CM = 17.4


def docx_of(report: RiskReport, blocks: Sequence[Block]) -> bytes:
    """The report as a .docx file, A4."""
    from docx import Document
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Cm, Pt

    document = Document()
    _fonts(document)
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21.0), Cm(29.7)
    section.left_margin = section.right_margin = Cm(1.8)
    name = title(report)
    document.core_properties.title = name.zh
    document.core_properties.subject = name.en
    document.core_properties.author = "Park Twin"
    written = datetime.fromtimestamp(report.time_ms / 1e3, UTC).replace(tzinfo=None)
    document.core_properties.created = document.core_properties.modified = written
    section.header.paragraphs[0].text = name.zh
    _footer(section.footer.paragraphs[0], stamp(report))
    for text, size in ((name.zh, 20), (name.en, 11), (stamp(report), 9)):
        row = document.add_paragraph()
        row.alignment = WD_ALIGN_PARAGRAPH.CENTER
        row.add_run(text).font.size = Pt(size)
    headings = 0
    for block in blocks:
        if isinstance(block, Heading):
            headings += 1
            document.add_heading(f"{headings}　{block.text.zh} {block.text.en}", level=1)
        elif isinstance(block, Paragraph):
            run = document.add_paragraph().add_run(block.text)
            run.font.size = Pt(8.5 if block.small else 10.5)
        elif isinstance(block, Picture):
            document.add_picture(BytesIO(block.png), width=Cm(_WIDTH_CM))
            document.add_paragraph().add_run(block.caption).font.size = Pt(8.5)
        else:
            _table(document, block)
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def _fonts(document: Any) -> None:
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    for style in ("Normal", "Heading 1", "Header", "Footer"):
        row = document.styles[style]
        row.font.name = "Times New Roman"
        row.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), "宋体")
    document.styles["Heading 1"].font.size = Pt(14)
    document.styles["Heading 1"].font.color.rgb = RGBColor(0x1F, 0x3A, 0x5F)
    document.styles["Normal"].paragraph_format.space_after = Pt(4)


def _footer(row: Any, text: str) -> None:
    """Stamp and page number; the number is a field that Word fills in."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Pt

    run = row.add_run(f"{text}　第 ")
    run.font.size = Pt(8)
    number = row.add_run()
    number.font.size = Pt(8)
    for kind in ("begin", "PAGE", "end"):
        if kind == "PAGE":
            part = OxmlElement("w:instrText")
            part.text = "PAGE"
        else:
            part = OxmlElement("w:fldChar")
            part.set(qn("w:fldCharType"), kind)
        number._r.append(part)
    last = row.add_run(" 页")
    last.font.size = Pt(8)


def _table(document: Any, block: Table) -> None:
    from docx.shared import Cm

    grid = document.add_table(rows=1, cols=len(block.head))
    grid.style = "Table Grid"
    grid.autofit = False
    widths = [Cm(_WIDTH_CM * part / sum(block.widths)) for part in block.widths]
    _fill(grid.rows[0].cells, block.head, "34567A", "FFFFFF")
    _repeated(grid.rows[0])
    for at, row in enumerate(block.rows):
        shade = "FBE9D7" if at in block.marked else None
        _fill(grid.add_row().cells, row, shade, None)
    for line in grid.rows:
        for cell, width in zip(line.cells, widths, strict=True):
            cell.width = width
    document.add_paragraph()


def _fill(cells: Sequence[Any], texts: Sequence[str], shade: str | None, ink: str | None) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    for cell, text in zip(cells, texts, strict=True):
        run = cell.paragraphs[0].add_run(text)
        run.font.size = Pt(8)
        if ink is not None:
            run.font.color.rgb = RGBColor.from_string(ink)
        if shade is not None:
            part = OxmlElement("w:shd")
            part.set(qn("w:val"), "clear")
            part.set(qn("w:fill"), shade)
            cell._tc.get_or_add_tcPr().append(part)


def _repeated(row: Any) -> None:
    """The head of a table stands on every page that it reaches."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    part = OxmlElement("w:tblHeader")
    part.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(part)
