"""What can be wrong about a saved view."""

from gururmm_server.infra.errors import Conflict, GuruError, NotFound


class ViewNotFound(NotFound):
    """There is no such view here."""

    code = "view_not_found"


class ViewExists(Conflict):
    """You have a view of that name already."""

    code = "view_exists"


class TooManyViews(GuruError):
    """You have as many views as a person can have. Delete one first."""

    code = "too_many_views"
    status = 409


class ViewsOfEveryClient(GuruError):
    """Views are saved by who sees every Client."""

    code = "views_of_every_client"
    status = 403
