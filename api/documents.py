"""Documents that this process has parsed before, bounded by their length."""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from graphql import (
    REMOVE,
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    Visitor,
    parse,
    specified_rules,
    visit,
)
from graphql.execution.collect_fields import FragmentDetails
from strawberry.schema.schema import validate_document

from api.limits import Figures, figures
from api.reading.cache import Bounded

_LONGEST_KEPT = 16_384
_MOST_CHARACTERS = 250_000
"""Of all documents that are kept; a parsed one takes some hundred and fifty times its length."""
INCREMENTS = frozenset({"defer", "stream"})
"""Directives by which an answer comes in parts."""
_RULES = tuple(specified_rules)
_serials = count()


class Document:
    """A parsed document: its figures, operations by name and fragments; `memo` is for what else is known of it."""

    def __init__(self, text: str, node: DocumentNode) -> None:
        self.text = text
        self.node = node
        self.figures: Figures = figures(node)
        self.operations: Mapping[str, OperationDefinitionNode] = {
            part.name.value if part.name else "": part
            for part in node.definitions
            if isinstance(part, OperationDefinitionNode)
        }
        self.fragments: Mapping[str, FragmentDefinitionNode] = {
            part.name.value: part for part in node.definitions if isinstance(part, FragmentDefinitionNode)
        }
        self.details = {name: FragmentDetails(part, None) for name, part in self.fragments.items()}
        self.memo: dict[Any, Any] = {}
        self.serial = next(_serials)
        self._errors: list[GraphQLError] | None = None

    def errors(self, schema: GraphQLSchema) -> Sequence[GraphQLError]:
        """What validation against the schema finds, looked for once; a document belongs to one schema."""
        if self._errors is None:
            self._errors = validate_document(schema, self.node, _RULES)
        return self._errors

    @property
    def whole(self) -> "Document":
        """The document without @defer and @stream; itself where it has none."""
        known: Document | None = self.memo.get("whole")
        if known is None:
            known = self.memo["whole"] = self._without_increments()
        return known

    def _without_increments(self) -> "Document":
        remover = _IncrementsRemover()
        node: DocumentNode = visit(self.node, remover)
        if not remover.removed:
            return self
        made = Document(self.text, node)
        made.memo["whole"] = made
        return made

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """The operation of a name, without one the only operation."""
        if name is not None:
            return self.operations.get(name)
        return next(iter(self.operations.values())) if len(self.operations) == 1 else None


class _IncrementsRemover(Visitor):
    """Takes @defer and @stream out of a document."""

    def __init__(self) -> None:
        super().__init__()
        self.removed = False

    def enter_directive(self, node: DirectiveNode, *_: Any) -> Any:
        if node.name.value not in INCREMENTS:
            return None
        self.removed = True
        return REMOVE


class Documents:
    """The documents in use, of one schema. Long ones are parsed each time, so that nobody can fill the memory."""

    def __init__(self) -> None:
        self._kept: Bounded[Document] = Bounded(_MOST_CHARACTERS, lambda document: len(document.text) + 200)

    def document(self, text: str, max_tokens: int) -> Document:
        """The parsed text. Raises: GraphQLSyntaxError, RecursionError"""
        if len(text) > _LONGEST_KEPT:
            return _parsed(text, max_tokens)
        return self._kept.get((text, max_tokens), lambda: _parsed(text, max_tokens))


def _parsed(text: str, max_tokens: int) -> Document:
    return Document(text, parse(text, max_tokens=max_tokens))
