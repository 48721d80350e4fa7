"""The two long-running processes: the API under uvicorn, and the worker."""

import errno
import socket
import sys
from contextlib import suppress

from chargecars.stack import StackError
from tenants.settings import Settings

_BACKLOG = 2048
_GRACE_SECONDS = 8


def listen(settings: Settings) -> socket.socket:
    """Claim the port before anything else starts. Raises: StackError when that cannot be."""
    place = f"{settings.host}:{settings.port}"
    try:
        family, _, _, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        return _bound(family, address)
    except socket.gaierror:
        raise StackError(f"HOST: {settings.host} is not an address") from None
    except OSError as error:
        raise StackError(_refusal(error, place, settings.port)) from None


def _bound(family: int, address: tuple[object, ...]) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(_BACKLOG)
    except OSError:
        made.close()
        raise
    return made


def _refusal(error: OSError, place: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} is taken ({place}): stop the other program, or choose another port: PORT={port + 1} ./dev up"
        )
    if error.errno == errno.EACCES:
        return f"No permission to listen on {place}: choose a port above 1023, for instance PORT=8000"
    return f"Cannot listen on {place}: {(error.strerror or str(error)).lower()}"


def load_api() -> None:
    """Load the code, which takes a moment in which the servers can start."""
    import api.app
    import api.schema  # noqa: F401  # for its effect


def serve_api(settings: Settings, descriptor: int | None = None) -> None:
    """Serve until SIGTERM, then finish the running requests; `descriptor` is a listening socket of the parent."""
    import uvicorn  # the other commands start without it

    from api.app import create_app
    from migrations.startup import EXIT_CODE, check_or_exit

    check_or_exit(settings)
    listening = listen(settings) if descriptor is None else socket.socket(fileno=descriptor)
    config = uvicorn.Config(
        create_app(settings),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the application itself knows which proxies it trusts
        ws_max_size=settings.max_body_bytes,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):  # uvicorn passes on the signal that stopped it, after a clean end
        server.run(sockets=[listening])
    if not server.started:
        sys.exit(EXIT_CODE)
