"""What there is to import."""

from domain.bulk.models import BulkSubject
from domain.bulk.options import Options
from domain.bulk.subjects import contacts, partner_orders, prices, skus
from domain.bulk.subjects.importing import Import
from domain.errors import Required
from tenants.permissions import Permission


def _needs_price_list(options: Options) -> None:
    if options.price_list_id is None:
        raise Required(field=("price_list_id",))


IMPORTS: dict[BulkSubject, Import] = {
    BulkSubject.PARTNER_ORDERS: Import(
        Permission.PARTNER_ORDERS_SUBMIT,
        partner_orders.prepared,
        partner_orders.take,
        partner_orders.take_back,
        piece=5,
    ),
    BulkSubject.CONTACTS: Import(
        Permission.CONTACTS_WRITE, contacts.prepared, contacts.take, contacts.take_back, piece=50
    ),
    BulkSubject.PARTNER_SKUS: Import(
        Permission.INTEGRATIONS_MANAGE, skus.prepared, skus.take, skus.take_back, piece=100
    ),
    BulkSubject.PRICES: Import(
        Permission.CATALOG_WRITE,
        prices.prepared,
        prices.take,
        prices.take_back,
        piece=100,
        by_partners=False,
        check=_needs_price_list,
    ),
}
