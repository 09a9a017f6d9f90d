"""The file store over an S3-compatible service, spoken to as the settings set it up."""

from __future__ import annotations

import hashlib
import io
import warnings
from typing import TYPE_CHECKING

import boto3
import pytest
from moto.server import ThreadedMotoServer
from storages.backends.s3 import S3Storage

from qaitar.config.settings import s3_options
from qaitar.foundation.files.store import BadFileKey, FileStore, Integrity

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTENT = "Акт НРП".encode() * 40_000  # more than the backend keeps in memory at once
SHA = hashlib.sha256(CONTENT).hexdigest()
KEY = f"{SHA[:2]}/{SHA[2:4]}/{SHA}"
BUCKET = "qaitar-files"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """An S3 service on this machine."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
        server.stop()


@pytest.fixture
def store(address: str) -> Iterator[FileStore]:
    environ = {
        "QAITAR_S3_BUCKET": BUCKET,
        "QAITAR_S3_ENDPOINT": address,
        "QAITAR_S3_REGION": "kz-ala-1",
        "QAITAR_S3_KEY": "key",
        "QAITAR_S3_SECRET": "secret",
    }
    options = s3_options(environ)
    assert options is not None
    storage = S3Storage(**options)
    bucket = storage.connection.create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "kz-ala-1"}
    )
    yield FileStore(storage)
    bucket.objects.all().delete()
    bucket.delete()
    storage.connection.meta.client.close()


def test_a_content_is_stored_once_read_back_and_reported_missing(store: FileStore) -> None:
    first, second = store.put(io.BytesIO(CONTENT)), store.put(io.BytesIO(CONTENT))
    assert (first.key, first.size, first.new, second.new) == (KEY, len(CONTENT), True, False)
    with store.open(KEY) as file:
        assert file.read() == CONTENT
    assert store.verify(KEY) is Integrity.INTACT
    other = f"00/00/{'0' * 64}"
    assert not store.exists(other)
    assert store.verify(other) is Integrity.MISSING
    with pytest.raises(FileNotFoundError):
        store.open(other)
    with pytest.raises(BadFileKey):
        store.open("../secrets")


def test_a_changed_object_is_found_out(store: FileStore, address: str) -> None:
    store.put(io.BytesIO(CONTENT))
    client = boto3.client(
        "s3",
        endpoint_url=address,
        region_name="kz-ala-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    client.put_object(Bucket=BUCKET, Key=KEY, Body=CONTENT[:-1])
    client.close()
    assert store.verify(KEY) is Integrity.DAMAGED


def test_without_a_bucket_files_go_to_a_folder() -> None:
    assert s3_options({}) is None
