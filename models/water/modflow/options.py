"""Which packages and options of MODFLOW 6 are computed here; everything else is refused by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# Options that say what is printed, saved or called, and change no number of the answer.
_SILENT = frozenset(
    {
        *("print_input", "print_flows", "save_flows", "boundnames", "export_array_ascii", "list"),
        *(
            "export_array_netcdf",
            "save_specific_discharge",
            "save_saturation",
            "nogrb",
            "crs",
            "ncf_filerecord",
        ),
        *("print_option", "continue_", "start_date_time", "calculate_lake_type", "memory_print_option"),
        *("profile_option", "maxerrors", "nocheck", "obs_filerecord", "obs_package", "print_concentration"),
        *("export_array_binary", "grb_filerecord", "grb6_filerecord", "dev_write_grb", "write_grb"),
        *("cim_filerecord", "sorbate_filerecord", "budget_filerecord", "budgetcsv_filerecord"),
        *("netcdf_structured_filerecord", "netcdf_mesh2d_filerecord", "netcdf_filerecord", "print_table"),
        *("nc_mesh2d_filerecord", "nc_structured_filerecord"),
    }
)
# Options that are understood.
_KNOWN: dict[str, frozenset[str]] = {
    "tdis": frozenset({"time_units"}),
    "dis": frozenset({"length_units", "xorigin", "yorigin", "angrot"}),
    "npf": frozenset({"k22overk", "k33overk", "thickstrt"}),
    "sto": frozenset({"storagecoefficient"}),
    "chd": frozenset({"auxiliary"}),
    "wel": frozenset({"auxiliary"}),
    "riv": frozenset({"auxiliary"}),
    "drn": frozenset({"auxiliary"}),
    "ghb": frozenset({"auxiliary"}),
    "rch": frozenset({"auxiliary"}),
    "rcha": frozenset({"auxiliary", "readasarrays"}),
    "evt": frozenset({"auxiliary"}),
    "evta": frozenset({"auxiliary", "readasarrays"}),
    "hfb": frozenset(),
    "ic": frozenset(),
    "adv": frozenset({"scheme"}),
    "dsp": frozenset({"xt3d_off"}),
    "mst": frozenset({"first_order_decay", "sorption"}),
    "ist": frozenset(),
    "ssm": frozenset(),
    "cnc": frozenset({"auxiliary"}),
    "src": frozenset({"auxiliary"}),
    "nam": frozenset({"newtonoptions"}),
}
FLOW_PACKAGES = frozenset(
    {"dis", "ic", "npf", "sto", "chd", "wel", "riv", "drn", "ghb", "rch", "rcha", "evt", "evta", "hfb"}
)
TRANSPORT_PACKAGES = frozenset({"dis", "ic", "adv", "dsp", "mst", "ist", "ssm", "cnc", "src"})
# Output control and observations do not change the answer.
_ASIDE = frozenset({"oc", "obs", "nam", "ims", "tdis", "ncf"})


def unsupported(model: Any, packages: frozenset[str]) -> list[str]:
    """Packages and options of a model that are not computed here, as ``package.option``."""
    found: list[str] = []
    for package in model.packagelist:
        kind = package.package_type
        if kind in _ASIDE:
            continue
        if kind not in packages:
            found.append(kind)
            continue
        found += unknown_options(package)
    found += unknown_options(model.name_file, kind="nam")
    return found


def unknown_options(package: Any, kind: str = "") -> list[str]:
    """Options of one package that are not computed here."""
    kind = kind or package.package_type
    block = package.blocks.get("options")
    if block is None:
        return []
    known = _KNOWN.get(kind, frozenset()) | _SILENT
    return [f"{kind}.{name}" for name, data in block.datasets.items() if name not in known and _is_set(data)]


def _is_set(data: Any) -> bool:
    """Whether an option has a value. A keyword that is False was not given."""
    if not hasattr(data, "get_data"):  # a container of a child package, such as time series
        packages: Sequence[Any] = getattr(data, "_packages", ())
        return bool(packages)
    value = data.get_data()
    if value is None or value is False:
        return False
    return not (hasattr(value, "__len__") and len(value) == 0)
