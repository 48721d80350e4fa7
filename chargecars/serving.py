"""The two long-running processes: the API under uvicorn, and the worker."""

import errno
import gc
import resource
import socket
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from chargecars.stack import StackError
from tenants.secrets import with_secrets
from tenants.settings import Settings

if TYPE_CHECKING:
    from api.reading.schema import Schema

_BACKLOG = 2048
_GRACE_SECONDS = 8


def listen(settings: Settings) -> socket.socket:
    """Claim the port before anything else starts. Raises: StackError when that cannot be."""
    return _listen(settings.host, settings.port)


def listen_for_chargers(settings: Settings) -> socket.socket:
    """The same for the embedded broker, on another port where nobody chose one and the usual one is taken."""
    try:
        return _listen(settings.mqtt_host, settings.mqtt_port, "MQTT_")
    except StackError:
        if "mqtt_port" in settings.model_fields_set:
            raise
        return _listen(settings.mqtt_host, 0, "MQTT_")


def listen_for_mail(settings: Settings) -> socket.socket:
    """The same for mail of partners."""
    try:
        return _listen(settings.mail_in_host, settings.mail_in_port, "MAIL_IN_")
    except StackError:
        if "mail_in_port" in settings.model_fields_set:
            raise
        return _listen(settings.mail_in_host, 0, "MAIL_IN_")


def _listen(host: str, port: int, prefix: str = "") -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return _bound(family, address)
    except socket.gaierror:
        raise StackError(f"{prefix}HOST: {host} is not an address") from None
    except OSError as error:
        raise StackError(_refusal(error, f"{host}:{port}", port, prefix)) from None


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


def _refusal(error: OSError, place: str, port: int, prefix: str) -> str:
    if error.errno == errno.EADDRINUSE:
        another = f"{prefix}PORT={port + 1} ./dev up"
        return f"Port {port} is taken ({place}): stop the other program, or choose another port: {another}"
    if error.errno == errno.EACCES:
        return f"No permission to listen on {place}: choose a port above 1023, for instance {prefix}PORT=8000"
    return f"Cannot listen on {place}: {(error.strerror or str(error)).lower()}"


def load_api(settings: Settings) -> "Schema":
    """Load the code and build the schema, which takes a moment in which the servers can start."""
    from api.app import schema_of  # the whole code is there when the servers are

    return schema_of(with_secrets(settings))


def serve_api(settings: Settings, schema: "Schema", descriptor: int | None = None) -> None:
    """Serve until SIGTERM, then finish the running requests; `descriptor` is a listening socket of the parent."""
    import uvicorn  # the other commands start without it

    from api.app import create_app
    from api.live.server import LiveProtocol, Server
    from migrations.startup import EXIT_CODE, check_or_exit

    check_or_exit(settings)
    _allow_connections()
    listening = listen(settings) if descriptor is None else socket.socket(fileno=descriptor)
    config = uvicorn.Config(
        create_app(settings, schema),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the application itself knows which proxies it trusts
        ws=LiveProtocol,
        ws_max_size=settings.max_body_bytes,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    gc.freeze()  # the schema stays for good: looking through it would stop every request for a tenth of a second
    server = Server(config)
    with suppress(KeyboardInterrupt):  # uvicorn passes on the signal that stopped it, after a clean end
        server.run(sockets=[listening])
    if not server.started:
        sys.exit(EXIT_CODE)


def _allow_connections() -> None:
    """As many open sockets as the system lets the process have; LIVE_CONNECTIONS bounds those that stay open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
