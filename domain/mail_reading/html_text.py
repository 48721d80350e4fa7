"""HTML as the text a reader sees, line by line, with the places of its tables' cells."""

import warnings

from bs4 import BeautifulSoup, Tag, XMLParsedAsHTMLWarning
from bs4.element import Comment, NavigableString
from bs4.exceptions import ParserRejectedMarkup

from domain.mail_reading import words
from domain.mail_reading.cleaning import cleaned
from domain.mail_reading.parts import Cell, Part, PartKind, Table

MOST_NODES = 60_000
_UNSEEN = frozenset({"script", "style", "head", "title", "template", "noscript", "meta", "link"})
_BLOCKS = frozenset(words.listed("html_blocks"))
_PAGES = frozenset({"table", "h1", "h2", "h3", "h4", "ul", "ol", "blockquote"})
_LOOKED_INTO = 80
_QUOTING = frozenset({"blockquote"})
_HIDDEN = ("display:none", "visibility:hidden", "font-size:0;", "mso-hide:all")


def as_part(html: str, name: str | None = None) -> Part:
    """The part of a mail that is written in HTML."""
    writer = _Writer()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
            soup = BeautifulSoup(html, "lxml")
        _write(soup, writer)
    except (ParserRejectedMarkup, RecursionError, ValueError, AssertionError):
        writer.say(html[:10_000])
    return Part(PartKind.HTML, writer.text, tuple(writer.tables), name)


class _Writer:
    """Collects text; remembers where cells of tables begin and end."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.length = 0
        self.tables: list[Table] = []
        self._open: list[list[list[Cell]]] = []
        self._cells: list[int] = []
        self.quotes = 0

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def last(self) -> str:
        return self.pieces[-1][-1] if self.pieces else "\n"

    def add(self, text: str) -> None:
        if text:
            self.pieces.append(text)
            self.length += len(text)

    def say(self, text: str) -> None:
        said = " ".join(cleaned(text).split())
        if not said:
            if text and self.last not in "\n\t ":
                self.add(" ")
            return
        if self.last == "\n" and self.quotes:
            self.add("> " * self.quotes)
        if text[0].isspace() and self.last not in "\n\t ":
            self.add(" ")
        self.add(said + (" " if text[-1].isspace() else ""))

    def line(self) -> None:
        """Begin a new line, in a cell a space."""
        if self._cells:
            self.soft()
        elif self.last != "\n":
            self.add("\n")

    def soft(self) -> None:
        if self.last not in "\n\t ":
            self.add(" ")

    def opens(self, tag: str, is_layout: bool = False) -> None:
        if is_layout:
            self.line()
        elif tag == "table":
            self._open.append([])
        elif tag == "tr" and self._open:
            self._row()
        elif tag in ("td", "th") and self._open:
            self._cell()

    def _row(self) -> None:
        if self.last != "\n":
            self.add("\n")
        self._open[-1].append([])

    def _cell(self) -> None:
        if not self._open[-1]:
            self._open[-1].append([])
        if self._open[-1][-1]:
            self.add("\t")
        self._cells.append(self.length)

    def closes(self, tag: str, is_layout: bool = False) -> None:
        if is_layout:
            self.line()
        elif tag in ("td", "th") and self._cells and self._open:
            self._close_cell(self._cells.pop())
        elif tag == "table" and self._open:
            rows = tuple(tuple(row) for row in self._open.pop() if row)
            if rows:
                self.tables.append(Table(rows))
            if self.last != "\n":
                self.add("\n")

    def _close_cell(self, start: int) -> None:
        text = self._since(start)
        before = len(text) - len(text.lstrip())
        said = text.strip()
        if self._open[-1]:
            self._open[-1][-1].append(Cell(said, start + before, start + before + len(said)))

    def _since(self, start: int) -> str:
        taken: list[str] = []
        place = self.length
        for piece in reversed(self.pieces):
            if place <= start:
                break
            place -= len(piece)
            taken.append(piece)
        return "".join(reversed(taken))[max(0, start - place) :]


def _write(root: Tag, writer: _Writer) -> None:
    """Walk without recursion: mails nest tables deeper than Python its calls."""
    stack: list[tuple[object, bool]] = [(root, False)]
    for _ in range(2 * MOST_NODES):
        if not stack:
            return
        node, closing = stack.pop()
        if isinstance(node, Tag):
            if closing:
                _leave(node, writer)
            elif _is_seen(node):
                _enter(node, writer)
                stack.append((node, True))
                stack.extend((child, False) for child in reversed(node.contents))
        elif isinstance(node, NavigableString) and not isinstance(node, Comment):
            _say(node, writer)


def _say(node: NavigableString, writer: _Writer) -> None:
    if type(node) is not NavigableString:
        return  # doctype, declarations, styles
    if node.parent is not None and node.parent.name == "pre":
        for line in str(node).split("\n"):
            writer.say(line)
            writer.line()
    else:
        writer.say(str(node))


def _is_layout(tag: Tag) -> bool:
    """Whether a cell holds a piece of a page rather than a value; what is deep inside it does not count."""
    if tag.name not in ("td", "th"):
        return False
    inside = _tags_in(tag)
    blocks = sum(name in ("p", "div") for name in inside)
    return blocks >= 3 or inside.count("br") >= 2 or not _PAGES.isdisjoint(inside)


def _tags_in(tag: Tag) -> list[str]:
    """Names of the first tags inside; a walk of our own, for that of the library goes down to the last one first."""
    names: list[str] = []
    stack = list(reversed(tag.contents[:_LOOKED_INTO]))
    while stack and len(names) < _LOOKED_INTO:
        node = stack.pop()
        if isinstance(node, Tag):
            names.append(node.name)
            stack.extend(reversed(node.contents[:_LOOKED_INTO]))
    return names


def _is_seen(tag: Tag) -> bool:
    style = str(tag.get("style") or "").lower().replace(" ", "")
    return tag.name not in _UNSEEN and not any(sign in style for sign in _HIDDEN)


def _enter(tag: Tag, writer: _Writer) -> None:
    if tag.name in _QUOTING:
        writer.line()
        writer.quotes += 1
    if tag.name in ("br", "hr"):
        if tag.name == "br" and not writer._cells:
            writer.add("\n")
        else:
            writer.line()
    elif tag.name in _BLOCKS and tag.name not in ("td", "th", "tr"):
        writer.line()
    writer.opens(tag.name, _is_layout(tag))


def _leave(tag: Tag, writer: _Writer) -> None:
    writer.closes(tag.name, _is_layout(tag))
    if tag.name in _BLOCKS and tag.name not in ("td", "th", "tr", "table"):
        writer.line()
        if tag.name in ("p", "div", "h1", "h2", "h3") and tag.name == "p" and not writer._cells:
            writer.add("\n")
    if tag.name in _QUOTING:
        writer.quotes -= 1
