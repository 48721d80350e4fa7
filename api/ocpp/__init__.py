"""OCPP 1.6-J and 2.0.1: the central system that chargers reach over WebSocket at `/ocpp/{chargerId}`.

`endpoint` lets a charger in, `conversation` speaks with it, `answers16` and `answers201` turn what it says into calls
of the port (`domain.devices.port`), `orders16` and `orders201` turn commands into calls to it. `sampled` and `frames`
are pure.
"""
