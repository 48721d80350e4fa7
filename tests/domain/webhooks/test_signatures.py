"""Signatures by Standard Webhooks, waits by the policy, subscriptions by pattern."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from domain.errors import Duplicate, Required, TooMany
from domain.webhooks import secrets, subscriptions
from domain.webhooks.errors import UnknownEventType
from domain.webhooks.models import WebhookEndpoint
from domain.webhooks.policy import JITTER, Policy, policy_of
from tenants.settings import Settings

BODY = '{"event":"status_update"}'
SETTINGS = Settings(_env_file=None, environment="test", secret_key="x" * 40)  # type: ignore[call-arg]  # pydantic's own


def test_who_has_a_secret_can_check_and_nobody_else() -> None:
    secret, other = secrets.generate(), secrets.generate()
    signed = dict(secrets.signatures("msg_1", BODY, [secret], datetime.now(UTC)))
    assert secret.startswith("whsec_")
    assert Webhook(secret).verify(BODY, signed) == {"event": "status_update"}
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(BODY, signed)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY.replace("status", "stolen"), signed)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY, signed | {"webhook-id": "msg_2"})


def test_an_old_signature_is_worth_nothing() -> None:
    secret = secrets.generate()
    signed = dict(secrets.signatures("msg_1", BODY, [secret], datetime.now(UTC) - timedelta(minutes=6)))
    with pytest.raises(WebhookVerificationError, match="old"):
        Webhook(secret).verify(BODY, signed)


def test_two_secrets_sign_during_a_rotation_and_one_after() -> None:
    new, old, now = secrets.generate(), secrets.generate(), datetime.now(UTC)
    endpoint = WebhookEndpoint(id=uuid4())
    endpoint.secret = secrets.sealed(SETTINGS, endpoint.id, new)
    endpoint.previous_secret = secrets.sealed(SETTINGS, endpoint.id, old)
    endpoint.overlap_until = now + timedelta(hours=1)
    assert secrets.secrets_of(SETTINGS, endpoint, now) == [new, old]
    signed = dict(secrets.signatures("msg_1", BODY, [new, old], now))
    assert len(signed["webhook-signature"].split(" ")) == 2
    for secret in (new, old):
        assert Webhook(secret).verify(BODY, signed)
    assert secrets.secrets_of(SETTINGS, endpoint, now + timedelta(hours=1)) == [new]


def test_a_secret_at_rest_is_of_its_endpoint_only() -> None:
    endpoint, other = WebhookEndpoint(id=uuid4()), uuid4()
    secret = secrets.generate()
    endpoint.secret = secrets.sealed(SETTINGS, other, secret)
    assert secret.encode() not in endpoint.secret
    with pytest.raises(Exception, match="webhook secret"):
        secrets.secrets_of(SETTINGS, endpoint, datetime.now(UTC))


# --- the policy -------------------------------------------------------------------------------------------------------


def test_the_policy_of_the_partner_document() -> None:
    waits = [Policy(attempts=10).wait(failed, spread=0).total_seconds() for failed in range(1, 9)]
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_what_the_receiver_asks_for_counts_within_bounds() -> None:
    policy = Policy()
    assert policy.wait(1, 300, 0) == timedelta(seconds=300)
    assert policy.wait(1, 5, 0) == timedelta(seconds=60)
    assert policy.wait(1, 1e9, 1) == timedelta(seconds=3600)


@given(
    failed=st.integers(1, 1000),
    asked=st.none() | st.floats(0, 1e12),
    spread=st.floats(0, 1),
    first=st.integers(1, 3600),
    factor=st.floats(1, 10),
    longest=st.integers(1, 86_400),
)
def test_a_wait_is_never_shorter_than_planned_nor_longer_than_the_longest(
    failed: int, asked: float | None, spread: float, first: int, factor: float, longest: int
) -> None:
    seconds = Policy(3, first, factor, longest).wait(failed, asked, spread).total_seconds()
    assert seconds <= longest
    assert seconds >= min(first, longest) - 1e-6
    assert seconds <= max(asked or 0, first * factor ** min(failed - 1, 64)) * (1 + JITTER) + 1e-6


def test_an_endpoint_may_have_a_policy_of_its_own() -> None:
    assert policy_of(WebhookEndpoint(), SETTINGS) == Policy(3, 60, 2, 3600)
    assert policy_of(WebhookEndpoint(attempts=7, retry_seconds=5), SETTINGS) == Policy(7, 5, 2, 3600)


# --- subscriptions ----------------------------------------------------------------------------------------------------


def test_patterns() -> None:
    assert subscriptions.matches(["order.*"], "order.held")
    assert subscriptions.matches(["quote.sent"], "quote.sent")
    assert not subscriptions.matches(["order.*"], "quote.sent")
    assert not subscriptions.matches(["order.held"], "order.resumed")
    assert subscriptions.matches(["*"], "lead.submitted")
    assert not subscriptions.matches(["*", "webhook.*"], "webhook.delivery_failed")


def test_what_can_be_subscribed_to() -> None:
    assert subscriptions.checked(subscriptions.DEFAULT, internal=False) == list(subscriptions.DEFAULT)
    assert not [name for name in subscriptions.subscribable(internal=True) if name.startswith("webhook.")]
    assert "quote.created" in subscriptions.subscribable(internal=True)
    assert "quote.created" not in subscriptions.subscribable(internal=False)


@pytest.mark.parametrize(
    ("patterns", "error", "field"),
    [
        ([], Required, ("event_types",)),
        (["order.held"] * 51, TooMany, ("event_types",)),
        (["order.held", "order.held"], Duplicate, ("event_types", 1)),
        (["order.held", "order.exploded"], UnknownEventType, ("event_types", 1)),
        (["webhook.*"], UnknownEventType, ("event_types", 0)),
        (["quote.created"], UnknownEventType, ("event_types", 0)),
    ],
)
def test_what_cannot(patterns: list[str], error: type[Exception], field: tuple[str, ...]) -> None:
    with pytest.raises(error) as refused:
        subscriptions.checked(patterns, internal=False)
    assert refused.value.field == field  # type: ignore[attr-defined]  # a DomainError
