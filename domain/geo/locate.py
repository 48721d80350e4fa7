"""Locating an address: the geocoder where one is configured, else the postcode table, else the two-digit areas."""

from typing import Self

import structlog

from domain.geo import cache, postcodes
from domain.geo.guard import CircuitBreaker, TokenBucket
from domain.geo.location import Address, AddressFlag, Exactness, Location, Place, Point, Source
from domain.geo.matching import matched
from domain.geo.pc2 import pc2_centre
from domain.geo.pdok import GeocoderFailed, Pdok, Question, question_about
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings

_log = structlog.get_logger(__name__)

CALLS_PER_SECOND = 10.0
BURST = 20
FAILURES = 5
PAUSE_SECONDS = 30.0


class Locator:
    """Locates addresses; one per process.

    `locate` opens short transactions of its own and none while it waits for the geocoder: call it before opening one.
    """

    def __init__(
        self,
        database: Database,
        pdok: Pdok | None = None,
        bucket: TokenBucket | None = None,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self._database = database
        self._pdok = pdok
        self._bucket = bucket or TokenBucket(CALLS_PER_SECOND, BURST)
        self._breaker = breaker or CircuitBreaker(FAILURES, PAUSE_SECONDS)

    @classmethod
    def from_settings(cls, database: Database, settings: Settings) -> Self:
        return cls(database, Pdok(settings.geocoder_url) if settings.geocoder_url else None)

    async def locate(self, address: Address) -> Location:
        """Where the address is, how exactly, and what is wrong with it. Never raises for what an address holds."""
        if not address.is_dutch:
            return Location.nowhere(AddressFlag.COUNTRY_NOT_COVERED)
        flag = _fault(address)
        question = question_about(address)
        if self._pdok is not None and question is not None:
            places = await self._places(self._pdok, question)
            if places and (location := matched(address, places)):
                return location
            flag = flag or (AddressFlag.NOT_VERIFIED if places is None else AddressFlag.POSTCODE_UNKNOWN)
        return await self._by_area(address, flag)

    async def close(self) -> None:
        if self._pdok is not None:
            await self._pdok.close()

    async def _places(self, pdok: Pdok, question: Question) -> list[Place] | None:
        """The geocoder's answer, from the cache or anew; None where it gives none."""
        async with self._database.session(SYSTEM) as session:
            known = await cache.remembered(session, question.key)
        if known is not None:
            return known
        places = await self._ask(pdok, question)
        if places is not None:
            async with self._database.session(SYSTEM) as session:
                await cache.remember(session, question.key, places)
        return places

    async def _ask(self, pdok: Pdok, question: Question) -> list[Place] | None:
        if not self._bucket.take() or not self._breaker.allows():
            return None
        try:
            places = await pdok.ask(question)
        except GeocoderFailed as failure:
            self._breaker.failed(failure.pause)
            _log.warning("geocoder failed", reason=str(failure))
            return None
        self._breaker.succeeded()
        return places

    async def _by_area(self, address: Address, flag: AddressFlag | None) -> Location:
        if address.pc4 is None:
            return Location.nowhere(flag or AddressFlag.POSTCODE_INVALID)
        async with self._database.session(SYSTEM) as session:
            area = await postcodes.area_of(session, address.pc4)
        if area.row is not None:
            point = Point(area.row.latitude, area.row.longitude)
            if postcodes.is_believable(address.pc4, point):
                return Location(Exactness.PC4, Source.PC4_TABLE, point, flag)
        elif area.is_imported:
            flag = flag or AddressFlag.POSTCODE_UNKNOWN
        return _by_pc2(address.pc4, flag)


def _by_pc2(pc4: str, flag: AddressFlag | None) -> Location:
    centre = pc2_centre(pc4)
    if centre is None:
        return Location.nowhere(flag or AddressFlag.POSTCODE_UNKNOWN)
    return Location(Exactness.PC2, Source.PC2_TABLE, centre, flag)


def _fault(address: Address) -> AddressFlag | None:
    """What can be seen to be wrong without asking anyone."""
    if address.pc6 is None:
        return AddressFlag.POSTCODE_INVALID
    return AddressFlag.HOUSE_NUMBER_INVALID if address.number is None else None
