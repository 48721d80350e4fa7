"""The schema: the areas' root fields and types in one place, printed to `schema.graphql`."""

import strawberry

from api.agreements import TYPES as AGREEMENT_TYPES
from api.agreements import AgreementMutations, AgreementQueries
from api.catalog import TYPES as CATALOG_TYPES
from api.catalog import CatalogMutations, CatalogQueries
from api.events import TYPES as EVENT_TYPES
from api.events import EventQueries
from api.search import SearchQueries


@strawberry.type(description="Everything that can be read.")
class Query(SearchQueries, EventQueries, CatalogQueries, AgreementQueries):
    pass


@strawberry.type(description="Everything that can be changed.")
class Mutation(CatalogMutations, AgreementMutations):
    pass


TYPES = (*EVENT_TYPES, *CATALOG_TYPES, *AGREEMENT_TYPES)
