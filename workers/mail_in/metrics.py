"""What the mail process counts."""

from prometheus_client import Counter, Gauge

MAILS = Counter("chargecars_mails_in", "Mails per recipient, by what became of them.", ["outcome"])
CONNECTIONS = Gauge("chargecars_mail_connections", "Connections of mail servers.")
