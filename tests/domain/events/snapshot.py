"""The event types as they were last accepted. `python -m tests.domain.events.snapshot` accepts them as they are now."""

import json
import sys
from pathlib import Path
from typing import Any

from domain.event_types import event_types

FILE = Path(__file__).with_name("event_types.json")
Known = dict[str, dict[str, Any]]


def accepted() -> Known:
    return dict(json.loads(FILE.read_text())) if FILE.exists() else {}


def present() -> Known:
    return {
        kind.type: {
            "version": kind.version,
            "subject": kind.subject_type,
            "internal": kind.internal,
            "fields": kind.payload_schema["properties"],
        }
        for kind in event_types(internal=True)
    }


def changed_in_silence(before: Known, after: Known) -> list[str]:
    """Types whose fields changed although their version did not."""
    return [
        name
        for name, known in before.items()
        if name in after and known["fields"] != after[name]["fields"] and known["version"] >= after[name]["version"]
    ]


if __name__ == "__main__":
    if silent := changed_in_silence(accepted(), present()):
        sys.exit(f"raise the version of: {', '.join(silent)}")
    FILE.write_text(json.dumps(present(), indent=1, sort_keys=True) + "\n")
