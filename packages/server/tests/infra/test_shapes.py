"""An answer is encoded as it is, and described as a model of the same fields that takes no others."""

from uuid import UUID

import msgspec
import pytest
from gururmm_server.infra.shapes import Answer, Exact
from pydantic import TypeAdapter, ValidationError

ID = UUID("0193f2a0-0000-7000-8000-00000000de30")


class Part(Answer, frozen=True, kw_only=True):
    """A part of something."""

    id: UUID
    note: str | None = None


class Whole(Part, frozen=True, kw_only=True):
    parts: list[Part]


class DescribedPart(Exact):
    """A part of something."""

    id: UUID
    note: str | None = None


class DescribedWhole(DescribedPart):
    parts: list[DescribedPart]


def test_it_is_described_as_the_model_of_its_fields() -> None:
    described = msgspec.json.encode(TypeAdapter(Whole).json_schema()).decode()
    assert msgspec.json.decode(described) == msgspec.json.decode(
        msgspec.json.encode(TypeAdapter(DescribedWhole).json_schema()).decode().replace("Described", "")
    )


def test_what_is_encoded_fits_its_description() -> None:
    sent = msgspec.json.encode(Whole(id=ID, parts=[Part(id=ID, note="first")]))
    assert sent == b'{"id":"%s","note":null,"parts":[{"id":"%s","note":"first"}]}' % ((str(ID).encode(),) * 2)
    assert TypeAdapter(Whole).validate_json(sent).model_dump(mode="json") == msgspec.json.decode(sent)


@pytest.mark.parametrize("body", [b'{"id":"x","parts":[]}', b'{"id":"%s"}', b'{"id":"%s","parts":[],"more":1}'])
def test_what_does_not_fit_is_found(body: bytes) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Whole).validate_json(body.replace(b"%s", str(ID).encode()))
