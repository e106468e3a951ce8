"""A PostgreSQL server of our own in a new folder: reached through a socket, gone afterwards.

Debian's package `postgresql` brings the programs. The server refuses to run as root, so it then
runs as the user the package made, or as nobody.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final, Self

import psycopg
import pytest

PROGRAMS: Final = Path("/usr/lib/postgresql")
LIMIT_S: Final = 60.0
USER: Final = "hub"
FASTER: Final = ("fsync=off", "full_page_writes=off", "shared_buffers=16MB", "listen_addresses=")


def _newest() -> Path | None:
    found = sorted(PROGRAMS.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else None


needs_postgresql = pytest.mark.skipif(
    _newest() is None, reason=f"no PostgreSQL server in {PROGRAMS}; apt-get install postgresql"
)


class PostgreSQL:
    """The server, from entering to leaving; database() makes an empty database."""

    def __init__(self) -> None:
        programs = _newest()
        assert programs is not None
        self._programs = programs
        self._made = 0

    def __enter__(self) -> Self:
        # A folder of pytest is closed to other users, and its path too long for a socket.
        self._folder = Path(tempfile.mkdtemp(prefix="gated-pg-"))
        if os.geteuid() == 0:
            user = _user()
            os.chown(self._folder, user.pw_uid, user.pw_gid)
        data = str(self._folder / "data")
        self._run("initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync")
        options = " ".join(f"-c {rule}" for rule in (*FASTER, f"unix_socket_directories={self.at}"))
        log = str(self._folder / "log")
        self._run("pg_ctl", "-D", data, "-w", "-l", log, "-o", options, "start")
        return self

    def __exit__(self, *_: object) -> None:
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-w", "-m", "immediate", "stop")
        shutil.rmtree(self._folder)

    @property
    def at(self) -> Path:
        """The folder of the server's socket."""
        return self._folder

    def database(self) -> str:
        """Return the URL of a new, empty database, as it stands in hub.toml."""
        self._made += 1
        name = f"gates{self._made}"
        with psycopg.connect(
            host=str(self.at), user=USER, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return f"postgresql+psycopg://{USER}@/{name}?host={self.at}"

    def _run(self, program: str, *words: str) -> None:
        as_user: dict[str, Any] = {}
        if os.geteuid() == 0:
            user = _user()
            as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        subprocess.run(
            [str(self._programs / program), *words],
            check=True,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=LIMIT_S,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            **as_user,
        )


def _user() -> pwd.struct_passwd:
    known = {user.pw_name: user for user in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]
