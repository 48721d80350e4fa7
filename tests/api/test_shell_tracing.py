"""Spans reach a collector, and say nothing of the values in a request."""

import asyncio
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tenants.settings import Settings

PROGRAM = """
import asyncio
from tenants.settings import settings
from tests.api.shell import client_of

PARENT = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"

async def main():
    async with client_of(settings()) as client:
        await client.post('query Named { echo(text: "a secret text") }', {"traceparent": PARENT})

asyncio.run(main())
"""


class Collector(BaseHTTPRequestHandler):
    """Keeps what is exported."""

    received: list[bytes] = []

    def do_POST(self) -> None:
        self.received.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


async def test_a_request_is_traced(settings: Settings) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    Thread(target=server.serve_forever, daemon=True).start()
    environment = {name.upper(): value for name, value in _plain(settings).items()}
    environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{server.server_port}"
    run = [sys.executable, "-c", PROGRAM]
    done = await asyncio.to_thread(
        subprocess.run, run, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60
    )
    server.shutdown()
    assert done.returncode == 0, done.stderr
    bodies = [ExportTraceServiceRequest.FromString(body) for body in Collector.received]
    spans = [s for body in bodies for resource in body.resource_spans for sc in resource.scope_spans for s in sc.spans]
    assert {span.name for span in spans} == {"POST /graphql", "graphql"}
    assert {span.trace_id.hex() for span in spans} == {"ab" * 16}
    assert not any(b"secret" in body for body in Collector.received)


def _plain(settings: Settings) -> dict[str, str]:
    keys = {"secret_key": settings.secret_key.get_secret_value(), "data_dir": str(settings.data_dir)}
    return keys | {name: getattr(settings, name) for name in ("environment", "database_url", "redis_url")}
