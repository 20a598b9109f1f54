"""A park without ground: just devices that speak. For tests of the line from socket to ledger."""

from __future__ import annotations

from shapely.geometry import box

from twin.core.device import CrcMode, Device, Edition, Factor
from twin.core.geometry import Extent, FrameOrigin
from twin.core.origin import Origin
from twin.core.park import Area, Park
from twin.core.text import Text

NAME = Text(zh="小园区", en="Small park")
WIND = (
    Factor(code="a01007", quantity="wind_speed", unit="m/s", low=0.0, high=60.0),
    Factor(code="a01008", quantity="wind_from", unit="deg", low=0.0, high=360.0),
)
HF = (Factor(code="a21018", quantity="conc:hf", unit="mg/m3", low=0.0, high=100.0),)


def mn_of(number: int) -> str:
    """MN of a device of the small park: 24 characters of 0-9 and A-F."""
    return f"5100000000000000000{number:05d}"


def many_factors(count: int) -> tuple[Factor, ...]:
    """Factors of a device that measures so many gases."""
    return tuple(
        Factor(code=f"a{90001 + i}", quantity=f"conc:g{i}", unit="mg/m3", low=0.0, high=100.0)
        for i in range(count)
    )


def device(
    number: int, *, origin: Origin = Origin.SIMULATED, interval_s: float = 5.0, gases: int = 0
) -> Device:
    """Device ``number``: even ones are weather sets, odd ones beams; with ``gases`` all analysers."""
    weather = number % 2 == 0
    return Device(
        mn=mn_of(number),
        sensor_id=f"W{number}" if weather else f"B{number}",
        station_id="S1",
        st="22",
        origin=origin,
        edition=Edition.HJ2017,
        crc_mode=CrcMode.HJ212,
        interval_s=interval_s,
        factors=many_factors(gases) if gases else WIND if weather else HF,
    )


def small_park(devices: int = 4, *, interval_s: float = 5.0, gases: int = 0) -> Park:
    """A park with so many simulated devices and nothing else."""
    return Park(
        id="small",
        name=NAME,
        notice=NAME,
        epsg=4548,
        origin=FrameOrigin(easting_m=0.0, northing_m=0.0, height_m=0.0),
        extent=Extent(x_min_m=0.0, y_min_m=0.0, x_max_m=1.0, y_max_m=1.0),
        convergence_deg=0.0,
        vertical_datum="none",
        utc_offset_h=8.0,
        terrain_is_demonstration=True,
        placement_is_approximate=True,
        vegetation_allowance_m=0.0,
        areas=(Area(id="A", name=NAME, outline=box(0, 0, 1, 1), stated_ha=0.0001),),
        plots=(),
        buildings=(),
        tanks=(),
        units=(),
        roads=(),
        waters=(),
        settlements=(),
        stations=(),
        beams=(),
        wells=(),
        strata=(),
        boreholes=(),
        substances=(),
        thresholds=(),
        devices=tuple(device(number, interval_s=interval_s, gases=gases) for number in range(devices)),
    )
