"""What can be wrong about tags."""

from gururmm_server.infra.errors import GuruError, NotFound


class TaggedNotFound(NotFound):
    """One of these machines, Sites or Clients is not here."""

    code = "tagged_not_found"


class TooManyTags(GuruError):
    """A machine, Site or Client has 20 tags at most."""

    code = "too_many_tags"
    status = 409


class TooManyAtOnce(GuruError):
    """This means more than 5,000 machines. Tag their Site or Client, or narrow the filter."""

    code = "too_many_at_once"
    status = 409
