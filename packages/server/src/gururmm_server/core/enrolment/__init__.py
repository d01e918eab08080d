"""How a machine comes in: hello, which every agent that ever was can ask, and enrolment, which registers a key.

Owns no table: it adds to the record of machines and counts the uses of site codes. Refuses to ask the database for a
hello, and to let in anybody whose code or signature is not good.
"""

from typing import Final

from gururmm_server.core.component import Component
from gururmm_server.core.enrolment.events import EVENTS

COMPONENT: Final = Component(
    name="enrolment",
    events=EVENTS,
)
