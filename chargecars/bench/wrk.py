"""Load from `wrk`, which costs the machine far less than a client in Python would."""

import asyncio
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from chargecars.bench.peer import Missing

_SCRIPT = """
wrk.method = "POST"
wrk.body = {body}
{headers}
done = function(summary, latency, requests)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format('\\nRESULT {{"requests":%d,"microseconds":%d,"failed":%d,"p50":%d,"p99":%d}}\\n',
    summary.requests, summary.duration, failed, latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Load:
    """What one run of wrk saw."""

    rate: float
    """Requests per second."""
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True)
class Question:
    """One POST of JSON, sent again and again."""

    url: str
    body: str
    headers: dict[str, str]


def program() -> str:
    """Where wrk is. Raises: Missing."""
    found = shutil.which("wrk")
    if found is None:
        raise Missing("wrk is not installed (Debian: apt-get install wrk)")
    return found


async def load(question: Question, connections: int, seconds: float) -> Load:
    """Send the question over so many connections. Raises: RuntimeError when an answer was not a success."""
    with TemporaryDirectory() as directory:
        script = Path(directory) / "request.lua"
        script.write_text(_script(question))
        command = [
            program(),
            "-t1",
            "--timeout",
            "60s",
            f"-c{connections}",
            f"-d{seconds:.0f}s",
            "-s",
            str(script),
            question.url,
        ]
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output = (await process.communicate())[0].decode()
    return _parsed(output, question)


def _script(question: Question) -> str:
    headers = {"Content-Type": "application/json", **question.headers}
    lines = [f"wrk.headers[{json.dumps(name)}] = {_lua(value)}" for name, value in headers.items()]
    return _SCRIPT.format(body=_lua(question.body), headers="\n".join(lines))


def _lua(text: str) -> str:
    """A long string, which escapes nothing."""
    return f"[==[{text}]==]"


def _parsed(output: str, question: Question) -> Load:
    results = [line for line in output.splitlines() if line.startswith("RESULT ")]
    found = json.loads(results[-1].removeprefix("RESULT ")) if results else {"failed": 1}
    if found["failed"]:
        raise RuntimeError(f"{urlsplit(question.url).netloc} failed under load:\n{output}")
    return Load(found["requests"] / found["microseconds"] * 1e6, found["p50"] / 1000, found["p99"] / 1000)
