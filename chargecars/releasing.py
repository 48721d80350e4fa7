"""Making the present API the released one, and writing down what changed."""

from datetime import date
from pathlib import Path
from typing import Any

import orjson
from graphql import build_schema

RELEASED = Path("tests/released")
"""In the working copy: what was released last, and documents that clients send."""


def keep(
    text: str, folder: Path = RELEASED, openapi: dict[str, Any] | None = None, changes: Path | None = None
) -> list[str]:
    """Write the printed schema, and the OpenAPI document, beside the released documents; in `changes` what is new.

    Where the schema breaks what was released, say what instead.
    """
    from api.developers import changes as changelog
    from api.versions.compatibility import Release

    today = date.today()  # noqa: DTZ011  # a notice ends with the day
    released, present = Release.read(folder), build_schema(text)
    broken = released.breaks(present, today)
    if not broken:
        happened = [*changelog.of_schemas(released.schema, present, today)]
        if openapi is not None:
            happened += changelog.of_documents(_known(folder), openapi, today)
            (folder / "openapi.json").write_bytes(orjson.dumps(openapi, option=orjson.OPT_INDENT_2) + b"\n")
        if changes is not None and happened:
            changelog.keep(happened, changes)
        (folder / "schema.graphql").write_text(text, encoding="utf-8")
    return [str(each) for each in broken]


def _known(folder: Path) -> dict[str, Any]:
    """The OpenAPI document that was released last; empty before there was one."""
    path = folder / "openapi.json"
    found: dict[str, Any] = orjson.loads(path.read_bytes()) if path.exists() else {}
    return found
