"""What agent and server say to each other, and nothing else.

Owns the hello and enrolment bodies (`hello`), the list of protocol versions (`protocol`), the messages of each
protocol version (`v2`), the bytes both sides sign (`challenge`), the handshake that proves both (`handshake`), the seal
on everything after it (`sealing`), what is signed in an order (`orders`), the only codec (`codec`) and which addresses
need TLS (`addresses`). Refuses I/O, configuration and any knowledge of a database: this package is installed on every
endpoint.
"""
