"""Bounds on a request, each a setting and each refused before any work: `extensions` say which bound and its figure."""

from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSyntaxError,
    ListValueNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
)
from graphql.language import Visitor, visit

from tenants.settings import Settings

_MOST = 1_000_000
"""Counts stop here: fragments that spread fragments multiply without end."""
_DEEPEST_VALUE = 32
"""Levels of lists and objects in the variables; what a program writes by hand has five."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a document amounts to, fragments expanded."""

    depth: int
    aliases: int
    longest_list: int
    longest_text: int
    introspects: bool
    has_nul: bool = False
    """Whether a literal text holds U+0000."""


def check(found: Figures, variables: Any, limits: Settings) -> None:
    """Hold a document and its variables to the bounds. Raises: GraphQLError"""
    _hold("TOO_DEEP", "The selection is nested {found} levels deep", found.depth, limits.max_depth)
    _hold("TOO_MANY_ALIASES", "The document has {found} aliases", found.aliases, limits.max_aliases)
    if variables:
        check_values(variables, limits.max_input_list, limits.max_input_text)
    _hold("LIST_TOO_LONG", "A list in the document has {found} items", found.longest_list, limits.max_input_list)
    _hold("TEXT_TOO_LONG", "A text in the document is {found} long", found.longest_text, limits.max_input_text)
    if found.has_nul:
        raise _no_nul("A text in the document")


def check_values(variables: Any, longest_list: int, longest_text: int) -> None:
    """Hold the variables of a request to the bounds, whatever their types."""
    waiting: list[tuple[str, Any, int]] = [("variables", variables, 0)]
    while waiting:
        path, value, depth = waiting.pop()
        match value:
            case str():
                _hold("TEXT_TOO_LONG", f"{path} is {{found}} long", len(value), longest_text)
                _refuse_nul(path, value)
            case list():
                _hold("LIST_TOO_LONG", f"{path} has {{found}} items", len(value), longest_list)
                _hold("TOO_DEEP", "The variables are nested {found} levels deep", depth, _DEEPEST_VALUE)
                waiting += [(f"{path}[{index}]", item, depth + 1) for index, item in enumerate(value)]
            case dict():
                _hold("TOO_DEEP", "The variables are nested {found} levels deep", depth, _DEEPEST_VALUE)
                for key, item in value.items():
                    _refuse_nul(path, key)
                    waiting.append((f"{path}.{key[:60]}", item, depth + 1))


def _refuse_nul(path: str, text: str) -> None:
    """PostgreSQL can keep every character but this one."""
    if "\0" in text:
        raise _no_nul(path)


def _no_nul(where: str) -> GraphQLError:
    return GraphQLError(f"{where} holds the character U+0000.", extensions={"code": "NUL_IN_TEXT"})


def of_the_parser(error: GraphQLError, settings: Settings) -> GraphQLError:
    """The parser's own complaints about the size of a document, with the codes that the other bounds have."""
    if isinstance(error, GraphQLSyntaxError) and f"more than {settings.max_tokens} tokens" in error.message:
        return _beyond(
            "TOO_MANY_TOKENS", f"The document has more than {settings.max_tokens} tokens.", settings.max_tokens
        )
    if isinstance(error.original_error, RecursionError) or "nested too deeply" in error.message:
        message = f"The document is nested too deeply; at most {settings.max_depth} levels are allowed."
        return _beyond("TOO_DEEP", message, settings.max_depth)
    return error


def _beyond(code: str, message: str, limit: int) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code, "limit": limit})


def figures(document: DocumentNode) -> Figures:
    """Of the costliest operation of a document; a fragment is looked at once, however often it is spread."""
    counting = _Counting(document)
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    counted = [counting.of(node.selection_set) for node in operations]
    literals = _Literals()
    visit(document, literals)
    return Figures(
        depth=max((depth for depth, _ in counted), default=0),
        aliases=max((aliases for _, aliases in counted), default=0),
        longest_list=literals.longest_list,
        longest_text=literals.longest_text,
        introspects=literals.introspects,
        has_nul=literals.has_nul,
    )


def _hold(code: str, message: str, found: int, limit: int) -> None:
    if found > limit:
        text = f"{message.replace('{found}', str(found))}; at most {limit} are allowed."
        raise GraphQLError(text, extensions={"code": code, "found": found, "limit": limit})


class _Counting:
    """Depth and aliases of selections; introspection fields count nothing, their depth has a rule of its own."""

    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._known: dict[str, tuple[int, int]] = {}

    def of(self, selections: SelectionSetNode | None) -> tuple[int, int]:
        """(depth, aliases) below a node."""
        depth = aliases = 0
        for node in selections.selections if selections else ():
            below = self._fragment(node.name.value) if isinstance(node, FragmentSpreadNode) else self._node(node)
            depth = max(depth, below[0])
            aliases = min(aliases + below[1], _MOST)
        return depth, aliases

    def _node(self, node: Any) -> tuple[int, int]:
        if not isinstance(node, FieldNode):
            return self.of(node.selection_set)
        alias = int(node.alias is not None)
        if node.name.value.startswith("__"):
            return 0, alias
        depth, aliases = self.of(node.selection_set)
        return depth + 1, aliases + alias

    def _fragment(self, name: str) -> tuple[int, int]:
        if name not in self._known:
            self._known[name] = (0, 0)  # a fragment that spreads itself is refused by validation
            definition = self._fragments.get(name)
            self._known[name] = self.of(definition.selection_set) if definition else (0, 0)
        return self._known[name]


class _Literals(Visitor):
    """The longest literal list and text, and whether the schema itself is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.longest_list = 0
        self.longest_text = 0
        self.introspects = False
        self.has_nul = False

    def enter(self, node: Node, *_: Any) -> None:
        if isinstance(node, ListValueNode):
            self.longest_list = max(self.longest_list, len(node.values))
        elif isinstance(node, StringValueNode):
            self.longest_text = max(self.longest_text, len(node.value))
            self.has_nul = self.has_nul or "\0" in node.value
        elif isinstance(node, FieldNode) and node.name.value in ("__schema", "__type"):
            self.introspects = True
