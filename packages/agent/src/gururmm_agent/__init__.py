"""The agent of an endpoint: it reports the machine's state and carries out what technicians ask.

Owns the machine's key pair, the link to the gateway, the journal of commands and the collectors.
Refuses to act for a server that cannot prove the key pinned at enrolment, to run a command twice, and to report
a reading it does not have.
"""

from typing import Final

__version__: Final = "0.1.0"
