"""Settings from the environment, and on to child processes."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from store.settings import load_settings


def test_everything_is_in_the_data_directory_by_default(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path}/backpropd.sqlite3"
    assert settings.blob_url == f"file://{tmp_path}/blobs"


def test_children_read_the_same_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(data_dir=tmp_path, broker_url="redis://x", slice_seconds=1.5)
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings


def test_lease_that_no_heartbeat_can_keep_is_refused() -> None:
    with pytest.raises(ValidationError, match="twice"):
        load_settings(lease_seconds=5, heartbeat_seconds=4)
