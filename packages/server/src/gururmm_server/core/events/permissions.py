"""What the feed guards: itself. Each event says besides what a reader of it must be allowed to do."""

from gururmm_server.core.access.permissions import EVERYBODY, Permission

EVENTS_READ = Permission("events.read", "see the activity feed, as far as its events may be seen", EVERYBODY)
PERMISSIONS = (EVENTS_READ,)
