"""Modbus RTU and TCP: every device is asked for its factors' registers, again and again.

What one poll gave is one frame (``sensors.modbus.poll``). A question that was not answered, or answered
with an exception, is in it as such: its factors then have observations without value, never the value
of before. A device that answers nothing at all leaves one frame that says so and is offline after it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from sensors.contract import LineEventKind
from sensors.lines.contract import LineBroken, Wire, frame_of
from sensors.modbus.codes import BITS, Block, Code, code_of, plan, single
from sensors.modbus.poll import TIMEOUT, Poll, segment_of
from twin.core.device import Device
from twin.core.errors import BadRequestError, StoreError
from twin.core.line import Line, LineKind

if TYPE_CHECKING:
    from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient

_FIRST_UNIT = 1
_BROKEN_AFTER = 3
_NO_SUCH_ADDRESS = "2"


async def run_modbus(line: Line, devices: tuple[Device, ...], wire: Wire, stop: asyncio.Event) -> None:
    """Poll until ``stop``. Raises LineBroken when the port is gone or cannot be had."""
    client = _client(line)
    try:
        if not await client.connect():
            raise _broken(line, "no connection")
        wire.opened()
        await _Poller(line, devices, wire, client).run(stop)
    finally:
        client.close()


class _Poller:
    """One connection to a bus."""

    def __init__(self, line: Line, devices: tuple[Device, ...], wire: Wire, client: Any) -> None:
        self._line = line
        self._wire = wire
        self._client: AsyncModbusTcpClient | AsyncModbusSerialClient = client
        self._codes = {row.mn: _codes(row) for row in devices}
        self._plans = {mn: plan(codes) for mn, codes in self._codes.items()}
        self._devices = devices
        self._silent_rounds = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Ask every device, then rest."""
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            next_s = loop.time() + self._line.poll_s
            answered = [await self._poll(device) for device in self._devices if not stop.is_set()]
            self._silent_rounds = 0 if any(answered) else self._silent_rounds + 1
            if self._silent_rounds >= _BROKEN_AFTER or not self._client.connected:
                raise _broken(self._line, "nobody answers")
            try:
                await asyncio.wait_for(stop.wait(), max(0.0, next_s - loop.time()))
            except TimeoutError:
                continue

    async def _poll(self, device: Device) -> bool:
        """Ask one device and store what it said; whether it said anything."""
        unit = int(self._line.member(device.mn).address or _FIRST_UNIT)
        answers: dict[Block, tuple[int, ...] | str] = {}
        for block in self._plans[device.mn]:
            answers |= await self._answers(device, unit, block)
        now_ms = self._wire.clock.now_ms()
        poll = Poll(unit=unit, time_ms=now_ms, answers=answers)
        if not poll.silent:
            self._wire.heard(device.mn)
        elif device.mn not in self._wire.present:
            return False
        frame = frame_of(device, segment_of(poll), received_ms=now_ms, peer=self._wire.peer)
        try:
            await self._wire.sink.accept(frame)
        except StoreError as error:
            self._wire.event(LineEventKind.STORE_FAILED, error.message, mn=device.mn)
        if poll.silent:
            self._wire.lost(device.mn)
        return not poll.silent

    async def _answers(self, device: Device, unit: int, block: Block) -> dict[Block, tuple[int, ...] | str]:
        """Answer to a question. One that touches registers which the device does not have is taken apart."""
        answer = await self._read(device, unit, block)
        if answer != _NO_SUCH_ADDRESS:
            return {block: answer}
        parts = single(self._codes[device.mn], block)
        if len(parts) < 2:
            return {block: answer}
        kept = [row for row in self._plans[device.mn] if row != block]
        self._plans[device.mn] = tuple(sorted([*kept, *parts]))
        return {part: await self._read(device, unit, part) for part in parts}

    async def _read(self, device: Device, unit: int, block: Block) -> tuple[int, ...] | str:
        """Registers of one question, or why there are none."""
        from pymodbus.exceptions import ModbusException

        ask = {
            1: self._client.read_coils,
            2: self._client.read_discrete_inputs,
            3: self._client.read_holding_registers,
            4: self._client.read_input_registers,
        }[block.function]
        where = f"unit {unit}, {block.function}:{block.address}:{block.count}"
        try:
            answer = await ask(block.address, count=block.count, device_id=unit)
        except (ModbusException, OSError, TimeoutError) as error:
            self._wire.event(LineEventKind.NO_ANSWER, f"{where}: {error}", mn=device.mn)
            return TIMEOUT
        if answer.isError():
            code = str(getattr(answer, "exception_code", 0))
            self._wire.event(LineEventKind.EXCEPTION_ANSWER, f"{where}: exception {code}", mn=device.mn)
            return code
        words = answer.bits[: block.count] if block.function in BITS else answer.registers
        if len(words) != block.count:
            self._wire.event(LineEventKind.BAD_LENGTH, f"{where}: {len(words)} came", mn=device.mn)
            return TIMEOUT
        return tuple(int(word) for word in words)


def _codes(device: Device) -> list[Code]:
    codes = []
    for factor in device.factors:
        try:
            codes.append(code_of(factor.code))
        except BadRequestError:
            continue  # named when the line was started; the other factors of the device are read
    return codes


def _client(line: Line) -> Any:
    from pymodbus import FramerType
    from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient

    if line.kind is LineKind.MODBUS_TCP:
        return AsyncModbusTcpClient(
            line.place, port=line.port, timeout=line.timeout_s, retries=0, reconnect_delay=0
        )
    return AsyncModbusSerialClient(
        line.place,
        framer=FramerType.RTU,
        baudrate=line.baud,
        bytesize=line.data_bits,
        parity=line.parity,
        stopbits=line.stop_bits,
        handle_local_echo=line.echo,
        timeout=line.timeout_s,
        retries=0,
        reconnect_delay=0,
    )


def _broken(line: Line, why: str) -> LineBroken:
    return LineBroken(
        f"line {line.id} ({line.place}): {why}",
        message_zh=f"线路 {line.id}（{line.place}）中断：{why}",
        field="line",
        value=line.id,
    )
