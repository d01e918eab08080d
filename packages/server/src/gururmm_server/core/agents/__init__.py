"""The machines: who they are, how they are, what they hold, and questions put to them while somebody waits.

Owns core.agents, removed_agents, agent_state, agent_metrics, agent_metrics_hourly, agent_inventory, inventory_changes,
gateways and online_history. Refuses to act on a machine: scripts are commands, keystrokes are the tunnel's.
"""
