"""What tenancy guards: Clients, Sites, site codes and the Partner's settings."""

from gururmm_server.core.access.permissions import ADMINS, EVERYBODY, TECHNICIANS, Permission

SITES_READ = Permission("sites.read", "see Clients and Sites", EVERYBODY)
SITES_WRITE = Permission("sites.write", "create, rename and delete Clients and Sites", TECHNICIANS)
CODES_WRITE = Permission("codes.write", "create, rotate and revoke site codes", TECHNICIANS)
SETTINGS_READ = Permission("settings.read", "see the Partner's settings", TECHNICIANS)
SETTINGS_WRITE = Permission("settings.write", "change the Partner's settings", ADMINS)
PERMISSIONS = (SITES_READ, SITES_WRITE, CODES_WRITE, SETTINGS_READ, SETTINGS_WRITE)
