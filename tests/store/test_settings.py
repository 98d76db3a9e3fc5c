"""Settings from the environment, and for child processes."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from store.settings import Settings, load_settings


def test_everything_is_in_the_data_directory_by_default(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path}/backpropd.sqlite3"
    assert settings.blob_url == f"file://{tmp_path}/blobs"


def test_children_read_the_same_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(
        data_dir=tmp_path, broker_url="redis://x", slice_seconds=1.5, blob_secret_access_key="key"
    )
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings


def test_lease_shorter_than_two_heartbeats_is_refused() -> None:
    with pytest.raises(ValidationError, match="twice"):
        load_settings(lease_seconds=5, heartbeat_seconds=4)


@pytest.mark.parametrize("seconds", [-1, "inf", "nan", 1e300])
@pytest.mark.parametrize(
    "name", [name for name in Settings.model_fields if name.endswith("_seconds")]
)
def test_time_that_does_not_end_in_the_calendar_is_refused(name: str, seconds: object) -> None:
    with pytest.raises(ValidationError, match=r"greater than (0|or equal)|less than"):
        load_settings(**{name: seconds})


def test_secret_is_not_shown(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, blob_secret_access_key="hush")
    assert "hush" not in f"{settings!r} {settings}"


@pytest.mark.parametrize(
    "url", ["memory:///", "s3://", "s3:bucket", "https://bucket.s3.amazonaws.com", "/srv/blobs"]
)
def test_blob_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="file:///folder or s3://bucket"):
        load_settings(blob_url=url)


@pytest.mark.parametrize(
    "url", ["localhost:9000", "ftp://h", "http://", "http://h:port", "http://h:0", "http://[h"]
)
def test_endpoint_that_is_not_a_web_url_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="http://host:port"):
        load_settings(blob_endpoint=url)


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:6379/0",
        "redis://:word@h",
        "rediss://h:6380/1",
        "redis+socket:///run/redis.sock?virtual_host=0",
        "filesystem:///srv/queue",
        "amqp://guest@h//",
    ],
)
def test_broker_url_is_accepted(url: str) -> None:
    assert load_settings(broker_url=url).broker_url == url


@pytest.mark.parametrize(
    "url",
    ["", "h:6379", "redis://", "redis://h:port/0", "redis://h/name", "http://h", "filesystem://"],
)
def test_broker_url_that_cannot_work_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="must be redis://host:port/number"):
        load_settings(broker_url=url)


def test_renamed_variable_is_read_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("BACKPROPD_RING_AGAIN_SECONDS", "7")
    assert load_settings().redispatch_seconds == 7
    assert "BACKPROPD_REDISPATCH_SECONDS" in caplog.text


def test_new_name_wins_over_the_renamed_one(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("BACKPROPD_RING_AGAIN_SECONDS", "7")
    monkeypatch.setenv("BACKPROPD_REDISPATCH_SECONDS", "3")
    assert load_settings().redispatch_seconds == 3
    assert caplog.text == ""
