"""Who may use the service from elsewhere, and what they may do. Pure.

On this machine alone nobody signs in. Anywhere else one of three ways says who asks: a reverse proxy in a
header, OpenID Connect, or a token of a program.
"""

import ipaddress
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from nlq.errors import SettingsError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
EVERYBODY = "*"
_GROUP = "@"


class Role(IntEnum):
    """What somebody may do; each role may do what those before it may."""

    ASKER = 1
    """Ask, and see the own questions."""
    REVIEWER = 2
    """See all questions, correct answers, and approve them."""
    ADMIN = 3
    """All that there is."""


@dataclass(frozen=True)
class Identity:
    """Who asks. `user` is None where nobody signs in, on this machine."""

    user: str | None
    role: Role
    groups: tuple[str, ...] = ()


NOBODY_SIGNS_IN = Identity(None, Role.ADMIN)


@dataclass(frozen=True)
class Proxy:
    """A reverse proxy that signs people in and says who they are in headers."""

    user_header: str
    groups_header: str | None
    trusted: tuple[Network, ...]
    """The addresses from which these headers are believed."""

    def trusts(self, address: str | None) -> bool:
        """Whether a request from `address` comes through the proxy; a Unix socket has no address."""
        try:
            found = ipaddress.ip_address(address or "")
        except ValueError:
            return False
        mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
        return any((mapped or found) in network for network in self.trusted)


@dataclass(frozen=True)
class OpenIdConnect:
    """A provider of OpenID Connect, and which of its claims say who somebody is."""

    issuer: str
    client_id: str
    client_secret: str | None = field(repr=False)
    scopes: str
    user_claim: str
    groups_claim: str


@dataclass(frozen=True)
class SignIn:
    """How people and programs sign in, and which role they get.

    `askers`, `reviewers` and `admins` name users, or groups with an `@` before them; `*` is everybody who
    signed in.
    """

    proxy: Proxy | None = None
    openid: OpenIdConnect | None = None
    token_file: Path | None = None
    askers: frozenset[str] = frozenset({EVERYBODY})
    reviewers: frozenset[str] = frozenset()
    admins: frozenset[str] = frozenset()
    public_url: str | None = None
    """The address under which people reach the service, without a slash at its end."""
    secret_key: str | None = field(default=None, repr=False)
    """What signs the cookies of sessions; None: a key that is kept in `NLQ_HOME`."""

    @property
    def required(self) -> bool:
        """Whether everybody has to sign in."""
        return bool(self.proxy or self.openid or self.token_file)

    @property
    def over_https(self) -> bool:
        """Whether people reach the service over HTTPS."""
        return (self.public_url or "").startswith("https://")

    def identity(self, user: str, groups: Collection[str] = ()) -> Identity | None:
        """Who signed in as `user` of `groups`; None for somebody who may not even ask."""
        names = {EVERYBODY, user, *(_GROUP + group for group in groups)}
        held = {Role.ADMIN: self.admins, Role.REVIEWER: self.reviewers, Role.ASKER: self.askers}
        return next(
            (Identity(user, role, tuple(groups)) for role, allowed in held.items() if names & allowed), None
        )


def names(written: str | None) -> frozenset[str]:
    """The names of a list such as `ann@example.com, @kpi-reviewers`."""
    return frozenset(name.strip() for name in (written or "").split(",") if name.strip())


def networks(setting: str, written: str) -> tuple[Network, ...]:
    """The addresses and networks of a list such as `127.0.0.1, 10.0.0.0/8`.

    Raises:
        SettingsError: one of them is none.
    """
    try:
        return tuple(ipaddress.ip_network(name, strict=False) for name in sorted(names(written)))
    except ValueError as error:
        raise SettingsError(
            f"{setting} must list addresses such as 127.0.0.1 or 10.0.0.0/8: {error}."
        ) from None


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address, can only be reached from this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check(sign_in: SignIn, host: str) -> None:
    """Refuse to listen on `host` where everybody could come in.

    Raises:
        SettingsError: nobody would have to sign in, or a sign-in would not be safe; it says how to go on.
    """
    if not sign_in.required and not is_loopback(host):
        raise SettingsError(
            f"NLQ_HOST is {host}, so that others could reach this service, but nobody would have to sign in. "
            f"Set one of {_listed(_WAYS)} (docs/signing-in.md says how), or leave NLQ_HOST out to serve this "
            "machine only."
        )
    if sign_in.openid and not sign_in.over_https and not is_loopback(host):
        raise SettingsError(
            "Set NLQ_PUBLIC_URL to the address under which people reach the service, such as "
            "https://kpis.example.com: signing in with OpenID Connect needs HTTPS."
        )


_WAYS = (
    "NLQ_PROXY_USER_HEADER for a reverse proxy with your sign-on",
    "NLQ_OIDC_ISSUER for OpenID Connect",
    "NLQ_API_TOKENS for programs alone",
)


def _listed(ways: Iterable[str]) -> str:
    *first, last = ways
    return f"{', '.join(first)} or {last}"
