"""Bodies that are wrong in many places, each as large as asked for."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from store.blobs.tensors import pack_arrays

Body = Callable[[int], bytes]


@dataclass(frozen=True)
class Kind:
    """A kind of wrong body.

    Attributes:
        make: makes a body of about a number of bytes.
        routes: the paths that are asked; any if empty.
    """

    make: Body
    routes: re.Pattern[str]

    def fits(self, path: str) -> bool:
        """Whether a path is asked."""
        return not self.routes.pattern or self.routes.fullmatch(path) is not None


def fill(size: int, begin: bytes, item: Callable[[int], bytes], end: bytes) -> bytes:
    """Return a text of about `size` bytes: numbered items between a beginning and an end."""
    count = max(size // (len(item(size)) + 1), 1)
    return begin + b",".join(map(item, range(count))) + end


def repeat(begin: bytes, item: bytes, end: bytes) -> Body:
    """Return a body that repeats an item."""
    return lambda size: fill(size, begin, lambda _: item, end)


def number(begin: bytes, item: bytes, end: bytes) -> Body:
    """Return a body of numbered items."""
    return lambda size: fill(size, begin, lambda n: item % n, end)


def nest(size: int) -> bytes:
    """Return arrays within each other."""
    return b'{"rows": ' + b"[" * (size // 2) + b"]" * (size // 2) + b"}"


def nest_layers(size: int) -> bytes:
    """Return residual layers of 64 residual layers each."""
    inner = b'{"type":"residual","layers":[%s]}'
    few = inner % b",".join([b'{"type":"flatten"}'] * 64)
    many = inner % b",".join([few] * 64)
    return repeat(b'{"dataset_id":"ds_1","network":{"layers":[', many, b"]}}")(size)


GENERAL: Mapping[str, Body] = {
    "unknown keys": number(b"{", b'"k%d":1', b"}"),
    "a repeated key": repeat(b"{", b'"a":1', b"}"),
    "numbers": repeat(b"[", b"1", b"]"),
    "objects": repeat(b"[", b"{}", b"]"),
    "nested arrays": nest,
    "one text": lambda size: b'{"a":"' + b"x" * size + b'"}',
    "escapes": lambda size: b'{"a":"' + b"\\u0001" * (size // 6) + b'"}',
    "digits": lambda size: b'{"a":' + b"1" * size + b"}",
    "no end": repeat(b'{"a":[', b"1", b""),
    "no JSON": lambda size: b"\xff" * size,
}
JOBS: Mapping[str, Body] = {
    "wrong layers": repeat(b'{"network":{"layers":[', b'{"type":"x"}', b"]}}"),
    "layers without units": repeat(b'{"network":{"layers":[', b'{"type":"dense"}', b"]}}"),
    "nested layers": nest_layers,
    "wrong metadata keys": number(b'{"metadata":{', b'"!%d":1', b"}}"),
    "control characters": number(b'{"metadata":{', b'"\\u0001\\u0002%d":1', b"}}"),
    "wrong features": repeat(b'{"features":[', b"1", b"]}"),
    "long features": repeat(b'{"features":[', b'"%s"' % (b"q" * 2_000), b"]}"),
    "wrong columns": number(b'{"preprocessing":{"columns":{', b'"%d":[]', b"}}}"),
}
ROWS: Mapping[str, Body] = {
    "objects in a row": repeat(b'{"rows":[[', b"{}", b"]]}"),
    "rows of objects": repeat(b'{"rows":[', b'[{},[],{"a":1},"x"]', b"]}"),
    "one record": number(b'{"rows":[{', b'"k%d":1', b"}]}"),
    "one record of one key": repeat(b'{"rows":[{', b'"f0":1', b"}]}"),
    "rows of two": repeat(b'{"rows":[', b"[1,2]", b"]}"),
    "empty rows": repeat(b'{"rows":[', b"[]", b"]}"),
    "texts as rows": repeat(b'{"rows":[', b'"x"', b"]}"),
    "one row of texts": repeat(b'{"rows":[[', b'"x"', b"]]}"),
    "columns": number(b'{"columns":{', b'"k%d":[1]', b"}}"),
    "one column": repeat(b'{"columns":{"f0":[', b"1", b"]}}"),
    "objects in a column": repeat(b'{"columns":{"f0":[', b"{}", b"]}}"),
    "unknown keys and rows": number(b'{"rows":[[1,2,3,4]],', b'"k%d":1', b"}"),
}
TENSORS: Mapping[str, Body] = {
    "tensors": repeat(b'{"inputs":[', b"{}", b"]}"),
    "parameters": number(b'{"inputs":[],"parameters":{', b'"k%d":1', b"}}"),
    "objects in a tensor": repeat(
        b'{"inputs":[{"name":"features","datatype":"FP32","shape":[1,4],"data":[', b"{}", b"]}]}"
    ),
    "texts in a tensor": repeat(
        b'{"inputs":[{"name":"features","datatype":"FP32","shape":[9,4],"data":[', b'"a"', b"]}]}"
    ),
    "outputs": repeat(b'{"inputs":[],"outputs":[', b'{"name":"x"}', b"]}"),
}
STEPS: Mapping[str, Body] = {
    "wrong rows": repeat(b'{"step":1,"rows":[', b'"x"', b"]}"),
    "wrong values": repeat(b'{"step":1,"rows":{"values":[', b"{}", b"]}}"),
    "wrong weights": repeat(b'{"weights":{"a":[', b"[{}]", b"]}}"),
    "wrong numbers": repeat(b'{"network":{},"rows":[[', b'"a"', b"]]}"),
}
COLUMN = (
    b'{"type":"numeric","name":"c%d","indicator":false,"center":0.5,"scale":1.5,"fill":0.25,'
    b'"log":false,"minimum":-1.5,"maximum":null,"clip_spans":10.5}'
)
IMPORTS: Mapping[str, Body] = {
    "columns and a wrong one": number(
        b'{"network":{},"preprocessing":{"columns":[', COLUMN, b',{"type":"x"}]}}'
    ),
    "wrong columns": repeat(b'{"network":{},"preprocessing":{"columns":[', b'{"type":"x"}', b"]}}"),
    "wrong levels": repeat(
        b'{"preprocessing":{"columns":[{"type":"levels","name":"a","levels":[', b"1", b"]}]}}"
    ),
}
# Routes of which a group of bodies is asked; all routes are asked for the general ones.
GROUPS = [
    ("", "", GENERAL),
    ("job", r"/v1/jobs(/validate|/by-external-id/.*)?", JOBS),
    ("rows", r"/v1/models/.*/predict", ROWS),
    ("tensors", r"/v2/.*", TENSORS),
    ("step", r"/v1/(jobs/job_1/.*|explain)", STEPS),
    ("import", r"/v1/models", IMPORTS),
]
KINDS: Mapping[str, Kind] = {
    f"{group}: {name}" if group else name: Kind(body, re.compile(routes))
    for group, routes, bodies in GROUPS
    for name, body in bodies.items()
}


def make_form(**parts: bytes) -> tuple[bytes, dict[str, str]]:
    """Return a multipart form of files, and its header."""
    begin = b'--b\r\nContent-Disposition: form-data; name="%s"; filename="x"\r\n\r\n'
    text = b"".join(begin % name.encode() + part + b"\r\n" for name, part in parts.items())
    return text + b"--b--\r\n", {"Content-Type": "multipart/form-data; boundary=b"}


def make_model(weights: Mapping[str, Any]) -> tuple[bytes, dict[str, str]]:
    """Return an import of a model of numbers and classes, and its header.

    Args:
        weights: `output.weight` of shape `(inputs, classes)`, and `output.bias`.
    """
    inputs, classes = weights["output.weight"].shape
    columns = [{"type": "numeric", "name": f"f{n}"} for n in range(inputs)]
    names = [f"c{n}" for n in range(classes)]
    target = {"type": "classes", "name": "kind", "classes": names}
    model = {
        "network": {"layers": [], "output": {"activation": "softmax"}},
        "preprocessing": {"columns": columns, "target": target},
    }
    return make_form(model=json.dumps(model).encode(), weights=pack_arrays(weights))
