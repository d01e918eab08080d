"""What the tunnel guards: a technician's hands on a machine."""

from gururmm_server.core.access.permissions import ADMINS, TECHNICIANS, Permission

TUNNEL_OPEN = Permission("tunnel.open", "open tech sessions on machines", TECHNICIANS)
TUNNEL_READ = Permission("tunnel.read", "see tech sessions and their recordings", TECHNICIANS)
TUNNEL_END = Permission("tunnel.end", "end the tech sessions of others", ADMINS)
PERMISSIONS = (TUNNEL_OPEN, TUNNEL_READ, TUNNEL_END)
