"""Expected failures of the catalog."""

from domain.errors import DomainError


class NoPrice(DomainError):
    """An article has no price in the lists that apply."""

    code = "NO_PRICE"
    nl = "Artikel {sku} heeft geen prijs voor deze partner en geen standaardprijs."
    en = "Article {sku} has no price for this partner and no standard price."


class UnknownArticle(DomainError):
    """An article does not exist in the catalog of the entity, or is no longer sold."""

    code = "UNKNOWN_ARTICLE"
    nl = "Artikel {article} staat niet in de catalogus van deze onderneming."
    en = "Article {article} is not in the catalog of this business entity."


class SkuTaken(DomainError):
    """Another article of the entity has the SKU."""

    code = "SKU_TAKEN"
    nl = "Artikelnummer {sku} is al in gebruik."
    en = "SKU {sku} is already in use."
