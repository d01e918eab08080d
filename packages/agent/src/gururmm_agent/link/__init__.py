"""The way to the server: hello and enrolment over HTTP, one WebSocket to the gateway, and when to try again.

Owns trust (the pinned key, the handshake, the seal) and the bounds of what the server may send. Refuses to know what
messages mean: it hands them to the one callback it was given.
"""
