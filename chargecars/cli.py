"""The commands of `python -m chargecars`; each loads what it needs when it runs."""

import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from chargecars.stack.errors import StackError, explain
from domain.errors import DomainError, DomainErrors
from tenants.settings import settings

app = typer.Typer(
    help="The ChargeCars platform.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)

geo = typer.Typer(help="Postcodes and coordinates.", no_args_is_help=True)
app.add_typer(geo, name="geo")
tenant = typer.Typer(help="Business entities.", no_args_is_help=True)
app.add_typer(tenant, name="tenant")


@app.command()
def up() -> None:
    """Start servers, API, worker, telemetry and mail here, with demo data, until Ctrl-C."""
    from chargecars.up import up

    up()


_FromParent = Annotated[int | None, typer.Option(hidden=True, help="A descriptor that `up` hands over.")]


@app.command()
def api(listening: _FromParent = None, word: _FromParent = None) -> None:
    """Serve the API on HOST and PORT."""
    from chargecars.running import await_word, servers
    from chargecars.serving import load_api, serve_api

    schema = load_api(settings())
    if word is not None:
        await_word(word)
    with servers() as running:
        serve_api(running, schema, listening)


@app.command()
def worker(word: _FromParent = None) -> None:
    """Run jobs, reactions to events and scheduled work."""
    from chargecars.running import await_word, servers
    from chargecars.working import load_worker
    from workers.main import run

    load_worker()
    if word is not None:
        await_word(word)
    with servers():
        run()


@app.command()
def telemetry(listening: _FromParent = None, word: _FromParent = None) -> None:
    """Take what chargers send over MQTT; without MQTT_URL this is the broker, too."""
    from chargecars.running import await_word, servers
    from workers.mqtt.main import run

    if word is not None:
        await_word(word)
    with servers():
        run(listening)


@app.command(name="mail-in")
def mail_in(listening: _FromParent = None, word: _FromParent = None) -> None:
    """Take orders that partners mail, over SMTP and LMTP."""
    from chargecars.running import await_word, servers
    from workers.mail_in.main import run

    if word is not None:
        await_word(word)
    with servers():
        run(listening)


@app.command()
def mosquitto(
    directory: Annotated[Path, typer.Option(help="Where the files are kept.")] = Path(".data/mosquitto"),
    host: Annotated[str, typer.Option(help="Where chargers connect.")] = "0.0.0.0",  # noqa: S104  # from outside
    port: Annotated[int, typer.Option(min=1, max=65535)] = 1883,
    platform_host: Annotated[str, typer.Option(help="Where the platform connects, and no charger may.")] = "127.0.0.1",
    platform_port: Annotated[int, typer.Option(min=1, max=65535)] = 1884,
    certificate: Annotated[Path | None, typer.Option(help="PEM, for chargers.")] = None,
    key: Annotated[Path | None, typer.Option(help="PEM, for chargers.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Write the files and end.")] = False,
) -> None:
    """Write Mosquitto's configuration, passwords and rights, and keep them current."""
    from chargecars.running import servers
    from tenants.secrets import with_secrets
    from workers.mqtt.keeping import Listeners, keep

    if not settings().mqtt_url:
        _fail("MQTT_URL: the platform's own login at Mosquitto is needed: mqtt://user:password@host:port")
    if (certificate is None) != (key is None):
        _fail("--certificate and --key belong together")
    listeners = Listeners(host, port, platform_host, platform_port, certificate, key)
    with servers() as running:
        keep(with_secrets(running), directory, listeners, once)


@app.command()
def fleet(
    chargers: Annotated[int, typer.Option(min=1, max=20_000)] = 10,
    protocol: Annotated[str, typer.Option(help="mqtt, ocpp16 or ocpp201.")] = "mqtt",
    seconds: Annotated[float, typer.Option(min=1, help="How long it takes.")] = 60,
    speed: Annotated[float, typer.Option(min=1, max=3600, help="How much faster than ours the fleet's time goes.")] = 1,
    interval: Annotated[float, typer.Option(min=0.1, help="Seconds of its time between two readings.")] = 10,
    faults: Annotated[float, typer.Option(min=0, max=100, help="0: none; 2: twice as many as usual.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed, the same fleet.")] = 1,
    entity: Annotated[str, typer.Option(help="Code of the business entity.")] = "CC",
    prefix: Annotated[str, typer.Option(help="Of the chargers' identities.")] = "FLEET-",
) -> None:
    """Simulate chargers that behave like hardware against the platform that runs here (not in production)."""
    from chargecars.fleet.command import run_fleet
    from chargecars.fleet.faults import Faults
    from chargecars.fleet.run import Plan, Protocol
    from chargecars.running import servers

    if protocol not in set(Protocol):
        raise typer.BadParameter(f"is one of {', '.join(Protocol)}", param_hint="--protocol")
    plan = Plan(chargers, Protocol(protocol), seconds, speed, interval, seed, Faults().times(faults))
    with servers() as running:
        run_fleet(running, plan, entity, prefix)


@app.command()
def migrate() -> None:
    """Bring the database to the schema of this code."""
    from chargecars.database import migrate
    from chargecars.running import servers

    with servers() as running:
        migrate(running)


@app.command()
def schema(
    release: Annotated[
        bool, typer.Option("--release", help="Keep it in tests/released as the one that later changes must not break.")
    ] = False,
) -> None:
    """Print the GraphQL schema."""
    from api.schema import platform_schema

    made = platform_schema("")
    text = made.as_str().rstrip() + "\n"
    sys.stdout.write(text)
    if release and (broken := _release(made, text)):
        _fail("the schema breaks what was released", "\n".join(broken))


def _release(made: Any, text: str) -> list[str]:
    """Of the schema and the endpoints beside it, with the changelog that the API serves."""
    from api.app import routes_of
    from api.developers.changes import KEPT
    from api.openapi.document import document
    from api.operations import VERSION
    from chargecars.releasing import keep

    return keep(text, openapi=document(routes_of(made), version=VERSION), changes=KEPT)


@app.command()
def demo(scale: Annotated[int, typer.Option(min=1, max=100, help="10 is ten times today's business.")] = 1) -> None:
    """Load the demo into an empty development database."""
    from chargecars.database import migrate
    from chargecars.example import load_demo
    from chargecars.running import servers

    with servers() as running:
        migrate(running)
        loaded = load_demo(running, scale, lambda step, done: typer.echo(f"{done:4.0%} {step}", err=True))
    made = f"loaded in {loaded.seconds:.0f} s: {loaded.records:,} records" if loaded.fresh else "was there already"
    typer.echo(f"The demo at scale {scale} {made}")


@app.command()
def bench(
    name: Annotated[str, typer.Argument(help="journey")],
    scale: Annotated[int, typer.Option(min=1, max=100, help="How much data: 10 is ten times today's.")] = 10,
    json: Annotated[bool, typer.Option("--json", help="Only the last line, as JSON.")] = False,
    minutes: Annotated[float, typer.Option(min=0.1, help="How long, for those that can be told.")] = 2,
    seeds: Annotated[int, typer.Option(min=1, help="plan: how many instances.")] = 3,
    quick: Annotated[bool, typer.Option("--quick", help="plan: one instance, short budgets.")] = False,
    postcodes: Annotated[Path | None, typer.Option(help="plan: the table that `geo import` takes.")] = None,
) -> None:
    """Run a benchmark with servers and data of its own, kept for the next time."""
    from chargecars.bench import run

    run(name, scale, json, minutes=minutes, seeds=seeds, quick=quick, postcodes=postcodes)


@geo.command("import")
def geo_import(file: Path) -> None:
    """Replace the table of four-digit postcodes by a CSV file: pc4,place,municipality,province,latitude,longitude."""
    from chargecars.running import servers
    from chargecars.upkeep import import_postcodes

    with servers() as running:
        done = import_postcodes(running, file)
    doubtful = f"; implausible, used by two digits only: {', '.join(done.implausible)}" if done.implausible else ""
    typer.echo(f"{done.rows} postcodes: {done.written} written, {done.removed} removed{doubtful}")


@tenant.command("create")
def tenant_create(
    file: Path,
    password: Annotated[str, typer.Option(prompt="Password of the administrator", hide_input=True, envvar="PASSWORD")],
) -> None:
    """Make a business entity, its portal and a platform administrator from a JSON file: entity, brand, admin."""
    from chargecars.running import servers
    from chargecars.upkeep import make_tenant

    with servers() as running:
        typer.echo(f"The portal answers at {make_tenant(running, file.read_bytes(), password)}")


@app.command()
def mail(
    to: Annotated[str | None, typer.Option(help="Only mail to this address.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 10,
) -> None:
    """Print the newest mail, the newest last; without SMTP_URL it stays in the database."""
    from chargecars.running import servers
    from chargecars.upkeep import latest_mail

    with servers() as running:
        for message in reversed(latest_mail(running, limit, to)):
            typer.echo(f"To: {message.recipient}\nSubject: {message.subject}\n\n{message.body.rstrip()}\n{'-' * 72}")


def main() -> None:
    """Run a command; what a person can repair is one line on stderr and exit code 1."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app()
    except StackError as error:
        _fail(str(error), error.detail)
    except ValidationError as error:
        _fail("\n".join(_invalid(error)))
    except (DomainError, DomainErrors) as error:
        _fail("\n".join(map(str, error.errors)))
    except OSError as error:
        _fail(explain(error))
    except KeyboardInterrupt:
        sys.exit(130)


def _invalid(error: ValidationError) -> list[str]:
    """One line per setting that cannot be read."""
    if error.title != "Settings":
        raise error
    return [
        f"{'.'.join(map(str, fault['loc'])).upper()}: {fault['msg'].removeprefix('Value error, ')}"
        for fault in error.errors()
    ]


def _fail(message: str, detail: str = "") -> None:
    if detail:
        sys.stderr.write(detail.rstrip() + "\n")
    sys.stderr.write(f"chargecars: {message}\n")
    sys.exit(1)
