"""Browser windows: their size, and what their owner prefers."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Window:
    """A browser window."""

    width: int = 1280
    height: int = 800
    color_scheme: Literal["light", "dark"] = "light"
    reduced_motion: Literal["reduce", "no-preference"] = "no-preference"


DESKTOP = Window()
PHONE = Window(width=320, height=640)
DARK = Window(color_scheme="dark")
# All of the start is in sight, and its drawing has room for curves.
TALL = Window(width=1920, height=1400)
STILL = Window(reduced_motion="reduce")
