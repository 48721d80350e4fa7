"""GraphiQL: everything it loads is ours, and its policy lets it load nothing else."""

import hashlib
import re
from pathlib import Path

import api
from tests.protocol.portal import Portal

_FILES = Path(api.__file__).parent / "static" / "graphiql"
_LOADED = re.compile(r'(?:src|href)="([^"]+)"')
_ADDRESS = re.compile(r"""(?:https?:)?//[a-z0-9][a-z0-9.-]*\.[a-z]{2,}""")
_FOREIGN = re.compile(
    r"""(?:url\(\s*["']?\s*(?:https?:)?//|@import|(?:import|fetch|importScripts|Worker|WebSocket)\(\s*["'](?:\w+:)?//)"""
)
_KEYWORDS = frozenset({"'none'", "'self'", "data:"})


async def test_the_page_loads_its_own_files_only(ours: Portal) -> None:
    page = await ours.http.get("/graphiql")
    assert page.headers["content-type"].startswith("text/html")
    assert not _ADDRESS.search(page.text)
    loaded = _LOADED.findall(page.text)
    assert len(loaded) == 6
    for address in loaded:
        assert re.fullmatch(r"/graphiql/[0-9a-f]{16}/[a-z.-]+", address)
        file = await ours.http.get(address)
        assert file.status_code == 200
        assert file.headers["content-type"].split(";")[0] in ("text/javascript", "text/css")
        assert file.headers["x-content-type-options"] == "nosniff"
        assert "immutable" in file.headers["cache-control"]
        assert not _FOREIGN.search(file.text), address
        assert "sourceMappingURL" not in file.text


async def test_the_policy_allows_no_other_host_and_no_inline_script(ours: Portal) -> None:
    policies = {(await ours.http.get("/graphiql")).headers["content-security-policy"] for _ in range(2)}
    assert len(policies) == 2, "a nonce is used once"
    for policy in policies:
        directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
        assert directives["default-src"] == "'none'"
        assert directives["script-src"] == "'self'"
        assert directives["connect-src"] == "'self'"
        for name in ("base-uri", "form-action", "frame-ancestors"):
            assert directives[name] == "'none'"
        allowed = {word for words in directives.values() for word in words.split() if not word.startswith("'nonce-")}
        assert allowed <= _KEYWORDS


async def test_nothing_else_is_served_beside_it(ours: Portal) -> None:
    digest = _LOADED.findall((await ours.http.get("/graphiql")).text)[0].split("/")[2]
    for path in (f"{digest}/..%2f..%2fapp.py", f"{digest}/app.py", f"{'0' * 16}/page.js", f"{digest}/"):
        assert (await ours.http.get(f"/graphiql/{path}")).status_code == 404
    assert "MIT License" in (await ours.http.get(f"/graphiql/{digest}/NOTICE.md")).text


def test_the_files_are_the_published_builds() -> None:
    """Each as the notice says: package, version and SHA-256."""
    notice = (_FILES / "NOTICE.md").read_text()
    stated = dict(re.findall(r"^\| `([^`]+)` \| [a-z-]+@[0-9.]+ \| `([0-9a-f]{64})` \|$", notice, re.MULTILINE))
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in _FILES.glob("*.min.*")}
    assert stated == found
