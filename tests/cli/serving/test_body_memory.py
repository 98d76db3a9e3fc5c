"""The bound of all bodies in memory, and whose body is given up beyond it."""

from dataclasses import dataclass, field

from cli.serving.body_memory import BodyMemory


@dataclass(eq=False)
class Body:
    name: str
    refused: list[str]
    is_receiving: bool = True
    memory: BodyMemory = field(default_factory=lambda: BodyMemory(0))

    def refuse_body(self) -> None:
        self.refused.append(self.name)
        # Closing a connection releases it again.
        self.memory.release(self)


def make(limit: int, *names: str) -> tuple[BodyMemory, list[str], list[Body]]:
    memory, refused = BodyMemory(limit), list[str]()
    return memory, refused, [Body(name, refused, memory=memory) for name in names]


def test_bodies_within_the_limit_are_kept() -> None:
    memory, refused, (a, b) = make(10, "a", "b")
    memory.add(a, 4)
    memory.add(b, 6)
    assert (memory.total, refused) == (10, [])
    memory.release(a)
    memory.release(a)
    assert memory.total == 6


def test_the_body_that_began_first_is_given_up() -> None:
    memory, refused, (a, b, c) = make(10, "a", "b", "c")
    memory.add(a, 5)
    memory.add(b, 5)
    memory.add(a, 1)
    assert (memory.total, refused) == (5, ["a"])
    memory.add(c, 6)
    assert (memory.total, refused) == (6, ["a", "b"])


def test_a_complete_body_is_kept_and_the_new_one_is_refused() -> None:
    memory, refused, (a, b) = make(10, "a", "b")
    memory.add(a, 9)
    a.is_receiving = False
    memory.add(b, 2)
    assert (memory.total, refused) == (9, ["b"])


def test_a_body_over_the_limit_alone_is_refused() -> None:
    memory, refused, (a,) = make(10, "a")
    memory.add(a, 11)
    assert (memory.total, refused) == (0, ["a"])
