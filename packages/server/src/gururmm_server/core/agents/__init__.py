"""The record of machines: which there are, where they belong, and questions put to one while somebody waits.

Owns core.agents and core.removed_agents. Refuses to act on a machine: scripts are commands, keystrokes are the
tunnel's. How machines are and what they hold is written by presence, telemetry and inventory; the record shows it.
"""
