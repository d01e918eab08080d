"""The two chains that each tenant has."""

from typing import Literal

Chain = Literal["tunnel_audit", "audit_log"]
"""What was done to machines, and what was done to the product. Each is a table too."""
