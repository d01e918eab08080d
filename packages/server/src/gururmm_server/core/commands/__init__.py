"""Scripts that run on machines, once, whoever dies in between.

Owns core.commands and core.command_output: making, showing, cancelling and clearing here, the way to an agent and back
in `delivery`. Refuses to queue anything whose audit row was not written.
"""
