"""The shop of the reading tests, with everything a schema may declare."""

from tests.api.reading.conftest import shop, shop_rows, shop_url

__all__ = ["shop", "shop_rows", "shop_url"]
