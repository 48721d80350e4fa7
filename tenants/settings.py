"""Every setting of every process, read from the environment and `.env`; each one is documented in `.env.example`."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The environment in typed form. An unset `database_url` or `redis_url` means the embedded stack."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore")

    environment: Literal["development", "production", "test"] = "development"
    data_dir: Path = Path(".data")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_json: bool = True

    database_url: str = ""
    """Server and database with the owner's login; API and workers use it with their audience's role instead."""
    database_role_password: SecretStr = SecretStr("")
    """Password of the five audience roles; derived from `secret_key` when empty."""
    database_pool_size: int = Field(default=4, ge=1, le=64)
    """Connections per audience role and lane (reads, writes) in one process."""
    statement_timeout_ms: int = Field(default=10_000, ge=100)
    redis_url: str = ""

    secret_key: SecretStr = SecretStr("")
    """Root of every derived key (role passwords, cursors, encryption at rest); at least 32 characters in production."""
    signing_key: SecretStr = SecretStr("")
    """Ed25519 private key of document signatures, PEM; generated in development."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    base_domain: str = "localhost"
    """Brands of the demo live at `<brand>.<base_domain>`."""
    public_scheme: Literal["http", "https"] = "http"
    trusted_proxies: str = "127.0.0.1"

    max_depth: int = 15
    max_aliases: int = 30
    max_tokens: int = 2_000
    max_page_size: int = Field(default=250, ge=1, le=1_000)
    max_input_list: int = Field(default=250, ge=1, le=250)
    max_input_text: int = 50_000
    """Characters of one text in a request."""
    max_body_bytes: int = 1_048_576

    cost_maximum: int = Field(default=250_000, ge=1)
    """Of one request, in units of `docs/cost.md`: a row that is read as an object costs 1."""
    cost_budget: int = Field(default=1_000_000, ge=1)
    """What a key, application or person may spend at once for one entity."""
    cost_restore_per_second: int = Field(default=50_000, ge=1)
    """How fast a budget refills."""
    anonymous_cost_maximum: int = Field(default=10_000, ge=1)
    anonymous_cost_budget: int = Field(default=50_000, ge=1)
    """Per address, for visitors who have not logged in."""
    anonymous_cost_restore_per_second: int = Field(default=1_000, ge=1)

    access_token_seconds: int = Field(default=600, ge=60, le=3600)
    refresh_token_days: int = Field(default=30, ge=1, le=365)
    login_attempts_per_15_minutes: int = Field(default=10, ge=1)
    anonymous_mutations_per_minute: int = Field(default=30, ge=1)
    """Per address, for visitors who have not logged in."""

    live_connections: int = Field(default=10_000, ge=1)
    """WebSockets and event streams of one API process together."""
    live_connections_per_login: int = Field(default=50, ge=1)
    """Of one login or key, in one API process."""
    live_subscriptions_per_connection: int = Field(default=50, ge=1)
    """Operations that run at once on one WebSocket."""
    live_backlog_bytes: int = Field(default=1_048_576, ge=4096)
    """What may wait for a slow client before it is dropped; it resumes from its last cursor."""
    live_backlog_messages: int = Field(default=2_000, ge=1)
    live_init_seconds: float = Field(default=10, gt=0)
    """Within which a WebSocket has to say who it is."""
    live_keepalive_seconds: float = Field(default=15, gt=0)
    """Between two signs of life on an event stream on which nothing happens."""
    live_check_seconds: float = Field(default=3, gt=0, le=4)
    """How often every live login and key is looked up anew."""
    stream_ticket_seconds: int = Field(default=600, ge=10, le=3600)
    """How long a ticket opens an event stream; never longer than the login that asked for it."""

    worker_queues: str = Field(default="", pattern=r"^\s*([a-z][a-z0-9_]*(:[1-9][0-9]{0,2})?\s*(,\s*|$))*$")
    """Queues that a worker serves, each with how many of its jobs at a time: `webhooks:32,default`. All when empty."""
    worker_port: int = Field(default=0, ge=0, le=65535)
    """Where a worker answers /healthz, /readyz and /metrics; nowhere when 0."""
    job_lease_seconds: float = Field(default=10, ge=1, le=300)
    """How long a worker that says nothing is believed to live; then its jobs are run elsewhere."""

    ocpp_connections: int = Field(default=10_000, ge=1)
    """Chargers that one API process holds sockets of."""
    ocpp_security_profile: int = Field(default=1, ge=1, le=2)
    """The least of the protocol's that chargers must keep: 1 takes them without TLS too, 2 with TLS only."""
    ocpp_message_bytes: int = Field(default=262_144, ge=4_096)
    """Of one message; MAX_BODY_BYTES ends the connection."""
    ocpp_messages_per_second: float = Field(default=20, gt=0)
    """Of one charger, which may send those of ten seconds at once; the rest waits its turn."""
    mqtt_url: str = Field(default="", pattern=r"^(mqtts?://[^\s/@]+@[^\s/@]+)?$")
    """`mqtt://user:password@host:port` or `mqtts://…` of a broker that speaks MQTT 5; the embedded one when empty."""
    mqtt_host: str = "127.0.0.1"
    """Where the embedded broker listens."""
    mqtt_port: int = Field(default=1883, ge=0, le=65535)
    mqtt_connections: int = Field(default=5_000, ge=1)
    """Chargers that the embedded broker takes."""
    mqtt_messages_at_once: int = Field(default=500, ge=1, le=10_000)
    """Messages that a telemetry process holds and has not committed; brokers and chargers wait meanwhile."""
    telemetry_process: int = Field(default=1, ge=1, le=999)
    """Which of several telemetry processes this is: each has its own session at the broker."""
    telemetry_port: int = Field(default=0, ge=0, le=65535)
    """Where a telemetry process answers /healthz, /readyz and /metrics; nowhere when 0."""

    mail_in_domain: str = Field(default="", pattern=r"^([a-z0-9-]+(\.[a-z0-9-]+)*)?$")
    """To which partners mail orders; `orders.<base_domain>` when empty."""
    mail_in_host: str = "127.0.0.1"
    """Where `chargecars mail-in` listens."""
    mail_in_port: int = Field(default=2525, ge=0, le=65535)
    """For SMTP; nowhere when 0."""
    mail_in_lmtp_port: int = Field(default=0, ge=0, le=65535)
    """For LMTP, from a mail server in front; nowhere when 0."""
    mail_in_bytes: int = Field(default=10_485_760, ge=65_536, le=20_000_000)
    """Of one mail, whichever way it comes."""
    mail_in_connections: int = Field(default=50, ge=1, le=1_000)
    mail_in_connections_per_address: int = Field(default=10, ge=1)
    mail_in_per_hour: int = Field(default=300, ge=1)
    """Mails to one address in an hour; more are told to come later."""
    mail_in_certificate: str = ""
    """PEM files of the certificate and its key: STARTTLS is offered."""
    mail_in_key: str = ""
    mail_in_tls_required: bool = False
    """Whether SMTP without TLS is refused."""
    mail_in_authserv: str = ""
    """Name under which the mail server in front writes Authentication-Results (RFC 8601): they are believed."""
    mail_in_kept_days: int = Field(default=180, ge=7, le=3_650)
    """That mail and what was read in it are kept, where a partner's terms say nothing shorter."""
    mail_in_health_port: int = Field(default=0, ge=0, le=65535)
    """Where it answers /healthz, /readyz and /metrics, on `host`; nowhere when 0."""
    reading_url: str = Field(default="", pattern=r"^(https?://\S+)?$")
    """A language model that helps to read mail: where `/chat/completions` is; none when empty."""
    reading_key: SecretStr = SecretStr("")
    reading_model: str = ""
    reading_seconds: float = Field(default=30, gt=0, le=120)
    """That one question to it may take."""

    smtp_url: str = ""
    """`smtp://user:password@host:port`; mail stays in the database (`chargecars mail`) when empty."""
    push_url: str = Field(default="", pattern=r"^(https?://\S+)?$")
    """Where push messages are posted (docs/notifications.md says how); none are sent when empty."""
    push_token: SecretStr = SecretStr("")
    sms_url: str = Field(default="", pattern=r"^(https?://\S+)?$")
    sms_token: SecretStr = SecretStr("")
    whatsapp_url: str = Field(default="", pattern=r"^(https?://\S+)?$")
    whatsapp_token: SecretStr = SecretStr("")
    notification_secrets: SecretStr = SecretStr("")
    """`whsec_…`, several separated by commas: with these providers sign what they report of deliveries."""
    webhook_attempts: int = Field(default=3, ge=1, le=20)
    """Attempts of a webhook delivery in all; this and the next three may differ per endpoint."""
    webhook_retry_seconds: int = Field(default=60, ge=1, le=3600)
    webhook_retry_factor: float = Field(default=2, ge=1, le=10)
    webhook_retry_longest_seconds: int = Field(default=3600, ge=1, le=86_400)
    webhook_timeout_seconds: float = Field(default=10, gt=0, le=60)
    webhook_lease_seconds: float = Field(default=20, ge=1, le=300)
    """How long after its time limit an attempt of a worker that died is made anew."""
    webhook_connections: int = Field(default=64, ge=1, le=1000)
    """Requests that one worker has under way at a time."""
    webhook_connections_per_endpoint: int = Field(default=4, ge=1, le=100)
    webhook_disable_after_hours: int = Field(default=72, ge=1)
    """An endpoint that answered nothing for so long is disabled."""
    webhook_disable_after_deliveries: int = Field(default=100, ge=5)
    """So is one that lost so many deliveries in a row."""
    event_retention_months: int = Field(default=0, ge=0)
    """Months after which a month of the event log is dropped: 0 never, else at least 84, which tax law asks for."""
    telemetry_retention_months: int = Field(default=13, ge=1, le=120)
    """Months before the running one whose readings are kept; older readings are refused. Roll-ups are kept longer."""
    telemetry_minute_retention_months: int = Field(default=25, ge=1, le=120)
    telemetry_hour_retention_months: int = Field(default=120, ge=1, le=120)
    """Days are kept for ever."""
    telemetry_batch_readings: int = Field(default=8_000, ge=1, le=20_000)
    """Most readings that one transaction writes."""
    telemetry_batch_ms: int = Field(default=20, ge=0, le=5_000)
    """How long a transaction waits for more readings."""
    telemetry_queue_readings: int = Field(default=50_000, ge=1)
    """Readings that wait to be written before devices have to wait."""
    telemetry_writers: int = Field(default=3, ge=1, le=8)
    """Transactions at once; the readings of one charger always go through the same one."""
    webhook_kept_days: int = Field(default=90, ge=1)
    webhook_local_targets: bool = False
    """Allows receivers on this machine, and plain http; refused in production."""
    kvk_url: str = Field(default="", pattern=r"^(https?://\S+)?$", validate_default=True)
    """Base address of the KvK's API, such as https://api.kvk.nl/api; nobody is asked when empty."""
    kvk_key: SecretStr = Field(default=SecretStr(""), validate_default=True)
    vies_url: str = Field(default="", pattern=r"^(https?://\S+)?$", validate_default=True)
    """Base address of VIES, such as https://ec.europa.eu/taxation_customs/vies/rest-api; nobody is asked when empty."""
    geocoder_url: str = ""
    """PDOK Locatieserver v3_1 base address; the imported postcode table answers when empty."""
    slot_high_places: int = Field(default=6, ge=2)
    """Places from which customers see a part of a day as HIGH; below it they cannot tell one from several."""
    slot_notice_days: int = Field(default=1, ge=1, le=14)
    """The first day that is offered, counted from today."""
    slot_horizon_days: int = Field(default=21, ge=1, le=42)
    """Days that are offered."""
    slot_hold_minutes: int = Field(default=10, ge=1, le=60)
    slot_holds_per_hour: int = Field(default=30, ge=1)
    """Of one visit."""
    visit_change_days: int = Field(default=2, ge=0, le=14)
    """Customers and partners change or cancel a planned visit at least so many days before."""
    travel_provider: Literal["", "osrm", "valhalla", "google"] = ""
    """Who says drive times; they are estimated from the great circle when empty."""
    travel_url: str = Field(default="", pattern=r"^(https?://\S+)?$", validate_default=True)
    travel_key: SecretStr = Field(default=SecretStr(""), validate_default=True)
    """Google's API key."""
    travel_seconds: float = Field(default=20, gt=0, le=600)
    """How long one matrix may ask; what is not answered by then is estimated."""
    travel_drives: int = Field(default=0, ge=0)
    """Most drives that one matrix asks for; 0: 5,000 of Google, which charges for each, else 5,000,000."""
    travel_kept_days: int = Field(default=90, ge=1, le=3650)
    position_kept_days: int = Field(default=14, ge=1, le=365)
    """Days for which it is known where a team was."""
    planning_radius_km: float = Field(default=30, gt=0, le=200)
    """How far any two visits of one team's day may be apart, by great circle."""
    weather_url: str = Field(default="", pattern=r"^(https?://\S+)?$")
    """A forecast service that speaks Open-Meteo's protocol; a climate table answers when empty."""
    weather_seconds: float = Field(default=4, gt=0, le=30)
    """How long one question to it may take."""
    weather_gusts_kmh: float = Field(default=75, ge=20, le=200)
    """From gusts of such strength on nobody works outdoors."""
    weather_rain_mm: float = Field(default=15, ge=1, le=200)
    """Nor where so much falls in a day."""
    weather_frost_c: float = Field(default=0, ge=-30, le=10)
    """Nor where it does not become warmer than this."""
    weather_unfit_chance: float = Field(default=0.5, gt=0, le=1)
    """A day that no forecast reaches is unfit where the climate table makes it at least so likely."""
    moneybird_url: str = Field(default="https://moneybird.com/api/v2", pattern=r"^https?://\S+$")
    moneybird_requests_per_5_minutes: int = Field(default=150, ge=1)
    """What Moneybird allows; all workers together keep to it."""
    snelstart_url: str = Field(default="https://b2bapi.snelstart.nl/v2", pattern=r"^https?://\S+$")
    snelstart_auth_url: str = Field(default="https://auth.snelstart.nl/b2b/token", pattern=r"^https?://\S+$")
    snelstart_subscription_key: SecretStr = SecretStr("")
    """Of this installation's registration at Snelstart."""
    snelstart_requests_per_minute: int = Field(default=120, ge=1)
    mollie_url: str = Field(default="https://api.mollie.com", pattern=r"^https?://\S+$")
    """Keys of accounts are given per business entity (`savePaymentProvider`)."""
    stripe_url: str = Field(default="https://api.stripe.com", pattern=r"^https?://\S+$")
    local_payments: bool = False
    """Lets the platform's own test page stand in for a provider in production too, where an entity has none."""
    payment_link_days: int = Field(default=60, ge=1, le=365)
    """How long a link to pay by is good for."""
    otel_exporter_otlp_endpoint: str = ""
    """Collector for traces (OTLP over HTTP), such as `http://collector:4318`; no tracing when empty."""
    metrics_token: SecretStr = SecretStr("")
    """Bearer token of `/metrics`; without one it answers to this machine only in production."""

    session_live_seconds: int = Field(default=5, ge=0, le=300)
    """How often an open session's energy and power are written while readings come; milestones at once."""
    session_recount_seconds: int = Field(default=30, ge=0, le=3600)
    """After the first late or corrected reading, until a session is counted anew."""
    session_start_seconds: int = Field(default=300, ge=30, le=86_400)
    """In which a charger has to begin what was asked for."""
    session_stop_seconds: int = Field(default=600, ge=30, le=86_400)
    """In which it has to end what it was told to stop."""
    charging_invoice_delay_seconds: int = Field(default=180, ge=0, le=86_400)
    """From the end of a session, which is priced at once, until it is invoiced: readings under way come in first."""
    session_free_minutes: int = Field(default=5, ge=1, le=1440)
    """For which its connector has been free while a session is open: the stop got lost."""
    session_reboot_minutes: int = Field(default=15, ge=1, le=1440)
    """After a reboot, in which it has to go on with a session."""
    session_silence_hours: int = Field(default=24, ge=1, le=744)
    """For which nothing was heard of a session."""
    session_longest_days: int = Field(default=7, ge=1, le=90)
    """That a session goes on at most."""

    @field_validator("notification_secrets")
    @classmethod
    def known_secrets(cls, given: SecretStr) -> SecretStr:
        """Accept secrets of Standard Webhooks only, of 24 bytes at least."""
        parts = [part.strip() for part in given.get_secret_value().split(",") if part.strip()]
        if not all(re.fullmatch(r"whsec_[A-Za-z0-9+/]{32,}={0,2}", part) for part in parts):
            raise ValueError("must be whsec_ followed by at least 24 bytes in base64, several separated by commas")
        return given

    @field_validator("database_url")
    @classmethod
    def known_scheme(cls, url: str) -> str:
        """Accept libpq's two spellings of the scheme only."""
        if url and not url.startswith(("postgresql://", "postgres://")):
            raise ValueError("must start with postgresql://")
        return url

    @field_validator("mollie_url", "stripe_url")
    @classmethod
    def sealed_from_others(cls, url: str, others: ValidationInfo) -> str:
        """Keys of accounts travel with every request."""
        if others.data.get("environment") == "production" and not url.startswith("https://"):
            raise ValueError("must start with https:// in production")
        return url

    @field_validator("travel_url", "travel_key")
    @classmethod
    def enough_to_ask(cls, given: str | SecretStr, others: ValidationInfo) -> str | SecretStr:
        """A provider without its address or key would silently be no provider."""
        needs = {"osrm": "travel_url", "valhalla": "travel_url", "google": "travel_key"}
        empty = not (given.get_secret_value() if isinstance(given, SecretStr) else given)
        if empty and needs.get(others.data.get("travel_provider", "")) == others.field_name:
            raise ValueError(f"{others.data['travel_provider']} needs it")
        return given

    @field_validator("cost_budget", "anonymous_cost_budget")
    @classmethod
    def holds_a_request(cls, budget: int, given: ValidationInfo) -> int:
        """A request that costs more than its budget holds would be told to wait for ever."""
        name = str(given.field_name).replace("budget", "maximum")
        if budget < given.data.get(name, 0):
            raise ValueError(f"must not be less than {name.upper()}")
        return budget

    @field_validator("telemetry_minute_retention_months", "telemetry_hour_retention_months")
    @classmethod
    def rollups_outlive_what_they_are_made_of(cls, months: int, info: ValidationInfo) -> int:
        """A late reading has its minute, hour and day made anew."""
        below = {"telemetry_minute_retention_months": "telemetry_retention_months"}
        name = below.get(str(info.field_name), "telemetry_minute_retention_months")
        if months < info.data.get(name, 0):
            raise ValueError(f"must not be less than {name.upper()}")
        return months

    @field_validator("event_retention_months")
    @classmethod
    def kept_for_seven_years(cls, months: int) -> int:
        """The audit trail is part of the administration."""
        if 0 < months < 84:
            raise ValueError("must be 0 (keep everything) or at least 84")
        return months

    @field_validator("mail_in_key", "mail_in_tls_required")
    @classmethod
    def certificate_with_its_key(cls, given: str | bool, others: ValidationInfo) -> str | bool:
        """A certificate without its key offers nothing; TLS that is required and cannot be had takes no mail."""
        certificate = bool(others.data.get("mail_in_certificate"))
        if others.field_name == "mail_in_key" and bool(given) != certificate:
            raise ValueError("MAIL_IN_CERTIFICATE and MAIL_IN_KEY belong together")
        if given is True and not certificate:
            raise ValueError("needs MAIL_IN_CERTIFICATE")
        return given

    @property
    def mail_domain(self) -> str:
        """The domain of the addresses that partners mail orders to."""
        return self.mail_in_domain or f"orders.{self.base_domain}"

    @property
    def production(self) -> bool:
        return self.environment == "production"


@lru_cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings()
