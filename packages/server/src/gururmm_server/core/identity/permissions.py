"""What identity guards: the people of a Partner."""

from gururmm_server.core.access.permissions import ADMINS, TECHNICIANS, Permission

USERS_READ = Permission("users.read", "see who works for the Partner", TECHNICIANS)
USERS_WRITE = Permission("users.write", "invite people, change their role and remove them", ADMINS)
PERMISSIONS = (USERS_READ, USERS_WRITE)
