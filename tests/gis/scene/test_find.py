"""Finding scenes by name and path."""

from __future__ import annotations

import pytest

from gis.scene.find import scene_folder, scene_names
from twin.core.errors import SceneError


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_path_wins(here, parts):
    folder = parts.write(here / "anywhere" / "tiny", terrain=False)
    assert scene_folder(folder) == folder
    assert scene_folder("anywhere/tiny").resolve() == folder


def test_a_name_is_looked_for_in_scenes_here(here, parts):
    folder = parts.write(here / "scenes" / "qingliu", terrain=False)
    assert scene_folder("qingliu") == folder


def test_shipped_scenes_are_found_from_anywhere(here):
    assert (scene_folder("qingliu") / "park.toml").is_file()
    assert "qingliu" in scene_names()


def test_an_unknown_name_lists_the_places(here):
    with pytest.raises(SceneError, match="nowhere") as caught:
        scene_folder("nowhere")
    assert str(here / "scenes" / "nowhere") in caught.value.message
    assert "找不到" in caught.value.message_zh


def test_a_folder_without_park_file_is_no_scene(here):
    (here / "empty").mkdir()
    with pytest.raises(SceneError, match=r"park\.toml"):
        scene_folder("empty")
