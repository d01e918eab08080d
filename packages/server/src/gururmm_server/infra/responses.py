"""Answers that are encoded once, straight from what the database gave: no model is built on the way."""

from typing import Any

import msgspec
from fastapi import Response

_encode = msgspec.json.Encoder().encode


def json_response(body: Any, status: int = 200) -> Response:
    """Returns a JSON answer of plain values: dicts, lists, UUIDs, times with a zone.

    The route's `response_model` describes it, and in the tests every answer is held against that.
    """
    return Response(_encode(body), status, media_type="application/json")
