"""What can go wrong with Partners, Clients, Sites and codes."""

from gururmm_server.infra.errors import GuruError, NotFound


class NotEmpty(GuruError):
    """This still holds something. Move or delete that first."""

    code = "not_empty"
    status = 409


class ClientNotFound(NotFound):
    """There is no such Client here."""

    code = "client_not_found"


class SiteNotFound(NotFound):
    """There is no such Site here."""

    code = "site_not_found"


class CodeNotFound(NotFound):
    """This Site has no such code."""

    code = "code_not_found"
