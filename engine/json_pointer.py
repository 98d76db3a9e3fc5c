"""TODO."""


def pointer_to(name: str, *fields: str | int) -> str:
    """JSON pointer to what is said of the column of that name."""
    escaped = name.replace("~", "~0").replace("/", "~1")
    return "/".join(("/preprocessing/columns", escaped, *(str(field) for field in fields)))
