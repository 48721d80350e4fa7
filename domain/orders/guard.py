"""The database's own refusal of an order that was not agreed to.

Orders are inserted by the role of the last signer, who sees neither the other parties nor the channel above it. The
trigger runs as the owner of the tables: it checks that every party which is asked has signed this very document, and
fills in what the signer cannot know: the account's chain and who sees the order, as the tree is now, and the partner's
own references. Who is above a payer now sees the lines that it pays, as it sees the order. The owner's bulk loads bring
their own values.
"""

from collections.abc import Iterator

from tenants.audience import Audience

_ROLES = ", ".join(f"'{audience.database_role}'" for audience in Audience)

ORDER_OF_AGREED_VERSION = """
CREATE OR REPLACE FUNCTION order_of_agreed_version() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  offered quote;
  agreed quote_version;
BEGIN
  SELECT * INTO offered FROM quote q WHERE q.id = NEW.quote_id;
  SELECT * INTO agreed FROM quote_version v
  WHERE v.id = NEW.quote_version_id AND v.quote_id = offered.id AND v.number = offered.current_version
    AND v.sent_at IS NOT NULL;
  IF agreed.id IS NULL OR EXISTS (
    SELECT 1 FROM quote_party p
    WHERE p.quote_version_id = agreed.id AND p.requirement <> 'WAIVED' AND NOT EXISTS (
      SELECT 1 FROM signature s
      WHERE s.quote_party_id = p.id AND s.kind IN ('SIGNED', 'ACKNOWLEDGED') AND s.document_hash = agreed.document_hash
    )
  ) THEN
    RAISE EXCEPTION 'quote version % was not agreed to by all its parties', NEW.quote_version_id
      USING ERRCODE = 'restrict_violation';
  END IF;
  NEW.entity_id := offered.entity_id;
  NEW.account_contact_id := offered.account_contact_id;
  NEW.end_customer_contact_id := offered.end_customer_contact_id;
  NEW.service_address_id := offered.service_address_id;
  NEW.currency := offered.currency;
  NEW.payment_terms_days := agreed.payment_terms_days;
  NEW.partner_metadata := offered.partner_metadata;
  IF NEW.sequence = 1 THEN NEW.partner_order_id := offered.partner_order_id; END IF;
  NEW.account_chain_ids := COALESCE(
    (SELECT c.chain_organization_ids FROM contact c WHERE c.id = offered.account_contact_id), '{}');
  NEW.channel_organization_ids := ARRAY(
    SELECT DISTINCT unnest(kept.chain_organization_ids || kept.id) AS id
    FROM contact named JOIN contact kept ON kept.id = COALESCE(named.merged_into_id, named.id)
    WHERE kept.contact_type = 'ORGANIZATION' AND (named.id = offered.account_contact_id OR named.id IN (
      SELECT p.contact_id FROM quote_party p WHERE p.quote_version_id = agreed.id))
    ORDER BY id);
  UPDATE line_item part SET payer_chain_ids = part.payer_chain_ids || ARRAY(
    SELECT above FROM unnest(kept.chain_organization_ids) above WHERE above <> ALL (part.payer_chain_ids))
  FROM contact named JOIN contact kept ON kept.id = COALESCE(named.merged_into_id, named.id)
  WHERE part.quote_version_id = agreed.id AND named.id = part.payer_contact_id
    AND kept.contact_type = 'ORGANIZATION' AND NOT part.payer_chain_ids @> kept.chain_organization_ids;
  UPDATE quote_party part SET payer_chain_ids = part.payer_chain_ids || ARRAY(
    SELECT above FROM unnest(kept.chain_organization_ids) above WHERE above <> ALL (part.payer_chain_ids))
  FROM contact named JOIN contact kept ON kept.id = COALESCE(named.merged_into_id, named.id)
  WHERE part.quote_version_id = agreed.id AND named.id = part.contact_id
    AND kept.contact_type = 'ORGANIZATION' AND NOT part.payer_chain_ids @> kept.chain_organization_ids;
  RETURN NEW;
END $$"""


def statements() -> Iterator[str]:
    """Function and trigger, replaced by every migration."""
    yield ORDER_OF_AGREED_VERSION
    yield (
        'CREATE OR REPLACE TRIGGER order_of_agreed_version BEFORE INSERT ON "order" FOR EACH ROW '
        f"WHEN (session_user IN ({_ROLES})) EXECUTE FUNCTION order_of_agreed_version()"
    )
