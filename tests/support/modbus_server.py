"""A real Modbus server (pymodbus) on loopback or on a serial port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


def sim_device(
    unit: int, registers: dict[int, list[int]], bits: dict[int, list[bool]] | None = None
) -> SimDevice:
    """A device whose holding and input registers are the same; other addresses answer with exception 2."""
    words = [
        SimData(at, values=list(values), datatype=DataType.REGISTERS) for at, values in registers.items()
    ]
    coils = [
        SimData(at, values=list(v), datatype=DataType.BITS) for at, v in (bits or {0: [False] * 16}).items()
    ]
    return SimDevice(id=unit, simdata=(coils, coils, words, words))


@asynccontextmanager
async def tcp_server(*devices: SimDevice, port: int = 0) -> AsyncIterator[int]:
    """The port that it listens on."""
    server = ModbusTcpServer(list(devices), address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    try:
        yield server.transport.sockets[0].getsockname()[1]
    finally:
        await server.shutdown()


@asynccontextmanager
async def rtu_server(port: str, *devices: SimDevice) -> AsyncIterator[None]:
    """A server on a serial port that answers for its own units only."""
    server = ModbusSerialServer(
        list(devices), framer=FramerType.RTU, port=port, baudrate=115_200, ignore_missing_devices=True
    )
    await server.serve_forever(background=True)
    try:
        yield
    finally:
        await server.shutdown()
