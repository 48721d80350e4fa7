"""The API process serves the schema that its settings ask for."""

from api.reading.arguments import MAX_PAGE
from chargecars.serving import load_api
from tenants.settings import Settings


def test_the_longest_page_of_the_served_schema_is_the_settings(settings: Settings) -> None:
    longer = settings.model_copy(update={"max_page_size": MAX_PAGE + 1})
    assert load_api(longer).reading.arguments.max_page == MAX_PAGE + 1
