"""What the agent does: commands, metrics, inventory, queries, settings. Each task owns its state and its files.

A task refuses to know connections: it sends through the uplink, and keeps what must arrive until the server has it.
"""
