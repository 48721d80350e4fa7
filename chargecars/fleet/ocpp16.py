"""A simulated charger that speaks OCPP 1.6-J."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from itertools import groupby
from typing import Any

from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from websockets.asyncio.client import ClientConnection

from chargecars.fleet.device import Device, Link
from chargecars.fleet.messages import Alert, Changed, Ended, Message, Sample, Started, Status
from chargecars.fleet.ocpp_link import STOPPED, answered, linked

_STATUS = {
    "AVAILABLE": "Available",
    "PREPARING": "Preparing",
    "CHARGING": "Charging",
    "SUSPENDED_EV": "SuspendedEV",
    "FINISHING": "Finishing",
}


def connection(base_url: str, device: Device) -> AbstractAsyncContextManager[Link]:
    return linked(device, base_url, "ocpp1.6", Station16)


class Station16(ChargePoint):  # type: ignore[misc]  # ships no types
    """One connection of one charger."""

    most = 10

    def __init__(self, device: Device, socket: ClientConnection) -> None:
        super().__init__(device.identity, socket)
        self._device = device

    async def boot(self) -> None:
        await self._ask(call.BootNotification("Simulated Home", "ChargeCars", firmware_version="1.6.0"))
        await self._ask(call.Heartbeat())
        self._device.set_clock()

    async def deliver(self, messages: Sequence[Message]) -> Sequence[Message]:
        """Refused readings are not told of in OCPP. Raises: LinkLost."""
        for kind, group in groupby(messages, lambda message: getattr(message, "transaction_id", None)):
            told = list(group)
            samples = [message for message in told if isinstance(message, Sample)]
            if samples:
                await self._ask(call.MeterValues(1, [_values(s) for s in samples], self._transaction(kind)))
            for message in told:
                await self._tell(message)
        return ()

    async def _tell(self, message: Message) -> None:
        if isinstance(message, Started):
            await self._started(message)
        elif isinstance(message, Ended):
            await self._ended(message)
        elif isinstance(message, Changed):
            await self._status(Status(message.at, "CHARGING" if message.charging else "SUSPENDED_EV"))
        elif isinstance(message, Status):
            await self._status(message)
        elif isinstance(message, Alert):
            await self._status(Status(message.at, "CHARGING", "HighTemperature"))

    async def _started(self, message: Started) -> None:
        begun = call.StartTransaction(1, message.id_token, message.meter_wh, message.at.isoformat())
        answer = await self._ask(begun)
        self._device.platform_ids[message.transaction_id] = answer.transaction_id

    async def _ended(self, message: Ended) -> None:
        transaction = self._transaction(message.transaction_id)
        if transaction is not None:
            reason = STOPPED[message.reason]
            await self._ask(call.StopTransaction(message.meter_wh, message.at.isoformat(), transaction, reason=reason))

    async def _status(self, status: Status) -> None:
        named = _STATUS[status.status]
        await self._ask(call.StatusNotification(1, status.error_code, named, timestamp=status.at.isoformat()))

    async def _ask(self, payload: Any) -> Any:
        return await answered(self.call(payload, suppress=False))

    def _transaction(self, name: str | None) -> int | None:
        return None if name is None else self._device.platform_ids.get(name)

    @on("RemoteStartTransaction")  # type: ignore[untyped-decorator]
    async def remote_start(self, id_tag: str, **_: Any) -> call_result.RemoteStartTransaction:
        return call_result.RemoteStartTransaction(self._obey("START", {"idToken": id_tag}))

    @on("RemoteStopTransaction")  # type: ignore[untyped-decorator]
    async def remote_stop(self, transaction_id: int) -> call_result.RemoteStopTransaction:
        charging = self._device.hardware.charging
        known = charging is not None and self._transaction(charging.transaction_id) == transaction_id
        return call_result.RemoteStopTransaction(self._obey("STOP", {}) if known else "Rejected")

    @on("Reset")  # type: ignore[untyped-decorator]
    async def reset(self, type: str) -> call_result.Reset:
        return call_result.Reset(self._obey("RESET", {"hard": type == "Hard"}))

    @on("UnlockConnector")  # type: ignore[untyped-decorator]
    async def unlock(self, connector_id: int) -> call_result.UnlockConnector:
        self._obey("UNLOCK", {"connector": connector_id})
        return call_result.UnlockConnector("Unlocked")

    @on("SetChargingProfile")  # type: ignore[untyped-decorator]
    async def profile(self, cs_charging_profiles: dict[str, Any], **_: Any) -> call_result.SetChargingProfile:
        return call_result.SetChargingProfile(self._obey("SET_POWER", {"powerW": limit_w(cs_charging_profiles)}))

    @on("ChangeAvailability")  # type: ignore[untyped-decorator]
    async def availability(self, type: str, **_: Any) -> call_result.ChangeAvailability:
        if type == "Inoperative":
            self._obey("EMERGENCY_STOP", {})
        return call_result.ChangeAvailability("Accepted")

    @on("TriggerMessage")  # type: ignore[untyped-decorator]
    async def trigger(self, **_: Any) -> call_result.TriggerMessage:
        return call_result.TriggerMessage("Accepted")

    @on("GetDiagnostics")  # type: ignore[untyped-decorator]
    async def diagnostics(self, **_: Any) -> call_result.GetDiagnostics:
        return call_result.GetDiagnostics(f"{self._device.identity}.log")

    @on("DataTransfer")  # type: ignore[untyped-decorator]
    async def transfer(self, **_: Any) -> call_result.DataTransfer:
        return call_result.DataTransfer("UnknownVendorId")

    def _obey(self, kind: str, parameters: dict[str, Any]) -> str:
        return "Accepted" if self._device.command(kind, parameters, "") else "Rejected"


def limit_w(profile: dict[str, Any]) -> int:
    """The first limit of a charging profile, in watts; amperes count for three phases of 230 V."""
    schedule = profile["charging_schedule"]
    schedule = schedule[0] if isinstance(schedule, list) else schedule
    limit = float(schedule["charging_schedule_period"][0]["limit"])
    return int(limit if schedule["charging_rate_unit"] == "W" else limit * 3 * 230)


def sampled(sample: Sample, unit: str = "unit") -> list[dict[str, Any]]:
    """What OCPP 1.6 calls the sampled values of a sample; all are texts there."""
    values = [
        ("Energy.Active.Import.Register", str(sample.energy_wh), "Wh"),
        ("Power.Active.Import", str(sample.power_w), "W"),
        ("Voltage", f"{sample.voltage_mv / 1000:.1f}", "V"),
        ("Current.Import", f"{sample.current_ma / 1000:.2f}", "A"),
        ("Temperature", f"{sample.temperature_dc / 10:.1f}", "Celsius"),
    ]
    if sample.soc_percent is not None:
        values.append(("SoC", str(sample.soc_percent), "Percent"))
    return [{"value": value, "measurand": name, unit: of} for name, value, of in values]


def _values(sample: Sample) -> dict[str, Any]:
    return {"timestamp": sample.at.isoformat(), "sampled_value": sampled(sample)}
