"""``docs/case-files-water.md`` says of every field what the schema says: name, default, dimension."""

from __future__ import annotations

import re
import typing
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from models.casefiles.strict import Strict
from models.water.case import dims, schema, schema_column, schema_ground, schema_stress, schema_tracks
from models.water.case import schema_measures as remedies
from models.water.case import schema_transport as cargo
from models.water.case import schema_values as values
from models.water.case.dims import OWN, Dim
from models.water.case.kinds import KINDS
from models.water.case.load import load_case

DOC = Path(__file__).resolve().parents[4] / "docs" / "case-files-water.md"
# Heading, model, and the models whose fields stand elsewhere.
TABLES: list[tuple[str, type[Strict], tuple[type[Strict], ...]]] = [
    ("## Every case", schema.Head, ()),
    ("### `[units]`", dims.UnitsTable, ()),
    ("### `[run]`", schema.RunTable, ()),
    ("### `[output]`", schema.OutputTable, ()),
    ("### `[[observed]]`", schema.ObservedRow, ()),
    ('## kind = "flow"', schema.FlowCase, (schema.Head,)),
    ("### `[grid]`", schema_ground.GridTable, ()),
    ("### rows of `dx` and `dy`", values.WidthRow, ()),
    ("### `[medium]`", schema_ground.MediumTable, ()),
    ("### an array as a table", values.ArrayTable, ()),
    ("### rows of `patch`", values.PatchRow, ()),
    ("### `[[period]]`", schema_ground.PeriodRow, ()),
    ("### places: `[[chd]]` and all rows of cells", schema_stress.ChdRow, ()),
    ("### `[[wel]]`", schema_stress.WelRow, (schema_stress.CellRow,)),
    ("### `[[riv]]`", schema_stress.RivRow, (schema_stress.CellRow,)),
    ("### `[[drn]]`", schema_stress.DrnRow, (schema_stress.CellRow,)),
    ("### `[[ghb]]`", schema_stress.GhbRow, (schema_stress.CellRow,)),
    ("### `[[rch]]`", schema_stress.RchRow, ()),
    ("### `[[evt]]`", schema_stress.EvtRow, ()),
    ("### `[[hfb]]`", schema_stress.HfbRow, ()),
    ("### `[[point]]`", schema.PointRow, ()),
    ("### `[[profile]]`", schema.ProfileRow, ()),
    ('## kind = "transport"', schema.TransportCase, (schema.FlowCase,)),
    ("### `[uniform_flow]`", schema_ground.UniformFlowTable, ()),
    ("### `[transport]`", cargo.TransportTable, ()),
    ("### `[[species]]`", cargo.SpeciesRow, ()),
    ("### `[species.sorption]`", cargo.SorptionTable, ()),
    ("### `[species.dual]`", cargo.DualTable, ()),
    ("### `[[mass_source]]`", cargo.MassRow, (values.Place,)),
    ("### `[[fixed_conc]]`", cargo.ConcRow, (values.Place,)),
    ("### `[[measure]]`", remedies.MeasureRow, ()),
    ("### `[compare]`", remedies.CompareTable, ()),
    ('## kind = "tracks"', schema_tracks.TracksCase, (schema.FlowCase,)),
    ("### `[[particle]]`", schema_tracks.ParticleRow, (values.Place,)),
    ("### `[tracking]`", schema_tracks.TrackingTable, ()),
    ('## kind = "column"', schema_column.ColumnCase, (schema.Head,)),
    ("### `[[soil]]`", schema_column.SoilRow, ()),
    ("### `[[top]]`", schema_column.TopRow, ()),
    ("### `[bottom]`", schema_column.BottomTable, ()),
    ("### `[[solute]]`", schema_column.SoluteRow, ()),
    ("### `[[depth]]`", schema_column.DepthRow, ()),
]


def rows(heading: str) -> dict[str, tuple[str, str, str]]:
    """Cells of the table below a heading, by field."""
    body = DOC.read_text(encoding="utf-8").split(f"\n{heading}\n")[1]
    body = re.split(r"\n##+ ", body)[0]
    found = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \| (.*?) \|$", body, re.MULTILINE)
    return {name: (kind, default, meaning) for name, kind, default, meaning in found}


def dim_of(field: FieldInfo) -> str | None:
    """Dimension that a field's annotation states."""

    def walk(kind: object) -> str | None:
        marks = [m.text for m in getattr(kind, "__metadata__", ()) if isinstance(m, Dim)]
        below = (walk(part) for part in typing.get_args(kind))
        return marks[0] if marks else next((found for found in below if found), None)

    own = [m.text for m in field.metadata if isinstance(m, Dim)]
    return own[0] if own else walk(field.annotation)


@pytest.mark.parametrize(("heading", "model", "elsewhere"), TABLES, ids=[row[0] for row in TABLES])
def test_every_field_stands_in_the_document_and_nothing_else(
    heading: str, model: type[Strict], elsewhere: tuple[type[Strict], ...]
) -> None:
    said = rows(heading)
    expected = set(model.model_fields) - {name for base in elsewhere for name in base.model_fields} - {"kind"}
    if "kind" in model.model_fields and not issubclass(model, schema.Head):
        expected.add("kind")
    assert set(said) == expected
    for name in expected:
        field = model.model_fields[name]
        kind, default, meaning = said[name]
        assert (default == "required") == field.is_required(), name
        assert len(meaning) > 3, name
        dim = dim_of(field)
        assert kind.endswith(f", {dim}") or dim in (None, "1", OWN), (name, kind, dim)
        if isinstance(field.default, bool | int | float | str) and field.default != "":
            shown = default.strip("`")
            plain = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
            assert shown == plain or float(shown) == float(field.default), name


def test_every_table_of_the_schema_is_described() -> None:
    modules = (
        dims,
        schema,
        schema_column,
        schema_ground,
        schema_stress,
        schema_tracks,
        cargo,
        remedies,
        values,
    )
    described = {model for _, model, _ in TABLES}
    described |= {base for model in described for base in model.__mro__}
    found = {
        kind
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Strict) and kind is not Strict
    }
    assert {kind.__name__ for kind in found - described} == set()


def test_every_kind_is_described_and_every_example_can_be_loaded() -> None:
    examples = re.findall(r"```toml\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    assert {load_case(text).case.kind for text in examples} == set(KINDS)
