"""Nobody goes past the one outlet, and each way past it is found where it is planted."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools.lint.outlet import found

ROOT = Path(__file__).parents[3]

PLANTED = [
    'await bus.publish("gateway.g1.deliver", b"")',
    'await bus.publish(f"gateway.{gateway_id}.kick", b"")',
    'await bus.publish(f"live.{tenant_id.hex}", b"")',
    'await bus.publish(f"live.{tenant_id.hex}.machines", b"")',
    'await bus.publish("outbox.wake", b"")',
    "from gururmm_server.core.post import traffic\nsubject = traffic.live(tenant_id)",
    "from gururmm_server.core.post import traffic\nsubject = traffic.live_of_machines(tenant_id)",
    "from gururmm_server.core.post import traffic as t\nsubject = t.gateway_moved(gateway_id)",
    "from gururmm_server.core.post.traffic import gateway_deliver as where\nsubject = where(gateway_id)",
    "from gururmm_server.core.post.traffic import Deliver\norder = Deliver(b'', b'')",
    "from gururmm_server.core.post import traffic\norder = traffic.Kick(b'', 1)",
    "import gururmm_server.core.post.traffic\norder = gururmm_server.core.post.traffic.Kick(b'', 1)",
    "import gururmm_server.core.post.traffic as t\norder = t.AgentMoved(b'', b'')",
    "from gururmm_server.core.post.live import encode\npayload = encode(items)",
    "from gururmm_server.core.post.live import LiveBatch\nbatch = LiveBatch({})",
    "from gururmm_server.infra.outbox import OUTBOX_WAKE\nbus.publish(OUTBOX_WAKE, b'')",
]
ALLOWED = [
    "from gururmm_server.core.post.traffic import Deliver, Kick\ndecoder = Decoder(Deliver)\nif order is Kick: ...",
    "from gururmm_server.infra.outbox import OUTBOX_WAKE\nbus.subscribe(OUTBOX_WAKE, relay.wake)",
    "from gururmm_server.core.post import traffic\nbus.publish(traffic.tunnel_notice(session_id), b'')",
    "from gururmm_server.core.post.live import LiveBatch\ndef take(batch: LiveBatch) -> None: ...",
    'log.info("the gateway. Its agents go")',
]


@pytest.mark.parametrize("source", PLANTED)
def test_a_way_past_the_outlet_is_found(source: str) -> None:
    assert list(found(source)) != []


@pytest.mark.parametrize("source", ALLOWED)
def test_hearing_is_free(source: str) -> None:
    assert list(found(source)) == []


def test_the_server_has_one_outlet(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tools.lint.outlet"]
    done = subprocess.run([*command, "packages/server/src"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    (tmp_path / "gururmm_server").mkdir()
    (tmp_path / "gururmm_server" / "service.py").write_text(PLANTED[0])
    done = subprocess.run([*command, tmp_path], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "only core/post says that" in done.stdout
