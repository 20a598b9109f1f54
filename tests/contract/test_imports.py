"""What is loaded when, who owns our names, and that nothing points outside."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("twin", "gis", "models", "sensors", "web")
HEAVY = (
    "torch",
    "vtkmodules",
    "pyvista",
    "flask",
    "rasterio",
    "geopandas",
    "sqlalchemy",
    "scipy",
    "gunicorn",
)
OURS = {"park-twin"}


def loaded_by(code: str) -> set[str]:
    """Top-level modules that a fresh process has loaded after running ``code``."""
    script = f"import sys\n{code}\nprint('\\n'.join(sorted({{m.split('.')[0] for m in sys.modules}})))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split("\n"))


def test_the_command_line_starts_without_anything_heavy() -> None:
    assert loaded_by("import web.cli").isdisjoint(HEAVY)


@pytest.mark.parametrize("arguments", [["version"], ["--help"], ["scene", "--help"], ["run", "--help"]])
def test_small_commands_load_nothing_heavy(arguments: list[str]) -> None:
    argv = ["park-twin", *arguments]
    code = f"sys.argv = {argv!r}\nimport web.cli\ntry: web.cli.main()\nexcept SystemExit: pass"
    assert loaded_by(code).isdisjoint(HEAVY)


def test_the_web_server_draws_nothing_and_loads_no_scene() -> None:
    loaded = loaded_by("import web.app, web.server, web.gunicorn")
    assert loaded.isdisjoint({"torch", "vtkmodules", "pyvista", "rasterio", "geopandas", "scipy"})


def test_nobody_else_owns_our_names() -> None:
    owners = packages_distributions()
    for name in NAMES:
        assert set(owners.get(name, ())) <= OURS, f"{name} is also installed by {owners[name]}"


# Names of XML and JSON formats, and addresses of this machine, are no places to go to.
HARMLESS = re.compile(
    r"(www\.w3\.org|json-schema\.org|www\.opengis\.net|127\.0\.0\.1|localhost|\[|\{|<|%s|x$|host\b|0\.0\.0\.0)"
)
ADDRESS = re.compile(r"""(?:https?|wss?|ftp)://([^\s"'`)<>\\]+)""")
SPOKEN = {".py", ".ts", ".html", ".css", ".js", ".mjs", ".toml"}


def sources() -> list[Path]:
    skip = {"node_modules", "static", "__pycache__", "test", "tests"}
    found = [path for name in NAMES for path in (ROOT / name).rglob("*") if path.suffix in SPOKEN]
    return [path for path in found if not skip & set(path.relative_to(ROOT).parts)]


def test_nothing_names_an_outside_host() -> None:
    named = [
        f"{path.relative_to(ROOT)}: {address}"
        for path in sources()
        for address in ADDRESS.findall(path.read_text(encoding="utf-8", errors="replace"))
        if not HARMLESS.match(address)
    ]
    assert named == []


def test_the_built_viewer_names_no_outside_host_to_fetch_from() -> None:
    built = ROOT / "web/static/viewer"
    if not built.is_dir():
        pytest.skip("the viewer is not built (make install)")
    pattern = re.compile(r"""(?:src|href)\s*=\s*["'](?:https?:)?//|@import|url\(\s*["']?https?://""")
    for path in built.rglob("*"):
        if path.suffix in {".html", ".css"}:
            assert not pattern.search(path.read_text(encoding="utf-8")), path.name
