"""The words of documents per language, beside this file as JSON."""

import json
from functools import lru_cache
from importlib.resources import files
from typing import Any

from domain.errors import language_of


@lru_cache
def _loaded(language: str) -> dict[str, Any]:
    text = files("domain.documents.making.words").joinpath(f"{language}.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def words_of(language: str) -> dict[str, Any]:
    """The words in Dutch or English, Dutch for any other language."""
    return _loaded(language_of(language))
