"""What tags guard: themselves."""

from gururmm_server.core.access.permissions import TECHNICIANS, Permission

TAGS_WRITE = Permission("tags.write", "tag machines, Sites and Clients", TECHNICIANS)
PERMISSIONS = (TAGS_WRITE,)
