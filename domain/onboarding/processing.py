"""The text on processing personal data that every partner signs (GDPR, article 28(3)); a new text is a new version."""

VERSION = "2026-11"

_NL = """Verwerkersovereenkomst, versie 2026-11
Partijen: {entity} en {partner}. Elke partij verwerkt persoonsgegevens van eindklanten die de andere aanlevert alleen om
de orders uit te voeren waarvoor ze zijn aangeleverd, en op schriftelijke instructie van de andere partij.
1. Onderwerp en duur: naam, adres, e-mailadres, telefoonnummer en ordergegevens van eindklanten, zolang de
partnerovereenkomst loopt en daarna zolang de wet het vraagt.
2. Wie toegang heeft is tot geheimhouding verplicht.
3. Passende beveiliging: versleuteling onderweg, geheimen versleuteld in opslag, toegang per rol, een logboek van elke
wijziging.
4. Subverwerkers alleen na voorafgaande mededeling en onder dezelfde verplichtingen.
5. Hulp bij verzoeken van betrokkenen: inzage, overdracht, correctie en wissing binnen de wettelijke termijn.
6. Een inbreuk wordt binnen 24 uur na ontdekking aan de andere partij gemeld.
7. Aan het einde worden de gegevens gewist of teruggegeven, behalve wat de wet laat bewaren.
8. De andere partij mag de naleving controleren, na aankondiging en op eigen kosten."""
_EN = """Processing agreement, version 2026-11
Parties: {entity} and {partner}. Each party processes personal data of end customers that the other provides only to
carry out the orders that they were provided for, and on the other party's written instruction.
1. Subject and duration: name, address, e-mail address, telephone number and order data of end customers, for as long
as the partner agreement holds, and thereafter for as long as the law demands.
2. Whoever has access is bound to secrecy.
3. Appropriate security: encryption in transit, secrets encrypted at rest, access by role, a log of every change.
4. Sub-processors only after prior notice and under the same obligations.
5. Help with requests of data subjects: access, portability, correction and erasure within the legal term.
6. A breach is reported to the other party within 24 hours of its discovery.
7. In the end the data is erased or given back, except for what the law has kept.
8. The other party may audit compliance, after notice and at its own expense."""
PROCESSING = {"nl": _NL, "en": _EN}
