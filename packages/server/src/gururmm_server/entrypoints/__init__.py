"""Where requests, sockets and jobs enter. Each package translates to services and decides nothing itself."""
