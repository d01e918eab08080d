"""`make demo` as a person does it: wait until it is ready, open the page, sign in, press Ctrl-C. Fails where they do.

For any Python that the product takes, before anything is installed.
"""

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection
from urllib.parse import urlsplit


def _free_port() -> int:
    """Below those that the kernel gives away: it is free a minute later, too, when everything is set up."""
    while True:
        port = 20000 + secrets.randbelow(10000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


def _sign_in(told: str) -> None:
    """What it printed has to be true."""
    facts = dict(re.findall(r"^  (Open|E-mail|Password) +(\S+)$", told, re.MULTILINE))
    server = HTTPConnection(urlsplit(facts["Open"]).netloc, timeout=30)

    def ask(method: str, path: str, body: str | None = None) -> str:
        server.request(method, path, body, {"Content-Type": "application/json"})
        answer = server.getresponse()
        said = answer.read().decode()
        assert answer.status == 200, f"{method} {path}: {answer.status} {said}"
        return said

    # The page and its program: what the dashboard's build made.
    program = re.search(r'<script type="module"[^>]* src="(/assets/[^"]+)"', ask("GET", "/"))
    assert program, "what is served at / is not the dashboard"
    ask("GET", program[1])
    person = {"email": facts["E-mail"], "password": facts["Password"]}
    assert json.loads(ask("POST", "/api/v1/auth/sign-in", json.dumps(person)))["access_token"]


def main() -> None:
    command = ["make", "demo", f"ARGS=--port {_free_port()} --gateway-port 0"]
    demo = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    told = ""
    for line in demo.stdout:
        print(line, end="", flush=True)
        told += line
        if re.match("  Stop +Ctrl-C$", line):
            _sign_in(told)
            os.killpg(demo.pid, signal.SIGINT)
    demo.wait()
    if "GuruRMM is ready" not in told or "Stopped. The data is kept." not in told:
        sys.exit(f"make demo ended with {demo.returncode}.")


main()
