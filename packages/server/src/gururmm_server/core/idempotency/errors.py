"""What can be wrong about a key."""

from gururmm_server.infra.errors import Conflict, InvalidInput


class OtherRequest(InvalidInput):
    """This Idempotency-Key was used for another request here. Send this one with a key of its own."""

    code = "idempotency_key_used"


class SameKeyNow(Conflict):
    """A request with the same Idempotency-Key has just been carried out. Send this one again for its answer."""

    code = "idempotency_key_in_use"


class AnswerNotKept(Conflict):
    """A request with this Idempotency-Key was carried out; its answer was too long to keep. Look at what it made."""

    code = "idempotency_answer_not_kept"
