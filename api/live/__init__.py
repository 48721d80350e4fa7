"""Subscriptions: what happened, pushed over WebSockets (graphql-transport-ws) and event streams (SSE).

How an event gets to its clients
    `tail` waits until Redis rings; then `hub` reads the new positions of the log from PostgreSQL, in order, and asks
    `groups` which of them they can concern. A group is one row scope × document × variables: it runs one statement,
    under row-level security, for a batch of positions, and hands one text per event to all its clients. `frames` turns
    that into bytes that differ between clients in the id of their subscription alone, and `wire` writes them straight
    to the sockets, with a bound on what may wait for each.

Resume
    Every update has a cursor. `replay` reads what came after one through the very statement of the group, and joins the
    group when it has caught up with it. Nothing is kept in this process that another would need.

Access
    Each delivery is a statement under row-level security. `watching` looks up every login and key that has a connection
    open, some seconds apart, and ends the connections of those that no longer hold or whose rows changed.

Transports
    `socket` speaks graphql-transport-ws, `streams` server-sent events, `tickets` lets an EventSource in.
"""
