"""Tech sessions: a terminal on a machine, relayed between a browser and an agent.

Owns core.tunnel_sessions and core.tunnel_recording, the relay between both ends and the leases that end what nobody
looks at any more. Refuses to forward a byte of input whose audit row is not committed, to give one person's terminal to
another, and to hold more of a terminal in memory than its flow-control window.
"""
