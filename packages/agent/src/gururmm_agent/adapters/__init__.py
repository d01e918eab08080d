"""What differs between operating systems, behind small ports.

`ports` says what the agent needs, `detect` decides from injected facts who provides it, one folder per system does.
Refuses to invent readings: what cannot be read is `Unavailable` with the sources that were tried.
"""
