"""The thin core: tenancy, identity, agents, commands, tunnel, audit, events. Everything else will be a module."""
