import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.geo import pdok
from domain.geo.location import Address, Exactness, Point
from domain.geo.pdok import GeocoderFailed, Pdok, Question, places_in, question_about

HERE = Address(postcode="3861 ab", house_number="10", addition="A-2", street="Proefstraat", city="Nijkerk")


def answer_of(*docs: Any) -> bytes:
    return json.dumps({"response": {"numFound": len(docs), "start": 0, "docs": list(docs)}}).encode()


@pytest.fixture
async def client(pdok_server: Any) -> Any:
    made = Pdok(pdok_server.url + "/")
    yield made
    await made.close()


async def test_the_question_is_asked_with_documented_parameters(client: Pdok, pdok_server: Any) -> None:
    question = question_about(HERE)
    assert question is not None
    places = await client.ask(question)
    assert pdok_server.asked[0]["q"] == ["3861AB"]
    assert pdok_server.asked[0]["fq"] == ["postcode:3861AB", "type:postcode OR (type:adres AND huisnummer:10)"]
    assert [(place.exactness.value, place.house_addition) for place in places] == [
        ("ADDRESS", ""),
        ("ADDRESS", "A"),
        ("ADDRESS", "A-2"),
        ("POSTCODE", ""),
        ("POSTCODE", ""),
    ]
    assert places[2].point == Point(latitude=52.2203, longitude=5.4803)


async def test_without_a_house_number_the_postcode_is_asked_for(client: Pdok) -> None:
    places = await client.ask(question_about(Address(postcode="2511XX")) or Question("", ()))
    assert [(place.exactness, place.city) for place in places] == [(Exactness.POSTCODE, "'s-Gravenhage")]


def test_without_a_postcode_street_and_place_are_asked_for() -> None:
    question = question_about(Address(street="Proefstraat", house_number="10", city="Nijkerk"))
    assert question == Question("proefstraat 10 nijkerk", ("type:(adres OR weg)",))
    assert question_about(Address(street="Proefstraat")) is None
    assert question_about(Address(city="Nijkerk", postcode="3861")) is None


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_text_becomes_part_of_the_query_language(street: str, city: str) -> None:
    question = question_about(Address(street=street, city=city, house_number="1"))
    if question is not None:
        assert not set(question.q) & set('+-&|!(){}[]^"~*?:\\/;<>=$')
        assert not {"AND", "OR", "NOT", "TO"} & set(question.q.split())
        assert len(question.q) <= 300


def test_hostile_text_is_only_searched_for() -> None:
    question = question_about(Address(street='x") OR type:(adres) NOT', city="*:*&rows=9 Ede"))
    assert question is not None
    assert question.q == "x or type adres not rows 9 ede"


NO_ANSWERS = [b"", b"<html>", b"[]", b"{}", b'{"response": 1}', b'{"response": {"docs": {}}}', b"\xff", answer_of(1)]
NO_POINTS = [
    *(None, 5, "POINT(52.2 5.4)", "POINT(nan nan)", "POINT(5.4)", "POINT(5,4 52,2)"),
    *("LINESTRING(5.4 52.2)", "POINT(5.4 52.2)x", "POINT(5.4 91)"),
]


@pytest.mark.parametrize("body", NO_ANSWERS)
async def test_an_answer_that_is_none_fails(client: Pdok, pdok_server: Any, body: bytes) -> None:
    pdok_server.says(body)
    with pytest.raises(GeocoderFailed):
        await client.ask(Question("x", ()))


@pytest.mark.parametrize(
    "status", ["500 Internal Server Error", "503 Unavailable", "400 Bad Request", "204 No Content"]
)
async def test_another_status_fails(client: Pdok, pdok_server: Any, status: str) -> None:
    pdok_server.says(answer_of(), status)
    with pytest.raises(GeocoderFailed, match=status[:3]):
        await client.ask(Question("x", ()))


async def test_redirects_are_not_followed(client: Pdok, pdok_server: Any) -> None:
    pdok_server.says(b"", "302 Found", f"Location: {pdok_server.url}/free\r\n")
    with pytest.raises(GeocoderFailed, match="302"):
        await client.ask(Question("x", ()))
    assert len(pdok_server.asked) == 1


@pytest.mark.parametrize("behaviour", ["hangs", "trickles"])
async def test_a_slow_service_is_left_in_time(
    client: Pdok, pdok_server: Any, behaviour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pdok.TIMEOUT_SECONDS < 1
    monkeypatch.setattr(pdok, "TIMEOUT_SECONDS", 0.05)
    getattr(pdok_server, behaviour)()
    with pytest.raises(GeocoderFailed, match="Timeout"):
        await client.ask(Question("x", ()))


async def test_a_broken_connection_fails(client: Pdok, pdok_server: Any) -> None:
    pdok_server.hangs_up()
    with pytest.raises(GeocoderFailed):
        await client.ask(Question("x", ()))


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://no-such-host.invalid", "not a url", ""])
async def test_an_unreachable_service_fails(url: str) -> None:
    client = Pdok(url)
    with pytest.raises(GeocoderFailed):
        await client.ask(Question("x", ()))
    await client.close()


async def test_an_endless_answer_fails(client: Pdok, pdok_server: Any) -> None:
    pdok_server.says(b" " * (pdok.MAX_ANSWER_BYTES + 1))
    with pytest.raises(GeocoderFailed, match="longer"):
        await client.ask(Question("x", ()))
    pdok_server.says(gzip.compress(b" " * 20_000_000), headers="Content-Encoding: gzip\r\n")
    with pytest.raises(GeocoderFailed, match="longer"):
        await client.ask(Question("x", ()))


@pytest.mark.parametrize(("header", "pause"), [("7", 7.0), ("99999", 300.0), ("soon", 0.0), ("-1", 0.0)])
async def test_a_busy_service_may_ask_for_a_pause(client: Pdok, pdok_server: Any, header: str, pause: float) -> None:
    pdok_server.says(b"", "429 Too Many Requests", f"Retry-After: {header}\r\n")
    with pytest.raises(GeocoderFailed) as caught:
        await client.ask(Question("x", ()))
    assert caught.value.pause == pause


@pytest.mark.parametrize("point", NO_POINTS)
def test_a_place_without_a_point_in_the_netherlands_is_left_out(point: Any) -> None:
    assert places_in(answer_of({"type": "adres", "centroide_ll": point})) == []


def test_unknown_kinds_and_odd_values_do_no_harm() -> None:
    good = {
        "type": "adres",
        "centroide_ll": "POINT(5.4 52.2)",
        "huisnummer": "10",
        "huisletter": 3,
        "straatnaam": "x" * 999,
    }
    places = places_in(answer_of({"type": "perceel", "centroide_ll": "POINT(5.4 52.2)"}, good))
    assert [(place.number, place.letter, len(place.street)) for place in places] == [(None, "", 200)]
    assert places_in(answer_of()) == []
