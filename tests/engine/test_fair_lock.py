from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Thread

from engine.fair_lock import FairLock
from tests.waiting import wait_for


def is_waited_for_by(lock: FairLock, threads: int) -> bool:
    return lock.waiting == threads


def test_threads_acquire_the_lock_in_order_of_arrival() -> None:
    lock, order = FairLock(), list[str]()

    def take(name: str) -> None:
        with lock:
            order.append(name)

    threads = [Thread(target=take, args=(name,)) for name in "bcd"]
    with lock:
        for count, thread in enumerate(threads, 1):
            thread.start()
            wait_for(partial(is_waited_for_by, lock, count))
    # The thread that has just released the lock queues behind the waiting threads.
    take("a")
    for thread in threads:
        thread.join()
    assert order == ["b", "c", "d", "a"]


def test_one_thread_holds_the_lock_at_a_time() -> None:
    lock, counts = FairLock(), {"now": 0, "total": 0}

    def count(_: int) -> int:
        with lock:
            counts["now"] += 1
            most = counts["now"]
            counts["total"] += 1
            counts["now"] -= 1
            return most

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(count, range(2000))) == {1}
    assert counts == {"now": 0, "total": 2000}


def test_exception_releases_the_lock() -> None:
    lock = FairLock()
    for _ in range(2):
        try:
            with lock:
                raise KeyError
        except KeyError:
            pass
    with lock:
        assert lock.waiting == 0
