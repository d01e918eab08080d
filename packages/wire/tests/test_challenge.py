"""The bytes that are signed: each purpose has its own, and every part of them counts."""

from gururmm_wire.challenge import agent_proof_bytes, enrolment_bytes, server_proof_bytes


def test_each_purpose_signs_other_bytes() -> None:
    parts = (bytes(16), bytes(32), bytes(32))
    assert agent_proof_bytes(*parts) != server_proof_bytes(*parts)
    assert agent_proof_bytes(*parts) == b"gururmm agent proof v2\0" + bytes(80)
    assert server_proof_bytes(*parts) == b"gururmm server proof v2\0" + bytes(80)


def test_every_part_counts() -> None:
    same = agent_proof_bytes(bytes(16), bytes(32), bytes(32))
    assert agent_proof_bytes(b"\1" + bytes(15), bytes(32), bytes(32)) != same
    assert agent_proof_bytes(bytes(16), b"\1" + bytes(31), bytes(32)) != same
    assert agent_proof_bytes(bytes(16), bytes(32), b"\1" + bytes(31)) != same


def test_enrolment_cannot_be_shifted_between_its_fields() -> None:
    assert enrolment_bytes("AB", "cd", "host") == b"gururmm enrolment v1\0\0AB\0cd\0host"
    assert enrolment_bytes("AB", "cd", "host") != enrolment_bytes("A", "Bcd", "host")
