"""Who may open a line: address lists, lines and new lines per address, bytes and frames per address.

Everything here is bounded: an address that has no line and whose allowances are full again is forgotten.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from sensors.contract import LineLimits, Registry
from twin.core.device import Device
from twin.core.errors import SettingsError

Network = IPv4Network | IPv6Network
_MOST_ADDRESSES = 4096
_STRIKES = 20.0
_STRIKE_FORGIVEN_S = 10.0
_MINUTE_S = 60.0


class Pace:
    """Token bucket: one second's worth of frames may come at once."""

    def __init__(self, per_s: float, now_s: float, burst: float | None = None) -> None:
        self._per_s = per_s
        self._burst = per_s if burst is None else burst
        self._tokens = self._burst
        self._at_s = now_s

    def wait_s(self, frames: float, now_s: float) -> float:
        """How long to stop reading after this many frames."""
        self._refill(now_s)
        self._tokens -= frames
        return max(0.0, -self._tokens / self._per_s)

    def take(self, now_s: float) -> bool:
        """Whether one more may come now."""
        self._refill(now_s)
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

    def is_full(self, now_s: float) -> bool:
        """Whether nothing was taken for so long that the bucket tells nothing any more."""
        self._refill(now_s)
        return self._tokens >= self._burst

    def _refill(self, now_s: float) -> None:
        self._tokens = min(self._burst, self._tokens + (now_s - self._at_s) * self._per_s)
        self._at_s = now_s


@dataclass(slots=True)
class Address:
    """What one address has taken. ``known``: lines of it on which a known device has spoken."""

    new: Pace
    frames: Pace
    bytes: Pace
    strange: Pace
    lines: int = 0
    known: int = 0
    strikes: float = 0.0
    struck_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressLists:
    """Addresses that may connect (empty: all), that may not (heavier), and where a device must come from."""

    allow: tuple[Network, ...] = ()
    block: tuple[Network, ...] = ()
    homes: Mapping[str, tuple[Network, ...]] = field(default_factory=dict)

    def admits(self, host: str) -> bool:
        """Whether an address may have a line. What is no address is not admitted where there is a list."""
        if not self.allow and not self.block:
            return True
        found = _address(host)
        if found is None or _inside(found, self.block):
            return False
        return not self.allow or _inside(found, self.allow)

    def is_home(self, mn: str, host: str) -> bool:
        """Whether a device may speak from an address; one without an entry may from everywhere."""
        homes = self.homes.get(mn)
        if homes is None:
            return True
        found = _address(host)
        return found is not None and _inside(found, homes)


class HomeRegistry:
    """A registry as one address sees it: devices that belong elsewhere are strangers here."""

    def __init__(self, registry: Registry, lists: AddressLists, host: str) -> None:
        self._registry = registry
        self._lists = lists
        self._host = host

    def device(self, mn: str) -> Device | None:
        """Registered device that may speak from here, or None."""
        return self._registry.device(mn) if self._lists.is_home(mn, self._host) else None

    def password(self, mn: str) -> str | None:
        """Password of a device; None means that any is taken."""
        return self._registry.password(mn)

    def passwords(self, mn: str) -> tuple[str, ...]:
        """All that are taken from a device now; empty means any."""
        return self._registry.passwords(mn)

    def sm4_key(self, mn: str) -> bytes | None:
        """SM4 key for what is sent to a device, or None."""
        return self._registry.sm4_key(mn)

    def sm4_keys(self, mn: str) -> tuple[bytes, ...]:
        """SM4 keys for what comes from a device."""
        return self._registry.sm4_keys(mn)


class Door:
    """Decides on new lines and keeps the allowances of all addresses."""

    def __init__(self, limits: LineLimits, lists: AddressLists | None = None) -> None:
        self._limits = limits
        self.lists = lists or AddressLists()
        self._addresses: OrderedDict[str, Address] = OrderedDict()

    def address(self, host: str, now_s: float) -> Address:
        """Allowances of an address."""
        found = self._addresses.get(host)
        if found is None:
            self._forget(now_s)
            found = self._addresses[host] = self._fresh(now_s)
        self._addresses.move_to_end(host)
        return found

    def refusal(self, host: str, now_s: float) -> str:
        """Why an address may not open another line now; empty when it may."""
        if not self.lists.admits(host):
            return "address is not on the list"
        row = self.address(host, now_s)
        if not row.new.take(now_s):
            return "too many new connections"
        if self._struck(row, now_s) >= _STRIKES and not row.known:
            return "nothing but noise from this address"
        return ""

    def strike(self, host: str, now_s: float) -> None:
        """A line of this address was closed because of noise."""
        row = self.address(host, now_s)
        row.strikes = self._struck(row, now_s) + 1.0
        row.struck_s = now_s

    def _fresh(self, now_s: float) -> Address:
        limits = self._limits
        return Address(
            new=Pace(limits.max_new_per_s, now_s, float(limits.max_new_burst)),
            frames=Pace(limits.address_frames_per_s, now_s),
            bytes=Pace(limits.address_bytes_per_s, now_s),
            strange=Pace(limits.max_strange_per_min / _MINUTE_S, now_s, float(limits.max_strange_per_min)),
        )

    @staticmethod
    def _struck(row: Address, now_s: float) -> float:
        return max(0.0, row.strikes - (now_s - row.struck_s) / _STRIKE_FORGIVEN_S)

    def _forget(self, now_s: float) -> None:
        """Drop the address that was quiet for longest, without a line, when there are too many."""
        if len(self._addresses) < _MOST_ADDRESSES:
            return
        idle = next((host for host, row in self._addresses.items() if not row.lines), None)
        if idle is not None:
            del self._addresses[idle]


def networks_of(text: str, *, field_name: str) -> tuple[Network, ...]:
    """Networks of a list such as ``10.0.0.0/8, 192.168.1.7``. Raises SettingsError naming the entry."""
    return tuple(_network(part.strip(), field_name) for part in text.split(",") if part.strip())


def homes_of(text: str, *, field_name: str) -> dict[str, tuple[Network, ...]]:
    """Homes of devices of a list such as ``<MN>=10.0.0.7, <MN>=10.1.0.0/16``; an MN may stand repeatedly."""
    homes: dict[str, tuple[Network, ...]] = {}
    for part in text.split(","):
        if not part.strip():
            continue
        mn, found, network = part.partition("=")
        if not found or not mn.strip():
            raise _bad_entry(part.strip(), field_name, "<MN>=<address or network>")
        homes[mn.strip()] = (*homes.get(mn.strip(), ()), _network(network.strip(), field_name))
    return homes


def _network(text: str, field_name: str) -> Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise _bad_entry(text, field_name, "an address or a network such as 10.0.0.0/8") from None


def _bad_entry(text: str, field_name: str, expected: str) -> SettingsError:
    return SettingsError(
        f"setting {field_name} holds {text!r}; expected {expected}",
        message_zh=f"设置 {field_name} 中的 {text!r} 无效；应为 {expected}",
        field=field_name,
        value=text,
    )


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _inside(address: IPv4Address | IPv6Address, networks: tuple[Network, ...]) -> bool:
    return any(address.version == row.version and address in row for row in networks)
