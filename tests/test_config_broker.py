"""[broker] host: what a resolver can be asked for, and nothing else."""

from pathlib import Path

import pytest

from gated import config
from gated.errors import ConfigError
from tests.test_config import SMALLEST


def loaded(folder: Path, host: str) -> config.Config:
    path = folder / "gated.toml"
    path.write_text(f"{SMALLEST}[broker]\nhost = '{host}'\n", "utf-8")
    return config.load(path)


@pytest.mark.parametrize(
    "host",
    ["broker", "broker.example", "broker.example.", "b_1", "192.0.2.7", "::1", "fe80::1%eth0"],
)
def test_a_host_name_or_an_address_is_taken_as_written(tmp_path: Path, host: str) -> None:
    section = loaded(tmp_path, host).broker
    assert section is not None
    assert section.host == host


@pytest.mark.parametrize(
    "host", ["", ".", "a..b", "-a", "a b", "mqtt://b", "b:1883", "192.0.2.700", "x" * 64]
)
def test_a_host_no_resolver_can_be_asked_for_is_refused_with_its_name(
    tmp_path: Path, host: str
) -> None:
    with pytest.raises(ConfigError, match="neither a host name") as caught:
        loaded(tmp_path, host)
    assert f'[broker] host: "{host}"' in str(caught.value)
