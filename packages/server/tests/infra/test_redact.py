"""No password in a sentence or a log."""

import pytest
from gururmm_server.infra.connections import redact


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:p@h/db", "postgresql://u:…@h/db"),
        ("postgresql://u:p@x:y@h:5432/db?sslmode=require", "postgresql://u:…@h:5432/db?sslmode=require"),
        ("postgresql://h/db?user=x&password=p@ss&z=1", "postgresql://h/db?user=x&password=…&z=1"),
        ("postgresql://u:p@h/db?application_name=a@b", "postgresql://u:…@h/db?application_name=a@b"),
        ("postgresql://u@h/db", "postgresql://u@h/db"),
        ("postgresql://h:5432/db", "postgresql://h:5432/db"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert redact(url) == shown
