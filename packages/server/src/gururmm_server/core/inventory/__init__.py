"""What machines hold: sections as agents report them, and every change of one as history.

Owns core.agent_inventory and inventory_changes. Refuses to trust the shape of anything in a section.
"""
