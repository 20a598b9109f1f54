"""Another platform on loopback: keeps every byte, answers as told."""

from __future__ import annotations

import asyncio
from types import TracebackType

from sensors.hj212.answer import answer_frame
from sensors.hj212.codec import parse
from sensors.hj212.frame import Framer, Segment
from twin.core.device import CrcMode


class OtherPlatform:
    """``silent_for``: QNs that are never answered; ``deaf``: nothing is answered."""

    def __init__(self, port: int = 0, *, mode: CrcMode = CrcMode.HJ212) -> None:
        self.port = port
        self.received = b""
        self.qns: list[str] = []
        self.connections = 0
        self.silent_for: set[str] = set()
        self.deaf = False
        self._mode = mode
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> OtherPlatform:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self._server.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        framer = Framer(mode_of=lambda _mn: self._mode)
        try:
            while data := await reader.read(65_536):
                self.received += data
                for piece in framer.feed(data, 0):
                    if isinstance(piece, Segment):
                        self._answer(piece, writer)
        except ConnectionError:
            return
        finally:
            self._writers.discard(writer)
            writer.close()

    def _answer(self, piece: Segment, writer: asyncio.StreamWriter) -> None:
        message = parse(piece.plain)
        self.qns.append(message.qn or "")
        answer = answer_frame(message)
        if answer is not None and not self.deaf and message.qn not in self.silent_for:
            writer.write(answer)
