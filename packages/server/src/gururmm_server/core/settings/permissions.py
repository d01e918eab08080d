"""What settings guard: themselves."""

from gururmm_server.core.access.permissions import ADMINS, TECHNICIANS, Permission

SETTINGS_READ = Permission("settings.read", "see the Partner's settings", TECHNICIANS)
SETTINGS_WRITE = Permission("settings.write", "change the Partner's settings", ADMINS)
PLATFORM_SETTINGS = Permission(
    "platform_settings.write", "see and change what holds for every Partner", on_platform=True
)
PERMISSIONS = (SETTINGS_READ, SETTINGS_WRITE, PLATFORM_SETTINGS)
