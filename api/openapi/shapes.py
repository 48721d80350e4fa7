"""What routes of several areas answer: refusals, tokens, files."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.openapi.describe import query

JSON = "application/json"
CSV = "text/csv"
JSONL = "application/jsonl"
HTML = "text/html"
XML = "application/xml"
FORM = "application/x-www-form-urlencoded"
NOTHING = "Done; there is no body."
SPAN = (
    query("entityId", "The business entity: a global id.", required=True),
    query("since", "From this day on.", required=True, schema={"type": "string", "format": "date"}),
    query("until", "Before this day.", required=True, schema={"type": "string", "format": "date"}),
)


class ErrorDetail(BaseModel):
    """Why a request was refused; further keys say more."""

    model_config = ConfigDict(extra="allow")

    code: str | None = Field(None, description="Stable code for programs, see /developers/errors.")
    message: str = Field(description="For people who write programs.")
    field: str | list[str] | None = Field(None, description="Which part of the request it is about.")


class Error(BaseModel):
    """A refusal."""

    error: ErrorDetail


class Fault(BaseModel):
    """One fault of a document."""

    code: str = Field(description="Stable code for programs, see /developers/errors.")
    field: str | None = Field(None, description="JSON path, `$` for the whole.")
    message: str = Field(description="For people, in the language of the key.")


class Errors(BaseModel):
    """A refusal that names every fault of the document at once."""

    errors: list[Fault]
    request_id: str | None = Field(None, description="Names the request in our logs.")


class Health(BaseModel):
    """Whether the process lives."""

    status: str
    version: str


class Readiness(BaseModel):
    """Whether each thing that the process needs is there."""

    status: str
    checks: dict[str, str]


class Jwks(BaseModel):
    """Public keys (RFC 7517)."""

    keys: list[dict[str, Any]]
