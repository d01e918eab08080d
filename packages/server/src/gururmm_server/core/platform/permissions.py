"""What the Platform guards: the list of Partners."""

from gururmm_server.core.access.permissions import Permission

PARTNERS_READ = Permission("partners.read", "see which Partners there are", on_platform=True)
PARTNERS_WRITE = Permission("partners.write", "create Partners, and enter them with a reason", on_platform=True)
PERMISSIONS = (PARTNERS_READ, PARTNERS_WRITE)
