"""How partners do and how we do for them: scorecards, service levels, tickets."""
