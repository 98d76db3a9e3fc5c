"""JSON pointers (RFC 6901) into a spec."""


def pointer_to(name: str, *fields: str | int) -> str:
    """Return the JSON pointer to a column's entry in `preprocessing.columns`, or to its fields."""
    escaped = name.replace("~", "~0").replace("/", "~1")
    return "/".join(("/preprocessing/columns", escaped, *(str(field) for field in fields)))
