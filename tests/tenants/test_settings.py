"""`.env.example` is the documentation of the settings."""

from pathlib import Path

from pydantic import SecretStr

from tenants.settings import Settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def test_every_setting_is_in_the_example_with_its_default() -> None:
    lines = [line for line in EXAMPLE.read_text().splitlines() if line and not line.startswith("#")]
    documented = dict(line.split("=", 1) for line in lines)
    defaults = {name.upper(): _plain(field.default) for name, field in Settings.model_fields.items()}
    assert documented == defaults


def test_the_example_can_be_read() -> None:
    assert Settings(_env_file=EXAMPLE).model_dump() == Settings(_env_file=None).model_dump()  # type: ignore[call-arg]  # pydantic-settings' own argument


def _plain(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value).lower() if isinstance(value, bool) else str(value)
