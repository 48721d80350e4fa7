"""How the schema changes: what is deprecated says since when and until when, and who uses it is known.

`declared` declares and reads deprecations, `used` finds them in documents, `counting` counts who used them,
`compatibility` compares the schema with the released one.
"""

from api.versions.counting import counts_of, note_use
from api.versions.declared import Deprecation, deprecated, reason

__all__ = ["Deprecation", "counts_of", "deprecated", "note_use", "reason"]
