"""Limiters of threads for tests."""


class CountingLimiter:
    """A limiter without a limit that counts its users."""

    def __init__(self) -> None:
        self.users = 0

    async def __aenter__(self) -> None:
        self.users += 1

    async def __aexit__(self, *_: object) -> None:
        pass
