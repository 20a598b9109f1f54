"""Makefile, Dockerfile, compose file and CI say the same thing."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = (ROOT / "compose.yaml").read_text()
SYSTEM = (ROOT / ".ci" / "system.sh").read_text()
WORKFLOW = (ROOT / ".github" / "workflows" / "test.yaml").read_text()


def pip_steps(text):
    """Arguments of every ``pip install`` of the project itself, editable or not."""
    found = re.findall(r"-m pip install ([^\n;&|]*)", text)
    return {step.replace("-e ", "").strip() for step in found}


def test_docker_installs_as_make_does():
    assert pip_steps(DOCKERFILE) == {"--quiet --disable-pip-version-check ."}
    assert pip_steps(DOCKERFILE) <= pip_steps(MAKEFILE)


def test_docker_runs_what_make_run_runs():
    make_run = re.search(r"park-twin (run --scene \S+)", MAKEFILE).group(1).replace("$(SCENE)", "qingliu")
    docker_run = re.search(r"CMD \[(.+)\]", DOCKERFILE.split("ENTRYPOINT")[1]).group(1)
    assert re.findall(r'"([^"]+)"', docker_run) == make_run.split()
    compose_run = re.search(r"command: \[(.+)\]", COMPOSE).group(1)
    assert re.findall(r'"([^"]+)"', compose_run) == make_run.split()


def test_docker_image_has_the_libraries_that_tests_install():
    # What only tests start (a browser, a data base, a broker) stays out of the image.
    only_tests = {"chromium", "postgresql", "mosquitto"}
    wanted = set(re.search(r"wanted=\((.+)\)", SYSTEM).group(1).split()) - only_tests
    assert wanted <= set(DOCKERFILE.split())


def test_docker_is_multi_stage_without_rights_and_with_a_health_check():
    assert DOCKERFILE.count("\nFROM ") + DOCKERFILE.startswith("FROM ") == 2
    assert re.search(r"^USER (?!root)", DOCKERFILE, re.MULTILINE)
    assert "HEALTHCHECK" in DOCKERFILE
    assert "/health" in DOCKERFILE


def test_blas_threads_are_the_same_everywhere():
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        assert re.search(rf"{name} \?= 1", MAKEFILE)
        assert re.search(rf"{name}=1", DOCKERFILE)


def test_ci_runs_the_test_command_of_the_readme():
    assert "exec make test" in (ROOT / ".ci" / "run").read_text()
    assert "bash .ci/run" in WORKFLOW
    assert re.search(r"^make test\b", (ROOT / "README.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("verb", ["run", "test", "check", "format", "bench", "validate", "build"])
def test_make_help_names_the_verb(verb):
    assert re.search(rf"^{verb}:.*## \S", MAKEFILE, re.MULTILINE)


def test_compose_binds_to_loopback():
    for port in re.findall(r'- "(.+:\d+:\d+)"', COMPOSE):
        assert port.startswith("127.0.0.1:")


def test_lock_file_names_no_registry():
    assert '"resolved"' not in (ROOT / "web" / "viewer" / "package-lock.json").read_text()


def test_version_is_stated_once():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["name"] == "park-twin"
    assert project["scripts"] == {"park-twin": "web.cli:main"}
