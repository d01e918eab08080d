"""What commands guard: scripts that run on machines."""

from gururmm_server.core.access.permissions import TECHNICIANS, Permission

COMMANDS_READ = Permission("commands.read", "see commands and what they said", TECHNICIANS)
COMMANDS_RUN = Permission("commands.run", "run scripts on machines, and cancel them", TECHNICIANS)
COMMANDS_DELETE = Permission("commands.delete", "delete commands with their output", TECHNICIANS)
PERMISSIONS = (COMMANDS_READ, COMMANDS_RUN, COMMANDS_DELETE)
