"""An S3-compatible service of this machine, with an empty bucket."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "kz-ala-1"


@contextmanager
def bucket(name: str) -> Iterator[str]:
    """Give the service's address; any key opens it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        address = f"http://{host}:{port}"
        client = boto3.client(
            "s3",
            endpoint_url=address,
            region_name=REGION,
            aws_access_key_id="key",
            aws_secret_access_key="secret",
        )
        where = {"LocationConstraint": REGION}
        client.create_bucket(Bucket=name, CreateBucketConfiguration=where)  # type: ignore[arg-type]
        client.close()
        yield address
        server.stop()
