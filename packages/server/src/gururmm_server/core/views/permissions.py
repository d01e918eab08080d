"""What saved views guard: themselves."""

from gururmm_server.core.access.permissions import ADMINS, TECHNICIANS, Permission

VIEWS_WRITE = Permission("views.write", "save views of the fleet, and share them", TECHNICIANS)
VIEWS_MANAGE = Permission("views.manage", "change and delete views that others share", ADMINS)
PERMISSIONS = (VIEWS_WRITE, VIEWS_MANAGE)
