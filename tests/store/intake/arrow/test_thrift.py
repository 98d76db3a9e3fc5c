"""Thrift's compact protocol: values are read or skipped; broken data raise errors, never hang."""

import pytest

from store.intake.arrow.thrift import BINARY, I32, I64, LIST, STRUCT, CompactReader

# Field 1: i32 150; 2: "ab"; 3: list of two i64; 4: map of a text to a byte; 5: struct with a double
# in field 1; 6: true; 7: list of three booleans; 40: i64 −1.
EVERYTHING = (
    b"\x15\xac\x02" + b"\x18\x02ab" + b"\x19\x26\x02\x04" + b"\x1b\x01\x83\x01k\x07"
    b"\x1c\x17" + bytes(8) + b"\x00" + b"\x11" + b"\x19\x31\x01\x02\x01" + b"\x06\x50\x01" + b"\x00"
)  # fmt: skip


def test_fields_are_read_and_skipped() -> None:
    reader, found = CompactReader(EVERYTHING + b"rest"), {}
    for field, kind in reader.fields():
        if kind in {I32, I64}:
            found[field] = reader.integer()
        else:
            reader.skip(kind)
    assert found == {1: 150, 40: -1}
    assert reader.at == len(EVERYTHING)


def test_list_items_have_the_expected_type() -> None:
    assert CompactReader(b"\xf6\x10").items(I64) == 16
    assert CompactReader(b"\x06").items(STRUCT) == 0
    with pytest.raises(ValueError, match="type 6"):
        CompactReader(b"\x16\x02").items(STRUCT)


@pytest.mark.parametrize("end", range(len(EVERYTHING)))
def test_data_that_end_too_early_are_an_error(end: int) -> None:
    with pytest.raises(IndexError):
        CompactReader(EVERYTHING[:end]).skip(STRUCT)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xff" * 20, I64),
        (b"\x1c" * 100, STRUCT),
        (b"\x19" * 100, LIST),
        (b"\x1e\x00", STRUCT),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", BINARY),
    ],
)
def test_impossible_values_are_errors(data: bytes, kind: int) -> None:
    with pytest.raises(ValueError, match=r"too long|too deep|unknown type"):
        CompactReader(data).skip(kind)
