"""What a channel's parameters and rights are, one file for each kind.

`TunnelOpen.parameters` and `TunnelChange.parameters` are maps, so that a kind is added without touching a message. Both
ends convert them to the structs of these files; what is unknown in them is ignored, so a kind may grow.
"""
