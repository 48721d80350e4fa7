"""What the head of a mail says; whatever the bytes are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.inbound_mail.heads import Head, fingerprint, head_of, plain
from domain.inbound_mail.models import IgnoredMail
from tests.domain.inbound_mail.post import SENDER, mail_of

AUTHSERV = "mx.platform.example"


def head(envelope: str = SENDER, **headers: str) -> Head:
    return head_of(mail_of("Hallo", **headers), envelope)


def test_subject_and_name_are_decoded_to_one_line() -> None:
    found = head(Subject="=?utf-8?q?Bestelling_=E2=82=AC?=\r\n  =?utf-8?q?_5=0D=0ABcc:_x=40y?=")
    assert found.subject == "Bestelling € 5 Bcc: x@y"
    assert head(From="=?utf-8?b?QW5u4oCuYQ==?= <a@b.example>").sender_name == "Anna"


@pytest.mark.parametrize(
    "headers",
    [
        {"From": "a@b.example, c@d.example"},
        {"From": ""},
        {"From": "nobody"},
        {"From": "<a@b@c.example>"},
        {"From": "a\0b@c.example"},
    ],
)
def test_a_mail_of_nobody_in_particular_has_no_sender(headers: dict[str, str]) -> None:
    assert head(**headers).sender == ""


def test_two_from_headers_are_no_sender() -> None:
    raw = b"From: a@alva.example\r\nFROM: b@evil.example\r\n\r\nx"
    assert head_of(raw).sender == ""


@pytest.mark.parametrize(
    ("envelope", "headers", "is_what"),
    [
        (SENDER, {}, None),
        ("<>", {}, None),
        ("<>", {"From": "MAILER-DAEMON@alva.example"}, IgnoredMail.BOUNCE),
        (SENDER, {"Content_Type": "multipart/report; report-type=delivery-status; boundary=x"}, IgnoredMail.BOUNCE),
        (SENDER, {"Auto_Submitted": "auto-replied (vacation)"}, IgnoredMail.AUTO_REPLY),
        (SENDER, {"X_Autoreply": "yes"}, IgnoredMail.AUTO_REPLY),
        (SENDER, {"Auto_Submitted": "auto-generated"}, None),
    ],
)
def test_reports_and_automatic_answers_are_no_orders(
    envelope: str, headers: dict[str, str], is_what: IgnoredMail | None
) -> None:
    assert head(envelope, **headers).ignored is is_what


@pytest.mark.parametrize(
    ("envelope", "headers", "by_program"),
    [
        (SENDER, {}, False),
        (SENDER, {"Auto_Submitted": "no"}, False),
        ("<>", {}, True),
        (SENDER, {"Auto_Submitted": "auto-generated"}, True),
        (SENDER, {"Precedence": "bulk"}, True),
        (SENDER, {"List_Id": "<orders.alva.example>"}, True),
    ],
)
def test_programs_are_read_and_not_answered(envelope: str, headers: dict[str, str], by_program: bool) -> None:
    assert head(envelope, **headers).by_program is by_program


@pytest.mark.parametrize(
    ("said", "proven"),
    [
        (f"{AUTHSERV}; dmarc=pass header.from=alva.example", True),
        (f"{AUTHSERV} 1; spf=fail smtp.mailfrom=x.example; dkim=pass header.d=alva.example", True),
        (f"{AUTHSERV}; spf=pass smtp.mailfrom=bounce@alva.example", True),
        (f"{AUTHSERV}; dmarc=fail header.from=alva.example", False),
        (f"{AUTHSERV}; dmarc=pass header.from=evil.example", False),
        (f"{AUTHSERV}; dkim=pass header.d=evil.example", False),
        (f"{AUTHSERV}; dkim=pass header.d=example", False),
        (f"{AUTHSERV}; spf=pass smtp.mailfrom=a@notalva.example", False),
        (f"{AUTHSERV}; none (dmarc=pass header.from=alva.example)", False),
        (f"evil.example; x={AUTHSERV}; dmarc=pass header.from=alva.example", False),
        ("dmarc=pass header.from=alva.example", False),
        ("", False),
    ],
)
def test_only_the_mail_server_in_front_proves_who_sent_it(said: str, proven: bool) -> None:
    assert head(Authentication_Results=said).is_proven(AUTHSERV) is proven
    assert head(Authentication_Results=said).is_proven("") is False


def test_the_topmost_result_of_the_server_in_front_counts() -> None:
    ours = f"Authentication-Results: {AUTHSERV}; dmarc=fail header.from=alva.example\r\n"
    forged = f"Authentication-Results: {AUTHSERV}; dmarc=pass header.from=alva.example\r\n"
    rest = mail_of("x").decode()
    assert head_of((ours + forged + rest).encode()).is_proven(AUTHSERV) is False


def test_the_same_mail_over_other_relays_is_the_same_mail() -> None:
    raw = mail_of("Bestelling 1\n")
    over = b"Received: from a by b\r\nX-Spam: no\r\n" + raw.replace(b"\r\n\r\n", b"\r\nDKIM-Signature: x\r\n\r\n", 1)
    assert fingerprint(raw) == fingerprint(over + b"\r\n\r\n") == fingerprint(raw.replace(b"\r\n", b"\n"))
    assert fingerprint(raw) != fingerprint(mail_of("Bestelling 2\n"))
    assert fingerprint(raw) != fingerprint(mail_of("Bestelling 1\n", id="2"))


_NAMES = st.sampled_from([b"From", b"Subject", b"Received", b"Authentication-Results", b"Content-Type", b"Precedence"])
_HEADERS = st.lists(st.tuples(_NAMES, st.binary(max_size=120)), max_size=8)


@given(
    st.one_of(st.binary(max_size=400), _HEADERS.map(lambda pairs: b"".join(n + b": " + v + b"\r\n" for n, v in pairs)))
)
def test_any_bytes_have_a_head(raw: bytes) -> None:
    found = head_of(raw, "a@b.example")
    for text in (found.subject, found.sender_name, found.message_id, found.sender):
        assert not {"\n", "\r", "\0"} & set(text)
        text.encode()
    assert {found.is_proven(AUTHSERV), found.by_program} <= {True, False}
    assert found.ignored in (None, *IgnoredMail)
    assert len(fingerprint(raw)) == 64


@given(st.text(max_size=300))
def test_plain_text_is_one_line_that_can_be_stored(text: str) -> None:
    shown = plain(text, 100)
    assert len(shown) <= 100
    assert shown.isprintable()
    shown.encode()
