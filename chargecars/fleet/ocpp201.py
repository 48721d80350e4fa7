"""A simulated charger that speaks OCPP 2.0.1."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from ocpp.routing import on
from ocpp.v201 import ChargePoint, call, call_result
from websockets.asyncio.client import ClientConnection

from chargecars.fleet.device import Device, Link
from chargecars.fleet.messages import Alert, Changed, Ended, Message, Sample, Started, Status
from chargecars.fleet.ocpp16 import limit_w
from chargecars.fleet.ocpp_link import STOPPED, answered, linked

_EVSE = {"id": 1, "connector_id": 1}


def connection(base_url: str, device: Device) -> AbstractAsyncContextManager[Link]:
    return linked(device, base_url, "ocpp2.0.1", Station201)


class Station201(ChargePoint):  # type: ignore[misc]  # ships no types
    """One connection of one charger."""

    most = 10

    def __init__(self, device: Device, socket: ClientConnection) -> None:
        super().__init__(device.identity, socket)
        self._device = device

    async def boot(self) -> None:
        station = {"model": "Simulated Home", "vendor_name": "ChargeCars", "firmware_version": "2.0.1"}
        await self._ask(call.BootNotification(station, "PowerUp"))
        await self._ask(call.Heartbeat())
        self._device.set_clock()

    async def deliver(self, messages: Sequence[Message]) -> Sequence[Message]:
        """Refused readings are not told of in OCPP. Raises: LinkLost."""
        for message in messages:
            await self._tell(message)
        return ()

    async def _tell(self, message: Message) -> None:
        if isinstance(message, Sample):
            await self._metered(message)
        elif isinstance(message, Status):
            occupied = "Available" if message.status == "AVAILABLE" else "Occupied"
            await self._ask(call.StatusNotification(message.at.isoformat(), occupied, 1, 1))
        elif isinstance(message, Started):
            await self._event("Started", "Authorized", message, "Charging", id_token=_token(message.id_token))
        elif isinstance(message, Changed):
            state = "Charging" if message.charging else "SuspendedEV"
            await self._event("Updated", "ChargingStateChanged", message, state)
        elif isinstance(message, Ended):
            await self._event("Ended", "StopAuthorized", message, "Idle", stopped=STOPPED[message.reason])
        elif isinstance(message, Alert):
            await self._alert(message)

    async def _metered(self, sample: Sample) -> None:
        values = [{"timestamp": sample.at.isoformat(), "sampled_value": _sampled(sample)}]
        if sample.transaction_id is None:
            await self._ask(call.MeterValues(1, values))
            return
        info = {"transaction_id": sample.transaction_id}
        at = sample.at.isoformat()
        event = call.TransactionEvent("Updated", at, "MeterValuePeriodic", sample.sequence, info, meter_value=values)
        await self._ask(event)

    async def _event(
        self,
        kind: str,
        trigger: str,
        message: Started | Changed | Ended,
        state: str,
        *,
        id_token: dict[str, str] | None = None,
        stopped: str | None = None,
    ) -> None:
        info = {"transaction_id": message.transaction_id, "charging_state": state}
        if stopped is not None:
            info["stopped_reason"] = stopped
        register = {
            "value": message.meter_wh,
            "measurand": "Energy.Active.Import.Register",
            "context": _context(message),
        }
        at = message.at.isoformat()
        event = call.TransactionEvent(
            kind,
            at,
            trigger,
            message.sequence,
            info,
            meter_value=[{"timestamp": at, "sampled_value": [register]}],
            offline=message.offline,
            evse=_EVSE,
            id_token=id_token,
        )
        await self._ask(event)

    async def _alert(self, alert: Alert) -> None:
        data = {
            "event_id": int(alert.at.timestamp()),
            "timestamp": alert.at.isoformat(),
            "trigger": "Alerting",
            "actual_value": alert.text,
            "tech_code": alert.code,
            "event_notification_type": "HardWiredNotification",
            "component": {"name": "Connector"},
            "variable": {"name": "Temperature"},
        }
        await self._ask(call.NotifyEvent(alert.at.isoformat(), 0, [data]))

    async def _ask(self, payload: Any) -> Any:
        return await answered(self.call(payload, suppress=False))

    @on("RequestStartTransaction")  # type: ignore[untyped-decorator]
    async def remote_start(
        self, id_token: dict[str, Any], remote_start_id: int, **_: Any
    ) -> call_result.RequestStartTransaction:
        parameters = {"idToken": id_token["id_token"]}
        return call_result.RequestStartTransaction(self._obey("START", parameters, str(remote_start_id)))

    @on("RequestStopTransaction")  # type: ignore[untyped-decorator]
    async def remote_stop(self, transaction_id: str) -> call_result.RequestStopTransaction:
        charging = self._device.hardware.charging
        known = charging is not None and charging.transaction_id == transaction_id
        return call_result.RequestStopTransaction(self._obey("STOP", {}) if known else "Rejected")

    @on("Reset")  # type: ignore[untyped-decorator]
    async def reset(self, type: str, **_: Any) -> call_result.Reset:
        return call_result.Reset(self._obey("RESET", {"hard": type == "Immediate"}))

    @on("UnlockConnector")  # type: ignore[untyped-decorator]
    async def unlock(self, **_: Any) -> call_result.UnlockConnector:
        self._obey("UNLOCK", {})
        return call_result.UnlockConnector("Unlocked")

    @on("SetChargingProfile")  # type: ignore[untyped-decorator]
    async def profile(self, charging_profile: dict[str, Any], **_: Any) -> call_result.SetChargingProfile:
        return call_result.SetChargingProfile(self._obey("SET_POWER", {"powerW": limit_w(charging_profile)}))

    @on("ChangeAvailability")  # type: ignore[untyped-decorator]
    async def availability(self, operational_status: str, **_: Any) -> call_result.ChangeAvailability:
        if operational_status == "Inoperative":
            self._obey("EMERGENCY_STOP", {})
        return call_result.ChangeAvailability("Accepted")

    @on("TriggerMessage")  # type: ignore[untyped-decorator]
    async def trigger(self, **_: Any) -> call_result.TriggerMessage:
        return call_result.TriggerMessage("Accepted")

    @on("GetLog")  # type: ignore[untyped-decorator]
    async def log(self, **_: Any) -> call_result.GetLog:
        return call_result.GetLog("Accepted", filename=f"{self._device.identity}.log")

    @on("DataTransfer")  # type: ignore[untyped-decorator]
    async def transfer(self, **_: Any) -> call_result.DataTransfer:
        return call_result.DataTransfer("UnknownVendorId")

    def _obey(self, kind: str, parameters: dict[str, Any], remote_id: str = "") -> str:
        return "Accepted" if self._device.command(kind, parameters, remote_id) else "Rejected"


def _context(message: Started | Changed | Ended) -> str:
    if isinstance(message, Changed):
        return "Interruption.End" if message.charging else "Interruption.Begin"
    return "Transaction.Begin" if isinstance(message, Started) else "Transaction.End"


def _token(token: str) -> dict[str, str]:
    return {"id_token": token, "type": "ISO14443"}


def _sampled(sample: Sample) -> list[dict[str, Any]]:
    values: list[tuple[str, float, str]] = [
        ("Energy.Active.Import.Register", sample.energy_wh, "Wh"),
        ("Power.Active.Import", sample.power_w, "W"),
        ("Voltage", sample.voltage_mv / 1000, "V"),
        ("Current.Import", sample.current_ma / 1000, "A"),
    ]
    if sample.soc_percent is not None:
        values.append(("SoC", sample.soc_percent, "Percent"))
    return [{"value": value, "measurand": name, "unit_of_measure": {"unit": unit}} for name, value, unit in values]
