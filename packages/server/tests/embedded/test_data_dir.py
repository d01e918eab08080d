"""The data folder: one user at a time, secrets for us alone, ports that stay."""

import socket
from pathlib import Path

import pytest
from gururmm_server.infra.embedded.data_dir import DataDir, is_free
from gururmm_server.infra.errors import StartError


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    folder = DataDir(tmp_path / "data")
    folder.prepare()
    return folder


def test_a_second_supervisor_is_told_who_runs_here(data: DataDir) -> None:
    with pytest.raises(StartError, match=r"already runs on .* \(process \d+\): stop it first"):
        DataDir(data.root).prepare()
    data.release()
    DataDir(data.root).prepare()


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match=r"cannot be used .*--data\.$"):
        DataDir(tmp_path / "file" / "data").prepare()


def test_secrets_are_kept_and_private(data: DataDir) -> None:
    secret = data.secret("one")
    assert data.secret("one") == secret
    assert data.secret("two") != secret
    assert (data.root / "secrets" / "one").stat().st_mode & 0o777 == 0o600
    assert (data.root / "secrets").stat().st_mode & 0o777 == 0o700


def test_an_empty_secret_is_none_and_a_kept_one_is_never_made_up(data: DataDir) -> None:
    path = data.root / "secrets" / "one"
    for _ in range(2):
        with pytest.raises(StartError, match=rf"^The secret {path} is missing or empty: restore it from a backup\.$"):
            data.kept_secret("one")
        path.write_text("\n")
    assert data.secret("one") == data.kept_secret("one") != ""


def test_a_port_is_kept_while_it_is_free(data: DataDir) -> None:
    port = data.port("nats")
    assert data.port("nats") == port == data.known_port("nats")
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        assert not is_free("127.0.0.1", port)
        assert data.port("nats") != port


@pytest.mark.parametrize(
    "text",
    ['{"na', "[]", "null", '{"nats": "x"}', '{"nats": null}', '{"nats": true}', '{"nats": 1e999}', '{"nats": 70000}'],
)
def test_a_torn_or_foreign_port_list_is_only_a_lost_preference(data: DataDir, text: str) -> None:
    data.port("nats")
    (data.root / "ports.json").write_text(text)
    assert data.known_port("nats") is None
    assert data.port("nats") == data.known_port("nats")


def test_a_long_log_is_moved_aside_under_its_writer(data: DataDir) -> None:
    with data.open_log("api") as log:
        log.write(b"old\n" * 50)
        log.flush()
        data.rotate_log("api", over_bytes=100)
        log.write(b"new\n")
        log.flush()
    assert data.log_path("api").read_bytes() == b"new\n"
    assert (data.root / "log" / "api.log.1").stat().st_size == 200
