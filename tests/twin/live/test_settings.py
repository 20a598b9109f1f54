"""Every setting is documented, checked, and can be handed to a child process."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.support.small_park import device, small_park
from twin.core.errors import SettingsError
from twin.core.origin import Origin
from twin.live.settings import ENV_PREFIX, Settings, load_settings, simulates

DOCUMENT = Path(__file__).parents[3] / "docs" / "settings.md"
ROW = re.compile(r"^\| `(\w+)` \| `([^`]*)` \| (.*) \|$", re.MULTILINE)


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of the machine leak into the tests."""
    monkeypatch.chdir(tmp_path)
    import os

    for key in [key for key in os.environ if key.upper().startswith(ENV_PREFIX)]:
        monkeypatch.delenv(key)


def shown(default: object) -> str:
    """A default as the document writes it."""
    if default is None:
        return "unset"
    return str(default).lower() if isinstance(default, bool) else str(default)


def test_every_setting_is_documented_with_its_default_and_meaning() -> None:
    rows = {name: (default, text) for name, default, text in ROW.findall(DOCUMENT.read_text("utf-8"))}
    wanted = {
        name: (shown(field.default), field.description) for name, field in Settings.model_fields.items()
    }
    assert rows == wanted


def test_floats_and_times_carry_their_unit() -> None:
    plain = {"simulate_speed"}
    for name, field in Settings.model_fields.items():
        if field.annotation is float and name not in plain:
            assert re.search(r"_(s|ms|h)$", name), name


def test_defaults_stand_without_file_and_environment() -> None:
    settings = load_settings()
    assert (settings.scene, settings.web_port, settings.hj212_port) == ("qingliu", 8212, 9212)
    assert settings.web_host == settings.hj212_host == "127.0.0.1"
    assert settings.ledger.endswith("/var/ledger.sqlite")
    assert settings.results.endswith("/var/results.sqlite")


def test_the_environment_outweighs_the_file_and_the_command_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "park-twin.toml").write_text("web_port = 1000\nhj212_port = 1001\nplume_interval_s = 2\n")
    monkeypatch.setenv("PARK_TWIN_HJ212_PORT", "2001")
    monkeypatch.setenv("PARK_TWIN_WEB_THREADS", "8")
    settings = load_settings(web_threads=16, scene=None)
    assert (settings.web_port, settings.hj212_port, settings.plume_interval_s) == (1000, 2001, 2.0)
    assert (settings.web_threads, settings.scene) == (16, "qingliu")


def test_a_file_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text('scene = "andorra"\n')
    assert load_settings(tmp_path / "other.toml").scene == "andorra"
    with pytest.raises(SettingsError, match=r"missing\.toml") as caught:
        load_settings(tmp_path / "missing.toml")
    assert caught.value.field == "config"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("web_prot = 1\n", "web_prot"),
        ("web_port = 0\n", "web_port"),
        ("web_port = true\n", "web_port"),
        ("idle_timeout_s = nan\n", "idle_timeout_s"),
        ("idle_timeout_s = inf\n", "idle_timeout_s"),
        ("group_commit_ms = 21\n", "group_commit_ms"),
        ('language = "fr"\n', "language"),
        ("simulate_speed = 601\n", "simulate_speed"),
        ('scene = ""\n', "scene"),
        ("[web]\nport = 1\n", "web"),
    ],
)
def test_a_wrong_file_is_told_by_setting_value_and_file(tmp_path: Path, text: str, field: str) -> None:
    path = tmp_path / "park-twin.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert caught.value.field == field
    assert field in caught.value.message
    assert field in caught.value.message_zh
    assert "park-twin.toml" in caught.value.message


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "park-twin.toml").write_text("web_port = 0\nhj212_port = 70000\n")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "web_port" in caught.value.message
    assert "hj212_port" in caught.value.message


@pytest.mark.parametrize(
    ("key", "value", "field"),
    [
        ("PARK_TWIN_WEB_PROT", "1", "web_prot"),
        ("PARK_TWIN_WEB_PORT", "http", "web_port"),
        ("PARK_TWIN_SIMULATE", "perhaps", "simulate"),
        ("park_twin_plume_interval_s", "0.5", "plume_interval_s"),
    ],
)
def test_a_wrong_environment_is_told(
    monkeypatch: pytest.MonkeyPatch, key: str, value: str, field: str
) -> None:
    monkeypatch.setenv(key, value)
    with pytest.raises(SettingsError, match=f"(?i){field}") as caught:
        load_settings()
    assert caught.value.field == field


def test_a_file_that_is_no_toml_is_told(tmp_path: Path) -> None:
    (tmp_path / "park-twin.toml").write_text("web_port: 1")
    with pytest.raises(SettingsError, match="expected a TOML file"):
        load_settings()


@hypothesis_settings(max_examples=40, deadline=None)
@given(
    st.fixed_dictionaries(
        {
            "web_port": st.integers(1, 65535),
            "group_commit_ms": st.floats(0, 20),
            "simulate": st.sampled_from([None, True, False]),
            "scene": st.text(st.characters(min_codepoint=33, max_codepoint=0x9FFF), min_size=1),
            "results_retention_h": st.floats(1, 8760),
        }
    )
)
def test_a_child_gets_the_same_settings(told: dict[str, object]) -> None:
    settings = load_settings(**told)
    with pytest.MonkeyPatch.context() as patch:
        for key, value in settings.to_environment().items():
            patch.setenv(key, value)
        assert load_settings() == settings


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().web_port = 1  # type: ignore[misc]


def test_the_simulator_speaks_for_simulated_devices_of_demonstrations_only() -> None:
    settings, park = load_settings(), small_park(2)
    assert simulates(settings, park)
    assert not simulates(load_settings(simulate=False), park)
    assert not simulates(settings, dataclasses.replace(park, terrain_is_demonstration=False))
    measured = dataclasses.replace(park, devices=(device(0, origin=Origin.MEASURED),))
    assert not simulates(settings, measured)
    assert simulates(load_settings(simulate=True), measured)
