"""Logs of every process: one JSON object per line, colours on a terminal in development.

Lines hold ids, never names, addresses, tokens or the values of a statement.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
import structlog
from sqlalchemy.exc import StatementError
from structlog.typing import EventDict, Processor

from tenants.settings import Settings

_SECRET_KEYS = re.compile(
    r"password|secret|token|authorization|cookie|api_?key|totp|otp|code_verifier|email|phone|iban"
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_CREDENTIAL = re.compile(
    r"(?i)\b(bearer\s+|(?:password|secret|token|code)\s*[=:]\s*)\S+|(://[^:/@\s]*:)[^@\s]+@|\beyJ[\w-]+\.[\w-]+\.[\w-]+"
)
_QUIET = ("httpx", "httpcore", "arq.worker", "uvicorn.access", "asyncio")
_HIDDEN = "…"
_LINES: list[logging.Handler] = []
"""Where a line of JSON may be written without further processing: no handler where lines are for people's eyes."""

log = structlog.get_logger("api.request")


def configure(settings: Settings) -> None:
    """Send the records of this process, also those of libraries, to stderr in one form."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_trace,
        _without_secrets,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_render(settings)))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    _LINES[:] = [] if _is_pretty(settings) or root.level > logging.INFO else [handler]
    _quieten()


def request(values: dict[str, Any]) -> None:
    """The line of one HTTP request. Its values are ours alone, so nothing in them is looked for to hide it."""
    if not _LINES or not isinstance(handler := _LINES[0], logging.StreamHandler):
        log.info("request", **values)
        return
    known = {"event": "request", "level": "info", "logger": "api.request"}
    moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    line = orjson.dumps({**values, **structlog.contextvars.get_contextvars(), **known, "timestamp": moment})
    handler.acquire()
    try:
        handler.stream.write(line.decode() + "\n")
        handler.flush()
    except OSError:
        handler.handleError(logging.makeLogRecord({}))
    finally:
        handler.release()


def trace(error: BaseException) -> str:
    """Where an exception and its causes came from; of a database error its state, not its values."""
    lines = [*_chain(error)]
    return "\n".join(lines)


def summary(error: BaseException) -> str:
    """Type and message of an exception, without the values that a database puts into it."""
    if not _of_the_database(error):
        return _scrubbed(f"{type(error).__name__}: {error}")
    origin = getattr(error, "orig", None) or error
    known = [getattr(origin, name, None) for name in ("sqlstate", "table_name", "constraint_name")]
    return " ".join([f"{type(error).__name__}:", *(str(part) for part in known if part)])


def _of_the_database(error: BaseException) -> bool:
    kinds = (StatementError, asyncpg.PostgresError, asyncpg.InterfaceError)
    return isinstance(error, kinds) or type(error).__module__.startswith("sqlalchemy.dialects")


def _is_pretty(settings: Settings) -> bool:
    return settings.environment == "development" and (sys.stderr.isatty() or not settings.log_json)


def _render(settings: Settings) -> list[Processor]:
    pretty = _is_pretty(settings)
    last: Processor = structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer()
    return [structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]


def _quieten() -> None:
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("strawberry").setLevel(logging.CRITICAL)  # its errors quote the document; ours do not
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


def _with_trace(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Replace `exc_info` by a trace of ours."""
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["trace"] = trace(error)
    return event


def _without_secrets(_logger: Any, _method: str, event: EventDict) -> EventDict:
    return dict(_cleaned(event))


def cleaned(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values for others to look at: what is named after a secret, addresses and credentials in texts are hidden."""
    return dict(_cleaned(dict(values)))


def _cleaned(values: MutableMapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if _SECRET_KEYS.search(key.lower()):
            yield key, _HIDDEN
        elif isinstance(value, str):
            yield key, _scrubbed(value)
        elif isinstance(value, dict):
            yield key, dict(_cleaned(value))
        elif isinstance(value, list):
            yield key, [item for _, item in _cleaned({str(n): item for n, item in enumerate(value)})]
        else:
            yield key, value


def _scrubbed(text: str) -> str:
    return _CREDENTIAL.sub(lambda match: f"{match[1] or match[2] or ''}{_HIDDEN}", _EMAIL.sub(_HIDDEN, text))


def _chain(error: BaseException) -> Iterator[str]:
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield from _chain(cause)
        yield "then:"
    yield from (line.rstrip() for line in traceback.format_tb(error.__traceback__))
    yield summary(error)
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _chain(inner)
