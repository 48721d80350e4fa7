"""The five business entities, their brands, the seven teams."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chargecars.demo.bulk import Rows
from chargecars.demo.draw import Draw


@dataclass(frozen=True)
class Entity:
    """One business entity of the demo: who it is, and its share of the quotes."""

    id: UUID
    code: str
    slug: str
    name: str
    share: float
    wholesale: bool = False
    requires_partner: bool = False


_ENTITIES = (
    # code, slug, name, legal name, KvK, VAT, IBAN, town, postcode, share, colour
    ("CC", "chargecars", "ChargeCars", "ChargeCars Demo B.V.", "90000016", "NL900000163B01", "#00b67a", 0.45),
    ("LT", "laderthuis", "LaderThuis", "LaderThuis Demo B.V.", "90000024", "NL900000242B01", "#0057d9", 0.25),
    (
        "MT",
        "meterkastthuis",
        "MeterKastThuis",
        "MeterKastThuis Demo B.V.",
        "90000032",
        "NL900000321B01",
        "#f59e0b",
        0.10,
    ),
    ("ZS", "zaptecshop", "ZaptecShop", "ZaptecShop Demo B.V.", "90000040", "NL900000400B01", "#111827", 0.12),
    ("RS", "ratioshop", "RatioShop", "RatioShop Demo B.V.", "90000059", "NL900000590B01", "#dc2626", 0.08),
)
_IBANS = (
    "NL91ABNA0417164300",
    "NL20INGB0001234567",
    "NL02ABNA0123456789",
    "NL44RABO0123456789",
    "NL39RABO0300065264",
)
_TEAM_TOWNS = ("Nijkerk", "Amsterdam", "Rotterdam", "Eindhoven", "Arnhem", "Zwolle", "Groningen")
CONSENT = (
    "Ik heb dit document gelezen en ga namens de genoemde partij akkoord met de regels die deze partij betreffen, "
    "de prijzen en de voorwaarden."
)


def add_entities(rows: Rows, draw: Draw, since: datetime, base_domain: str) -> list[Entity]:
    """The entities with a brand each at `<slug>.<base_domain>`."""
    entities = []
    for (code, slug, name, legal_name, kvk, vat, colour, share), iban in zip(_ENTITIES, _IBANS, strict=True):
        entity = Entity(draw.id(since), code, slug, name, share, code in ("ZS", "RS"), code == "CC")
        entities.append(entity)
        rows.add(
            "business_entity",
            id=entity.id,
            code=code,
            name=name,
            legal_name=legal_name,
            kvk_number=kvk,
            vat_number=vat,
            iban=iban,
            invoice_prefix=code,
            email=f"info@{slug}.example",
            phone="+31880000000",
            street="Laadplein",
            house_number=str(len(entities)),
            postal_code="3861AA",
            city="Nijkerk",
            requires_partner=entity.requires_partner,
            created_at=since,
        )
        _add_brand(rows, draw, entity, colour, since, base_domain)
    return entities


def _add_brand(rows: Rows, draw: Draw, entity: Entity, colour: str, since: datetime, base_domain: str) -> None:
    rows.add(
        "brand",
        id=draw.id(since),
        entity_id=entity.id,
        host=f"{entity.slug}.{base_domain}",
        name=entity.name,
        theme={"colorPrimary": colour, "colorBackground": "#ffffff", "radius": "8px"},
        sender_name=entity.name,
        sender_email=f"noreply@{entity.slug}.example",
        terms=f"Algemene voorwaarden van {entity.name}: levering, installatie en garantie volgens offerte.",
        privacy_statement=f"{entity.name} gebruikt uw gegevens alleen om uw opdracht uit te voeren.",
        consent_text=CONSENT,
        created_at=since,
    )


def add_teams(rows: Rows, draw: Draw, since: datetime) -> list[UUID]:
    """Seven regional teams."""
    teams = []
    for town in _TEAM_TOWNS:
        teams.append(draw.id(since))
        rows.add(
            "team",
            id=teams[-1],
            name=f"Team {town}",
            base_city=town,
            skills=["charging station", "meter box"],
            created_at=since,
        )
    return teams
