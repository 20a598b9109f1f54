"""Sending files: the scene bundle, the viewer, stored plumes.

Files are compressed once, when they are made (``name.br``, ``name.gz`` beside ``name``); here the
best sibling that the client understands is chosen. A file that has no sibling is sent as it is.
"""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from flask import Response, request
from werkzeug.security import safe_join

from twin.core.errors import NotFoundError

IMMUTABLE = "public, max-age=31536000, immutable"
NO_CACHE = "no-cache"

# The operating system's table differs between machines; what browsers insist on stands here.
_TYPES = MappingProxyType(
    {
        ".html": "text/html; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".mjs": "text/javascript; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".json": "application/json",
        ".map": "application/json",
        ".svg": "image/svg+xml",
        ".webp": "image/webp",
        ".png": "image/png",
        ".ico": "image/vnd.microsoft.icon",
        ".woff2": "font/woff2",
        ".wasm": "application/wasm",
        ".txt": "text/plain; charset=utf-8",
        ".twt": "application/octet-stream",
        ".twg": "application/octet-stream",
        ".twv": "application/octet-stream",
    }
)
_SIBLINGS = (("br", ".br"), ("gzip", ".gz"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A file to send and its ``Content-Encoding`` (empty: none)."""

    path: Path
    encoding: str
    size_bytes: int
    changed_ns: int

    @property
    def etag(self) -> str:
        """Differs whenever the bytes may differ."""
        return f"{self.changed_ns:x}-{self.size_bytes:x}-{self.encoding or 'raw'}"


def content_type(name: str) -> str:
    """MIME type by the ending of a name."""
    ending = Path(name).suffix.lower()
    return _TYPES.get(ending) or mimetypes.types_map.get(ending) or "application/octet-stream"


def locate(root: Path, name: str) -> Path:
    """Existing file ``name`` under ``root``. Raises NotFoundError, also for anything outside ``root``."""
    joined = safe_join(str(root), name)
    if joined is not None and "\0" not in name:
        path = Path(joined)
        # A link inside the folder must not lead out of it either.
        if _is_file(path) and path.resolve().is_relative_to(root.resolve()):
            return path
    raise _nothing(name)


def _nothing(name: str) -> NotFoundError:
    return NotFoundError(
        f"there is no file {name[:200]!r} here",
        message_zh=f"没有文件 {name[:200]!r}",
        field="file",
        value=name[:200],
    )


def send(root: Path, name: str, *, cache: str) -> Response:
    """Answer with a file under ``root``. Raises NotFoundError."""
    return send_file(locate(root, name), cache=cache)


def send_file(path: Path, *, cache: str) -> Response:
    """Answer with an existing file, compressed if it has a compressed sibling.

    Raises NotFoundError when the file goes away meanwhile: plumes are thinned, bundles replaced.
    """
    try:
        return _answer(path, cache=cache)
    except FileNotFoundError:
        raise _nothing(path.name) from None


def _answer(path: Path, *, cache: str) -> Response:
    chosen = _variant(path)
    response = Response(content_type=content_type(path.name))
    response.headers["Cache-Control"] = cache
    response.headers["Vary"] = "Accept-Encoding"
    if chosen.encoding:
        response.headers["Content-Encoding"] = chosen.encoding
    response.set_etag(chosen.etag)
    response.make_conditional(request.environ)
    if response.status_code == 200:
        # Files here are at most some megabytes, and a whole body leaves no file open behind it.
        response.set_data(chosen.path.read_bytes())
    return response


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name longer than the file system allows
        return False


def _variant(path: Path) -> Variant:
    accepted = request.accept_encodings
    for encoding, ending in _SIBLINGS:
        sibling = path.with_name(path.name + ending)
        if accepted[encoding] > 0 and _is_file(sibling):
            return _describe(sibling, encoding)
    return _describe(path, "")


def _describe(path: Path, encoding: str) -> Variant:
    status = path.stat()
    return Variant(path=path, encoding=encoding, size_bytes=status.st_size, changed_ns=status.st_mtime_ns)
