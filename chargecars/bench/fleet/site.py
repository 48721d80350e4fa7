"""What the fleet talks to: an API, the telemetry process, PostgreSQL, Valkey, and Mosquitto where it is installed."""

import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from chargecars.bench.chaos.site import Part, Site
from chargecars.bench.installation import free_port
from chargecars.bootstrap import create_tenant
from chargecars.fleet.enrolling import enrolled
from chargecars.fleet.run import Plan, Protocol
from migrations.run import upgrade
from tenants.engine import role_password
from workers.mqtt.keeping import CONFIGURATION, Keeper, Listeners

_ENTITY = "CC"
_TENANT = {
    "code": _ENTITY,
    "invoice_prefix": "FLEET",
    "name": "Fleet",
    "legal_name": "Fleet B.V.",
    "kvk_number": "12345678",
    "vat_number": "NL123456782B01",
    "iban": "NL91ABNA0417164300",
    "email": "fleet@example.nl",
    "phone": "+31201234567",
    "street": "Dorpsstraat",
    "house_number": "1",
    "postal_code": "3861 AA",
    "city": "Nijkerk",
}
_PORTAL = {"host": "fleet.example.nl", "name": "Fleet", "sender_name": "Fleet", "sender_email": "fleet@example.nl"}
_ADMIN = {"email": "admin@example.nl", "name": "Admin"}
_PASSWORD = "of a platform that lives for a minute"  # noqa: S105  # thrown away with its data
CHARGERS = {Protocol.MQTT: 30, Protocol.OCPP16: 15, Protocol.OCPP201: 15}


class FleetSite(Site):
    """An API for OCPP, the telemetry process, and Mosquitto beside it where `mosquitto` says which program that is."""

    mosquitto: str | None = None
    chargers: Mapping[Protocol, int] = CHARGERS

    async def _fill(self) -> None:
        await upgrade(self.settings.database_url, role_password(self.settings))
        self.secrets: dict[str, str] = {}
        self.mqtt = Listeners("127.0.0.1", free_port(), "127.0.0.1", free_port())
        database = self.database()
        await create_tenant(database, _TENANT, _PORTAL, _ADMIN, _PASSWORD)
        for protocol, many in self.chargers.items():
            fleet = Plan(many).hardware(prefix(protocol))
            self.secrets |= await enrolled(self.settings, database, _ENTITY, fleet)
        if self.mosquitto is not None:
            platform = f"mqtt://platform:of-this-run-alone@127.0.0.1:{self.mqtt.platform_port}"
            self.settings = self.settings.model_copy(update={"mqtt_url": platform})
            await Keeper(database, self.settings, self._files(), self.mqtt).write()
        await database.close()

    def _files(self) -> Path:
        return self.directory / "mosquitto"

    def _parts(self) -> list[Part]:
        self.environment |= {"MQTT_HOST": "127.0.0.1", "MQTT_PORT": str(self.mqtt.port)}
        port, api = free_port(), self.api_part()
        values = {**self.environment, "TELEMETRY_PORT": str(port)}
        telemetry = Part("telemetry", ("-m", "chargecars", "telemetry"), values, port)
        if self.mosquitto is None:
            return [telemetry, api]
        words = ("-c", str(self._files() / CONFIGURATION))
        telemetry.environment["MQTT_URL"] = self.settings.mqtt_url
        return [Part("broker", words, self.environment, self.mqtt.port, program=self.mosquitto), telemetry, api]

    def answers(self, part: Part) -> bool:
        if part.name != "broker":
            return super().answers(part)
        with suppress(OSError), socket.create_connection(("127.0.0.1", part.port), timeout=1):
            return True
        return False

    def victims(self) -> tuple[str, ...]:
        return (
            ("telemetry", "api", "postgres") if self.mosquitto is None else ("telemetry", "broker", "api", "postgres")
        )


def prefix(protocol: Protocol) -> str:
    """Of the identities of chargers that speak it."""
    return f"{protocol.upper()}-"
