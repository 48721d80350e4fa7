"""From a partner's products to lines: by the SKU map of the nearest organization that has a number (N3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.catalog.models import Article, PartnerSku
from domain.partner_orders.document import ProductDocument
from domain.quotes.draft import LineRequest

MOST_QUANTITY = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A product that stands for no article that is sold."""

    place: int
    product: ProductDocument

    @property
    def path(self) -> str:
        return f"$.products[{self.place}].{'partner_sku' if self.product.partner_sku else 'description'}"

    @property
    def words(self) -> str:
        """`2 × GRO-X (in words)`."""
        sku, said = self.product.partner_sku, self.product.description
        what = f"{sku} ({said})" if sku and said else sku or said or ""
        return f"{self.product.quantity.normalize():f} × {what}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a document asks for: lines of known articles, and what is not known."""

    lines: list[LineRequest]
    unmapped: list[Unmapped]


async def wanted(
    session: AsyncSession, entity_id: UUID, chain: Sequence[UUID], products: Sequence[ProductDocument]
) -> Wanted:
    """The products as lines, in their order; `chain` is the partner with its ancestors, root first."""
    known = await mapped(session, entity_id, chain, [each.partner_sku for each in products if each.partner_sku])
    lines: list[LineRequest] = []
    unmapped: list[Unmapped] = []
    for place, product in enumerate(products):
        found = known.get(product.partner_sku or "")
        if found is None:
            unmapped.append(Unmapped(place, product))
        else:
            lines.append(LineRequest(article_id=found[0], quantity=product.quantity * found[1]))
    return Wanted(lines, unmapped)


async def mapped(
    session: AsyncSession, entity_id: UUID, chain: Sequence[UUID], skus: Sequence[str]
) -> dict[str, tuple[UUID, Decimal]]:
    """Article that is sold and quantity by the partner's number, in one statement."""
    nearness = func.array_position(list(chain), PartnerSku.organization_id)
    query = (
        select(PartnerSku.partner_sku, PartnerSku.article_id, PartnerSku.quantity, Article.active)
        .join(Article, Article.id == PartnerSku.article_id)
        .where(PartnerSku.entity_id == entity_id, PartnerSku.organization_id.in_(chain))
        .where(PartnerSku.partner_sku.in_(set(skus)))
        .order_by(nearness)
    )
    rows = (await session.execute(query)).all() if skus else []
    nearest = {row.partner_sku: row for row in rows}
    return {sku: (row.article_id, row.quantity) for sku, row in nearest.items() if row.active}
