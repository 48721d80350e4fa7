"""schemathesis against the running server: whatever of the schema is asked, with whatever values, nothing breaks.

Generated ids would be refused before anything runs, so they are exchanged for ids of the kind that is wanted, most of
rows that exist; the rest of the values is schemathesis' own.
"""

import asyncio
import re
from typing import Any
from uuid import UUID, uuid4

import hypothesis
import schemathesis
from graphql import (
    REMOVE,
    GraphQLSchema,
    IntValueNode,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    parse,
    parse_value,
    print_ast,
    visit,
)
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from schemathesis.graphql import nodes

from api.masking import OURS
from api.reading import global_id
from domain.contacts.models import Contact
from tenants.actor import SYSTEM
from tenants.models import BusinessEntity
from tenants.permissions import Role
from tests import factories
from tests.protocol.portal import Portal
from tests.serving import serving
from tests.tenancy.ids import _KINDS as KINDS

_EXAMPLES = 3
_ROLES = (Role.TENANT_ADMIN, Role.PARTNER_ADMIN)
_SLOW = frozenset({"Query.node", "Query.nodes", "Query.search"})
"""Any type may be behind them, for all of which schemathesis makes ready; the differential test asks them at length."""
_SCALARS = {
    "BigInt": st.integers(-(2**63), 2**63 - 1).map(str).map(nodes.String),
    "Decimal": st.decimals(-1_000_000, 1_000_000, places=2).map(str).map(nodes.String),
    "DateTime": st.datetimes().map(lambda at: nodes.String(f"{at.isoformat()}Z")),
    "Cursor": st.text(max_size=30).map(nodes.String),
    "JSON": st.sampled_from(["{}", "{a: 1}", '{a: {b: [1, "x", null]}}', "[]", "7", '"x"']).map(parse_value),
}


async def test_nothing_breaks(ours: Portal) -> None:
    """Every root field, as staff and as a partner: no 5xx, no error that is masked, no answer that is none."""
    asking = _Asking(ours.host, [await ours.log_in(role) for role in _ROLES], await _rows(ours))
    async with serving(ours.app, lifespan="off") as address:
        await asyncio.to_thread(asking.examine, f"{address}/graphql")
    assert len(asking.asked) > 100
    assert asking.broken == []


async def _rows(ours: Portal) -> dict[str, list[UUID]]:
    """Keys of rows that both may name, by kind."""
    async with ours.database.session(SYSTEM) as session:
        entity = await session.get_one(BusinessEntity, ours.entity_id)
        partner = await session.get_one(Contact, ours.organization_id)
        contact = await factories.person(session, entity, partner=partner)
        article = await factories.article(session, entity)
        address = await factories.address(session, contact)
    return {
        "BusinessEntity": [ours.entity_id],
        "Brand": [ours.brand_id],
        "Organization": [ours.organization_id],
        "Contact": [contact.id],
        "Article": [article.id],
        "Address": [address.id],
    }


class _Asking:
    """Generates cases, asks each as everybody, and keeps what broke."""

    def __init__(self, host: str, askers: list[dict[str, str]], rows: dict[str, list[UUID]]) -> None:
        self._host = host
        self._askers = askers
        self._rows = rows
        self.asked: set[str] = set()
        self.broken: list[str] = []

    def examine(self, url: str) -> None:
        """Ask every root field of the schema that introspection shows."""
        schema = schemathesis.graphql.from_url(url, headers=self._headers(self._askers[0]))
        client = schema.client_schema
        for name in client.type_map.keys() & _SCALARS.keys():
            schemathesis.graphql.scalar(name, _SCALARS[name])
        for found in schema.get_all_operations():
            self._examine(found.ok(), client)

    def _examine(self, operation: Any, schema: GraphQLSchema) -> None:
        def check(case: Any) -> None:
            case.body = _sensible(case.body, schema, operation.label, self._rows)
            for asker in self._askers:
                self._ask(case, asker)

        examples = 1 if operation.label in _SLOW else _EXAMPLES
        settled = hypothesis.settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        settled(hypothesis.given(operation.as_strategy())(check))()
        self.asked.add(operation.label)

    def _ask(self, case: Any, asker: dict[str, str]) -> None:
        answer = case.call(headers=self._headers(asker))
        assert answer.status_code < 500, answer.text
        body = answer.json()
        codes = {error["extensions"]["code"] for error in body.get("errors", ())}
        if codes & OURS or not body.keys() & {"data", "errors"} or "Traceback" in answer.text:
            self.broken.append(f"{codes} {case.operation.label}: {case.body} {answer.text[:500]}")

    def _headers(self, asker: dict[str, str]) -> dict[str, str]:
        return {**asker, "host": self._host, "idempotency-key": uuid4().hex}


def _sensible(query: str, schema: GraphQLSchema, label: str, rows: dict[str, list[UUID]]) -> str:
    """The document with ids of the wanted kind, pages of a size that exists and texts that PostgreSQL could keep."""
    info = TypeInfo(schema)
    return print_ast(visit(parse(query), TypeInfoVisitor(info, _Sensible(info, label, rows))))


class _Sensible(Visitor):
    """Exchanges literals."""

    def __init__(self, info: TypeInfo, label: str, rows: dict[str, list[UUID]]) -> None:
        super().__init__()
        self._info = info
        self._label = label
        self._rows = rows
        self._names: list[str] = []

    def enter_argument(self, node: Any, *_: Any) -> Any:
        if node.name.value in ("last", "before"):
            return REMOVE  # a page is asked for from one end
        self._names.append(node.name.value)
        return None

    def leave_argument(self, *_: Any) -> None:
        self._names.pop()

    enter_object_field, leave_object_field = enter_argument, leave_argument

    def enter_string_value(self, node: StringValueNode, *_: Any) -> StringValueNode:
        wanted = get_named_type(self._info.get_input_type())
        if wanted is not None and wanted.name == "ID":
            return StringValueNode(value=self._id(), block=False)
        return StringValueNode(value=node.value.replace("\0", ""), block=node.block)

    def enter_int_value(self, node: IntValueNode, *_: Any) -> IntValueNode | None:
        if self._names and self._names[-1] in ("first", "last"):
            return IntValueNode(value=str(abs(int(node.value)) % 20))
        return None

    def _id(self) -> str:
        kind = _kind(self._names, self._label)
        return global_id(kind, self._rows.get(kind, [uuid4()])[0])


def _kind(names: list[str], label: str) -> str:
    """What an id at these names should be of."""
    for name in reversed(names):
        snake = re.sub(r"([A-Z])", lambda found: "_" + found[1].lower(), name)
        for word, kind in KINDS.items():
            if word in snake:
                return kind
    field = label.split(".")[1].lower()
    return next((kind for kind in KINDS.values() if kind.lower() in field), "Order")
