"""Text from the kernel: bytes that any process may choose. Pure."""


def decoded(raw: bytes) -> str:
    r"""UTF-8; what is none is written out (`\xff`), so that nothing is lost. Control characters stay what they are."""
    return raw.decode("utf-8", "backslashreplace")


def until_nul(raw: bytes) -> str:
    """The text of a C string in a field of fixed size."""
    return decoded(raw.partition(b"\0")[0])


def unix_path(raw: bytes) -> str:
    """The path of a local socket; `@` begins an abstract one, in which NUL bytes may follow. Empty for none."""
    return "@" + decoded(raw[1:].rstrip(b"\0")) if raw[:1] == b"\0" and len(raw) > 1 else until_nul(raw)
