"""Host names as brands are found by."""


def hostname(host: str) -> str:
    """The value of a Host header without its port, in lower case."""
    name = host.strip().lower().rstrip(".")
    bare = name.rsplit(":", 1)[0] if name.rpartition(":")[2].isdigit() else name
    return bare.rstrip(".")
