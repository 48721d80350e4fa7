"""Making the present schema the released one."""

from datetime import date
from pathlib import Path

from graphql import build_schema

RELEASED = Path("tests/released")
"""In the working copy: the schema that was released last, and documents that clients send."""


def keep(text: str, folder: Path = RELEASED) -> list[str]:
    """Write the printed schema beside the released documents; where it breaks what was released, say what instead."""
    from api.versions.compatibility import Release

    broken = Release.read(folder).breaks(build_schema(text), date.today())  # noqa: DTZ011  # a notice ends with the day
    if not broken:
        (folder / "schema.graphql").write_text(text, encoding="utf-8")
    return [str(each) for each in broken]
