"""One simulated charger: what its meter, its plug and its drivers do. Pure, and the same for the same seed."""

import math
import random
from datetime import datetime, timedelta

from chargecars.fleet.faults import Faults
from chargecars.fleet.messages import Alert, Changed, Ended, Message, Sample, Started, Status

_VOLTS = 230.0
_RAMP_W_PER_SECOND = 400.0
_WARMING_SECONDS = 900.0
_HOT_DC = 700
_FULL = 100.0


class Charging:
    """A car at the plug."""

    def __init__(self, transaction_id: str, wants_wh: float, battery_wh: float, soc: float, tells_end: bool) -> None:
        self.transaction_id = transaction_id
        self.wants_wh = wants_wh
        self.battery_wh = battery_wh
        self.soc = soc
        self.tells_end = tells_end
        self.paused_until: datetime | None = None

    def takes(self, wh: float) -> None:
        self.wants_wh -= wh
        self.soc = min(_FULL, self.soc + _FULL * wh / self.battery_wh)


class Hardware:
    """A charger with one connector. `tick` moves it to a time and gives what it has to tell of that."""

    def __init__(self, identity: str, seed: int, faults: Faults, max_power_w: int = 11_000, busy: float = 0.5) -> None:
        self.identity = identity
        self.max_power_w = max_power_w
        self.limit_w = max_power_w
        self.online = True
        self.boots = 0
        self.charging: Charging | None = None
        self.meter_wh = 0.0
        self.clock_offset = timedelta(0)
        self._random = random.Random(f"{identity}:{seed}")  # noqa: S311  # a simulation, no secret
        self._faults = faults
        self._busy = busy
        self._power_w = 0.0
        self._temperature_dc = 180.0
        self._sequence = 0
        self._transactions = 0
        self._now: datetime | None = None
        self._next_car: datetime | None = None
        self.id_token = f"FLEET-{self._random.randrange(16**8):08X}"
        self.meter_wh = float(self._random.randrange(100_000, 5_000_000))
        self.clock_offset = timedelta(seconds=self._random.gauss(0, faults.drift_seconds))

    def tick(self, now: datetime) -> list[Message]:
        """What happened since the tick before, and a look at the meter."""
        before = self._now or now
        self._now = now
        minutes = (now - before).total_seconds() / 60
        told = self._break(minutes) + self._drive(now)
        self._charge((now - before).total_seconds())
        return [*told, *self._finish(), self.sample()]

    def sample(self) -> Sample:
        """The meter as it stands."""
        volts = _VOLTS + self._random.gauss(0, 1.5)
        charging = self.charging
        return Sample(
            at=self._clock(),
            sequence=self._next(),
            energy_wh=int(self.meter_wh),
            power_w=int(self._power_w),
            voltage_mv=int(volts * 1000),
            current_ma=int(self._power_w / 3 / volts * 1000),
            temperature_dc=int(self._temperature_dc),
            soc_percent=None if charging is None else int(charging.soc),
            transaction_id=None if charging is None else charging.transaction_id,
        )

    def start(self, id_token: str, remote_id: str | None = None) -> list[Message]:
        """A car begins to charge; nothing where one does already."""
        if self.charging is not None or self._now is None:
            return []
        self._transactions += 1
        name = f"{self.identity}-{int(self._now.timestamp())}-{self._transactions}"
        battery = self._random.choice((40_000.0, 58_000.0, 77_000.0, 100_000.0))
        soc = self._random.uniform(5, 70)
        wants = battery * (_FULL - soc) / _FULL * self._random.uniform(0.3, 1.0)
        self.charging = Charging(name, wants, battery, soc, self._random.random() >= self._faults.no_stop)
        began = Started(self._clock(), self._next(), name, id_token, int(self.meter_wh), not self.online, remote_id)
        return [Status(self._clock(), "PREPARING"), began, Status(self._clock(), "CHARGING")]

    def stop(self, reason: str) -> list[Message]:
        """The car leaves, or is made to."""
        charging, self.charging = self.charging, None
        self._power_w = 0.0
        self._next_car = None
        if charging is None:
            return []
        free = Status(self._clock(), "AVAILABLE")
        if not charging.tells_end:
            return [free]
        ended = Ended(self._clock(), self._next(), charging.transaction_id, int(self.meter_wh), reason, not self.online)
        return [Status(self._clock(), "FINISHING"), ended, free]

    def limit(self, power_w: int) -> None:
        """No more than so many watts from now on."""
        self.limit_w = max(0, min(power_w, self.max_power_w))

    def reboot(self) -> list[Message]:
        """Half the transactions survive a reboot, as chargers differ in that."""
        self.limit_w = self.max_power_w
        return self.stop("REBOOT") if self._random.random() < 0.5 else []

    def breaks_down(self, minutes: float, chance_per_minute: float) -> bool:
        """Whether something that happens so often happens now."""
        return bool(self._random.random() < 1 - (1 - chance_per_minute) ** minutes)

    def happens(self, chance: float) -> bool:
        return self._random.random() < chance

    def seconds(self, about: float) -> float:
        """How long something takes that takes `about` so long."""
        return self._random.expovariate(1 / about)

    def _break(self, minutes: float) -> list[Message]:
        told: list[Message] = []
        if self.breaks_down(minutes, self._faults.meter_restart):
            self.meter_wh = 0.0
        if self.breaks_down(minutes, self._faults.overheat):
            self._temperature_dc = _HOT_DC + self._random.uniform(0, 150)
            told.append(Alert(self._clock(), "OVER_TEMPERATURE", "CRITICAL", f"{self._temperature_dc / 10:.1f} °C"))
        return told

    def _drive(self, now: datetime) -> list[Message]:
        """A driver comes, pauses or goes on."""
        if self.charging is None:
            return self._arrive(now)
        pause = self.charging.paused_until
        if pause is None and self.happens(0.002):
            self.charging.paused_until = now + timedelta(seconds=self.seconds(300))
            return self._changed(charging=False)
        if pause is not None and now >= pause:
            self.charging.paused_until = None
            return self._changed(charging=True)
        return []

    def _arrive(self, now: datetime) -> list[Message]:
        if self._next_car is None:
            self._next_car = now + timedelta(seconds=self.seconds(1800 * (1 - self._busy) / self._busy + 1))
        if now < self._next_car:
            return []
        self._next_car = None
        return self.start(self.id_token)

    def _changed(self, *, charging: bool) -> list[Message]:
        assert self.charging is not None
        name = self.charging.transaction_id
        changed = Changed(self._clock(), self._next(), name, int(self.meter_wh), charging, not self.online)
        return [changed, Status(self._clock(), "CHARGING" if charging else "SUSPENDED_EV")]

    def _charge(self, seconds: float) -> None:
        """Power follows what the car takes, temperature follows power."""
        wanted = self._wanted_w()
        step = _RAMP_W_PER_SECOND * seconds
        self._power_w += max(-step, min(step, wanted - self._power_w))
        wh = self._power_w * seconds / 3600
        self.meter_wh += wh
        if self.charging is not None:
            self.charging.takes(wh)
        target = 180 + 350 * self._power_w / self.max_power_w
        self._temperature_dc += (target - self._temperature_dc) * (1 - math.exp(-seconds / _WARMING_SECONDS))

    def _wanted_w(self) -> float:
        charging = self.charging
        if charging is None or charging.paused_until is not None or charging.wants_wh <= 0:
            return 0.0
        tapering = 1.0 if charging.soc < 80 else max(0.1, (_FULL - charging.soc) / 20)
        return min(self.limit_w, self.max_power_w * tapering)

    def _finish(self) -> list[Message]:
        if self.charging is not None and self.charging.wants_wh <= 0:
            return self.stop("EV_DISCONNECTED")
        return []

    def _clock(self) -> datetime:
        assert self._now is not None
        return self._now + self.clock_offset

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence
