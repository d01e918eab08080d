"""How many files, and so connections, a process may have open."""

import resource


def use_every_file() -> None:
    """Let this process open as many files as it may be allowed: every connection is one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
