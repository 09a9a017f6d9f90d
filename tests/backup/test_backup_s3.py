"""Backups in an S3-compatible bucket: the same promises as in a folder."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest

from qaitar.backup.creation import backup_create
from qaitar.backup.encryption import BackupKey
from qaitar.backup.manifest import backup_ids, manifest_read
from qaitar.backup.places import target_at
from qaitar.backup.problems import BackupProblem
from qaitar.backup.restoring import files_restore, parts_verify
from qaitar.foundation.files.store import DurableFileStorage, FileStore
from tests.backup.bucket import REGION, bucket
from tests.backup.conftest import Minutes, SmallShop


@pytest.fixture(scope="module")
def environ() -> Iterator[dict[str, str]]:
    with bucket("backups") as address:
        yield {
            "QAITAR_BACKUP_S3_ENDPOINT": address,
            "QAITAR_S3_ENDPOINT": "http://127.0.0.1:9",  # of the files; the backup's own counts first
            "QAITAR_S3_REGION": REGION,
            "QAITAR_S3_KEY": "key",
            "QAITAR_S3_SECRET": "secret",
        }


def test_a_bucket_keeps_what_a_folder_keeps(
    shop: SmallShop, environ: dict[str, str], tmp_path: object
) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=environ["QAITAR_BACKUP_S3_ENDPOINT"],
        region_name=REGION,
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    target = target_at("s3://backups/qaitar/nightly", BackupKey("k" * 40), environ, create=True)
    clock = Minutes()
    first = backup_create(shop.source, target, clock=clock, keep=1).manifest
    assert (first.files, first.files_copied) == (3, 3)
    late = shop.add_file(b"late")
    second = backup_create(shop.source, target, clock=clock, keep=1)
    assert second.manifest.files_copied == 1
    assert second.removed.backups == (first.id,)
    assert backup_ids(target) == [second.manifest.id]

    again = target_at("s3://backups/qaitar/nightly/", BackupKey("k" * 40), environ)
    again.open()
    manifest = manifest_read(again)
    assert manifest == second.manifest
    parts_verify(again, manifest)
    store = FileStore(DurableFileStorage(location=f"{tmp_path}/back"))
    assert files_restore(again, manifest, store).faults == ()
    assert store.exists(f"{late[:2]}/{late[2:4]}/{late}")
    found = client.list_objects_v2(Bucket="backups")["Contents"]
    assert all(each["Key"].startswith("qaitar/nightly/") for each in found)
    with pytest.raises(BackupProblem, match="There are no backups of Qaitar in s3://backups/other"):
        target_at("s3://backups/other", None, environ).open()
    client.close()
