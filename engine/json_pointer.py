"""JSON pointers (RFC 6901)."""


def json_pointer(*tokens: str | int) -> str:
    """Return the pointer of these keys and indices; without any, the empty pointer."""
    return "".join(f"/{_escape(token)}" for token in tokens)


def column_pointer(name: str, *fields: str | int) -> str:
    """Return the pointer to a column's entry in `preprocessing.columns`, or to its fields."""
    return json_pointer("preprocessing", "columns", name, *fields)


def _escape(token: str | int) -> str:
    """Escape a token; a lone surrogate, which no encoding has, is written as in JSON."""
    text = str(token).encode("utf-8", "backslashreplace").decode()
    return text.replace("~", "~0").replace("/", "~1")
