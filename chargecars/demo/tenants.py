"""The five business entities, their brands, the seven teams."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chargecars.demo.draw import Draw
from chargecars.demo.encode import Rows
from domain.geo.location import Point
from domain.geo.pc2 import pc2_centre


@dataclass(frozen=True)
class Entity:
    """One business entity of the demo: who it is, and its share of the quotes."""

    id: UUID
    code: str
    slug: str
    name: str
    legal_name: str
    kvk_number: str
    vat_number: str
    share: float
    since: datetime

    @property
    def wholesale(self) -> bool:
        """It sells goods to trade, without visits."""
        return self.code in ("ZS", "RS")

    @property
    def requires_partner(self) -> bool:
        return self.code == "CC"

    @property
    def sells_meter_boxes(self) -> bool:
        return self.code == "MT"

    @property
    def terms(self) -> str:
        return f"Algemene voorwaarden van {self.name}: levering, installatie en garantie volgens offerte."


@dataclass(frozen=True)
class Team:
    """A regional team with its base."""

    id: UUID
    town: str
    base: Point

    @property
    def mailbox(self) -> str:
        return f"technician@team-{self.town.lower()}.example"


_ENTITIES = (
    # code, slug, name, KvK, VAT, IBAN, colour, share
    ("CC", "chargecars", "ChargeCars", "90000016", "NL900000016B01", "NL91ABNA0417164300", "#00b67a", 0.45),
    ("LT", "laderthuis", "LaderThuis", "90000024", "NL900000028B01", "NL20INGB0001234567", "#0057d9", 0.25),
    ("MT", "meterkastthuis", "MeterKastThuis", "90000032", "NL900000041B01", "NL02ABNA0123456789", "#f59e0b", 0.10),
    ("ZS", "zaptecshop", "ZaptecShop", "90000040", "NL900000053B01", "NL44RABO0123456789", "#111827", 0.12),
    ("RS", "ratioshop", "RatioShop", "90000059", "NL900000004B01", "NL39RABO0300065264", "#dc2626", 0.08),
)
_TEAMS = {
    "Nijkerk": "38",
    "Amsterdam": "10",
    "Rotterdam": "30",
    "Eindhoven": "56",
    "Arnhem": "68",
    "Zwolle": "80",
    "Groningen": "97",
}
"""Base and its area of postcodes."""
CONSENT = (
    "Ik heb dit document gelezen en ga namens de genoemde partij akkoord met de regels die deze partij betreffen, "
    "de prijzen en de voorwaarden."
)


def add_entities(rows: Rows, draw: Draw, since: datetime, base_domain: str) -> list[Entity]:
    """The entities with a brand each at `<slug>.<base_domain>`."""
    entities = []
    for number, (code, slug, name, kvk, vat, iban, colour, share) in enumerate(_ENTITIES, start=1):
        entity = Entity(draw.id(since), code, slug, name, f"{name} Demo B.V.", kvk, vat, share, since)
        entities.append(entity)
        _add_entity(rows, entity, iban, number)
        _add_brand(rows, draw, entity, colour, base_domain)
    return entities


def _add_entity(rows: Rows, entity: Entity, iban: str, number: int) -> None:
    rows.add(
        "business_entity",
        id=entity.id,
        code=entity.code,
        name=entity.name,
        legal_name=entity.legal_name,
        kvk_number=entity.kvk_number,
        vat_number=entity.vat_number,
        iban=iban,
        invoice_prefix=entity.code,
        email=f"info@{entity.slug}.example",
        phone="+31880000000",
        street="Laadplein",
        house_number=str(number),
        postal_code="3861AA",
        city="Nijkerk",
        requires_partner=entity.requires_partner,
        created_at=entity.since,
        updated_at=entity.since,
    )


def _add_brand(rows: Rows, draw: Draw, entity: Entity, colour: str, base_domain: str) -> None:
    rows.add(
        "brand",
        id=draw.id(entity.since),
        entity_id=entity.id,
        host=f"{entity.slug}.{base_domain}",
        name=entity.name,
        theme={"colorPrimary": colour, "colorBackground": "#ffffff", "radius": "8px"},
        sender_name=entity.name,
        sender_email=f"noreply@{entity.slug}.example",
        terms=entity.terms,
        privacy_statement=f"{entity.name} gebruikt uw gegevens alleen om uw opdracht uit te voeren.",
        consent_text=CONSENT,
        created_at=entity.since,
        updated_at=entity.since,
    )


def add_teams(rows: Rows, draw: Draw, since: datetime) -> list[Team]:
    """Seven regional teams."""
    teams = []
    for town, area in _TEAMS.items():
        base = pc2_centre(area)
        assert base is not None
        teams.append(Team(draw.id(since), town, base))
        rows.add(
            "team",
            id=teams[-1].id,
            name=f"Team {town}",
            base_city=town,
            skills=["charging station", "meter box"],
            created_at=since,
            updated_at=since,
        )
    return teams
