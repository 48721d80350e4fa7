"""What is exported: one SELECT per subject, as the actor who asked; PostgreSQL writes the lines.

Keys of a line keep their names; new ones may come. Ids are the API's global ids, amounts are in cents.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import TextClause, text

from domain.bulk.models import BulkOperation, BulkSubject
from domain.bulk.options import Options
from tenants.permissions import Permission


@dataclass(frozen=True, slots=True)
class Export:
    """`line` is a JSON object over `r`, `source` the FROM; `organization` narrows to a partner and those below it."""

    permission: Permission
    line: str
    source: str
    organization: str = "r.channel_organization_ids @> ARRAY[CAST(:organization AS uuid)]"
    entity: str = "r.entity_id = :entity"
    made: str = "r.created_at"

    def rows(self, operation: BulkOperation) -> tuple[TextClause, dict[str, Any]]:
        """(key, line) after the operation's cursor, in the order of the keys."""
        where, values = self._where(operation)
        if operation.cursor is not None:
            where, values = f"{where} AND r.id > :after", values | {"after": operation.cursor}
        return (
            text(f"SELECT r.id AS key, ({self.line})::text AS line FROM {self.source} WHERE {where} ORDER BY r.id"),  # noqa: S608  # constants
            values,
        )

    def count(self, operation: BulkOperation) -> tuple[TextClause, dict[str, Any]]:
        """How many there are."""
        where, values = self._where(operation)
        return text(f"SELECT count(*) FROM {self.source} WHERE {where}"), values  # noqa: S608  # constants

    def _where(self, operation: BulkOperation) -> tuple[str, dict[str, Any]]:
        options = Options.read(operation.options)
        parts: list[str] = [self.entity]
        values: dict[str, Any] = {"entity": operation.entity_id}
        if options.since:
            parts, values = [*parts, f"{self.made} >= :since"], values | {"since": options.since}
        if options.until:
            parts, values = [*parts, f"{self.made} < :until"], values | {"until": options.until}
        if narrowed := operation.options.get("organization_id"):
            parts, values = [*parts, self.organization], values | {"organization": narrowed}
        if options.price_list_id and "price_list" in self.source:
            parts, values = [*parts, "l.id = :price_list"], values | {"price_list": options.price_list_id}
        return " AND ".join(parts), values


def _id(kind: str, column: str) -> str:
    """The global id of a row."""
    written = f"encode(convert_to('{kind}:' || {column}, 'UTF8'), 'base64')"
    return f"CASE WHEN {column} IS NULL THEN NULL ELSE replace({written}, E'\\n', '') END"


def _lines(version: str) -> str:
    """The lines of a version that the actor may see."""
    return (
        f"(SELECT coalesce(json_agg({_LINE} ORDER BY i.position), '[]'::json) "  # noqa: S608  # constants
        f"FROM line_item i WHERE i.quote_version_id = {version})"
    )


def _object(**values: str) -> str:
    pairs = ", ".join(f"'{name}', {column}" for name, column in values.items())
    return f"json_build_object({pairs})"


_CUSTOMER = _object(
    id=_id("Contact", "c.id"),
    name="c.name",
    email="c.email",
    phone="c.phone",
)
_ADDRESS = _object(
    street="a.street",
    house_number="a.house_number",
    addition="a.house_number_addition",
    postal_code="a.postal_code",
    city="a.city",
    country="a.country",
)
_CONTACT_OR_ORGANIZATION = (
    f"CASE r.contact_type WHEN 'PERSON' THEN {_id('Contact', 'r.id')} ELSE {_id('Organization', 'r.id')} END"
)
_LINE = _object(
    position="i.position",
    sku="i.sku",
    description="i.description",
    quantity="i.quantity",
    net_cents="i.net_cents",
    vat_cents="i.vat_cents",
    gross_cents="i.gross_cents",
    payer="i.payer_role",
)
_WITH_CUSTOMER = (
    " LEFT JOIN contact c ON c.id = r.end_customer_contact_id LEFT JOIN address a ON a.id = r.service_address_id"
)

EXPORTS: dict[BulkSubject, Export] = {
    BulkSubject.ORDERS: Export(
        Permission.ORDERS_READ,
        _object(
            id=_id("Order", "r.id"),
            number="r.number",
            partner_order_id="r.partner_order_id",
            partner_references="r.partner_metadata",
            stage="r.stage",
            progress="r.progress",
            on_hold="r.on_hold",
            placed_at="r.created_at",
            cancelled_at="r.cancelled_at",
            completed_at="r.completed_at",
            customer=_CUSTOMER,
            address=_ADDRESS,
            currency="r.currency",
            lines=_lines("r.quote_version_id"),
        ),
        '"order" r' + _WITH_CUSTOMER,
    ),
    BulkSubject.QUOTES: Export(
        Permission.QUOTES_READ,
        _object(
            id=_id("Quote", "r.id"),
            number="r.number",
            partner_order_id="r.partner_order_id",
            partner_references="r.partner_metadata",
            status="r.status",
            version="r.current_version",
            made_at="r.created_at",
            sent_at="r.sent_at",
            expires_at="r.expires_at",
            closed_at="r.closed_at",
            close_reason="r.close_reason",
            customer=_CUSTOMER,
            address=_ADDRESS,
            currency="r.currency",
            lines=_lines("v.id"),
        ),
        "quote r LEFT JOIN quote_version v ON v.quote_id = r.id AND v.number = r.current_version" + _WITH_CUSTOMER,
    ),
    BulkSubject.CONTACTS: Export(
        Permission.CONTACTS_READ,
        _object(
            id=_CONTACT_OR_ORGANIZATION,
            type="r.contact_type",
            name="r.name",
            first_name="r.first_name",
            last_name="r.last_name",
            email="r.email",
            phone="r.phone",
            language="r.language",
            kvk_number="r.kvk_number",
            vat_number="r.vat_number",
            organization=_id("Organization", "r.parent_organization_id"),
            lifecycle="n.lifecycle",
            address=_ADDRESS,
            made_at="r.created_at",
            changed_at="r.updated_at",
        ),
        "contact r JOIN contact_relation n ON n.contact_id = r.id AND n.entity_id = :entity "
        "LEFT JOIN address a ON a.id = r.address_id",
        entity="r.merged_into_id IS NULL AND r.erased_at IS NULL",
    ),
    BulkSubject.INVOICES: Export(
        Permission.INVOICES_READ,
        _object(
            id=_id("Invoice", "r.id"),
            number="r.number",
            kind="r.kind",
            part="r.part",
            status="r.status",
            issued_on="r.issued_on",
            due_on="r.due_on",
            payer="r.payer ->> 'name'",
            order="o.number",
            partner_order_id="o.partner_order_id",
            reference="r.reference",
            payment_reference="r.payment_reference",
            net_cents="r.net_cents",
            vat_cents="r.vat_cents",
            gross_cents="r.gross_cents",
            paid_cents="r.paid_cents",
            credited_cents="r.credited_cents",
            open_cents="r.open_cents",
            currency="r.currency",
        ),
        'invoice r LEFT JOIN "order" o ON o.id = r.order_id',
        organization="r.payer_chain_ids @> ARRAY[CAST(:organization AS uuid)]",
    ),
    BulkSubject.PARTNER_ORDERS: Export(
        Permission.PARTNER_ORDERS_READ,
        _object(
            id=_id("PartnerOrder", "r.id"),
            partner_order_id="r.partner_order_id",
            way="r.way",
            status="r.status",
            received_at="r.received_at",
            repeated="r.repeated",
            document="r.document",
            issues="r.issues",
            quote="q.number",
            order_id="o.number",
        ),
        'partner_order r LEFT JOIN quote q ON q.id = r.quote_id LEFT JOIN "order" o ON o.id = r.order_id',
        made="r.received_at",
    ),
    BulkSubject.PARTNER_SKUS: Export(
        Permission.CATALOG_READ,
        _object(
            organization=_id("Organization", "r.organization_id"),
            partner_sku="r.partner_sku",
            sku="t.sku",
            name="t.name",
            quantity="r.quantity",
        ),
        "partner_sku r LEFT JOIN article t ON t.id = r.article_id",
        organization="r.organization_id = :organization",
    ),
    BulkSubject.PRICES: Export(
        Permission.CATALOG_READ,
        _object(
            price_list=_id("ArticlePriceList", "l.id"),
            list="l.name",
            sku="t.sku",
            unit_price_cents="r.unit_price_cents",
            currency="l.currency",
            valid_from="lower(r.valid)",
            valid_until="upper(r.valid)",
        ),
        "price r JOIN price_list l ON l.id = r.price_list_id JOIN article t ON t.id = r.article_id",
        organization="l.partner_organization_id = :organization",
        entity="l.entity_id = :entity",
    ),
    BulkSubject.EVENTS: Export(
        Permission.EVENTS_READ,
        _object(
            id=_id("Event", "r.id"),
            at="r.created_at",
            type="r.type",
            version="r.schema_version",
            subject_type="r.subject_type",
            subject="replace(encode(convert_to(r.subject_type || ':' || r.subject_id, 'UTF8'), 'base64'), E'\\n', '')",
            actor="r.actor_name",
            payload="r.payload",
        ),
        "event r",
    ),
}
