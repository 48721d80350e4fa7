"""The bytes of a batch of updates, made once for all clients of a group.

A message differs between clients in the id of their subscription alone, which therefore stands last in it. The bytes
before it are the same for all ids of one length, since a WebSocket frame begins with its length (RFC 6455, 5.2).
"""

from collections.abc import Sequence
from functools import cached_property

import orjson

_TEXT = 0x81
_SHORT, _MEDIUM = 126, 65_536


class Batch:
    """Updates of one group in the order of their positions; `texts` are the JSON of the response's `data`."""

    __slots__ = ("__dict__", "cursors", "positions", "texts")

    def __init__(self, positions: Sequence[int], cursors: Sequence[str], texts: Sequence[bytes]) -> None:
        self.positions = positions
        self.cursors = cursors
        self.texts = texts

    def after(self, position: int) -> "Batch":
        """What of it comes after a position."""
        first = next((i for i, found in enumerate(self.positions) if found > position), len(self.positions))
        return Batch(self.positions[first:], self.cursors[first:], self.texts[first:]) if first else self

    def frames(self, tail: bytes) -> bytes:
        """WebSocket frames of all updates, each ending in `tail`."""
        return tail.join(self._heads(len(tail)))

    def messages(self, tail: bytes) -> list[bytes]:
        """The same messages without frames."""
        return [head + tail for head in self._bodies]

    @cached_property
    def events(self) -> bytes:
        """Server-sent events of all updates, with their cursors, where they have any, as ids."""
        return b"".join(
            (b"id: %b\n" % cursor.encode() if cursor else b"") + b'event: next\ndata: {"data":%b}\n\n' % text
            for cursor, text in zip(self.cursors, self.texts, strict=True)
        )

    @cached_property
    def _bodies(self) -> list[bytes]:
        return [b'{"type":"next","payload":{"data":' + text + b'},"id":"' for text in self.texts]

    @cached_property
    def _by_length(self) -> dict[int, list[bytes]]:
        return {}

    def _heads(self, tail: int) -> list[bytes]:
        """Everything that stands between tails: a frame's header and body, and at the end nothing."""
        if (found := self._by_length.get(tail)) is None:
            found = [header(len(body) + tail) + body for body in self._bodies]
            self._by_length[tail] = found = [*found, b""]
        return found


def tail_of(id: str) -> bytes:
    """How every message of a subscription ends."""
    return orjson.dumps(id)[1:] + b"}"


def header(length: int) -> bytes:
    """The header of an unmasked text frame that is a whole message."""
    if length < _SHORT:
        return bytes((_TEXT, length))
    if length < _MEDIUM:
        return bytes((_TEXT, 126)) + length.to_bytes(2)
    return bytes((_TEXT, 127)) + length.to_bytes(8)


def frame(message: bytes) -> bytes:
    """One message in its frame."""
    return header(len(message)) + message
