from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from domain.geo import cache, pdok
from domain.geo.guard import CircuitBreaker, TokenBucket
from domain.geo.locate import Locator
from domain.geo.location import Address, AddressFlag, Exactness, Location, Place, Point, Source
from domain.geo.matching import matched
from domain.geo.pdok import Pdok
from domain.geo.postcodes import import_file
from tenants.actor import SYSTEM
from tenants.engine import Database, role_password
from tenants.settings import Settings

# The postcode 9999 lies where such a table really has it, 130 km away from its area.
TABLE = """pc4,place,municipality,province,latitude,longitude
3861,Nijkerk,Nijkerk,Gelderland,52.2211,5.4861
9999,Stitswerd,Het Hogeland,Groningen,52.29,5.9174
"""
GOOD = Address("3861 AB", "10", "", "Proefstraat", "Nijkerk")
Short = tuple[Exactness, Source, AddressFlag | None]


def short(location: Location) -> Short:
    return (location.exactness, location.source, location.flag)


@pytest.fixture
async def empty(fresh_database: Callable[[], Awaitable[str]], settings: Settings) -> AsyncIterator[Database]:
    made = Database(await fresh_database(), role_password(settings))
    yield made
    await made.close()


@pytest.fixture
async def imported(empty: Database, tmp_path: Path) -> Database:
    path = tmp_path / "pc4.csv"
    path.write_text(TABLE)
    await import_file(empty, path)
    return empty


@pytest.fixture
async def locator(imported: Database, pdok_server: Any) -> AsyncIterator[Locator]:
    made = Locator(imported, Pdok(pdok_server.url), TokenBucket(0, 50), CircuitBreaker(3, 1000))
    yield made
    await made.close()


ADDRESSES: list[tuple[Address, Short, Point]] = [
    (GOOD, (Exactness.ADDRESS, Source.PDOK, None), Point(52.2201, 5.4801)),
    (Address("3861ab", "10a"), (Exactness.ADDRESS, Source.PDOK, None), Point(52.2202, 5.4802)),
    (Address("3861ab", "10", "a2"), (Exactness.ADDRESS, Source.PDOK, None), Point(52.2203, 5.4803)),
    (
        Address("3861 AB", "10", "C"),
        (Exactness.ADDRESS, Source.PDOK, AddressFlag.ADDITION_UNKNOWN),
        Point(52.2201, 5.4801),
    ),
    (Address("3861 AB", "12"), (Exactness.ADDRESS, Source.PDOK, AddressFlag.ADDITION_UNKNOWN), Point(52.2204, 5.4804)),
    (
        Address("3861 AB", "11", street="toetsplein"),
        (Exactness.POSTCODE, Source.PDOK, AddressFlag.HOUSE_NUMBER_UNKNOWN),
        Point(52.23, 5.49),
    ),
    (
        Address("3861 AB", "geen"),
        (Exactness.POSTCODE, Source.PDOK, AddressFlag.HOUSE_NUMBER_INVALID),
        Point(52.22, 5.48),
    ),
    (
        Address("3861 AB", "10", street="Kerkweg"),
        (Exactness.ADDRESS, Source.PDOK, AddressFlag.STREET_DIFFERS),
        Point(52.2201, 5.4801),
    ),
    (
        Address("3861 AB", "10", street="Proefstraat", city="Ede"),
        (Exactness.ADDRESS, Source.PDOK, AddressFlag.CITY_DIFFERS),
        Point(52.2201, 5.4801),
    ),
    (
        Address("2511 XX", "1", street="Burg. Voorbeeldln.", city="Den Haag"),
        (Exactness.ADDRESS, Source.PDOK, None),
        Point(52.08, 4.3),
    ),
    (
        Address("", "10", "", "proefstraat", "NIJKERK"),
        (Exactness.ADDRESS, Source.PDOK, AddressFlag.POSTCODE_INVALID),
        Point(52.2201, 5.4801),
    ),
    (
        Address("onbekend", "99", "", "Proefstraat", "Nijkerk"),
        (Exactness.STREET, Source.PDOK, AddressFlag.POSTCODE_INVALID),
        Point(52.225, 5.485),
    ),
    (
        Address("3861 ZZ", "10"),
        (Exactness.PC4, Source.PC4_TABLE, AddressFlag.POSTCODE_UNKNOWN),
        Point(52.2211, 5.4861),
    ),
]


async def test_addresses_are_located_by_the_register(locator: Locator) -> None:
    for address, expected, point in ADDRESSES:
        location = await locator.locate(address)
        assert (address, short(location)) == (address, expected)
        assert (location.latitude, location.longitude) == (point.latitude, point.longitude)


async def test_the_registers_spelling_comes_with_the_location(locator: Locator) -> None:
    location = await locator.locate(Address("3861ab", "10", street="proefstrat", city="nijkerk"))
    assert location.flag is None
    assert location.place is not None
    assert (location.place.street, location.place.postcode, location.place.city) == ("Proefstraat", "3861AB", "Nijkerk")


BY_AREA: list[tuple[Address, Short]] = [
    (GOOD, (Exactness.PC4, Source.PC4_TABLE, None)),
    (Address("3861"), (Exactness.PC4, Source.PC4_TABLE, AddressFlag.POSTCODE_INVALID)),
    (Address("3861 AB", "x"), (Exactness.PC4, Source.PC4_TABLE, AddressFlag.HOUSE_NUMBER_INVALID)),
    (Address("3811 AB", "1"), (Exactness.PC2, Source.PC2_TABLE, AddressFlag.POSTCODE_UNKNOWN)),
    (Address("9999 AB", "1"), (Exactness.PC2, Source.PC2_TABLE, None)),
    (Address("0999 AB", "1"), (Exactness.NONE, Source.NONE, AddressFlag.POSTCODE_INVALID)),
    (Address(street="Proefstraat", city="Ede"), (Exactness.NONE, Source.NONE, AddressFlag.POSTCODE_INVALID)),
    (Address("10115", "1", country="DE"), (Exactness.NONE, Source.NONE, AddressFlag.COUNTRY_NOT_COVERED)),
]


async def test_without_a_geocoder_the_postcode_table_answers(imported: Database) -> None:
    for address, expected in BY_AREA:
        assert (address, short(await Locator(imported).locate(address))) == (address, expected)


async def test_without_a_table_the_two_digit_areas_answer(empty: Database) -> None:
    location = await Locator(empty).locate(GOOD)
    assert short(location) == (Exactness.PC2, Source.PC2_TABLE, None)
    assert location.point is not None
    assert location.point.in_netherlands


async def test_a_failing_geocoder_leaves_the_address_to_the_table_and_is_asked_again_later(
    locator: Locator, pdok_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdok, "TIMEOUT_SECONDS", 0.05)
    failures: list[Callable[[], None]] = [
        pdok_server.hangs,
        pdok_server.trickles,
        pdok_server.hangs_up,
        lambda: pdok_server.says(b"down", "500 Internal Server Error"),
        lambda: pdok_server.says(b"<html>"),
    ]
    for number, fail in enumerate(failures):
        fail()
        address = Address("2511 XX", str(number + 1))
        assert short(await locator.locate(address)) == (Exactness.PC2, Source.PC2_TABLE, AddressFlag.NOT_VERIFIED)
        pdok_server.answer = pdok_server.honest
        monkeypatch.undo()
        assert (await locator.locate(address)).source is Source.PDOK
        monkeypatch.setattr(pdok, "TIMEOUT_SECONDS", 0.05)


async def test_a_geocoder_that_keeps_failing_is_left_alone(locator: Locator, pdok_server: Any) -> None:
    pdok_server.says(b"", "503 Service Unavailable")
    for _ in range(10):
        await locator.locate(GOOD)
    assert len(pdok_server.asked) == 3


async def test_no_more_is_asked_than_the_rate_allows(imported: Database, pdok_server: Any) -> None:
    locator = Locator(imported, Pdok(pdok_server.url), TokenBucket(0, 2))
    found = [await locator.locate(Address("3861 AB", str(number))) for number in range(1, 6)]
    assert len(pdok_server.asked) == 2
    assert [location.flag for location in found[2:]] == [AddressFlag.NOT_VERIFIED] * 3
    await locator.close()


async def test_an_answer_is_remembered_for_every_process(imported: Database, pdok_server: Any) -> None:
    for address in (GOOD, Address("3861ab", "10", "A"), Address("3861 AB", "10", street="Elders")):
        locator = Locator(imported, Pdok(pdok_server.url))
        assert (await locator.locate(address)).exactness is Exactness.ADDRESS
        assert await locator.locate(address) == await locator.locate(address)
        await locator.close()
    assert len(pdok_server.asked) == 1


async def test_that_there_is_nothing_is_remembered_for_a_day(imported: Database, pdok_server: Any) -> None:
    locator = Locator(imported, Pdok(pdok_server.url))
    nowhere = Address("3861 ZZ", "1")
    for _ in range(2):
        assert (await locator.locate(nowhere)).flag is AddressFlag.POSTCODE_UNKNOWN
    await locator.locate(GOOD)
    assert len(pdok_server.asked) == 2
    async with imported.session(SYSTEM) as session:
        await session.execute(text("UPDATE geocode_cache SET expires_at = expires_at - interval '2 days'"))
        assert await cache.forget_expired(session) == 1
    await locator.locate(nowhere)
    await locator.locate(GOOD)
    assert len(pdok_server.asked) == 3
    await locator.close()


async def test_an_expired_answer_is_asked_for_again_and_replaced(imported: Database, pdok_server: Any) -> None:
    locator = Locator(imported, Pdok(pdok_server.url))
    await locator.locate(GOOD)
    async with imported.session(SYSTEM) as session:
        await session.execute(text("UPDATE geocode_cache SET expires_at = now(), places = '[]'"))
    assert (await locator.locate(GOOD)).exactness is Exactness.ADDRESS
    assert len(pdok_server.asked) == 2
    async with imported.session(SYSTEM) as session:
        assert await cache.forget_expired(session) == 0
    await locator.close()


async def test_the_settings_choose_the_geocoder(imported: Database, settings: Settings, pdok_server: Any) -> None:
    with_url = settings.model_copy(update={"geocoder_url": pdok_server.url})
    for each, source in ((settings, Source.PC4_TABLE), (with_url, Source.PDOK)):
        locator = Locator.from_settings(imported, each)
        assert (await locator.locate(GOOD)).source is source
        await locator.close()


places = st.builds(
    Place,
    st.sampled_from([Exactness.ADDRESS, Exactness.POSTCODE, Exactness.STREET]),
    st.just(Point(52.0, 5.0)),
    street=st.text(max_size=8),
    number=st.none() | st.integers(1, 12),
    letter=st.sampled_from(["", "A"]),
    addition=st.sampled_from(["", "2", "bis"]),
    postcode=st.sampled_from(["3861AB", "3861AC", ""]),
    city=st.text(max_size=8),
)


@given(st.lists(places, max_size=6), st.sampled_from(["3861 AB", "", "x"]), st.text(max_size=5), st.text(max_size=8))
def test_no_place_of_another_postcode_or_number_is_ever_the_address(
    answered: list[Place], postcode: str, number: str, street: str
) -> None:
    address = Address(postcode, number, "", street, "Ede")
    location = matched(address, answered)
    if location is None:
        return
    assert location.place in answered
    if address.pc6:
        assert location.place.postcode == address.pc6
    if location.exactness is Exactness.ADDRESS:
        assert address.number is not None
        assert location.place.number == address.number.number
    else:
        assert location.flag is not None
