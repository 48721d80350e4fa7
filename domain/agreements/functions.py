"""The terms that bind an organization, for whoever acts for it or on its orders.

A partner does not read the agreements of those above it and a customer reads none; what they do is bound by them all
the same. The function runs as the tables' owner and gives the terms about orders alone.
"""

from collections.abc import Iterator

from tenants.audience import Audience

_TERMS_AT = """
CREATE OR REPLACE FUNCTION partner_terms_at(entity uuid, organization uuid, at timestamptz) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT a.terms FROM contact named
  JOIN contact o ON o.id = COALESCE(named.merged_into_id, named.id)
  CROSS JOIN LATERAL unnest(CASE WHEN o.chain_organization_ids = '{}' THEN ARRAY[o.id]
    ELSE o.chain_organization_ids END) WITH ORDINALITY AS above(id, depth)
  JOIN agreement a ON a.organization_id = above.id AND a.entity_id = entity AND a.valid @> at
  WHERE named.id = organization
  ORDER BY above.depth DESC LIMIT 1
$$"""


def statements() -> Iterator[str]:
    """Replaced by every migration."""
    yield _TERMS_AT
    name = "partner_terms_at(uuid, uuid, timestamptz)"
    yield f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC"
    roles = ", ".join(audience.database_role for audience in Audience)
    yield f"GRANT EXECUTE ON FUNCTION {name} TO {roles}"
