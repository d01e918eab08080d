"""`/install/{site_code}`: how a machine gets its agent. Public: whoever holds a Site's code may install with it.

Owns: the landing page, the shell installer with this server's address in it, and the agent's files. Refuses: codes that
are unknown, revoked, expired or used up (a script for one that was good still repairs and takes away); and to say
anything about a Site beyond its name and its Partner's.
"""

from gururmm_server.entrypoints.install.bundle import AgentBundle
from gururmm_server.entrypoints.install.ports import InstallSite, SiteCodes
from gururmm_server.entrypoints.install.routes import install_routes

__all__ = ["AgentBundle", "InstallSite", "SiteCodes", "install_routes"]
