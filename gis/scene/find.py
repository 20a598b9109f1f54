"""Finding a scene by name or path."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from twin.core.errors import SceneError

PARK_FILE = "park.toml"


def scene_folder(name_or_path: str | Path) -> Path:
    """Folder of a scene.

    Looked for in this order: the path itself, ``scenes/<name>`` in the current folder, the scenes
    that are installed with Park Twin, ``scenes/<name>`` beside the source.

    Raises SceneError naming the places that were looked at.
    """
    wanted = Path(name_or_path)
    places = [wanted]
    if len(wanted.parts) == 1:
        places += [base / wanted for base in scene_bases()]
    for place in places:
        if (place / PARK_FILE).is_file():
            return place
    looked = ", ".join(str(place) for place in places)
    raise SceneError(
        f"scene: {str(name_or_path)!r} was not found; expected a folder with park.toml at one of {looked}",
        message_zh=f"scene：找不到 {str(name_or_path)!r}；应在以下位置之一有含 park.toml 的文件夹：{looked}",
        field="scene",
        value=str(name_or_path),
    )


def scene_names() -> tuple[str, ...]:
    """Names of all scenes that ``scene_folder`` finds by name."""
    found = {path.parent.name for base in scene_bases() for path in base.glob(f"*/{PARK_FILE}")}
    return tuple(sorted(found))


def scene_bases() -> tuple[Path, ...]:
    """Folders that hold scenes, first one first."""
    installed = Path(str(resources.files("twin"))) / "_scenes"
    beside = Path(str(resources.files("twin"))).parent / "scenes"
    return Path.cwd() / "scenes", installed, beside
