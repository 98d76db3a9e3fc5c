from engine.random import Stream, generator


def test_same_purpose_gives_the_same_numbers() -> None:
    assert generator(3, Stream.ORDER, 5).random() == generator(3, Stream.ORDER, 5).random()


def test_seed_stream_and_epoch_each_change_the_numbers() -> None:
    drawn = {
        generator(seed, stream, epoch).random()
        for seed in (0, 1, 2**53 - 1)
        for stream in Stream
        for epoch in range(5)
    }
    assert len(drawn) == 3 * len(Stream) * 5
