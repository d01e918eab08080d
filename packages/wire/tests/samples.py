"""One or more examples of every message of protocol 2: what the golden files hold, and what the fuzzer starts from.

Append only. An example that was once released stays, and its file with it.
"""

import msgspec
from gururmm_wire import orders
from gururmm_wire.channel_seal import CHANGE, INPUT, OUTPUT, ChannelSeal
from gururmm_wire.v2 import agent as a
from gururmm_wire.v2 import server as s
from gururmm_wire.v2.agent import Message

ID = bytes(range(16))
NONCE = bytes(range(32))
KEY = bytes(range(32, 64))
HASH = bytes(range(100, 116))
KEY_ID = bytes(range(200, 208))
SIGNATURE = bytes(range(64))
HALF = bytes(range(64, 96))


def _sealed(what: bytes, place: int, data: bytes) -> bytes:
    """The first piece that one end of a channel says."""
    return ChannelSeal(NONCE, KEY).seal(what, place, data)


METRICS = a.Metrics(
    at=1_795_000_000,
    cpu=125,
    memory_used=4_294_967_296,
    memory_total=17_179_869_184,
    swap_used=0,
    load=75,
    receive_rate=1200,
    send_rate=800,
    read_rate=4096,
    write_rate=8192,
    disks=[
        a.FilesystemUse("/", 50_000_000_000, 100_000_000_000),
        a.FilesystemUse("/boot", 100_000_000, 500_000_000),
    ],
    temperatures=[a.SensorReading("coretemp Package id 0", 451)],
    uptime=86_400,
)

METRICS_WITH_FAULTS = msgspec.structs.replace(
    METRICS,
    disks=[
        a.FilesystemUse("/", 91_000_000_000, 100_000_000_000, 9_765_625, "became_read_only"),
        a.FilesystemUse("/mnt/caf\\xe9", 0, 0, 0, "not_answering"),
    ],
    clock=1_794_989_200,
    faults=[a.Fault("state_not_kept", "/var/lib/gururmm-agent: No space left on device")],
)

FROM_AGENT: dict[str, Message] = {
    "authenticate": a.Authenticate(
        agent_id=ID,
        ephemeral=NONCE,
        server_key=KEY,
        agent_version="0.1.0",
        os="linux",
        arch="x86_64",
        capabilities=["open_names", "expired", "signed_orders", "sealed_channels"],
        order_key=KEY_ID,
    ),
    "authenticate_instance": a.Authenticate(
        agent_id=ID,
        ephemeral=NONCE,
        server_key=KEY,
        agent_version="0.1.0",
        os="linux",
        arch="x86_64",
        capabilities=["open_names", "expired", "signed_orders", "sealed_channels", "identity_orders"],
        order_key=KEY_ID,
        instance=HASH,
        hostname="web-1",
        machine_id="0123456789abcdef0123456789abcdef",
    ),
    "heartbeat": a.Heartbeat(at=1_795_000_000, cpu=125, memory=250),
    "metrics": METRICS,
    "metrics_bare": a.Metrics(
        at=0,
        cpu=0,
        memory_used=0,
        memory_total=0,
        swap_used=0,
        load=0,
        receive_rate=0,
        send_rate=0,
        read_rate=0,
        write_rate=0,
        disks=[],
        temperatures=[],
    ),
    "metrics_faults": METRICS_WITH_FAULTS,
    "metrics_backlog": a.MetricsBacklog(samples=[METRICS, METRICS]),
    "metrics_backlog_faults": a.MetricsBacklog(samples=[METRICS_WITH_FAULTS]),
    "inventory_hashes": a.InventoryHashes(hashes={"system": HASH, "software": HASH}),
    "inventory_section": a.InventorySection(
        section="software", hash=HASH, items={"bash": {"version": "5.2.15-2+b7", "source": "dpkg"}}
    ),
    "inventory_delta": a.InventoryDelta(
        section="users",
        base_hash=HASH,
        hash=HASH,
        changed={"anna@pts/0": {"name": "anna", "terminal": "pts/0", "host": "192.0.2.7", "since": 1_795_000_000}},
        removed=["bert@tty1"],
    ),
    "command_accepted": a.CommandAccepted(command_id=ID, started_at_ms=1_795_000_000_123),
    "command_output": a.CommandOutput(command_id=ID, seq=0, stream=1, data=b"hello\n"),
    "command_output_after_a_gap": a.CommandOutput(command_id=ID, seq=9, stream=1, data=b"the end\n", skipped=70_000),
    "command_result": a.CommandResult(
        command_id=ID, outcome="failed", exit_code=3, duration_ms=1234, chunks=1, dropped_bytes=0, message="exit 3"
    ),
    "command_result_killed": a.CommandResult(
        command_id=ID, outcome="timed_out", exit_code=None, duration_ms=60_000, chunks=0
    ),
    "command_result_expired": a.CommandResult(
        command_id=ID, outcome="expired", exit_code=None, duration_ms=0, chunks=0, message="too late"
    ),
    "tunnel_opened": a.TunnelOpened(session_id=ID, channel=1, half=HALF, signature=SIGNATURE, program="/bin/bash"),
    "tunnel_opened_silent": a.TunnelOpened(session_id=ID, channel=1, half=None, signature=None),
    "tunnel_output": a.TunnelOutput(
        session_id=ID, channel=1, offset=4096, data=_sealed(OUTPUT, 4096, "grüße\n".encode())
    ),
    "tunnel_input_ack": a.TunnelInputAck(session_id=ID, channel=1, offset=12),
    "tunnel_closed": a.TunnelClosed(session_id=ID, channel=1, exit_code=0, output_end=4103, proof=bytes(24)),
    "tunnel_refused": a.TunnelClosed(session_id=ID, channel=1, message="no shell"),
    "tunnel_unknown_kind": a.TunnelClosed(session_id=ID, channel=1, message="what is that?", code="unknown_kind"),
    "answer": a.Answer(query_id=ID, ok=True, data={"items": [{"pid": 1, "name": "init"}], "truncated": False}),
    "answer_refused": a.Answer(query_id=ID, ok=False, message="no such folder"),
    "answer_unknown_kind": a.Answer(query_id=ID, ok=False, message="what is that?", code="unknown_kind"),
    "goodbye": a.Goodbye(reason="the agent was stopped"),
    "settings_applied": a.SettingsApplied(version=3),
    "order_refused": a.OrderRefused(
        order_id=ID, kind="run_command", code="unknown_key", message="this agent did not pin the key"
    ),
}

FROM_SERVER: dict[str, Message] = {
    "challenge": s.Challenge(nonce=NONCE, server_time=1_795_000_000),
    "welcome": s.Welcome(capabilities=["open_names", "signed_orders", "sealed_channels"]),
    "settings_push": s.SettingsPush(
        settings=s.Settings(version=2, heartbeat_s=10, metrics_s=30, inventory_s=600, log_level="DEBUG")
    ),
    "inventory_wanted": s.InventoryWanted(sections=["system", "software"]),
    "run_command": s.RunCommand(command_id=ID, shell="sh", script="echo hello; exit 3", timeout_s=60),
    "cancel_command": s.CancelCommand(command_id=ID),
    "result_ack": s.ResultAck(command_id=ID),
    "tunnel_open": s.TunnelOpen(
        session_id=ID,
        channel=1,
        kind="terminal",
        parameters={"columns": 120, "rows": 32, "shell": ""},
        rights=["input"],
        credit=1048576,
        half=HALF,
    ),
    "tunnel_input": s.TunnelInput(session_id=ID, channel=1, offset=0, data=_sealed(INPUT, 0, b"ls -l\r")),
    "tunnel_change": s.TunnelChange(session_id=ID, channel=1, number=1, sealed=_sealed(CHANGE, 1, b"\x80")),
    "tunnel_output_ack": s.TunnelOutputAck(session_id=ID, channel=1, offset=4103, credit=1052679),
    "tunnel_resume": s.TunnelResume(session_id=ID, channel=1, offset=4096, credit=1052672),
    "tunnel_close": s.TunnelClose(session_id=ID),
    "tunnel_close_channel": s.TunnelClose(session_id=ID, channel=2),
    "query": s.Query(query_id=ID, kind="folders", arguments={"path": "/var"}),
    "watch": s.Watch(interval_s=2, for_s=30),
    "move_over": s.MoveOver(within_s=20),
    "order": s.Order(
        key_id=KEY_ID,
        body=orders.encode_body(
            ID,
            ID,
            s.RunCommand(command_id=ID, shell="sh", script="uptime", timeout_s=60),
            not_after=1_795_086_400,
            counter=1_795_000_000_000_000_001,
        ),
        signature=SIGNATURE,
    ),
    "key_change": s.KeyChange(public_key=NONCE, retired=[KEY_ID]),
    "tunnel_rekey": s.TunnelRekey(session_id=ID, channel=1, half=HALF),
    "uninstall": s.Uninstall(reason="removed by ann@example.org"),
    "change_identity": s.ChangeIdentity(agent_id=ID),
    "change_identity_own_key": s.ChangeIdentity(site_code="K7QF-3M9P-W2XD", instance=HASH),
}
