"""What tenancy guards: Clients, Sites and site codes."""

from gururmm_server.core.access.permissions import EVERYBODY, TECHNICIANS, Permission

SITES_READ = Permission("sites.read", "see Clients and Sites", EVERYBODY)
SITES_WRITE = Permission("sites.write", "create, rename and delete Clients and Sites", TECHNICIANS)
CODES_WRITE = Permission("codes.write", "create, rotate and revoke site codes", TECHNICIANS)
PERMISSIONS = (SITES_READ, SITES_WRITE, CODES_WRITE)
