"""Commands to chargers, from the request until the answer of the device."""
