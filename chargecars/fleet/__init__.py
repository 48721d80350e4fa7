"""A fleet of simulated chargers that behaves like hardware: `chargecars fleet`."""
