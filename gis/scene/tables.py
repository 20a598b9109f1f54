"""Reading the TOML and CSV files of a scene into their models, noting every problem."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from gis.scene.groundwater import WATER_FILE, WaterFile
from gis.scene.judging import CONDITIONS_FILE, RULES_FILE, ConditionsFile, RulesFile
from gis.scene.problems import Problems
from gis.scene.rows import BoreholeRow, ChemicalRow, ThresholdRow
from gis.scene.schema import (
    BeamsFile,
    DevicesFile,
    LinesFile,
    ParkFile,
    StationsFile,
    StrataFile,
    StratumRow,
    WellsFile,
)

LINES_FILE = "lines.toml"
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoleRow:
    """A borehole: its fixed columns and the thickness of each stratum (None: not reached)."""

    fixed: BoreholeRow
    thickness_m: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """All files of a scene but the drawn layers; None where a file could not be used."""

    park: ParkFile | None
    stations: StationsFile
    beams: BeamsFile
    wells: WellsFile
    strata: StrataFile
    devices: DevicesFile
    chemicals: tuple[ChemicalRow, ...]
    thresholds: tuple[ThresholdRow, ...]
    holes: tuple[HoleRow, ...]
    lines: LinesFile
    rules: RulesFile
    conditions: ConditionsFile
    water: WaterFile | None = None


def read_tables(folder: Path, problems: Problems) -> Tables:
    """Read every TOML and CSV file of ``folder``."""
    strata = read_toml(folder / "strata.toml", StrataFile, problems) or StrataFile(strata=[])
    devices = read_toml(folder / "devices.toml", DevicesFile, problems)
    return Tables(
        park=read_toml(folder / "park.toml", ParkFile, problems),
        stations=read_toml(folder / "stations.toml", StationsFile, problems) or StationsFile(stations=[]),
        beams=read_toml(folder / "beams.toml", BeamsFile, problems) or BeamsFile(beams=[]),
        wells=read_toml(folder / "wells.toml", WellsFile, problems) or WellsFile(wells=[]),
        strata=strata,
        devices=devices or DevicesFile(factor_sets={}, devices=[]),
        chemicals=read_csv(folder / "chemicals.csv", ChemicalRow, problems),
        thresholds=read_csv(folder / "thresholds.csv", ThresholdRow, problems),
        holes=read_holes(folder / "boreholes.csv", strata.strata, problems),
        lines=_lines(folder / LINES_FILE, problems),
        rules=_optional(folder / RULES_FILE, RulesFile, problems),
        conditions=_optional(folder / CONDITIONS_FILE, ConditionsFile, problems),
        water=_water(folder / WATER_FILE, problems),
    )


def _lines(path: Path, problems: Problems) -> LinesFile:
    if not path.exists():
        return LinesFile(lines=[])
    return read_toml(path, LinesFile, problems) or LinesFile(lines=[])


def _water(path: Path, problems: Problems) -> WaterFile | None:
    return read_toml(path, WaterFile, problems) if path.exists() else None


def _optional(path: Path, model: type[Model], problems: Problems) -> Model:
    """Model of a file that may be absent."""
    found = read_toml(path, model, problems) if path.exists() else None
    return found or model()


def read_toml(path: Path, model: type[Model], problems: Problems) -> Model | None:
    """Model of a TOML file, or None after noting why there is none.

    A row that breaks a rule is named by its id; the other rows' problems are noted as well.
    """
    text = _text(path, problems)
    if text is None:
        return None
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problems.add(path.name, "text", str(error), "TOML", " TOML 文本")
        return None
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems.add_invalid(path.name, "", error, named=values)
        return None


def read_csv(path: Path, model: type[Model], problems: Problems) -> tuple[Model, ...]:
    """Rows of a CSV file (UTF-8, header line); an empty cell counts as absent."""
    rows = []
    for line, cells in _cells(path, set(model.model_fields), problems):
        row = _csv_row(path.name, line, model, cells, problems)
        if row is not None:
            rows.append(row)
    return tuple(rows)


def read_holes(path: Path, strata: list[StratumRow], problems: Problems) -> tuple[HoleRow, ...]:
    """Boreholes: fixed columns, then one column ``<stratum id>`` per stratum with its thickness."""
    names = [row.id for row in strata]
    fixed_names = set(BoreholeRow.model_fields)
    holes = []
    for line, cells in _cells(path, fixed_names | set(names), problems):
        fixed = {key: value for key, value in cells.items() if key in fixed_names}
        row = _csv_row(path.name, line, BoreholeRow, fixed, problems)
        where = f"line {line} ({cells.get('id', '?')})"
        thickness = tuple(_thickness(path.name, where, name, cells.get(name), problems) for name in names)
        if row is not None:
            holes.append(HoleRow(fixed=row, thickness_m=thickness))
    return tuple(holes)


def _thickness(file: str, where: str, name: str, cell: str | None, problems: Problems) -> float | None:
    if cell is None:
        return None
    try:
        value = float(cell)
    except ValueError:
        value = float("nan")
    if not 0 <= value < 10_000:
        problems.add(
            file,
            f"{where}, {name}",
            cell,
            "a thickness of 0 m or more, or nothing",
            "不小于 0 的厚度，或留空",
        )
        return None
    return value


def _csv_row(
    file: str, line: int, model: type[Model], cells: dict[str, str], problems: Problems
) -> Model | None:
    try:
        return model.model_validate_strings(cells)
    except ValidationError as error:
        problems.add_invalid(file, f"line {line} ({cells.get('id', '?')})", error)
        return None


def _cells(path: Path, columns: set[str], problems: Problems) -> list[tuple[int, dict[str, str]]]:
    text = _text(path, problems)
    if text is None:
        return []
    reader = csv.DictReader(text.splitlines(), restkey="")
    header = list(reader.fieldnames or [])
    for name in header:
        if name not in columns:
            expected = ", ".join(sorted(columns))
            problems.add(path.name, "column", name, f"one of {expected}", f" {expected} 之一")
    rows = []
    for cells in reader:
        if cells.pop("", None):
            problems.add(
                path.name,
                f"line {reader.line_num}",
                "more cells",
                "as many cells as columns",
                "与表头一样多的格",
            )
        kept = {key: value.strip() for key, value in cells.items() if key in columns and value}
        rows.append((reader.line_num, {key: value for key, value in kept.items() if value}))
    return rows


def _text(path: Path, problems: Problems) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        problems.add(path.name, "file", None, f"a file {path.name}", f"文件 {path.name}")
    except (OSError, UnicodeDecodeError) as error:
        problems.add(path.name, "file", str(error), "readable UTF-8 text", "可读的 UTF-8 文本")
    return None
