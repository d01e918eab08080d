"""The line that a person pastes into a shell to add a machine."""

import shlex

from gururmm_wire.addresses import plain_beyond_loopback


def install_command(server_url: str, code: str, *options: str) -> str:
    """Returns the line for a site code, with options for the installer. Where TLS is missing it says that it knows."""
    if plain_beyond_loopback(server_url) and not options:
        options = ("--insecure-http",)
    given = f" -s -- {shlex.join(options)}" if options else ""
    return f"curl -sSL {shlex.quote(f'{server_url}/install/{code}/linux.sh')} | sudo sh{given}"
