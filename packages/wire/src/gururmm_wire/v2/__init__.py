"""Protocol 2: the messages of the agent's socket. `agent` is what agents say, `server` what the server says.

Messages are MessagePack arrays `[tag, field, …]`. Tags are never reused and fields never reordered; a new field goes
last and has a default.
"""
