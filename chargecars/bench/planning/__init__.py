"""The planning problem as instances, its peers, and what is measured of it."""
