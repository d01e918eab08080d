"""What agent and server say to each other, and nothing else.

Owns the hello and enrolment bodies (`hello`), the list of protocol versions (`protocol`), the messages of each
protocol version (`v2`), the challenge both sides sign (`challenge`) and the only codec (`codec`). Refuses I/O,
configuration and any knowledge of a database: this package is installed on every endpoint.
"""
