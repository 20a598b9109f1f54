"""Files of the scene bundle and of the viewer."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from twin.core.errors import NotFoundError, ServiceUnavailableError
from web import files
from web.reply import ANY_FILE, Operation, serve
from web.services import services

scene = APIBlueprint("scene", __name__, tag="Scene")


def get_viewer() -> Response:
    """The viewer."""
    return _page("index.html")


def get_desk() -> Response:
    """The desk of those who run the instruments; the part after ``#`` names the screen."""
    return _page("desk.html")


def _page(name: str) -> Response:
    folder = services().viewer_dir
    if not (folder / name).is_file():
        msg = "the viewer is not built; run: make install"
        raise ServiceUnavailableError(
            msg, message_zh="浏览器界面尚未构建；请运行：make install", field="viewer"
        )
    return files.send(folder, name, cache=files.NO_CACHE)


def get_asset(name: str) -> Response:
    """Files of the viewer; their names hold their hashes."""
    return files.send(services().viewer_dir / "assets", name, cache=files.IMMUTABLE)


def get_root_file(name: str) -> Response:
    """Files beside ``index.html`` (icons, manifest)."""
    if name.startswith(("index.", "desk.")):
        msg = "the viewer lies at /, the desk at /desk"
        raise NotFoundError(msg, message_zh="界面地址为 /，运维台为 /desk", field="file", value=name)
    return files.send(services().viewer_dir, name, cache=files.NO_CACHE)


def get_scene_file(bundle: str, name: str) -> Response:
    """One file of a scene bundle, see docs/wire.md."""
    return files.send(services().bundles.folder_of(bundle), name, cache=files.IMMUTABLE)


serve(scene, "/", get_viewer, Operation(mimetype="text/html", errors=(503,)))
serve(scene, "/desk", get_desk, Operation(mimetype="text/html", errors=(503,)))
serve(scene, "/assets/<path:name>", get_asset, ANY_FILE)
serve(scene, "/<name>", get_root_file, ANY_FILE)
serve(scene, "/scene/<bundle>/<path:name>", get_scene_file, ANY_FILE)
