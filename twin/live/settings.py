"""All settings in one place: a TOML file and the environment (``PARK_TWIN_*``).

The environment outweighs the file, and what a command is told outweighs both. Every setting
stands in docs/settings.md; a test holds the two together.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from twin.core.errors import SettingsError
from twin.core.origin import Origin
from twin.core.park import Park

ENV_PREFIX = "PARK_TWIN_"
# Read by the build hook and by commands that act in a person's name; no settings of a running park.
_OF_THE_INSTALL = frozenset({"PARK_TWIN_SKIP_VIEWER", "PARK_TWIN_TOKEN"})
DEFAULT_FILE = Path("park-twin.toml")

Port = Annotated[int, Field(ge=1, le=65535)]


class Settings(BaseSettings):
    """Settings of all processes. Times in the unit that the name says."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False
    )

    scene: str = Field(
        "qingliu",
        min_length=1,
        description="Name of a scene that comes with Park Twin, or the path of a scene folder.",
    )
    data_dir: Path = Field(
        Path("var"), description="Folder of everything that is written: ledgers, frames, bundles, passwords."
    )
    ledger_url: str = Field("", description="Data base of the ledger. Empty: ledger.sqlite in data_dir.")
    factor_letters: Path | None = Field(
        None, description="TOML file with the letter tables of factor codes (Wenzhou guide, annexes G and H)."
    )
    evidence_copy_dir: Path | None = Field(
        None,
        description="Second place of signed checkpoints; should be another disk or host. "
        "Unset: evidence-copy in data_dir.",
    )
    live_months: int = Field(
        1,
        ge=1,
        le=120,
        description="Whole months that stay in the live ledger besides the current one; older ones are moved "
        "to files.",
    )
    backup_dir: str = Field(
        "", description="Folder of the backups; better another disk. Empty: backup in data_dir."
    )
    backup_interval_h: float = Field(
        168.0, ge=1.0, le=168.0, description="Time between two automatic backups; at most a week."
    )
    backup_keep: int = Field(4, ge=1, le=1_000, description="Backups that are kept, the newest ones.")
    keep_minute_d: int = Field(
        1_100, ge=30, le=36_500, description="Days for which minute data are kept at least; not below 30."
    )
    keep_condition_d: int = Field(
        1_100, ge=365, le=36_500, description="Days for working conditions and electricity; not below 365."
    )
    keep_maintenance_d: int = Field(
        1_100, ge=730, le=36_500, description="Days for records of operation and maintenance; not below 730."
    )
    keep_calibration_d: int = Field(
        1_825, ge=1_095, le=36_500, description="Days for records of calibration and faults; not below 1095."
    )
    keep_operation_d: int = Field(
        1_100,
        ge=183,
        le=36_500,
        description="Days for records of who did what with the system; not below 183.",
    )
    language: Literal["zh", "en"] = Field(
        "zh", description="Language of messages where the reader's is not known."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe log lines that are written."
    )

    web_host: str = Field("127.0.0.1", min_length=1, description="Address that the web server listens on.")
    web_port: Port = Field(8212, description="Port of the web server.")
    web_threads: int = Field(
        128, ge=4, le=1024, description="Threads of the web server; live browsers may hold half of them."
    )

    hj212_host: str = Field(
        "127.0.0.1", min_length=1, description="Address that the HJ 212 server listens on."
    )
    hj212_port: Port = Field(9212, description="Port of the HJ 212 server.")
    max_connections: int = Field(512, ge=1, le=20_000, description="Most instrument lines at a time.")
    idle_timeout_s: float = Field(
        900.0, ge=5.0, le=86_400.0, description="A line without a byte for so long is closed."
    )
    hj212_allow: str = Field(
        "", description="Addresses and networks that may connect, with commas. Empty: all."
    )
    hj212_block: str = Field(
        "", description="Addresses and networks that may not, whatever hj212_allow says."
    )
    hj212_homes: str = Field(
        "",
        description="Where devices must come from: <MN>=<address or network>, with commas. Empty: anywhere.",
    )
    command_over_time_s: float = Field(
        5.0,
        ge=0.1,
        le=600.0,
        description="How long a station may take to answer a command before it is resent.",
    )
    command_recount: int = Field(3, ge=0, le=20, description="How often an unanswered command is resent.")
    command_result_s: float = Field(
        60.0, ge=0.5, le=3_600.0, description="Longest silence of a station while it carries out a command."
    )
    first_contact: str = Field(
        "", description="MN patterns of stations that are set up at first contact without a person asking."
    )
    gap_asking: str = Field(
        "*", description="MN patterns of stations that are asked for holes in their data. Empty: none."
    )
    gap_scan_s: float = Field(60.0, ge=0.1, le=86_400.0, description="Time between two looks for holes.")
    gap_quiet_s: float = Field(
        60.0, ge=0.0, le=86_400.0, description="How long a line must be up before it is asked for holes."
    )
    gap_lookback_h: float = Field(
        72.0, ge=1.0, le=8_760.0, description="How far back holes are looked for when ingest starts."
    )
    forward_file: str = Field(
        "", description="File with the platforms that get the packets too. Empty: forward.toml in data_dir."
    )
    group_commit_ms: float = Field(
        10.0, ge=0.0, le=20.0, description="How long the writer waits for more frames before it commits."
    )
    event_ring: int = Field(
        20_000, ge=1_000, le=1_000_000, description="Events kept for streams that resume."
    )

    mqtt_user: str = Field("", description="User at the MQTT brokers of lines.toml. Empty: none.")
    mqtt_password_file: str = Field(
        "", description="File that holds the password of `mqtt_user`, and nothing else."
    )
    mqtt_ca_file: str = Field(
        "", description="Certificates that a broker with `tls` must answer for. Empty: the system's."
    )

    plume_solver: str = Field("gaussian_puff", min_length=1, description="Row of the table of air solvers.")
    plume_interval_s: float = Field(5.0, ge=1.0, le=3_600.0, description="Time between two plume frames.")
    now_cast_interval_s: float = Field(
        60.0,
        ge=10.0,
        le=3_600.0,
        description="Time between two now-casts (beams, bands, maps) of a gas.",
    )
    forecast_interval_s: float = Field(
        300.0, ge=60.0, le=86_400.0, description="Time between two forecasts of a plume."
    )
    wind_library: Literal["build", "off"] = Field(
        "build",
        description="Wind over terrain: build the library when it is missing, or only interpolate stations.",
    )
    water_table_interval_s: float = Field(
        600.0, ge=10.0, le=86_400.0, description="Time between two water tables."
    )
    water_twin: Literal["on", "off"] = Field(
        "on",
        description="Whether the worker runs the groundwater process, where the scene has a water.toml.",
    )
    water_interval_s: float = Field(
        1_800.0, ge=60.0, le=86_400.0, description="Time between two now-casts of the groundwater."
    )
    water_members: int = Field(
        24, ge=8, le=200, description="Members of the groundwater's ensemble; the first now-cast uses 12."
    )
    water_compare_interval_h: float = Field(
        24.0, ge=1.0, le=720.0, description="Time between two comparisons of the scene's remedies."
    )
    results_retention_h: float = Field(
        72.0, ge=1.0, le=8_760.0, description="How long plume frames and water tables are kept."
    )

    simulate: bool | None = Field(
        None,
        description="Whether `run` starts the simulator. Unset: when the scene is a demonstration scene.",
    )
    simulate_speed: float = Field(
        1.0, ge=1.0, le=600.0, description="How many times faster than real time the simulated park lives."
    )
    simulate_back_h: float = Field(
        2.0,
        ge=0.0,
        le=720.0,
        description="How far in the past the simulated park starts; never before what the ledger holds.",
    )
    simulate_event_every_h: float = Field(
        1.0, ge=0.1, le=720.0, description="One large simulated release falls somewhere in every such span."
    )
    simulate_seed: int = Field(1, ge=0, description="Seed of the simulated park.")

    @property
    def ledger(self) -> str:
        """URL of the ledger."""
        return self.ledger_url or _file_url(self.data_dir / "ledger.sqlite")

    @property
    def results(self) -> str:
        """URL of the result ledger."""
        return _file_url(self.data_dir / "results.sqlite")

    @property
    def evidence_copy(self) -> Path:
        """Folder of the copy of all checkpoints."""
        return self.evidence_copy_dir or self.data_dir / "evidence-copy"

    @property
    def forward_targets(self) -> Path:
        """File with the targets of forwarding."""
        return Path(self.forward_file) if self.forward_file else self.data_dir / "forward.toml"

    @property
    def archive(self) -> Path:
        """Folder of the months that were moved to files."""
        return self.data_dir.absolute() / "archive"

    @property
    def backups(self) -> Path:
        """Folder of the backups."""
        return Path(self.backup_dir).absolute() if self.backup_dir else self.data_dir.absolute() / "backup"

    @property
    def passwords_file(self) -> Path:
        """File with one password per device."""
        return self.data_dir / "passwords.toml"

    def to_environment(self) -> dict[str, str]:
        """The same settings as environment variables, for a child process."""
        values = self.model_dump(mode="json", exclude_none=True)
        return {f"{ENV_PREFIX}{name.upper()}": _env_text(value) for name, value in values.items()}

    @field_validator("*", mode="before")
    @classmethod
    def _no_bool_as_number(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, bool) and info.field_name != "simulate":
            msg = "true and false are not values of this setting"
            raise ValueError(msg)
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What the command is told, then the environment; ``load_settings`` reads the file."""
        return init_settings, env_settings


def load_settings(config: Path | None = None, **told: Any) -> Settings:
    """Settings from a file, the environment and what a command was told.

    ``config`` None: ``park-twin.toml`` in the present folder, if there is one. Values of ``told``
    that are None count as not told. Raises SettingsError that names the setting and its value.
    """
    from_file, source = _read_file(config)
    spoken = {name: value for name, value in told.items() if value is not None}
    in_environment = _environment_names()
    values = {name: value for name, value in from_file.items() if name not in in_environment} | spoken
    try:
        return Settings(**values)
    except ValidationError as error:
        raise _settings_error(error.errors(), from_file=set(values) - set(spoken), file=source) from None


def simulates(settings: Settings, park: Park) -> bool:
    """Whether the simulator belongs to this park's processes.

    Unless the setting says so, only in a demonstration scene, and only where the scene has devices
    whose origin is ``simulated``: the simulator speaks for no other.
    """
    if settings.simulate is not None:
        return settings.simulate
    return park.terrain_is_demonstration and any(row.origin is Origin.SIMULATED for row in park.devices)


def _read_file(config: Path | None) -> tuple[dict[str, Any], str]:
    path = config or DEFAULT_FILE
    if config is None and not path.is_file():
        return {}, ""
    try:
        return tomllib.loads(path.read_text("utf-8")), str(path)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(
            f"settings file {path} cannot be read: {error}; expected a TOML file",
            message_zh=f"设置文件 {path} 无法读取：{error}；应为 TOML 文件",
            field="config",
            value=str(path),
            source=str(path),
        ) from None


def _environment_names() -> set[str]:
    """Names of the settings that the environment gives. Raises SettingsError for unknown ones."""
    names = {key.upper().removeprefix(ENV_PREFIX).lower(): key for key in os.environ if _is_ours(key)}
    for name, key in names.items():
        if name not in Settings.model_fields:
            raise SettingsError(
                f"environment variable {key} is no setting; settings are {', '.join(Settings.model_fields)}",
                message_zh=f"环境变量 {key} 不是有效设置",
                field=name,
                value=os.environ[key],
                source="environment",
            )
    return set(names)


def _is_ours(key: str) -> bool:
    return key.upper().startswith(ENV_PREFIX) and key.upper() not in _OF_THE_INSTALL


def _settings_error(errors: list[ErrorDetails], *, from_file: set[str], file: str) -> SettingsError:
    lines, lines_zh = [], []
    for row in errors:
        name = str(row["loc"][0]) if row["loc"] else ""
        origin = f" ({file})" if name in from_file else ""
        if row["type"] == "extra_forbidden":
            lines.append(f"setting {name!r} is unknown{origin}")
            lines_zh.append(f"未知设置 {name!r}{origin}")
            continue
        lines.append(f"setting {name} = {row['input']!r}{origin}: {row['msg']}")
        lines_zh.append(f"设置 {name} = {row['input']!r}{origin} 无效：{row['msg']}")
    first = errors[0]
    return SettingsError(
        "; ".join(lines),
        message_zh="；".join(lines_zh),
        field=str(first["loc"][0]) if first["loc"] else "",
        value=first["input"],
        source=file,
    )


def _file_url(path: Path) -> str:
    return f"sqlite:///{path.absolute()}"


def _env_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
