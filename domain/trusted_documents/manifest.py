"""What a client may send, as this process knows it: some seconds old, in bounded memory."""

from collections import OrderedDict
from uuid import UUID

from sqlalchemy import select

from domain.trusted_documents.models import TrustedDocument
from tenants.actor import SYSTEM, Client
from tenants.auth.memory import Memory
from tenants.engine import Database

_MOST_CHARACTERS = 4_000_000
_KNOWN: Memory[tuple[UUID, str], bool] = Memory()


class _Texts:
    """Documents by hash. A hash is that of one text only, so they serve every client and every database."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._characters = 0

    def get(self, hash: str) -> str | None:
        if hash in self._kept:
            self._kept.move_to_end(hash)
        return self._kept.get(hash)

    def keep(self, hash: str, text: str) -> None:
        if hash not in self._kept:
            self._characters += len(text)
        self._kept[hash] = text
        while self._characters > _MOST_CHARACTERS:
            self._characters -= len(self._kept.popitem(last=False)[1])


_TEXTS = _Texts()


async def document(database: Database, client: Client, hash: str) -> str | None:
    """The text that the client registered under this hash; None where it did not, or no longer."""
    if not await _KNOWN.get(database, (client.id, hash), lambda: _exists(database, client, hash)):
        return None
    return _TEXTS.get(hash) or await _read(database, client, hash)


def forget(database: Database) -> None:
    """Ask the database again next time, in this process."""
    _KNOWN.forget(database)


async def _exists(database: Database, client: Client, hash: str) -> bool:
    return await _read(database, client, hash) is not None


async def _read(database: Database, client: Client, hash: str) -> str | None:
    query = select(TrustedDocument.document).where(TrustedDocument.client_id == client.id, TrustedDocument.hash == hash)
    async with database.session(SYSTEM) as session:
        text = (await session.execute(query)).scalar_one_or_none()
    if text is not None:
        _TEXTS.keep(hash, text)
    return text
