"""How amounts come about: formulas by name and version, and what they give for the inputs that an amount names."""
