"""A park imported from real files, and real frames of other places that are played into it.

Three instruments of public logs (``valid_real`` of the conformance set) take the places of three
imported devices, registered as exercise, under their own MN and codes.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.whole_park import ROOT

SHARED = ROOT.parent / "shared" / "data"
DEM = SHARED / "geo" / "andorra" / "N42E001.hgt.zip"
OSM = SHARED / "geo" / "andorra" / "andorra.osm.pbf"
FRAMES = SHARED / "sensing" / "hj212_frames.json"
# The waste-water works of La Farga is the only industrial land of the extract; the window goes
# from there up the valley to the capital.
CENTRE, SIZE_M = "1.504,42.4705", "7600,9400"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A real device and the imported sensor whose part it plays; factor rows are
    (code, quantity, unit). ``case`` is the frame of the conformance set.
    """

    case: str
    mn: str
    sensor: str
    factors: tuple[tuple[str, str, str], ...]


# Units are not on the wire: these fit the sizes of the numbers. The second station sends
# temperature, humidity and pressure under a21001 to a21003, which the standard gives to gases.
PARTS = (
    Part(
        case="real-flash-1",
        mn="JLYP01_AIR01_0001",
        sensor="ST1-MET",
        factors=(
            ("a01007", "wind_speed", "m/s"),
            ("a01008", "wind_from", "deg"),
            ("a01001", "air_temperature", "degC"),
            ("a01002", "relative_humidity", "%"),
            ("a01006", "air_pressure", "kPa"),
            ("a21026", "conc:so2", "ug/m3"),
            ("a21004", "conc:no2", "ug/m3"),
            ("a21005", "conc:co", "mg/m3"),
        ),
    ),
    Part(
        case="real-guocay-1",
        mn="Y80110010000010",
        sensor="ST2-MET",
        factors=(
            ("a21001", "air_temperature", "degC"),
            ("a21002", "relative_humidity", "%"),
            ("a21003", "air_pressure", "kPa"),
            ("a21005", "conc:co", "mg/m3"),
        ),
    ),
    Part(
        case="real-libem-2",
        mn="JSRCTD000YD107",
        sensor="ST4-B01",
        factors=(
            ("a21026", "conc:so2", "ug/m3"),
            ("a21004", "conc:no2", "ug/m3"),
            ("a21005", "conc:co", "mg/m3"),
        ),
    ),
)


def park_twin(
    *arguments: str, timeout_s: float = 120.0, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    return subprocess.run(
        [sys.executable, "-m", "web.cli", *arguments],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
    )


def import_andorra(folder: Path) -> Path:
    """Import the park by the command; skips the test where the shared data are not there."""
    for path in (DEM, OSM, FRAMES):
        if not path.is_file():
            pytest.skip(f"{path} is not there: shared data are needed for the second park")
    done = park_twin(
        "scene", "import", "andorra", "--into", str(folder),
        "--dem", str(DEM), "--osm", str(OSM), "--centre", CENTRE, "--size", SIZE_M,
        "--utc-offset-h", "1", "--origin", "exercise",
        "--name-zh", "安道尔拉法尔加", "--name-en", "La Farga, Andorra",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


def cast_parts(scene: Path) -> None:
    """Register the real devices in place of the imported ones whose parts they play."""
    path = scene / "devices.toml"
    head, *devices = path.read_text(encoding="utf-8").split("[[devices]]\n")
    for part in PARTS:
        name = f"field-{part.case}"
        rows = "\n".join(f'  {{ code = "{c}", quantity = "{q}", unit = "{u}" }},' for c, q, u in part.factors)
        head = head.rstrip() + f"\n{name} = [\n{rows}\n]\n\n"
        devices = [_played(text, part, name) for text in devices]
    path.write_text("[[devices]]\n".join([head, *devices]), encoding="utf-8")


def _played(text: str, part: Part, factors: str) -> str:
    if f'sensor_id = "{part.sensor}"\n' not in text:
        return text
    told = {"mn": f'"{part.mn}"\nmn_outside_standard = true', "factors": f'"{factors}"'}
    lines = [line.split(" = ")[0] for line in text.splitlines()]
    values = [line.partition(" = ")[2] for line in text.splitlines()]
    pairs = zip(lines, values, strict=True)
    return "\n".join(f"{key} = {told.get(key, value)}" if key else "" for key, value in pairs) + "\n"


def allow_recorded_passwords(data_dir: Path) -> None:
    """The devices of the log send PW=123456; the others get passwords of their own at the start."""
    data_dir.mkdir(parents=True, exist_ok=True)
    lines = [f'"{part.mn}" = "123456"\n' for part in PARTS]
    (data_dir / "passwords.toml").write_text("".join(lines), encoding="utf-8")


def write_log(path: Path) -> list[str]:
    """All real frames as a text log, one on a line; returns the ids of their cases."""
    cases: list[dict[str, Any]] = json.loads(FRAMES.read_text(encoding="utf-8"))["cases"]
    real = [case for case in cases if case["class"] == "valid_real"]
    with path.open("wb") as file:
        for case in real:
            body = b"".join(
                chunk["text"].encode() if "text" in chunk else base64.b64decode(chunk["b64"])
                for chunk in case["chunks"]
            )
            file.write(body.rstrip(b"\r\n") + b"\r\n")
    return [case["id"] for case in real]
