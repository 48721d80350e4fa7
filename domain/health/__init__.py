"""How chargers are: what is wrong with them, how likely they fail, and the maintenance that is planned from it."""
