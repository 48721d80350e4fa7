"""Trusted documents: a request that names a document by its hash, and clients that may send nothing else.

Both forms are understood: `documentId: "sha256:<hex>"` (GraphQL over HTTP, appendix A) and
`extensions.persistedQuery.sha256Hash` (Apollo, urql). Nothing is registered by sending it.
"""

import hashlib
from dataclasses import replace

from prometheus_client import Counter

from api.context import Context
from api.requests import Operation, RequestError
from domain.trusted_documents import manifest

ASKED = Counter("chargecars_trusted_documents", "Requests by hash or of restricted clients.", ("outcome",))


async def trusted(operation: Operation, context: Context) -> Operation:
    """The operation with the text that its hash stands for.

    Raises: RequestError (PERSISTED_QUERY_NOT_FOUND, DOCUMENT_HASH_MISMATCH, DOCUMENT_NOT_TRUSTED)
    """
    client = context.actor.client
    restricted = client is not None and client.restricted
    if operation.document_hash is None and not restricted:
        return operation
    hash = _hash(operation)
    text = await manifest.document(context.database, client, hash) if client else None
    if text is not None:
        ASKED.labels("known").inc()
        return replace(operation, query=text)
    ASKED.labels("refused" if restricted else "unknown").inc()
    if restricted:
        raise RequestError(403, "DOCUMENT_NOT_TRUSTED", "This client may send its trusted documents only.")
    if operation.query:
        return operation
    raise RequestError(404, "PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")


def _hash(operation: Operation) -> str:
    """Of the text where there is one; a hash that is given beside has to be that."""
    if not operation.query:
        return operation.document_hash or ""
    found = hashlib.sha256(operation.query.encode()).hexdigest()
    if (operation.document_hash or found) != found:
        raise RequestError(400, "DOCUMENT_HASH_MISMATCH", "The hash is not the SHA-256 of `query`.")
    return found
