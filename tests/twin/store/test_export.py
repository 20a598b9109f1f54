"""Every format, read back by a library that had no part in writing it, equals what the reader says."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.support.arrivals import arrival, value
from twin.core.clock import from_datetime, to_datetime
from twin.core.errors import BadRequestError, NotFoundError
from twin.core.observation import Check, Mark
from twin.core.units import from_si
from twin.store.engine import sqlite_url
from twin.store.export.formats import FORMATS, export
from twin.store.export.gather import About, Plan, check_names, file_name
from twin.store.export.netcdf_file import FILL, standard_name
from twin.store.ledger import Batch, Ledger
from twin.store.reader import LedgerReader
from twin.store.rows import Step

T0_MS = 1_795_300_000_000 // 3_600_000 * 3_600_000
SPEED, GAS, TEMPERATURE = "W1/wind_speed", "B1/conc:nh3", "W1/air_temperature"
KEYS = (SPEED, GAS, TEMPERATURE)
ABOUT = About(park_zh="=小园区", park_en="Small park", utc_offset_h=8.0, made_ms=T0_MS)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[LedgerReader]:
    url = sqlite_url(tmp_path / "ledger.sqlite")
    with closing(Ledger(url)) as ledger:
        for i in range(130):
            time_ms = T0_MS + i * 60_000 + 123
            number = None if i % 9 == 4 else 0.1 + i / 7
            rows = [
                value(time_ms, number, checks=Check.RATE | Check.LATE if i % 10 == 3 else Check.NONE),
                value(time_ms, 1e-6 * (i % 13) / 3, sensor="B1", quantity="conc:nh3"),
            ]
            if i % 2:
                mark = Mark.CALIBRATION if i % 5 == 1 else Mark.NORMAL
                rows.append(value(time_ms, 280.0 + i / 100, quantity="air_temperature", mark=mark))
            frame = arrival(str(i), *rows, received_ms=time_ms + (3_600_000 if i == 7 else 900))
            ledger.write(Batch(arrivals=[frame]), T0_MS)
        ledger.write(
            Batch(arrivals=[arrival("x", value(T0_MS + 123, 42.0), received_ms=T0_MS + 10**7)]), T0_MS
        )
    with closing(LedgerReader(url)) as made:
        yield made


def plan_of(step: Step | None = None, **changes: object) -> Plan:
    return Plan(
        **{"series": KEYS, "from_ms": T0_MS, "to_ms": T0_MS + 10**7, "step": step, **changes}  # type: ignore[arg-type]
    )


def made(reader: LedgerReader, plan: Plan, kind: str, tmp_path: Path) -> Path:
    target = tmp_path / f"out{FORMATS[kind].suffix}"
    rows = export(reader, plan, kind, ABOUT, target)
    assert rows > 0
    assert sorted(path.name for path in tmp_path.glob("*out*")) == [target.name], "no draft stays"
    return target


def raw_rows(reader: LedgerReader, plan: Plan) -> list[tuple[object, ...]]:
    """What the reader says, as a plain list."""
    return [
        (
            *(key, row.time_ms, row.value, row.quality.value, row.mark.value, int(row.checks)),
            *(row.version, row.received_ms, row.origin.value),
        )
        for key in plan.series
        for row in reader.series(key, plan.from_ms, plan.to_ms)
    ]


def test_csv_read_by_pandas_and_by_hand(reader: LedgerReader, tmp_path: Path) -> None:
    import pandas as pd

    path = made(reader, plan_of(), "csv", tmp_path)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = [
        (
            *(r["series"], int(r["time_ms"]), float(r["value"]) if r["value"] else None, r["quality"]),
            *(r["mark"], int(r["checks"]), int(r["version"]), int(r["received_ms"]), r["origin"]),
        )
        for r in rows
    ]
    assert found == raw_rows(reader, plan_of())
    assert {r["series"]: r["unit"] for r in rows} == {SPEED: "m/s", GAS: "kg/m3", TEMPERATURE: "K"}
    assert {r["check_names"] for r in rows} == {"", "LATE|RATE"}
    for r in rows:
        for name in ("time", "received"):
            assert from_datetime(datetime.fromisoformat(r[name])) == int(r[f"{name}_ms"])
    late = next(r for r in rows if r["series"] == GAS and int(r["time_ms"]) == T0_MS + 7 * 60_000 + 123)
    assert int(late["received_ms"]) - int(late["time_ms"]) == 3_600_000, "late data do not look punctual"
    table = pd.read_csv(path)
    assert table.value.isna().sum() == sum(row[2] is None for row in found)


def test_parquet_read_by_pandas(reader: LedgerReader, tmp_path: Path) -> None:
    import pandas as pd
    import pyarrow.parquet as pq

    path = made(reader, plan_of(), "parquet", tmp_path)
    table = pd.read_parquet(path)
    found = [
        (
            *(r.series, r.time.value // 10**6, None if math.isnan(r.value) else r.value, r.quality, r.mark),
            *(r.checks, r.version, r.received.value // 10**6, r.origin),
        )
        for r in table.itertuples()
    ]
    assert found == raw_rows(reader, plan_of())
    assert str(table.time.dt.tz) == "UTC"
    about = pq.read_schema(path).metadata
    assert about[b"park"] == b"Small park"
    assert about[b"step"] == b"raw"


def test_excel_read_by_openpyxl(reader: LedgerReader, tmp_path: Path) -> None:
    from openpyxl import load_workbook

    path = made(reader, plan_of(), "xlsx", tmp_path)
    book = load_workbook(path, read_only=True)
    cover = [
        [cell for cell in row if cell is not None] for row in book.worksheets[0].iter_rows(values_only=True)
    ]
    assert cover[0] == ["园区 park", "=小园区", "Small park"], "a name is never a formula"
    assert {row[0]: row[2:] for row in cover if row and row[0] in KEYS} == {
        SPEED: ["m/s", "模拟 simulated"],
        GAS: ["kg/m3", "模拟 simulated"],
        TEMPERATURE: ["K", "模拟 simulated"],
    }
    rows = list(book.worksheets[1].iter_rows(min_row=2, values_only=True))
    found = []
    for r in rows:
        key, local, time_ms, _, number, _, quality, mark, names, version, received, received_ms, origin = r
        found.append((key, time_ms, number, quality, mark, names or "", version, received_ms, origin))
        for moment, exact in ((local, time_ms), (received, received_ms)):
            told = from_datetime((moment - timedelta(hours=8)).replace(tzinfo=UTC))
            assert abs(told - exact) <= 1
    wanted = [(*r[:5], check_names(r[5]), *r[6:]) for r in raw_rows(reader, plan_of())]  # type: ignore[arg-type]
    # A workbook keeps 16 digits of a number.
    assert [(*r[:2], *r[3:]) for r in found] == [(*r[:2], *r[3:]) for r in wanted]
    missing = math.nan
    numbers = [[missing if r[2] is None else r[2] for r in rows] for rows in (found, wanted)]
    assert numbers[0] == pytest.approx(numbers[1], rel=1e-15, nan_ok=True)
    book.close()


def test_a_workbook_goes_on_in_another_sheet(
    reader: LedgerReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from openpyxl import load_workbook

    monkeypatch.setattr("twin.store.export.xlsx_file.SHEET_ROWS", 101)
    book = load_workbook(made(reader, plan_of(), "xlsx", tmp_path), read_only=True)
    sizes = [len(list(sheet.iter_rows(min_row=2))) for sheet in book.worksheets[1:]]
    assert sum(sizes) == len(raw_rows(reader, plan_of()))
    assert max(sizes) == 100
    book.close()


def test_netcdf_read_by_xarray(reader: LedgerReader, tmp_path: Path) -> None:
    import xarray as xr

    path = made(reader, plan_of(), "netcdf", tmp_path)
    with xr.open_dataset(path) as file:
        assert file.attrs["Conventions"] == "CF-1.11"
        for key in KEYS:
            (name,) = [n for n in file.data_vars if file[n].attrs.get("series_key") == key]
            variable = file[name]
            wanted = reader.series(key, T0_MS, T0_MS + 10**7)
            there = file[f"{name}_received"].notnull().values
            times = (file.time.values[there].astype("datetime64[ms]").astype(np.int64)).tolist()
            assert times == [row.time_ms for row in wanted]
            numbers = [None if math.isnan(v) else v for v in variable.values[there]]
            assert numbers == [row.value for row in wanted]
            qualities = file[f"{name}_quality"]
            meanings = qualities.attrs["flag_meanings"].split()
            assert [meanings[int(i)] for i in qualities.values[there]] == [
                row.quality.value for row in wanted
            ]
            marks = [Mark[m.upper()] for m in file[f"{name}_mark"].attrs["flag_meanings"].split()]
            assert [marks[int(i)] for i in file[f"{name}_mark"].values[there]] == [row.mark for row in wanted]
            assert file[f"{name}_checks"].values[there].tolist() == [int(row.checks) for row in wanted]
            assert file[f"{name}_version"].values[there].tolist() == [row.version for row in wanted]
            received = file[f"{name}_received"].values[there].astype("datetime64[ms]").astype(np.int64)
            assert received.tolist() == [row.received_ms for row in wanted]
            assert variable.attrs["origin"] == "simulated"
            assert set(variable.attrs["ancillary_variables"].split()) <= set(file.data_vars)
            assert variable.attrs["cell_methods"] == "time: point"
        assert file["W1_wind_speed"].attrs["units"] == "m s-1"
        assert file["B1_conc_nh3"].attrs["standard_name"] == "mass_concentration_of_ammonia_in_air"


def test_netcdf_keeps_the_rules_of_cf(reader: LedgerReader, tmp_path: Path) -> None:
    """What the conventions ask of such a file, clause by clause."""
    import re

    from netCDF4 import Dataset

    known = re.compile(r"(kg m-3|m s-1|K|1|milliseconds( since 1970-01-01 00:00:00)?)")
    with Dataset(made(reader, plan_of(), "netcdf", tmp_path)) as file:
        time = file["time"]
        assert (time.standard_name, time.calendar, time.axis) == ("time", "standard", "T")  # 4.4
        assert (np.diff(time[:]) > 0).all()  # a coordinate variable is monotonic, 1.3
        for name, variable in file.variables.items():
            assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name)  # 2.3
            if "flag_meanings" in variable.ncattrs():  # 3.5
                flags = variable.flag_values if "flag_values" in variable.ncattrs() else variable.flag_masks
                assert flags.dtype == variable.dtype
                assert len(flags) == len(variable.flag_meanings.split())
            elif name != "time":
                assert known.fullmatch(variable.units)  # 3.1
            if name != "time":
                assert variable.dimensions == ("time",)
                assert "_FillValue" in variable.ncattrs()  # 2.5.1
        file["W1_wind_speed"].set_auto_mask(False)
        assert FILL in file["W1_wind_speed"][:]


@pytest.mark.parametrize("step", list(Step))
def test_means_are_those_of_the_roll_ups(reader: LedgerReader, tmp_path: Path, step: Step) -> None:
    import pandas as pd
    import xarray as xr

    plan = plan_of(step, from_ms=T0_MS - 40 * 86_400_000)
    wanted = [
        (key, row.start_ms, row.mean, row.count, row.low, row.high)
        for key in KEYS
        for row in reader.rollup(key, step, plan.from_ms, plan.to_ms)
    ]
    assert wanted
    table = pd.read_parquet(made(reader, plan, "parquet", tmp_path)).astype(object)
    table = table.where(table.notna(), None)
    assert [
        (r.series, r.time.value // 10**6, r.value, r.count_, r.low, r.high)
        for r in table.rename(columns={"count": "count_"}).itertuples()
    ] == wanted
    (tmp_path / "csv").mkdir()
    lines = pd.read_csv(made(reader, plan, "csv", tmp_path / "csv"))
    assert lines["count"].tolist() == [row[3] for row in wanted]
    (tmp_path / "nc").mkdir()
    with xr.open_dataset(made(reader, plan, "netcdf", tmp_path / "nc")) as file:
        speeds = [row[2] for row in wanted if row[0] == SPEED]
        found = file["W1_wind_speed"].dropna("time")
        assert found.values.tolist() == [v for v in speeds if v is not None]
        assert found.attrs["cell_methods"] == "time: mean"


def test_units_of_people(reader: LedgerReader, tmp_path: Path) -> None:
    import pandas as pd

    table = pd.read_csv(made(reader, plan_of(units="display"), "csv", tmp_path))
    assert dict(zip(table.series, table.unit, strict=True)) == {
        SPEED: "m/s",
        GAS: "mg/m3",
        TEMPERATURE: "degC",
    }
    wanted = [from_si(row.value or 0.0, "mg/m3") for row in reader.series(GAS, T0_MS, T0_MS + 10**7)]
    assert table[table.series == GAS].value.tolist() == wanted


@pytest.mark.parametrize("kind", FORMATS)
def test_what_cannot_be_exported_leaves_no_file(reader: LedgerReader, tmp_path: Path, kind: str) -> None:
    target = tmp_path / "none"
    with pytest.raises(NotFoundError, match="W9/none"):
        export(reader, plan_of(series=("W9/none",)), kind, ABOUT, target)
    with pytest.raises(BadRequestError, match="not before"):
        export(reader, plan_of(to_ms=T0_MS), kind, ABOUT, target)
    with pytest.raises(BadRequestError, match="more than 100 rows"):
        export(reader, plan_of(), kind, ABOUT, target, rows_max=100)
    with pytest.raises(BadRequestError, match="unknown"):
        export(reader, plan_of(), "pdf", ABOUT, target)
    assert not list(tmp_path.glob("*none*"))


@pytest.mark.parametrize("kind", FORMATS)
def test_an_empty_span_gives_a_whole_file_without_rows(
    reader: LedgerReader, tmp_path: Path, kind: str
) -> None:
    target = tmp_path / f"empty{FORMATS[kind].suffix}"
    far = T0_MS + 10**10
    assert export(reader, plan_of(from_ms=far, to_ms=far + 1), kind, ABOUT, target) == 0
    assert target.stat().st_size > 0


def test_names() -> None:
    assert file_name(plan_of(), ".csv").startswith(f"park-twin_{to_datetime(T0_MS):%Y%m%dT%H%M}_")
    assert standard_name("conc:hf") is None, "the CF table has no hydrogen fluoride"
