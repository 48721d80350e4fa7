"""Launchers and commands are tried in the environment of a newcomer: no setting of another test reaches them."""

import pytest

from tenants.settings import Settings


@pytest.fixture(autouse=True)
def newcomer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the fixture `settings` put into the environment for the tests before."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
