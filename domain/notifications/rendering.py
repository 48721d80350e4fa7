"""Filling in texts that people wrote: what they may do is a short list, everything else is refused when it is saved.

The language is a part of Jinja's: variables of the kind, `if`, comparisons, a few filters. No loop, assignment,
arithmetic, call, index or attribute beyond the declared names, so a text is filled in in time and space that are
bounded by its own length; the sandbox stands behind that, and size and time are watched as well.
"""

import re
import time
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from datetime import time as clock_time
from functools import lru_cache
from typing import Any

from babel.dates import format_date
from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from domain.errors import FieldPath
from domain.notifications.errors import TemplateNotAllowed, TemplateSyntax, TemplateTooLong, UnknownVariable
from domain.notifications.kinds import Kind, Variable, VariableType
from domain.notifications.models import Language
from domain.numbering.service import AMSTERDAM

MAX_OUTPUT = 100_000
"""Characters of one filled in text."""
MAX_SECONDS = 1.0
MAX_DEPTH = 20
"""Conditions within conditions."""
_LOCALES = {Language.NL: "nl_NL", Language.EN: "en_GB"}
_PARTS_OF_DAY = {
    Language.NL: {"MORNING": "ochtend", "AFTERNOON": "middag"},
    Language.EN: {"MORNING": "morning", "AFTERNOON": "afternoon"},
}
_FILTERS = ("upper", "lower", "capitalize", "trim", "default", "truncate")
_NODES = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.Const,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Filter,
)
_BLANK = re.compile(r"\s+")


class RenderingFailed(Exception):
    """A text that was accepted cannot be filled in: a value is missing, or it grew too long."""


class Part(str):
    """A state that is compared as it is kept, and written in the recipient's language."""

    __slots__ = ()


# --- when it is saved ---------------------------------------------------------------------------------------------


def checked(source: str, kind: Kind, *field: str | int) -> str:
    """The source, if it may be saved for the kind. Raises: TemplateSyntax, TemplateNotAllowed, UnknownVariable."""
    try:
        tree = _environment(Language.NL, html=False).parse(source)
    except TemplateSyntaxError as error:
        raise TemplateSyntax(field=field, line=error.lineno, detail=str(error.message)[:200]) from error
    except RecursionError as error:
        raise TemplateNotAllowed(field=field, line=1, column=1, what=_NESTING) from error
    _Check(source, kind, field).node(tree, 0)
    return source


_NESTING = {"nl": f"meer dan {MAX_DEPTH} keer nesten", "en": f"nesting more than {MAX_DEPTH} times"}


class _Check:
    """Walks a parsed template and refuses what is not on the list."""

    def __init__(self, source: str, kind: Kind, field: FieldPath) -> None:
        self.lines, self.kind, self.field = source.split("\n"), kind, field

    def node(self, node: nodes.Node, depth: int) -> None:
        if depth > MAX_DEPTH * 3:
            raise self._refused(node, _NESTING)
        if not isinstance(node, _NODES):
            raise self._refused(node, f"`{type(node).__name__.lower()}`")
        if isinstance(node, nodes.Filter):
            self._filter(node)
        if isinstance(node, nodes.Getattr | nodes.Name):
            self._variable(node)
            return
        for child in node.iter_child_nodes():
            self.node(child, depth + 1)

    def _filter(self, node: nodes.Filter) -> None:
        if node.name not in _FILTERS:
            raise self._refused(node, f"`|{node.name}`", node.name)
        if node.dyn_args or node.dyn_kwargs or node.kwargs or not all(isinstance(a, nodes.Const) for a in node.args):
            raise self._refused(node, f"`|{node.name}(…)`", node.name)

    def _variable(self, node: nodes.Getattr | nodes.Name) -> None:
        path: list[str] = []
        inner: nodes.Node = node
        while isinstance(inner, nodes.Getattr):
            path.append(inner.attr)
            inner = inner.node
        if not isinstance(inner, nodes.Name):
            raise self._refused(node, "`.`")
        name = ".".join([inner.name, *reversed(path)])
        if name not in self.kind.named:
            line, column = self._place(node, inner.name)
            choices = ", ".join(sorted(self.kind.named))
            raise UnknownVariable(field=self.field, line=line, column=column, variable=name[:80], choices=choices)

    def _refused(self, node: nodes.Node, what: object, word: str = "") -> TemplateNotAllowed:
        line, column = self._place(node, word)
        return TemplateNotAllowed(field=self.field, line=line, column=column, what=what)

    def _place(self, node: nodes.Node, word: str) -> tuple[int, int]:
        """Jinja knows the line; the column is that of the word in it, or of the first brace."""
        text = self.lines[node.lineno - 1] if node.lineno <= len(self.lines) else ""
        found = re.search(rf"\b{re.escape(word)}\b", text) if word else re.search(r"{[{%#]", text)
        return node.lineno, (found.start() if found else 0) + 1


# --- when it is sent ----------------------------------------------------------------------------------------------


def filled(source: str, values: Mapping[str, Any], language: Language, *, html: bool = False) -> str:
    """The text with the values, by dotted name, in place; in HTML they are escaped. Raises: RenderingFailed."""
    try:
        template = _compiled(source, language, html)
        return _collected(template.generate(**_nested(values)))
    except (TemplateError, RecursionError, TypeError, ValueError) as error:
        raise RenderingFailed(type(error).__name__) from error


def one_line(text: str) -> str:
    """For a subject or title: no line breaks, control or invisible characters, at most 200 characters."""
    shown = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    shown = "".join(c for c in shown if unicodedata.category(c) not in ("Cf", "Cs"))
    return _BLANK.sub(" ", shown).strip()[:200]


def typed(variables: Iterable[Variable], values: Mapping[str, str | None]) -> dict[str, Any]:
    """Values as texts of JSON, one per variable, in the form in which a template writes them; None where missing."""
    return {v.name: _typed(v, values.get(v.name)) for v in variables}


def examples(kind: Kind) -> dict[str, str | None]:
    """The example of every variable of a kind."""
    return {name: variable.example for name, variable in kind.named.items()}


def _typed(variable: Variable, value: str | None) -> Any:
    if value is None or value == "":
        if not variable.optional and value is None:
            raise RenderingFailed(variable.name)
        return None if variable.optional else ""
    match variable.type:
        case VariableType.DATE:
            return date.fromisoformat(value)
        case VariableType.TIME:
            return datetime.fromisoformat(value).astimezone(AMSTERDAM).time()
        case VariableType.PART_OF_DAY:
            return Part(value)
        case _:
            return value


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in values.items():
        *path, last = name.split(".")
        at = tree
        for part in path:
            at = at.setdefault(part, {})
        at[last] = value
    return tree


def _collected(pieces: Iterable[str]) -> str:
    made, size, until = [], 0, time.thread_time() + MAX_SECONDS
    for piece in pieces:
        size += len(piece)
        if size > MAX_OUTPUT or time.thread_time() > until:
            raise RenderingFailed("TooLong")
        made.append(piece)
    return "".join(made)


@lru_cache(maxsize=512)
def _compiled(source: str, language: Language, html: bool) -> Any:
    return _environment(language, html=html).from_string(source)


@lru_cache(maxsize=4)
def _environment(language: Language, *, html: bool) -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(
        autoescape=html, undefined=StrictUndefined, finalize=_writer(language), keep_trailing_newline=True, cache_size=0
    )
    made.globals.clear()
    made.tests.clear()
    made.filters = {name: made.filters[name] for name in _FILTERS}
    return made


def _writer(language: Language) -> Any:
    def write(value: Any) -> Any:
        match value:
            case None:
                return ""
            case date():
                return format_date(value, "long" if language is Language.EN else "d MMMM y", _LOCALES[language])
            case clock_time():
                return f"{value:%H:%M}"
            case Part():
                return _PARTS_OF_DAY[language].get(value, str(value))
            case str() | Markup():
                return value
            case _:
                return str(value)

    return write


def bounded(text: str, maximum: int, *field: str | int) -> str:
    """The text, if the channel carries it. Raises: TemplateTooLong."""
    if len(text) > maximum:
        raise TemplateTooLong(field=field, maximum=maximum)
    return text
