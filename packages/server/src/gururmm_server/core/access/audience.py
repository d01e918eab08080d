"""Who may receive what is told of its own accord: events in the feed, messages of the live stream."""

from uuid import UUID

import msgspec

from gururmm_server.core.access.permissions import Permission
from gururmm_server.core.access.scope import Scope


class Audience(msgspec.Struct, frozen=True):
    """Those who have a permission and see the Client that the message is about.

    A message about no Client is the whole Partner's: it reaches only who sees every Client. A message whose kind
    declares no audience reaches nobody.
    """

    permission: str

    def includes(self, scope: Scope, client_id: UUID | None) -> bool:
        """Tells whether this scope may receive a message about this Client."""
        return self.permission in scope.subject.permissions and scope.sees_client(client_id)


def who_may(permission: Permission) -> Audience:
    """Returns the audience of those who have this permission."""
    return Audience(permission.name)
