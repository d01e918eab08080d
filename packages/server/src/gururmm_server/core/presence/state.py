"""What others begin or read of presence inside their own transaction, beside the views that it offers."""

from gururmm_server.core.presence._doubles_repository import DoubleRow, names, of_machine, order, settle
from gururmm_server.core.presence._gateways_repository import living
from gururmm_server.core.presence._repository import add

__all__ = ["DoubleRow", "add", "living", "names", "of_machine", "order", "settle"]
