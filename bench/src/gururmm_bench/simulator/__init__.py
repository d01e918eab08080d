"""Believable machines that speak the real protocol, many in one process.

Owns the simulated machines' identities, readings and answers. Refuses to execute anything: a simulated machine answers
a handful of known scripts from a table, and has no shell to open.
"""
