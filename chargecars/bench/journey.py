"""What each audience waits for: every root list and every detail over HTTP, at scale.

Bars: a partner's list costs at most three times what staff pay for it; partners' p95 is below 500 ms and everybody
else's below one second (Decision 18); every root list is a walk along an index.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import orjson

from api.reading.ids import parse_id
from api.reading.schema import Schema
from api.schema import platform_schema
from chargecars.bench.audiences import AUDIENCES, BASELINE, Person, people
from chargecars.bench.client import Connection, Measured, Refused, measure, post, take_turns
from chargecars.bench.documents import DETAILS, Question, detail_question, ids_document, list_question, root_lists
from chargecars.bench.installation import Installation, installation
from chargecars.bench.oracle import expected
from chargecars.bench.plans import explain
from chargecars.bench.report import Report, say, show_table
from chargecars.demo.people import PASSWORD
from tenants.engine import connect_args, role_password

_ROUNDS = 25
_AT_ONCE = 8
_SECONDS, _AT_LEAST = 0.5, 120
_MOST_TIMES = 3.0
_MOST_MS = {"partner_big": 500.0, "partner_small": 500.0}
_MOST_MS_ELSE = 1000.0
_TOKEN_SECONDS = 300.0


async def main(scale: int, json: bool) -> None:
    """Run it; prints tables unless only JSON is wanted, and the figures as the last line."""
    async with installation(scale, say) as place:
        run = await Journey.at(place)
        report = await run.report()
    if not json:
        run.show(scale)
    print(report.line())  # noqa: T201  # a benchmark's output


@dataclass
class Journey:
    """One run: who asks, what was measured."""

    place: Installation
    schema: Schema
    people: dict[str, Person]
    measured: dict[tuple[str, str, int], Measured] = field(default_factory=dict)
    """By question, audience and number of connections."""
    _tokens: dict[str, tuple[str, float]] = field(default_factory=dict)

    @classmethod
    async def at(cls, place: Installation) -> "Journey":
        owner = await asyncpg.connect(**connect_args(place.settings.database_url))
        try:
            return cls(place, platform_schema(place.settings.secret_key.get_secret_value()), await people(owner))
        finally:
            await owner.close()

    async def report(self) -> Report:
        """Check every list, then measure lists and details, then look at the plans."""
        lists = {name: list(self._allowed(list_question(self.schema._schema, name))) for name in self._lists()}
        for name, asking in lists.items():
            for person in asking:
                await self._check(name, person)
        say(f"{sum(map(len, lists.values()))} lists hold exactly the rows that plain SQL finds")
        for name, asking in lists.items():
            await self._measure(list_question(self.schema._schema, name), dict.fromkeys(map(_name, asking)))
        for name, list_name in DETAILS.items():
            question = detail_question(self.schema._schema, name)
            keys = {person.name: await self._first(list_name, person) for person in self._allowed(question)}
            await self._measure(question, {person: key for person, key in keys.items() if key})
        return self._report(await self._other_plans(lists))

    # --- who asks what ------------------------------------------------------------------------------------------

    def _lists(self) -> list[str]:
        return list(root_lists(self.schema._schema))

    def _allowed(self, question: Question) -> Iterator[Person]:
        return (person for person in self.people.values() if person.actor.may(question.requires))

    # --- asking -------------------------------------------------------------------------------------------------

    async def _request(self, person: Person, document: str, variables: dict[str, Any]) -> bytes:
        body = {"query": document, "variables": variables}
        return post(self._host(person), "/graphql", body, await self._token(person))

    async def _ask(self, person: Person, document: str, variables: dict[str, Any]) -> Any:
        answer = await self._answer(await self._request(person, document, variables))
        if "errors" in answer:
            raise Refused(f"{person.name}: {document[:200]}: {answer['errors']}")
        return answer["data"]

    async def _token(self, person: Person) -> str:
        """An access token, of a new login when the last one is some minutes old."""
        token, since = self._tokens.get(person.name, ("", 0.0))
        if time.monotonic() - since > _TOKEN_SECONDS or not token:
            login = {"email": person.email, "password": PASSWORD}
            answer = await self._answer(post(self._host(person), "/auth/login", login))
            token = str(answer["access_token"])
            self._tokens[person.name] = token, time.monotonic()
        return token

    async def _answer(self, request: bytes) -> Any:
        connection = Connection(self.place.host, self.place.port)
        try:
            status, body = await connection.send(request)
        finally:
            await connection.close()
        if status != 200:
            raise Refused(f"{status}: {body[:500].decode(errors='replace')}")
        return orjson.loads(body)

    def _host(self, person: Person) -> str:
        return f"{person.portal}.{self.place.settings.base_domain}:{self.place.port}"

    # --- checking -----------------------------------------------------------------------------------------------

    async def _check(self, name: str, person: Person) -> None:
        """The first page and the count are those of plain SQL as the same role."""
        found = (await self._ask(person, ids_document(name), {}))[name]
        wanted = await expected(self.place.settings, person.actor, name)
        ids = [parse_id(node["id"], name)[1] for node in found["nodes"]]
        if (found["totalCount"], ids) != (wanted.count, wanted.ids):
            counts = f"{found['totalCount']} and {wanted.count} in all, {len(ids)} and {len(wanted.ids)} on the page"
            raise Refused(f"{name} as {person.name} is not what plain SQL finds: {counts}")

    async def _first(self, name: str, person: Person) -> str | None:
        nodes = (await self._ask(person, ids_document(name), {}))[name]["nodes"]
        return nodes[0]["id"] if nodes else None

    # --- measuring ----------------------------------------------------------------------------------------------

    async def _measure(self, question: Question, keys: dict[str, str | None]) -> None:
        """First one request at a time, the audiences taking turns; then many at once, one audience after the other."""
        where, requests = (self.place.host, self.place.port), {}
        for name, key in keys.items():
            variables = {"id": key} if key else {}
            if (await self._ask(self.people[name], question.document, variables))[question.name] is None:
                raise Refused(f"{question.name} as {name} is nothing")
            requests[name] = await self._request(self.people[name], question.document, variables)
        for name, measured in (await take_turns(*where, requests, _ROUNDS)).items():
            self.measured[question.name, name, 1] = measured
        for name, request in requests.items():
            at_once = await measure(*where, request, connections=_AT_ONCE, seconds=_SECONDS, at_least=_AT_LEAST)
            self.measured[question.name, name, _AT_ONCE] = at_once
        medians = (f"{name} {self.measured[question.name, name, 1].median_ms:.1f}" for name in requests)
        say(f"{question.name}, median ms: {', '.join(medians)}")

    async def _other_plans(self, lists: dict[str, list[Person]]) -> list[str]:
        """Lists that PostgreSQL does not walk along an index."""
        settings, other = self.place.settings, []
        for person in self.people.values():
            role = person.actor.audience.database_role
            login = connect_args(settings.database_url, role, role_password(settings))
            connection = await asyncpg.connect(**login, server_settings={"jit": "off"})
            try:
                for name in (name for name, asking in lists.items() if person in asking):
                    if not (await explain(self.schema, person.actor, connection, name)).is_a_walk():
                        other.append(f"{name} as {person.name}")
            finally:
                await connection.close()
        return other

    # --- what came of it ----------------------------------------------------------------------------------------

    def _report(self, other_plans: list[str]) -> Report:
        report = Report("journey")
        for (name, audience, connections), found in self.measured.items():
            bar = _MOST_MS.get(audience, _MOST_MS_ELSE)
            report.add(f"{name}_{audience}_p95_{connections}", found.p95_ms, "ms", bar)
            report.add(f"{name}_{audience}_rate_{connections}", found.rate, "requests/s")
        for name, times in self._times().items():
            report.add(f"{name}_partner_times_staff", times, "ratio", _MOST_TIMES)
        report.add("lists_that_are_no_walk", len(other_plans), "lists", 0.0)
        for each in other_plans:
            say(f"not a walk along an index: {each}")
        for each in report.failed:
            say(f"beyond its bar: {each}: {report.figures[each].value} {report.figures[each].unit}")
        return report

    def _times(self) -> dict[str, float]:
        """For each list, the dearest partner's median as a multiple of what staff of one entity pay, one at a time."""
        found: dict[str, float] = {}
        for (name, audience, connections), measured in self.measured.items():
            staff = self.measured.get((name, BASELINE, 1))
            if connections == 1 and audience in _MOST_MS and staff and name not in DETAILS:
                found[name] = max(found.get(name, 0.0), measured.median_ms / staff.median_ms)
        return found

    def show(self, scale: int) -> None:
        """Tables to read."""
        names = list(dict.fromkeys(name for name, _, _ in self.measured))
        for connections in (1, _AT_ONCE):
            title = f"Requests per second and p95 in ms, {connections} at a time, scale {scale}"
            cells = {
                (name, audience): f"{found.rate:.0f} · {found.p95_ms:.1f}"
                for (name, audience, at_once), found in self.measured.items()
                if at_once == connections
            }
            show_table(title, names, list(AUDIENCES), cells)
        times = {(name, "times"): f"{value:.2f}" for name, value in self._times().items()}
        show_table("A partner's list as a multiple of what staff pay", list(self._times()), ["times"], times)


def _name(person: Person) -> str:
    return person.name
