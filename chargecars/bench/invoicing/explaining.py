"""Over HTTP, as somebody who logged in: how every amount of an invoice came about; profit and loss of a year."""

from dataclasses import dataclass
from typing import Any

import orjson

from api.reading.ids import global_id
from chargecars.bench.audiences import Person
from chargecars.bench.client import Connection, Measured, Refused, measure, post
from chargecars.bench.installation import Installation
from chargecars.demo.people import PASSWORD

_HOW = "explanation { formula version text roundingRemainder vatRule result inputs { name value unit sourceId } }"
EXPLAINED = f"""query ($id: ID!) {{ invoice(id: $id) {{ number
  net {{ cents {_HOW} }} vat {{ cents {_HOW} }} gross {{ cents {_HOW} }}
  lines(first: 50) {{ nodes {{ net {{ cents {_HOW} }} vat {{ cents {_HOW} }} gross {{ cents {_HOW} }} }} }} }} }}"""
PROFIT = """query ($since: Date!, $until: Date!) {
  profitAndLoss(since: $since, until: $until, consolidated: true) {
    total { revenue { cents } expense { cents } }
    lines { account { code } amounts { cents } total { cents } } } }"""


@dataclass
class Asker:
    """One login."""

    place: Installation
    person: Person
    _token: str = ""

    async def ask(self, document: str, **variables: Any) -> Any:
        """The data of an answer. Raises: Refused."""
        answer = await self._send(await self.request(document, **variables))
        if "errors" in answer:
            raise Refused(f"{self.person.name}: {answer['errors']}")
        return answer["data"]

    async def request(self, document: str, **variables: Any) -> bytes:
        if not self._token:
            login = {"email": self.person.email, "password": PASSWORD}
            self._token = (await self._send(post(self._host, "/auth/login", login)))["access_token"]
        return post(self._host, "/graphql", {"query": document, "variables": variables}, self._token)

    async def measured(self, document: str, times: int, **variables: Any) -> Measured:
        """One request after the other."""
        request = await self.request(document, **variables)
        return await measure(self.place.host, self.place.port, request, connections=1, seconds=0, at_least=times)

    async def _send(self, request: bytes) -> Any:
        connection = Connection(self.place.host, self.place.port)
        try:
            status, body = await connection.send(request)
        finally:
            await connection.close()
        if status != 200:
            raise Refused(f"{status}: {body[:500].decode(errors='replace')}")
        return orjson.loads(body)

    @property
    def _host(self) -> str:
        return f"{self.person.portal}.{self.place.settings.base_domain}:{self.place.port}"


def amounts_of(invoice: dict[str, Any]) -> list[dict[str, Any]]:
    """Every amount of an answer to EXPLAINED."""
    rows = [invoice, *invoice["lines"]["nodes"]]
    return [row[name] for row in rows for name in ("net", "vat", "gross")]


def unexplained(invoice: dict[str, Any]) -> list[dict[str, Any]]:
    """Amounts without an explanation, or with one that comes to something else."""
    return [
        each
        for each in amounts_of(invoice)
        if not each["explanation"] or str(each["explanation"]["result"]) != str(each["cents"])
    ]


def invoice_id(key: Any) -> str:
    return global_id("Invoice", key)
