"""What the fleet guards: machines and what is known of them."""

from gururmm_server.core.access.permissions import ADMINS, EVERYBODY, TECHNICIANS, Permission

AGENTS_READ = Permission("agents.read", "see machines, their readings and their inventory", EVERYBODY)
AGENTS_INSPECT = Permission("agents.inspect", "ask a machine live: its processes, its folders", TECHNICIANS)
AGENTS_WRITE = Permission("agents.write", "move machines between Sites", TECHNICIANS)
AGENTS_DELETE = Permission("agents.delete", "remove machines", ADMINS)
PERMISSIONS = (AGENTS_READ, AGENTS_INSPECT, AGENTS_WRITE, AGENTS_DELETE)
