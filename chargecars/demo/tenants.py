"""The five business entities and their brands; regions and teams."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from asyncpg import Range

from chargecars.demo.draw import Draw
from chargecars.demo.encode import Rows
from domain.geo.location import Point
from domain.geo.pc2 import pc2_centre
from domain.numbering.service import AMSTERDAM
from domain.teams.models import (
    BASE_CITY,
    BASE_LATITUDE,
    BASE_LONGITUDE,
    CREW,
    MOST_JOBS,
    MOST_MINUTES,
    AbsenceReason,
)


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
    """A regional team: where it works, and where it starts the day."""

    id: UUID
    town: str
    """The town in the middle of its region, numbered from the second team on."""
    home: Point
    base: Point
    absent: frozenset[date] = frozenset()

    @property
    def mailbox(self) -> str:
        return f"technician@team-{self.town.lower().replace(' ', '-')}.example"


_ENTITIES = (
    # code, slug, name, KvK, VAT, IBAN, colour, share
    ("CC", "chargecars", "ChargeCars", "90000016", "NL900000016B01", "NL91ABNA0417164300", "#00b67a", 0.45),
    ("LT", "laderthuis", "LaderThuis", "90000024", "NL900000028B01", "NL20INGB0001234567", "#0057d9", 0.25),
    ("MT", "meterkastthuis", "MeterKastThuis", "90000032", "NL900000041B01", "NL02ABNA0123456789", "#f59e0b", 0.10),
    ("ZS", "zaptecshop", "ZaptecShop", "90000040", "NL900000053B01", "NL44RABO0123456789", "#111827", 0.12),
    ("RS", "ratioshop", "RatioShop", "90000059", "NL900000004B01", "NL39RABO0300065264", "#dc2626", 0.08),
)
BASE = Point(BASE_LATITUDE, BASE_LONGITUDE)
STARTS, ENDS = 7 * 60 + 30, 17 * 60 + 30
"""Hours of every team on weekdays, in minutes after midnight."""
_REGIONS = (
    # Town, its area of postcodes, code, name, areas of the region
    ("Nijkerk", "38", "MIDDEN", "Midden", "12 13 34 35 36 37 38 39 67 73 80 82"),
    ("Amsterdam", "10", "NOORDWEST", "Noordwest", "10 11 12 13 14 15 16 17 18 19 20 21"),
    ("Rotterdam", "30", "ZUIDWEST", "Zuidwest", "21 22 23 24 25 26 27 28 29 30 31 32 33 34 43 44 45"),
    ("Eindhoven", "56", "ZUID", "Zuid", "42 43 44 45 46 47 48 49 5 60 61 62 63 64"),
    ("Arnhem", "68", "OOST", "Oost", "39 40 41 53 65 66 67 68 69 70 71 72 73 74 75"),
    ("Zwolle", "80", "NOORDOOST", "Noordoost", "38 74 75 76 77 78 79 80 81 82 83"),
    ("Groningen", "97", "NOORD", "Noord", "78 79 83 84 85 86 87 88 89 9"),
)
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


def add_teams(rows: Rows, draw: Draw, since: datetime, today: date, of_each: int) -> list[Team]:
    """So many teams for each of seven overlapping regions, all based in Nijkerk."""
    teams = []
    for number in range(1, of_each + 1):
        for place, (town, area, *_region) in enumerate(_REGIONS):
            home = pc2_centre(area)
            assert home is not None
            named = town if number == 1 else f"{town} {number}"
            absent = _absent(today, place + len(_REGIONS) * (number - 1))
            teams.append(Team(draw.id(since), named, home, BASE, absent))
    own = Draw(f"{today} teams")
    for team in teams:
        _add_team(rows, team, since)
        _add_absence(rows, own, team, today)
    _add_regions(rows, own, teams, since)
    return teams


def _add_team(rows: Rows, team: Team, since: datetime) -> None:
    rows.add(
        "team",
        id=team.id,
        name=f"Team {team.town}",
        base_city=BASE_CITY,
        base_postcode="3861AA",
        base_latitude=team.base.latitude,
        base_longitude=team.base.longitude,
        vehicle=f"Bus {team.town}",
        crew=CREW,
        max_jobs=MOST_JOBS,
        max_minutes=MOST_MINUTES,
        skills=["charging station", "meter box"],
        created_at=since,
        updated_at=since,
    )
    hours = {"starts": f"{STARTS // 60}:{STARTS % 60}", "ends": f"{ENDS // 60}:{ENDS % 60}"}
    for weekday in range(5):
        rows.add("team_hours", team_id=team.id, weekday=weekday, **hours)


def _add_regions(rows: Rows, draw: Draw, teams: list[Team], since: datetime) -> None:
    for town, _area, code, name, prefixes in _REGIONS:
        id = draw.id(since)
        rows.add(
            "region",
            id=id,
            code=code,
            name=name,
            postcode_prefixes=prefixes.split(),
            created_at=since,
            updated_at=since,
        )
        for team in teams:
            if team.town.split()[0] == town:
                rows.add("team_region", team_id=team.id, region_id=id)


def _absent(today: date, place: int) -> frozenset[date]:
    """Every third team is away for two days, in the second or third week from now."""
    first = today + timedelta(days=8 + place % 9)
    return frozenset({first, first + timedelta(days=1)}) if place % 3 == 2 else frozenset()


def _add_absence(rows: Rows, draw: Draw, team: Team, today: date) -> None:
    if not team.absent:
        return
    first = min(team.absent)
    at = datetime.combine(today, time.min, AMSTERDAM).astimezone(UTC) - timedelta(days=3)
    rows.add(
        "absence",
        id=draw.id(at),
        team_id=team.id,
        days=Range(first, first + timedelta(days=len(team.absent))),
        reason=AbsenceReason.TRAINING,
        note="Cursus NEN 1010",
        created_at=at,
        updated_at=at,
    )
