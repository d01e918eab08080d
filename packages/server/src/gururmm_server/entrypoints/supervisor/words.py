"""What a process that could not start had to say."""


def last_words(errors: bytes, title: str) -> str:
    """Returns the sentence that a process of ours ends with when it can't start, else its last line."""
    lines = errors.decode("utf-8", "replace").strip().splitlines()
    last = lines[-1] if lines else "it said nothing"
    if last.startswith("gururmm: "):
        return last.removeprefix("gururmm: ")
    return f"{title} could not start: {last[:300]}"
