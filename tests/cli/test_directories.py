"""The data folder is exclusive to one service, and socket paths are short and plain."""

import stat
import tempfile
from pathlib import Path

import pytest

from cli.directories import data_folder, is_fit_for_sockets, socket_folder
from cli.errors import CommandError
from tests.folders import short_folder


def test_a_new_data_folder_is_private(tmp_path: Path) -> None:
    with data_folder(tmp_path / "a" / "data") as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_second_service_is_refused_until_the_first_has_stopped(tmp_path: Path) -> None:
    with (
        data_folder(tmp_path),
        pytest.raises(CommandError, match=r"another backpropd is running on /"),
        data_folder(tmp_path),
    ):
        pass
    with data_folder(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a?b", "a#b", "a%20b"])
def test_a_path_with_url_delimiters_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError, match="must not contain"), data_folder(tmp_path / name):
        pass


@pytest.mark.parametrize("name", ["n" * 100, "with space", "ünicode"])
def test_an_unfit_path_is_replaced_by_a_private_temporary_one(tmp_path: Path, name: str) -> None:
    with socket_folder(tmp_path / name) as folder:
        assert is_fit_for_sockets(folder)
        assert folder.parent == Path(tempfile.gettempdir())
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "left.sock").touch()
    assert not folder.exists()


@pytest.mark.parametrize("name", ["t" * 100, "with space"])
def test_an_unfit_tmpdir_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / name))
    with socket_folder(tmp_path / "n" / ("n" * 100)) as folder:
        assert is_fit_for_sockets(folder)
        assert folder.parent == Path("/tmp")
    assert not folder.exists()


def test_a_temporary_folder_that_others_can_enter_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = tmp_path / "with space"
    with short_folder("bpd-") as temporary:
        monkeypatch.setattr("tempfile.tempdir", str(temporary))
        with socket_folder(wanted) as folder:
            assert folder.parent == temporary
        folder.mkdir(mode=0o755)
        with pytest.raises(CommandError, match="must be a private folder"), socket_folder(wanted):
            pass
