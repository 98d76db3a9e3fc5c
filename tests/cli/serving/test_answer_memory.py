"""The bound of the bytes that wait for all clients, and who is disconnected beyond it."""

from dataclasses import dataclass

from cli.serving.answer_memory import AnswerMemory


@dataclass(eq=False)
class Client:
    memory: AnswerMemory
    waiting_bytes: int
    is_given_up: bool = False

    def give_up(self) -> None:
        self.is_given_up = True
        # Closing a connection releases it again.
        self.memory.release(self)


def make(limit: int, *sizes: int) -> tuple[AnswerMemory, list[Client]]:
    memory = AnswerMemory(limit)
    clients = [Client(memory, size) for size in sizes]
    for client in clients:
        memory.add(client)
    return memory, clients


def test_bytes_within_the_limit_wait() -> None:
    memory, clients = make(10, 4, 6)
    assert memory.total == 10
    assert not any(client.is_given_up for client in clients)
    memory.release(clients[0])
    memory.release(clients[0])
    assert memory.total == 6


def test_the_client_that_has_waited_longest_is_given_up() -> None:
    memory, clients = make(10, 5, 5, 1)
    assert [client.is_given_up for client in clients] == [True, False, False]
    assert memory.total == 6


def test_what_has_been_read_meanwhile_does_not_count() -> None:
    memory, clients = make(10, 5, 5)
    clients[0].waiting_bytes = 1
    memory.add(last := Client(memory, 4))
    assert not any(client.is_given_up for client in (*clients, last))
    assert memory.total == 10


def test_one_answer_over_the_limit_is_kept_alone() -> None:
    memory, clients = make(10, 4, 11)
    assert [client.is_given_up for client in clients] == [True, False]
    assert memory.total == 11
