"""The two chains that each tenant has."""

from typing import Literal

Chain = Literal["tunnel_audit", "audit_log"]
"""What was done to machines, and what was done to the product. Each is a table too."""
Kind = Literal["tunnel", "admin"]
"""What people call a chain: of machines, of the product."""
