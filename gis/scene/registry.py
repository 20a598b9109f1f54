"""Device registers: one device per beam, weather set and well, with its number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Row = Mapping[str, object]
WEATHER_INTERVAL_S = 10.0
WELL_INTERVAL_S = 300.0


def device_rows(
    stations: Sequence[Row], beams: Sequence[Row], wells: Sequence[Row], *, origin: str, prefix: str
) -> list[dict[str, object]]:
    """Rows of ``devices.toml``: one device per beam, weather set and well."""
    rows: list[dict[str, object]] = []
    for number, station in enumerate(stations, start=1):
        own = [beam for beam in beams if beam["station_id"] == station["id"]]
        weather = station["weather"]
        met_id = weather["id"] if isinstance(weather, dict) else ""
        met_mn = device_number(prefix, number, "A", 1)
        rows.append(_device(met_mn, met_id, station["id"], "22", origin, WEATHER_INTERVAL_S, "weather"))
        for k, beam in enumerate(own, start=1):
            mn = device_number(prefix, number, "B", k)
            interval_s = max(_number(station["dwell_s"]) * len(own), 5.0)
            rows.append(_device(mn, beam["id"], station["id"], "22", origin, interval_s, "ftir"))
    for k, well in enumerate(wells, start=1):
        index = _nearest(stations, well)
        mn = device_number(prefix, index + 1, "C", k)
        owner = stations[index]["id"]
        rows.append(_device(mn, well["id"], owner, "24", origin, WELL_INTERVAL_S, "well"))
    return rows


def _device(
    mn: str, sensor: object, station: object, st: str, origin: str, interval_s: float, factors: str
) -> dict[str, object]:
    return {
        "mn": mn,
        "sensor_id": sensor,
        "station_id": station,
        "st": st,
        "origin": origin,
        "edition": "2017",
        "crc_mode": "hj212",
        "interval_s": interval_s,
        "factors": factors,
    }


def _nearest(stations: Sequence[Row], well: Row) -> int:
    def apart(index: int) -> float:
        dx = _number(stations[index]["x_m"]) - _number(well["x_m"])
        dy = _number(stations[index]["y_m"]) - _number(well["y_m"])
        return dx * dx + dy * dy

    return min(range(len(stations)), key=apart)


def _number(value: object) -> float:
    return float(str(value))


def device_number(prefix: str, station: int, kind: str, number: int) -> str:
    """MN of 24 characters 0-9A-F: prefix, zeros, station (2), kind (one of A-F), number (3).

    >>> device_number("350423DE", 3, "B", 12)
    '350423DE000000000003B012'
    """
    tail = f"{station:02d}{kind}{number:03d}"
    return prefix.ljust(24 - len(tail), "0") + tail
