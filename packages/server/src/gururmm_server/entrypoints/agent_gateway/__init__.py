"""The agents' gateway: one process that holds up to ten thousand agents' sockets.

Owns the sockets: frames and their limits, the handshake and the seal, back-pressure, pings, time limits, the way
between a socket and the bus, and the queues in front of the database. Refuses to decide what a message means for the
product: components write, this folder carries.
"""
