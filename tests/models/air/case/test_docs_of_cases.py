"""``docs/case-files.md`` says of every field what the schema says: name, default, whether required."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from models.air.case import schema, schema_air, schema_places, schema_release
from models.air.case.load import load_case
from models.air.case.strict import Strict

DOC = Path(__file__).resolve().parents[4] / "docs" / "case-files.md"
TABLES: dict[str, type[Strict]] = {
    "## Every case": schema.Head,
    '## kind = "plume"': schema.PlumeCase,
    '## kind = "dense"': schema.DenseCase,
    '## kind = "wind"': schema.WindCase,
    '## kind = "backward"': schema.BackwardCase,
    '## kind = "source"': schema.SourceCase,
    "### `[site]`": schema_air.SiteTable,
    "### `[air]`": schema_air.AirTable,
    "### `[run]`": schema_air.RunTable,
    "### `[[station]]`": schema_air.StationRow,
    "### `[[release]]` of a plume": schema_release.PlumeReleaseRow,
    "### `[release]` of a dense case": schema_release.DenseReleaseTable,
    "### `[source]`": schema_release.SourceTable,
    "### `[source.pipe]`": schema_release.PipeTable,
    "### `[source.falling]`": schema_release.FallingTable,
    "### `[source.curtain]`": schema_release.CurtainTable,
    "### `[[arc]]`": schema_places.ArcRow,
    "### `[[point]]`": schema_places.PointRow,
    "### `[[tower]]`": schema_places.TowerRow,
    "### `[[beam]]`": schema_places.BeamRow,
    "### `[[line]]`": schema_places.LineRow,
    "### `[grid]`": schema_places.GridTable,
    "### `[reference]` of a wind case": schema_air.AnchorTable,
    "### `[[sensor]]` of a backward case": schema.SensorRow,
    "### `[[area]]` of a backward case": schema.AreaRow,
    "### `[[observed]]`": schema_places.ObservedRow,
    "### `[output]`": schema_places.OutputTable,
}


def rows(heading: str) -> dict[str, tuple[str, ...]]:
    """Cells of the field table below a heading, by field name."""
    text = DOC.read_text(encoding="utf-8")
    body = text.split(f"\n{heading}\n")[1]
    body = re.split(r"\n##+ ", body)[0]
    found = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \| (.*?) \|$", body, re.MULTILINE)
    return {row[0]: row[1:] for row in found}


@pytest.mark.parametrize("heading", TABLES)
def test_every_field_stands_in_the_document_and_nothing_else(heading: str) -> None:
    model = TABLES[heading]
    said = rows(heading)
    inherited = set(schema.Head.model_fields) | {"kind"}
    expected = set(model.model_fields)
    if issubclass(model, schema.Head) and model is not schema.Head:
        expected -= inherited
    assert set(said) == expected
    for name in expected:
        field = model.model_fields[name]
        assert (said[name][1] == "required") == field.is_required(), name
        if isinstance(field.default, bool | int | float | str) and field.default != "":
            shown = said[name][1].strip("`")
            plain = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
            assert shown == plain or float(shown) == float(field.default), name


def test_every_kind_is_described_and_every_example_can_be_loaded() -> None:
    examples = re.findall(r"```toml\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    kinds = {load_case(text).case.kind for text in examples}
    assert kinds == set(schema.KINDS)
