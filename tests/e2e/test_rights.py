"""Nothing that a process does is refused: its login and its user of the bus are enough for all that was done so far."""

from product import Product

_KINDS = ("api", "gateway", "worker")


def test_no_process_was_refused_anything(product: Product) -> None:
    lines = [
        line
        for path in (product.data / "data" / "log").glob("*.log")
        if path.name.startswith(_KINDS)
        for line in path.read_text(errors="replace").splitlines()
    ]
    assert len(lines) >= len(_KINDS)
    assert [line for line in lines if "the bus refuses" in line or "permission denied" in line] == []
