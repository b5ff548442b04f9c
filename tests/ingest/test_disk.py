"""Room on the disk: looked at once a second, told once at each change."""

from pathlib import Path

import pytest

from tracker.ingest.disk import Disk

FAR_TOO_MUCH = 2**62


@pytest.fixture
def told() -> list[str]:
    return []


def test_a_disk_with_less_room_than_it_should_have_is_low(tmp_path, clock, told) -> None:
    assert Disk([tmp_path], FAR_TOO_MUCH, clock, told.append).is_low()
    assert not Disk([tmp_path], 1, clock, told.append).is_low()
    assert told == ["disk-low"]


@pytest.mark.parametrize(("folders", "low_water"), [((), FAR_TOO_MUCH), ((Path("/"),), 0)])
def test_where_nothing_is_to_be_looked_at_there_is_room(folders, low_water, clock, told) -> None:
    assert not Disk(folders, low_water, clock, told.append).is_low()


def test_a_folder_that_is_not_there_is_not_full(tmp_path, clock, told) -> None:
    assert not Disk([tmp_path / "gone"], FAR_TOO_MUCH, clock, told.append).is_low()


def test_it_is_looked_at_once_a_second_and_told_when_it_changes(tmp_path, clock, told) -> None:
    folder = tmp_path / "mounted"
    disk = Disk([folder], FAR_TOO_MUCH, clock, told.append)
    assert not disk.is_low()
    folder.mkdir()
    clock.forward(0.9)
    assert not disk.is_low(), "it was looked at a moment ago"
    clock.forward(0.1)
    assert disk.is_low()
    folder.rmdir()
    clock.forward(-3600)
    assert not disk.is_low(), "also where the clock was set back"
    assert told == ["disk-low", "disk-has-room"]
