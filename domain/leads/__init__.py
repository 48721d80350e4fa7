"""From a name and an e-mail address to a qualified lead: score, routing, intake, follow-up."""
