"""Who may receive what is told of its own accord: events in the feed, messages of the live stream."""

import msgspec

from gururmm_server.core.access.permissions import Permission


class Audience(msgspec.Struct, frozen=True):
    """Those who have a permission and see the Client that the message is about.

    A message about no Client is the whole Partner's: it reaches only who sees every Client. A message whose kind
    declares no audience reaches nobody.
    """

    permission: str


def who_may(permission: Permission) -> Audience:
    """Returns the audience of those who have this permission."""
    return Audience(permission.name)
