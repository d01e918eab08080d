"""What the audit guards: itself."""

from gururmm_server.core.access.permissions import ADMINS, Permission

AUDIT_READ = Permission("audit.read", "read and verify the audit", ADMINS)
PERMISSIONS = (AUDIT_READ,)
