"""Which addresses are public, and which URLs an endpoint may have."""

import contextlib
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.webhooks.errors import WebhookUrlInvalid
from domain.webhooks.targets import may_be_asked, target_of
from tenants.settings import Settings

PLAIN = Settings(_env_file=None, environment="test")  # type: ignore[call-arg]  # pydantic's own argument
LOCAL = PLAIN.model_copy(update={"webhook_local_targets": True})
PRODUCTION = LOCAL.model_copy(update={"environment": "production"})


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "0.0.0.0",
        "192.0.0.192",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "168.63.129.16",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:f5ff:fffe",
        "2001:db8::1",
        "not an address",
    ],
)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert not may_be_asked(address, local=False)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_what_is_public_is_asked(address: str) -> None:
    assert may_be_asked(address, local=False)


def test_local_is_this_machine_and_nothing_else() -> None:
    assert may_be_asked("127.0.0.1", local=True)
    assert may_be_asked("::1", local=True)
    assert not may_be_asked("10.0.0.1", local=True)
    assert not may_be_asked("169.254.169.254", local=True)


@given(st.ip_addresses(v=4))
def test_an_address_within_ipv6_is_judged_as_the_one_within(address: IPv4Address) -> None:
    within = f"::ffff:{address}"
    assert may_be_asked(within, local=False) == may_be_asked(str(address), local=False)


@given(st.ip_addresses())
def test_nothing_private_is_ever_asked(address: IPv4Address | IPv6Address) -> None:
    if may_be_asked(str(address), local=False):
        assert not (address.is_private and not getattr(address, "ipv4_mapped", None))
        assert not any((address.is_loopback, address.is_link_local, address.is_multicast, address.is_unspecified))


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.nl/x",
        "ftp://hooks.example.nl/x",
        "https://user:secret@hooks.example.nl/",
        "https://user@hooks.example.nl/",
        "https://",
        "https:///path",
        "https://localhost/",
        "https://intranet/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.0.0.1:8443/",
        "https://169.254.169.254/latest/meta-data",
        "https://2130706433/",
        "https://hooks.example.nl:22/",
        "https://hooks.example.nl:99999/",
        "https://hooks.example.nl/#part",
        "https://hooks.example.nl/é",
        "https://hooks.example.nl/a b",
        "https://hooks.example.nl/\r\nHost: x",
        "javascript:alert(1)",
        "https://" + "a" * 3000 + ".nl/",
        "https://" + "a" * 70 + ".nl/",
        "",
    ],
)
def test_urls_that_are_refused(url: str) -> None:
    with pytest.raises(WebhookUrlInvalid) as refused:
        target_of(url, PLAIN)
    assert refused.value.field == ("url",)
    assert refused.value.message("nl") != refused.value.message("en")


def test_what_a_request_needs() -> None:
    target = target_of("https://Hooks.Example.NL:8443/a/b?c=d", PLAIN)
    assert (target.host, target.port, target.path, target.authority) == (
        "hooks.example.nl",
        8443,
        "/a/b?c=d",
        "hooks.example.nl:8443",
    )
    assert target_of("https://bücher.example/", PLAIN).host == "xn--bcher-kva.example"
    assert target_of("https://hooks.example.nl", PLAIN).path == "/"
    assert target_of("https://[2606:4700::1111]/", PLAIN).authority == "[2606:4700::1111]"


def test_this_machine_is_a_setting_that_production_ignores() -> None:
    assert target_of("http://127.0.0.1:8080/", LOCAL).scheme == "http"
    assert target_of("http://localhost:8080/", LOCAL).host == "localhost"
    for url in ("http://127.0.0.1:8080/", "https://localhost/", "http://hooks.example.nl/"):
        with pytest.raises(WebhookUrlInvalid):
            target_of(url, PRODUCTION)


@given(st.text(max_size=60))
def test_any_text_is_a_target_or_refused(text: str) -> None:
    for url in (text, f"https://{text}", f"https://a.nl/{text}", f"https://a.nl:{text}/"):
        with contextlib.suppress(WebhookUrlInvalid):
            assert target_of(url, PLAIN).scheme == "https"
