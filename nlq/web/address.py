"""Where the service of a home folder listens, so that the command line can ask it."""

from pathlib import Path

_FILE = "server.url"


def url(host: str, port: int) -> str:
    """The address of a service on `host` and `port`; IPv6 addresses get their brackets."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def publish(home: Path, where: str) -> None:
    """Note that the service of `home` listens at `where`."""
    home.mkdir(parents=True, exist_ok=True)
    (home / _FILE).write_text(where, encoding="utf-8")


def withdraw(home: Path) -> None:
    """Note that the service of `home` listens no more."""
    (home / _FILE).unlink(missing_ok=True)


def published(home: Path) -> str | None:
    """Where the service of `home` listens, or did before it was killed; None if nowhere."""
    try:
        return (home / _FILE).read_text(encoding="utf-8").strip() or None
    except OSError:
        return None
