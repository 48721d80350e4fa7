"""What runs on a schedule. Each entry is safe to run late, twice, or to have missed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.chargers import quarantine
from domain.days import positions
from domain.devices.dispatch import tidy as tidy_devices
from domain.idempotency import service as idempotency
from domain.jobs import failures
from domain.jobs import service as jobs
from domain.mail import service as mail
from domain.slots import service as slots
from domain.teams import weather
from domain.travel import cache as travel
from tenants.actor import SYSTEM
from tenants.auth import sweep as logins
from tenants.engine import Database
from tenants.settings import Settings
from workers.accounting import push_what_is_due, reconcile_all
from workers.bulk import tidy_bulk
from workers.charging_bills import ask_for_collective_bills
from workers.commissions import compute_commissions
from workers.dunning import remind_of_invoices
from workers.event_months import drop_old_event_months, make_event_months
from workers.health import assess_chargers, forget_troubles, look_after_chargers
from workers.horizon import look
from workers.inbound_mail import forget as forget_mail
from workers.invoices import ask_for_collective_invoices
from workers.leads import carry_out_due_follow_ups
from workers.ledger import check_the_books
from workers.mail import deliver_due_mail
from workers.notifications import remind
from workers.onboarding import look_after_partners
from workers.partner_management import look_after_promises, nightly, refresh_scorecards
from workers.payments import tidy as tidy_payments
from workers.planning import forget_old_plans, tidy_plans
from workers.quotes import tidy_quotes
from workers.request_log import keep_request_log
from workers.retention import erase_quiet_leads, forget_old_texts
from workers.sessions import look_after_sessions
from workers.tariffs import ask_for_months
from workers.telemetry_months import drop_old_telemetry, make_telemetry_months
from workers.ways_in import forget_old_messages, read_left_behind
from workers.webhooks import forget_old_deliveries

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Scheduled:
    """`work` runs once per slot over all workers, as a job; slots begin at midnight UTC and are `every` apart."""

    name: str
    every: timedelta
    work: Callable[[Database, Settings], Awaitable[object]]

    def __post_init__(self) -> None:
        seconds = self.every.total_seconds()
        if seconds % 1 or not any(_fits(seconds, unit) for unit in (60, 3600, 86400)):
            raise ValueError(f"{self.name}: {self.every} does not divide a minute, an hour or a day")

    def slot(self, moment: datetime) -> datetime:
        """The slot that a moment is in."""
        midnight = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + (moment - midnight) // self.every * self.every


def _fits(seconds: float, unit: int) -> bool:
    """Whether a whole number of periods makes up `unit`, and a period is a whole number of the unit below it."""
    below = {60: 1, 3600: 60, 86400: 3600}[unit]
    return below <= seconds <= unit and seconds % below == 0 and unit % seconds == 0


async def _mail(database: Database, settings: Settings) -> None:
    await deliver_due_mail(database, settings)


async def _follow_ups(database: Database, _settings: Settings) -> None:
    await carry_out_due_follow_ups(database)


async def _reminders(database: Database, _settings: Settings) -> None:
    await remind(database)


async def _quotes(database: Database, _settings: Settings) -> None:
    await tidy_quotes(database)


async def _plans(database: Database, _settings: Settings) -> None:
    await tidy_plans(database)


async def _ended_holds(database: Database, _settings: Settings) -> None:
    async with database.session(SYSTEM) as session:
        await slots.sweep(session)


async def _dunning(database: Database, _settings: Settings) -> None:
    await remind_of_invoices(database)


async def _payments(database: Database, _settings: Settings) -> None:
    await tidy_payments(database)


async def _old_plans(database: Database, _settings: Settings) -> None:
    await forget_old_plans(database)


async def _old_answers(database: Database, _settings: Settings) -> None:
    async with database.session(SYSTEM) as session:
        await idempotency.sweep(session)


async def _old_slots(database: Database, _settings: Settings) -> None:
    async with database.session(SYSTEM) as session:
        await jobs.sweep_slots(session)
        await failures.sweep(session)


async def _old_logins(database: Database, _settings: Settings) -> None:
    async with database.session(SYSTEM) as session:
        await logins.sweep(session)
        await mail.sweep(session)


async def _old_deliveries(database: Database, settings: Settings) -> None:
    await forget_old_deliveries(database, settings)


async def _personal_data(database: Database, settings: Settings) -> None:
    await forget_old_texts(database)
    await forget_mail(database, settings)
    await erase_quiet_leads(database)


async def _outlook(database: Database, settings: Settings) -> None:
    await look(database, settings)


async def _forecasts(database: Database, settings: Settings) -> None:
    await weather.Forecaster.from_settings(database, settings).refresh_all()
    async with database.session(SYSTEM) as session:
        await weather.forget_past(session)


async def _old_drives(database: Database, settings: Settings) -> None:
    async with database.session(SYSTEM) as session:
        await travel.forget_expired(session, settings.travel_kept_days)


async def _old_positions(database: Database, settings: Settings) -> None:
    async with database.session(SYSTEM) as session:
        await positions.forget(session, settings.position_kept_days)


async def _accounting(database: Database, _settings: Settings) -> None:
    await push_what_is_due(database)


async def _accounting_agrees(database: Database, _settings: Settings) -> None:
    await reconcile_all(database)


async def _books(database: Database, _settings: Settings) -> None:
    await check_the_books(database)


async def _collective_invoices(database: Database, _settings: Settings) -> None:
    await ask_for_collective_invoices(database)


async def _months_of_plans(database: Database, _settings: Settings) -> None:
    await ask_for_months(database)


async def _collective_bills(database: Database, _settings: Settings) -> None:
    await ask_for_collective_bills(database)


async def _event_months(database: Database, settings: Settings) -> None:
    await make_event_months(database)
    await drop_old_event_months(database, settings.event_retention_months)


async def _devices(database: Database, _settings: Settings) -> None:
    await tidy_devices(database)


async def _refused_messages(database: Database, _settings: Settings) -> None:
    async with database.session(SYSTEM) as session:
        await quarantine.forget(session)


async def _request_days(database: Database, _settings: Settings) -> None:
    await keep_request_log(database)


async def _telemetry_months(database: Database, settings: Settings) -> None:
    await make_telemetry_months(database)
    await drop_old_telemetry(database, settings)


async def _commissions(database: Database, _settings: Settings) -> None:
    await compute_commissions(database)


async def _chargers(database: Database, _settings: Settings) -> None:
    await look_after_chargers(database)


async def _charger_health(database: Database, _settings: Settings) -> None:
    await assess_chargers(database)


async def _old_troubles(database: Database, _settings: Settings) -> None:
    await forget_troubles(database)


async def _sessions(database: Database, _settings: Settings) -> None:
    await look_after_sessions(database)


async def _promises(database: Database, _settings: Settings) -> None:
    await look_after_promises(database)


async def _scorecards(database: Database, _settings: Settings) -> None:
    await refresh_scorecards(database)


async def _partners(database: Database, _settings: Settings) -> None:
    await nightly(database)


async def _messages(database: Database, settings: Settings) -> None:
    await read_left_behind(database, settings)


async def _old_messages(database: Database, _settings: Settings) -> None:
    await forget_old_messages(database)


async def _bulk(database: Database, _settings: Settings) -> None:
    await tidy_bulk(database)


async def _onboarding(database: Database, _settings: Settings) -> None:
    await look_after_partners(database)


CRONTAB: tuple[Scheduled, ...] = (
    Scheduled("look_after_bulk_operations", timedelta(hours=1), _bulk),
    Scheduled("deliver_due_mail", timedelta(seconds=5), _mail),
    Scheduled("carry_out_due_follow_ups", timedelta(minutes=1), _follow_ups),
    Scheduled("sweep_ended_holds", timedelta(minutes=1), _ended_holds),
    Scheduled("remind", timedelta(minutes=15), _reminders),
    Scheduled("tidy_quotes", timedelta(minutes=5), _quotes),
    Scheduled("tidy_plans", timedelta(minutes=1), _plans),
    Scheduled("look_ahead", timedelta(minutes=5), _outlook),
    Scheduled("ask_for_the_weather", timedelta(hours=1), _forecasts),
    Scheduled("sweep_idempotency_keys", timedelta(hours=1), _old_answers),
    Scheduled("sweep_cron_slots", _DAY, _old_slots),
    Scheduled("sweep_logins", _DAY, _old_logins),
    Scheduled("forget_personal_data", _DAY, _personal_data),
    Scheduled("forget_old_webhooks", _DAY, _old_deliveries),
    Scheduled("forget_old_plans", _DAY, _old_plans),
    Scheduled("forget_old_drive_times", _DAY, _old_drives),
    Scheduled("forget_positions", timedelta(hours=1), _old_positions),
    Scheduled("look_after_onboarding", timedelta(hours=1), _onboarding),
    Scheduled("remind_of_invoices", _DAY, _dunning),
    Scheduled("look_after_payments", timedelta(minutes=5), _payments),
    Scheduled("check_the_books", _DAY, _books),
    Scheduled("issue_collective_invoices", _DAY, _collective_invoices),
    Scheduled("issue_collective_charging_bills", _DAY, _collective_bills),
    Scheduled("invoice_charging_plans", _DAY, _months_of_plans),
    Scheduled("look_after_devices", timedelta(seconds=30), _devices),
    Scheduled("forget_refused_messages", _DAY, _refused_messages),
    Scheduled("compute_commissions", _DAY, _commissions),
    Scheduled("look_after_sessions", timedelta(seconds=30), _sessions),
    Scheduled("keep_event_months", _DAY, _event_months),
    Scheduled("keep_request_log", _DAY, _request_days),
    Scheduled("keep_telemetry_months", _DAY, _telemetry_months),
    Scheduled("look_after_chargers", timedelta(minutes=1), _chargers),
    Scheduled("assess_chargers", timedelta(hours=1), _charger_health),
    Scheduled("forget_charger_troubles", _DAY, _old_troubles),
    Scheduled("tell_accounting_packages", timedelta(minutes=1), _accounting),
    Scheduled("look_after_promises", timedelta(minutes=1), _promises),
    Scheduled("refresh_scorecards", timedelta(minutes=10), _scorecards),
    Scheduled("look_after_partners", _DAY, _partners),
    Scheduled("reconcile_accounting_packages", _DAY, _accounting_agrees),
    Scheduled("read_messages_left_behind", timedelta(minutes=1), _messages),
    Scheduled("forget_old_messages", _DAY, _old_messages),
)
