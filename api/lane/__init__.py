"""The byte lane: PostgreSQL's JSON text of a whole query goes into the response body as it is.

`asked` says what an admitted query asks and who has to answer it, once per document, operation, audience and values of
the variables in its directives; `answering` reads all that SQL can answer in one statement and splices the few fields
of Python resolvers between. What the lane does not take is answered by graphql-core, counted by reason.
"""

from api.lane.answering import Lane, Written
from api.lane.asked import Ordinary

__all__ = ["Lane", "Ordinary", "Written"]
