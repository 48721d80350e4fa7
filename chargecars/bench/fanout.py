"""Many subscribers in one process, as lean as Python allows: `python -m chargecars.bench.fanout`.

Input, one JSON line: `{"port", "host", "token", "count", "query", "variables"}`. Output, JSON lines: `{"ready": true}`
when all have been acknowledged and have subscribed, `{"done": n, "at": seconds}` when the last of them has update
`n=…;` of an event's payload, `{"closed": n}` when n of them have been hung up on. All use the same id, so that all
receive the same bytes, and what was parsed once is recognized.
"""

import base64
import os
import select
import socket
import sys
import time
from collections.abc import Iterator
from typing import Any

import orjson

_AT_ONCE = 200
_MOST_KNOWN = 4096
_PATIENCE_SECONDS = 60.0
_READ = 262_144


def _frame(message: bytes, opcode: int = 0x1) -> bytes:
    """A client's frame: masked, with a mask of zeros."""
    length = len(message)
    size = bytes([0x80 | length]) if length < 126 else bytes([0x80 | 126]) + length.to_bytes(2)
    return bytes([0x80 | opcode]) + size + b"\0\0\0\0" + message


def _tell(**what: Any) -> None:
    sys.stdout.buffer.write(orjson.dumps(what) + b"\n")
    sys.stdout.buffer.flush()


class Subscribers:
    """All connections, and how many of them still wait for each update."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._given = given
        self._sockets: dict[int, socket.socket] = {}
        self._rest: dict[int, bytes] = {}
        self._known: dict[bytes, list[int]] = {}
        self._missing: dict[int, int] = {}
        self._poll = select.epoll()
        self._acknowledged = 0

    def connect(self) -> None:
        """Open, say who we are, subscribe; a few hundred at a time."""
        for first in range(0, self._given["count"], _AT_ONCE):
            opened = [self._opened() for _ in range(min(_AT_ONCE, self._given["count"] - first))]
            for each in opened:
                self._upgraded(each)
                each.sendall(self._init())
                each.setblocking(False)
                self._sockets[each.fileno()] = each
                self._poll.register(each.fileno(), select.EPOLLIN)
            self._until_acknowledged(first + len(opened))
            for each in opened:
                each.send(self._subscribe())

    def run(self) -> None:
        """Receive for ever, or until all have been hung up on."""
        while self._sockets:
            self._receive(1.0)

    def _opened(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self._given["port"]))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            "GET /graphql HTTP/1.1",
            f"Host: {self._given['host']}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: graphql-transport-ws",
        ]
        made.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        return made

    def _upgraded(self, opened: socket.socket) -> None:
        opened.settimeout(_PATIENCE_SECONDS)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            got = opened.recv(1)
            if not got:
                raise ConnectionError(head.decode(errors="replace"))
            head += got
        if b" 101 " not in head.split(b"\r\n", 1)[0]:
            raise ConnectionError(head.decode(errors="replace"))

    def _init(self) -> bytes:
        authorization = {"Authorization": f"Bearer {self._given['token']}"}
        return _frame(orjson.dumps({"type": "connection_init", "payload": authorization}))

    def _subscribe(self) -> bytes:
        asked = {"query": self._given["query"], "variables": self._given["variables"]}
        return _frame(orjson.dumps({"id": "1", "type": "subscribe", "payload": asked}))

    def _until_acknowledged(self, count: int) -> None:
        until = time.monotonic() + _PATIENCE_SECONDS
        while self._acknowledged < count:
            if time.monotonic() > until or not self._sockets:
                raise TimeoutError(f"{self._acknowledged} of {count} were acknowledged")
            self._receive(0.5)

    def _receive(self, seconds: float) -> None:
        known, rest, read = self._known, self._rest, os.read
        for descriptor, _ in self._poll.poll(seconds):
            try:
                data = read(descriptor, _READ)
            except ConnectionError:
                data = b""
            if not data:
                self._hang_up(descriptor)
                continue
            if descriptor in rest:
                data = rest.pop(descriptor) + data
            numbers = known.get(data)
            if numbers is None:
                numbers = self._parsed(descriptor, data)
            for number in numbers:
                self._count(number)

    def _count(self, number: int) -> None:
        missing = self._missing
        left = missing.get(number, self._given["count"]) - 1
        missing[number] = left
        if not left:
            _tell(done=number, at=time.time())
            del missing[number]

    def _parsed(self, descriptor: int, data: bytes) -> list[int]:
        """The numbers of all updates in what was read; what is not a whole frame is kept for later."""
        numbers, end = [], 0
        for opcode, payload, after in _frames(data):
            end = after
            if opcode == 0x9:
                self._sockets[descriptor].send(_frame(payload, 0xA))
            elif opcode == 0x1:
                numbers += self._said(payload)
        if end < len(data):
            self._rest[descriptor] = data[end:]
        elif numbers:
            if len(self._known) > _MOST_KNOWN:
                self._known.clear()
            self._known[data] = numbers
        return numbers

    def _said(self, message: bytes) -> list[int]:
        if b'"connection_ack"' in message:
            self._acknowledged += 1
            return []
        begin = message.find(b"n=")
        if begin < 0 or b'"next"' not in message:
            _tell(heard=message[:500].decode(errors="replace"))
            return []
        return [int(message[begin + 2 : message.index(b";", begin)])]

    def _hang_up(self, descriptor: int) -> None:
        self._poll.unregister(descriptor)
        self._sockets.pop(descriptor).close()
        _tell(closed=self._given["count"] - len(self._sockets))


def _frames(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Opcode, payload and end of each whole frame of a server."""
    at = 0
    while len(data) >= at + 2:
        length, begin = data[at + 1], at + 2
        if length >= 126:
            size = 2 if length == 126 else 8
            length, begin = int.from_bytes(data[begin : begin + size]), begin + size
        if len(data) < begin + length:
            return
        yield data[at] & 0xF, data[begin : begin + length], begin + length
        at = begin + length


if __name__ == "__main__":
    told = Subscribers(orjson.loads(sys.stdin.buffer.readline()))
    told.connect()
    _tell(ready=True)
    told.run()
