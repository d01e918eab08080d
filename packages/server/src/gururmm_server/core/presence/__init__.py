"""Who is connected, and where: what gateways write each second about the agents that they hold, and about themselves.

Owns core.agent_state, gateways and online_history. Refuses to cost a statement for each heartbeat: everything is
written for many agents at once.
"""
