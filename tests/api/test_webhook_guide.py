"""The guide for partners: its snippets check real signatures, and its documents are valid."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse, validate

from api.webhook_payloads import document_of
from domain.webhooks import secrets
from domain.webhooks.deliveries import SAMPLE
from tests.asking import SCHEMA

GUIDE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
BODY = '{"event":"status_update","installer":"Ploeg Zaandam é"}'
Verify = Callable[[str, dict[str, str], str], Any]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.S)


def in_python(secret: str, headers: dict[str, str], body: str) -> Any:
    names: dict[str, Any] = {}
    exec(blocks("python")[0], names)  # the guide's own text
    return names["verify"](secret, headers, body.encode())


def in_node(secret: str, headers: dict[str, str], body: str) -> Any:
    if not (node := shutil.which("node")):
        pytest.skip("node is not installed")
    given = json.dumps([secret, headers, body])
    program = f"{blocks('js')[0]}\nconsole.log(JSON.stringify(verify(...{given})));"
    ended = subprocess.run([node, "--input-type=module", "-e", program], capture_output=True, text=True, check=False)
    if ended.returncode:
        raise ValueError(ended.stderr)
    return json.loads(ended.stdout)


@pytest.mark.parametrize("verify", [in_python, in_node])
def test_the_snippets_believe_us_and_nobody_else(verify: Verify) -> None:
    secret, other, now = secrets.generate(), secrets.generate(), datetime.now(UTC)
    headers = dict(secrets.signatures("msg_1", BODY, [other, secret], now))
    assert verify(secret, headers, BODY) == json.loads(BODY)
    refused = [
        (secrets.generate(), headers, BODY),
        (secret, headers, BODY.replace("Zaandam", "Utrecht")),
        (secret, headers | {"webhook-id": "msg_2"}, BODY),
        (secret, headers | {"webhook-signature": "v1,nonsense v2,x"}, BODY),
        (secret, dict(secrets.signatures("msg_1", BODY, [secret], now - timedelta(minutes=6))), BODY),
        (secret, dict(secrets.signatures("msg_1", BODY, [secret], now + timedelta(minutes=6))), BODY),
    ]
    for given in refused:
        with pytest.raises(ValueError, match=r"signed|future"):
            verify(*given)


def test_the_documents_are_valid() -> None:
    mutation, selection = blocks("graphql")
    [operation] = parse(mutation).definitions
    assert isinstance(operation, OperationDefinitionNode)
    for document in (mutation, document_of(selection)):
        assert validate(SCHEMA._schema, parse(document)) == []


def test_the_json_is_what_is_sent() -> None:
    [shown] = [json.loads(block) for block in blocks("json")]
    assert list(shown) == list(SAMPLE)
