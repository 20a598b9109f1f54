"""Byte ports: a serial port or a TCP stream (a serial device server) behind one face.

A serial port is read by the event loop itself; only writing, which may have to wait for the wire, goes
through a thread. Whatever breaks is a ``LineBroken``.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Any, Protocol

from sensors.lines.contract import LineBroken
from twin.core.line import Line, LineKind

_READ_SIZE = 4096
# A port that nobody reads must not fill the memory; no frame is as long as this.
_HELD_MAX = 65_536
_BITS_PER_CHARACTER = 11
# Silence after which a half-duplex wire counts as free: 4 characters, 20 ms at least, because USB
# adapters and operating systems hand bytes over in lumps.
_QUIET_CHARACTERS = 4
_QUIET_LEAST_S = 0.02


class Port(Protocol):
    """A stream of bytes in both directions."""

    async def read(self, timeout_s: float) -> bytes:
        """Bytes that came, empty when none did in time. Raises LineBroken."""
        ...

    async def write(self, data: bytes) -> None:
        """Send; returns when the bytes are with the operating system. Raises LineBroken."""
        ...

    def close(self) -> None:
        """Give the port back."""
        ...


def quiet_s(line: Line) -> float:
    """How long a half-duplex line must be silent before we may speak."""
    return max(_QUIET_LEAST_S, _QUIET_CHARACTERS * _BITS_PER_CHARACTER / line.baud)


async def open_port(line: Line) -> Port:
    """Port of a serial or TCP line. Raises LineBroken."""
    if line.kind is LineKind.TCP_CLIENT:
        return await TcpPort.open(line)
    return await SerialPort.open(line)


class SerialPort:
    """A serial port (pyserial), opened for us alone."""

    def __init__(self, device: Any, line: Line) -> None:
        self._device = device
        self._line = line
        self._fd: int = device.fileno()
        self._held = bytearray()
        self._came = asyncio.Event()
        self._broken = ""
        self._echo = bytearray()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._fd, self._readable)

    @classmethod
    async def open(cls, line: Line) -> SerialPort:
        """Open the port. Raises LineBroken."""
        return cls(await asyncio.to_thread(_open_serial, line), line)

    async def read(self, timeout_s: float) -> bytes:
        """Bytes that came, empty when none did in time. Raises LineBroken."""
        if not self._held and not self._broken:
            self._came.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._came.wait(), timeout_s)
        if not self._held and self._broken:
            raise _broken(self._line, self._broken)
        data = bytes(self._held)
        self._held.clear()
        return self._without_echo(data) if self._echo else data

    async def write(self, data: bytes) -> None:
        """Send. Raises LineBroken."""
        if self._broken:
            raise _broken(self._line, self._broken)
        if self._line.echo:
            self._echo += data
        try:
            await asyncio.to_thread(self._device.write, data)
        except OSError as error:  # serial.SerialException is one
            raise _broken(self._line, str(error)) from None

    def close(self) -> None:
        """Give the port back."""
        self._loop.remove_reader(self._fd)
        with contextlib.suppress(OSError):
            self._device.close()

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, _READ_SIZE)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(error.strerror or str(error))
            return
        if not data:
            self._end("the port has gone")
            return
        self._held += data
        del self._held[:-_HELD_MAX]
        self._came.set()

    def _end(self, why: str) -> None:
        self._broken = why
        self._loop.remove_reader(self._fd)
        self._came.set()

    def _without_echo(self, data: bytes) -> bytes:
        """What came, without our own words; as soon as they differ it is no echo."""
        same = min(len(data), len(self._echo))
        if data[:same] != self._echo[:same]:
            self._echo.clear()
            return data
        del self._echo[:same]
        return data[same:]


class TcpPort:
    """A stream to a serial device server or an instrument that listens."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: Line) -> None:
        self._reader = reader
        self._writer = writer
        self._line = line

    @classmethod
    async def open(cls, line: Line) -> TcpPort:
        """Connect. Raises LineBroken."""
        try:
            async with asyncio.timeout(max(1.0, line.timeout_s)):
                reader, writer = await asyncio.open_connection(line.place, line.port, limit=_HELD_MAX)
        except (OSError, TimeoutError) as error:
            raise _broken(line, str(error) or "no connection in time") from None
        return cls(reader, writer, line)

    async def read(self, timeout_s: float) -> bytes:
        """Bytes that came, empty when none did in time. Raises LineBroken."""
        try:
            data = await asyncio.wait_for(self._reader.read(_READ_SIZE), timeout_s)
        except TimeoutError:
            return b""
        except OSError as error:
            raise _broken(self._line, str(error)) from None
        if not data:
            raise _broken(self._line, "the other side has closed the connection")
        return data

    async def write(self, data: bytes) -> None:
        """Send. Raises LineBroken."""
        try:
            self._writer.write(data)
            await asyncio.wait_for(self._writer.drain(), max(1.0, self._line.timeout_s))
        except (OSError, TimeoutError) as error:
            raise _broken(self._line, str(error) or "the other side does not read") from None

    def close(self) -> None:
        """Hang up."""
        self._writer.transport.abort()


def _open_serial(line: Line) -> Any:
    import serial
    from serial.rs485 import RS485Settings

    try:
        device = serial.Serial(
            port=line.place,
            baudrate=line.baud,
            bytesize=line.data_bits,
            parity=line.parity,
            stopbits=line.stop_bits,
            timeout=0,
            write_timeout=max(1.0, line.timeout_s),
            exclusive=True,
        )
        if line.rs485:
            device.rs485_mode = RS485Settings()
    except (OSError, ValueError) as error:
        raise _broken(line, str(error)) from None
    return device


def _broken(line: Line, why: str) -> LineBroken:
    return LineBroken(
        f"line {line.id} ({line.place}): {why}",
        message_zh=f"线路 {line.id}（{line.place}）中断：{why}",
        field="line",
        value=line.id,
    )
