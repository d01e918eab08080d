"""What a Partner hears that has used up what it may."""

from gururmm_server.infra.errors import GuruError


class QuotaUsedUp(GuruError):
    """Your Partner has as much of this as it may. Ask whoever runs this server for more."""

    code = "quota_used_up"
    status = 429
