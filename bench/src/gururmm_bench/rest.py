"""A signed-in caller of the REST API on one kept connection, with as little of its own time as possible."""

import http.client
import json
import time
from typing import Any, NamedTuple
from urllib.parse import urlsplit

_TOKEN_S = 200.0
_IDLE_S = 2.0
"""Servers close connections that are kept for longer."""


class Refused(Exception):
    """The API answered with an error; the message holds status and body."""


class Answer(NamedTuple):
    """The decoded body and the seconds from sending the request to having read the answer."""

    body: Any
    seconds: float


class Rest:
    """`/api/v1` of one server as one user. Not for several threads."""

    def __init__(self, url: str, email: str, password: str) -> None:
        parts = urlsplit(url)
        self.host = parts.hostname or ""
        self.port = parts.port or 80
        self._credentials = {"email": email, "password": password}
        self._connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        self._used = float("-inf")
        self._token = ""
        self._signed_in = float("-inf")

    @property
    def token(self) -> str:
        """The access token of the last request."""
        return self._token

    def renew(self) -> None:
        """Sign in anew with the next request: for some minutes none has to."""
        self._signed_in = float("-inf")

    def get(self, path: str) -> Answer:
        """GET. Raises `Refused`."""
        return self._call("GET", path, None)

    def post(self, path: str, body: Any = None) -> Answer:
        """POST JSON. Raises `Refused`."""
        return self._call("POST", path, body)

    def patch(self, path: str, body: Any) -> Answer:
        """PATCH JSON. Raises `Refused`."""
        return self._call("PATCH", path, body)

    def post_unsigned(self, path: str, body: Any) -> Answer:
        """POST as somebody who has not signed in."""
        return self._send("POST", path, body, {})

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _call(self, method: str, path: str, body: Any) -> Answer:
        if time.monotonic() - self._signed_in > _TOKEN_S:
            self._token = str(self._send("POST", "/auth/sign-in", self._credentials, {}).body["access_token"])
            self._signed_in = time.monotonic()
        return self._send(method, path, body, {"Authorization": f"Bearer {self._token}"})

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        if time.monotonic() - self._used > _IDLE_S:
            self._connection.close()
            self._connection.connect()
        began = time.perf_counter()
        self._connection.request(method, "/api/v1" + path, content, headers)
        response = self._connection.getresponse()
        data = response.read()
        seconds = time.perf_counter() - began
        self._used = time.monotonic()
        if response.status >= 400:
            raise Refused(f"{method} {path}: {response.status} {data[:300].decode('utf-8', 'replace')}")
        return Answer(json.loads(data) if data else None, seconds)
