"""The text of a PDF file, taken out by a process of its own that may use so much time and memory and no more."""

import io
import json
import resource
import subprocess
import sys
from pathlib import Path

from domain.mail_reading.cleaning import cleaned
from domain.mail_reading.parts import ProblemCode

MOST_BYTES = 10_000_000
MOST_PAGES = 20
MOST_CHARACTERS = 100_000
SECONDS = 15
MEMORY = 1_000_000_000
_ROOT = Path(__file__).resolve().parents[2]


def text_of(data: bytes) -> tuple[str, ProblemCode | None]:
    """The text in lines, columns apart by spaces, and why there is none, or not all."""
    if len(data) > MOST_BYTES:
        return "", ProblemCode.TOO_LARGE
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "domain.mail_reading.pdf_text"],
            input=data,
            capture_output=True,
            timeout=2 * SECONDS,
            cwd=_ROOT,
            check=False,
        )
        answer = json.loads(ran.stdout)
    except (subprocess.TimeoutExpired, OSError, ValueError):
        return "", ProblemCode.UNREADABLE_PDF
    problem = answer.get("problem")
    return cleaned(answer.get("text", ""))[:MOST_CHARACTERS], ProblemCode(problem) if problem else None


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read(data: bytes) -> tuple[str, ProblemCode | None]:
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted and not reader.decrypt(""):
        return "", ProblemCode.ENCRYPTED_PDF
    texts: list[str] = []
    for page in reader.pages[:MOST_PAGES]:
        texts.append(page.extract_text(extraction_mode="layout") or page.extract_text())
        if sum(map(len, texts)) > MOST_CHARACTERS:
            break
    text = "\n\n".join(texts)[:MOST_CHARACTERS]
    return text, None if text.strip() else ProblemCode.PDF_WITHOUT_TEXT


def _main() -> None:
    """PDF on stdin, JSON on stdout; any fault of the file is the answer UNREADABLE_PDF."""
    _limit()
    try:
        text, problem = _read(sys.stdin.buffer.read())
    except Exception:  # the parser of files of unknown origin: whatever it raises says the same
        text, problem = "", ProblemCode.UNREADABLE_PDF
    sys.stdout.write(json.dumps({"text": text, "problem": problem}))


if __name__ == "__main__":
    _main()
