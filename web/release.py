"""Which release this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

DISTRIBUTION = "park-twin"
FROM_CHECKOUT = "0+checkout"


def release() -> str:
    """Version of the installed package; ``0+checkout`` when it runs uninstalled from its folder."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return FROM_CHECKOUT
