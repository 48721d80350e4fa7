"""The words that mails are read by, in Dutch and English: data in words.json."""

import json
from pathlib import Path
from typing import Any

_WORDS: dict[str, Any] = json.loads(Path(__file__).with_name("words.json").read_text("utf-8"))


def listed(name: str) -> list[str]:
    """The words of a list."""
    return list(_WORDS[name])


def by_meaning(name: str) -> dict[str, list[str]]:
    """The words of each meaning."""
    return dict(_WORDS[name])


def renamed(name: str) -> dict[str, str]:
    """Words that stand for others."""
    return dict(_WORDS[name])
