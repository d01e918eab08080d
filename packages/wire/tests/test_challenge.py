"""The bytes that are signed: each purpose has its own, and every part of them counts."""

from gururmm_wire.challenge import agent_proof_bytes, enrolment_bytes, server_proof_bytes


def test_each_purpose_signs_other_bytes() -> None:
    assert agent_proof_bytes(bytes(32)) == b"gururmm link v2 agent\0" + bytes(32)
    assert server_proof_bytes(bytes(32)) == b"gururmm link v2 server\0" + bytes(32)


def test_enrolment_cannot_be_shifted_between_its_fields() -> None:
    assert enrolment_bytes("AB", "cd", "host") == b"gururmm enrolment v1\0\0AB\0cd\0host"
    assert enrolment_bytes("AB", "cd", "host") != enrolment_bytes("A", "Bcd", "host")
