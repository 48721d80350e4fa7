"""What a sandbox takes over from the live side: catalog and standard prices; of the partner prices, article map, terms.

Set by set, so that a catalog of thousands of articles is a few statements. Costs stay behind.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from domain.agreements.models import Agreement
from domain.agreements.service import agreement_for

_ARTICLES = text("""
    INSERT INTO article (entity_id, sku, name, name_en, description, technical_description, category, specifications,
      unit, vat_class, serial_required, batch_tracked, outdoor, skills, install_minutes, visit_kind, active)
    SELECT :sandbox, sku, name, name_en, description, technical_description, category, specifications, unit, vat_class,
      serial_required, batch_tracked, outdoor, skills, install_minutes, visit_kind, active
    FROM article WHERE entity_id = :live
    ON CONFLICT (entity_id, sku) DO UPDATE SET name = excluded.name, name_en = excluded.name_en,
      description = excluded.description, technical_description = excluded.technical_description,
      category = excluded.category, specifications = excluded.specifications, unit = excluded.unit,
      vat_class = excluded.vat_class, serial_required = excluded.serial_required, skills = excluded.skills,
      install_minutes = excluded.install_minutes, visit_kind = excluded.visit_kind, active = excluded.active,
      updated_at = now()
""")
_LIST = text("""
    INSERT INTO price_list (entity_id, partner_organization_id, name, currency)
    SELECT :sandbox, CAST(:twin AS uuid), :name, currency FROM business_entity WHERE id = :sandbox
    ON CONFLICT (entity_id, partner_organization_id) DO UPDATE SET name = excluded.name RETURNING id
""")
_FORGET_PRICES = text("DELETE FROM price WHERE price_list_id = :list")
_PRICES = text("""
    INSERT INTO price (price_list_id, article_id, unit_price_cents, valid)
    SELECT DISTINCT ON (copy.id) :list, copy.id, p.unit_price_cents, tstzrange(:now, NULL)
    FROM price_list l
    JOIN price p ON p.price_list_id = l.id AND p.valid @> CAST(:now AS timestamptz)
    JOIN article a ON a.id = p.article_id
    JOIN article copy ON copy.entity_id = :sandbox AND copy.sku = a.sku
    WHERE l.entity_id = :live AND CASE WHEN cardinality(CAST(:chain AS uuid[])) = 0
      THEN l.partner_organization_id IS NULL ELSE l.partner_organization_id = ANY (CAST(:chain AS uuid[])) END
    ORDER BY copy.id, array_position(CAST(:chain AS uuid[]), l.partner_organization_id) DESC
""")
"""The price of the nearest list: the chain goes from the root down."""
_SKUS = text("""
    INSERT INTO partner_sku (entity_id, organization_id, partner_sku, article_id, quantity)
    SELECT DISTINCT ON (s.partner_sku) :sandbox, :twin, s.partner_sku, copy.id, s.quantity
    FROM partner_sku s
    JOIN article a ON a.id = s.article_id
    JOIN article copy ON copy.entity_id = :sandbox AND copy.sku = a.sku
    WHERE s.entity_id = :live AND s.organization_id = ANY (CAST(:chain AS uuid[]))
    ORDER BY s.partner_sku, array_position(CAST(:chain AS uuid[]), s.organization_id) DESC
""")
_MAPPED_WEBHOOKS = text("""
    INSERT INTO mapped_webhook (entity_id, organization_id, slug, name, active, authentication, mapping)
    SELECT :sandbox, :twin, slug, name, active, '{"kind": "SIGNATURE"}', mapping
    FROM mapped_webhook WHERE entity_id = :live AND organization_id = :partner
    ON CONFLICT (entity_id, organization_id, slug) DO UPDATE SET mapping = excluded.mapping, active = excluded.active
""")
"""Secrets of the sender stay behind: in the sandbox its messages are signed as requests are."""
_FORGET_SKUS = text("DELETE FROM partner_sku WHERE entity_id = :sandbox AND organization_id = :twin")
_OF_AGREEMENT = (
    "default_payer",
    "partner_signs",
    "partner_without_lines",
    "quote_valid_days",
    "payment_terms_days",
    "terms",
)


async def copy_catalog(session: AsyncSession, live: UUID, sandbox: UUID, now: datetime) -> None:
    """Articles and the standard prices of an entity."""
    await session.execute(_ARTICLES, {"live": live, "sandbox": sandbox})
    await _copy_prices(session, live, sandbox, None, [], now)


async def copy_partner(
    session: AsyncSession, live: UUID, sandbox: UUID, chain: Sequence[UUID], twin: UUID, now: datetime
) -> None:
    """A partner's prices, article map and terms, as they come to it from its ancestors (root first), for its twin."""
    await _copy_prices(session, live, sandbox, twin, list(chain), now)
    values = {"live": live, "sandbox": sandbox, "twin": twin}
    await session.execute(_FORGET_SKUS, {"sandbox": sandbox, "twin": twin})
    await session.execute(_SKUS, values | {"chain": list(chain)})
    await session.execute(_MAPPED_WEBHOOKS, values | {"partner": chain[-1]})
    await _copy_agreement(session, live, sandbox, chain, twin, now)


async def _copy_prices(
    session: AsyncSession, live: UUID, sandbox: UUID, twin: UUID | None, chain: list[UUID], now: datetime
) -> None:
    name = "Sandbox" if twin is None else "Sandbox (partner)"
    made = await session.execute(_LIST, {"sandbox": sandbox, "twin": twin, "name": name})
    list_id = made.scalar_one()
    await session.execute(_FORGET_PRICES, {"list": list_id})
    await session.execute(_PRICES, {"list": list_id, "live": live, "sandbox": sandbox, "chain": chain, "now": now})


async def _copy_agreement(
    session: AsyncSession, live: UUID, sandbox: UUID, chain: Sequence[UUID], twin: UUID, now: datetime
) -> None:
    found = await agreement_for(session, live, chain, now)
    if found is None:
        return
    values: dict[str, Any] = {column: getattr(found, column) for column in _OF_AGREEMENT}
    payers = {category: _payer(payer) for category, payer in found.payer_by_category.items()}
    session.add(
        Agreement(
            entity_id=sandbox,
            organization_id=twin,
            valid=Range(now, None),
            payer_by_category=payers,
            **values,
        )
    )
    await session.flush()


def _payer(payer: str) -> str:
    """A third organization is not in the sandbox: there the partner itself pays."""
    return payer if payer in ("CUSTOMER", "PARTNER") else "PARTNER"
