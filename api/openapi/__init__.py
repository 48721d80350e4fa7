"""OpenAPI 3.1 of the endpoints beside GraphQL: each route says beside itself what it takes and answers."""

from api.openapi.describe import (
    BEARER,
    CLIENT,
    PUBLIC,
    SIGNED,
    Description,
    Media,
    Parameter,
    described,
    description_of,
    header,
    path,
    query,
    unlisted,
)

__all__ = [
    "BEARER",
    "CLIENT",
    "PUBLIC",
    "SIGNED",
    "Description",
    "Media",
    "Parameter",
    "described",
    "description_of",
    "header",
    "path",
    "query",
    "unlisted",
]
