"""Which visit is made by which team, on which day, in which part of it and in which order."""
