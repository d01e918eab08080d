"""What the server stands on: database, bus, outbox, ids, clock, logs, metrics and the embedded engines.

The only place that touches a driver. Refuses any knowledge of agents, commands or people.
"""
