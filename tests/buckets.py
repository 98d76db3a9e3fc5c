"""S3 buckets on a real S3 server in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

KEYS = {"blob_access_key_id": "test", "blob_secret_access_key": "secret"}


@contextmanager
def s3_server() -> Iterator[str]:
    """An S3 server on a free port; its URL."""
    # Imported where it runs: every process of the tests collects this module.
    from moto.server import ThreadedMotoServer  # noqa: PLC0415

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def make_bucket(endpoint: str) -> dict[str, Any]:
    """A bucket of its own; the settings that name it."""
    import boto3  # type: ignore[import-untyped]  # noqa: PLC0415 - as above

    name = f"bucket-{uuid4().hex}"
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=KEYS["blob_access_key_id"],
        aws_secret_access_key=KEYS["blob_secret_access_key"],
    )
    client.create_bucket(Bucket=name)
    client.close()
    return {
        "blob_url": f"s3://{name}/some/prefix",
        "blob_endpoint": endpoint,
        "blob_region": "us-east-1",
        **KEYS,
    }
