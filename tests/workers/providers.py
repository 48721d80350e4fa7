"""A provider of messages as the contract describes it, and a mail server: both listen on this machine, for real."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import orjson


@dataclass
class Provider:
    """Answers each request by the next of `answers` (status, headers, body), the last one for ever."""

    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=lambda: [(202, {}, b'{"id": "p-1"}')])
    requests: list[tuple[dict[str, str], Any]] = field(default_factory=list)
    hold: asyncio.Event | None = None
    """Answers only once it is set."""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/messages"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.requests.append((headers, orjson.loads(body)))
        self.arrived.set()
        if self.hold is not None:
            await self.hold.wait()
        status, more, answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        lines = [f"HTTP/1.1 {status} X", f"content-length: {len(answer)}", "connection: close"]
        lines += [f"{name}: {value}" for name, value in more.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + answer)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def listening(provider: Provider) -> AsyncIterator[Provider]:
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
    provider.port = server.sockets[0].getsockname()[1]
    try:
        yield provider
    finally:
        if provider.hold is not None:
            provider.hold.set()
        server.close()
        await server.wait_closed()


@dataclass
class MailServer:
    """`refuses` maps a part of a command to the answer it gets."""

    refuses: dict[str, str] = field(default_factory=dict)
    received: list[EmailMessage] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())
            await writer.drain()

        await say("220 ready")
        while line := (await reader.readline()).decode().strip():
            refused = next((answer for part, answer in self.refuses.items() if part in line), None)
            if line.upper().startswith("QUIT"):
                await say("221 bye")
                break
            if refused:
                await say(refused)
            elif line.upper().startswith("DATA"):
                await say("354 go on")
                text = await reader.readuntil(b"\r\n.\r\n")
                self.received.append(message_from_bytes(text[:-5], policy=policy.default))
                await say("250 ok")
            else:
                await say("250 ok")
        writer.close()


@asynccontextmanager
async def mailing(server: MailServer) -> AsyncIterator[MailServer]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        await listening.wait_closed()
