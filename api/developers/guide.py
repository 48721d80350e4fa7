"""The guide, written in Markdown, as a page."""

from functools import cache

from markdown_it import MarkdownIt

from api.developers.pages import FILES

GUIDE = FILES / "guide.md"


@cache
def title_and_html() -> tuple[str, str]:
    """The first heading, and what follows it."""
    heading, _, rest = GUIDE.read_text(encoding="utf-8").partition("\n")
    return heading.removeprefix("# "), MarkdownIt("commonmark").enable("table").render(rest)
