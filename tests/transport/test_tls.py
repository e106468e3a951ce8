"""Mutual TLS against a real Mosquitto: the certificate's name is who we are."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gated.errors import TransportDown
from gated.transport.mqtt import BrokerSettings, MqttLink, tls_context
from tests.support.broker import Broker
from tests.support.certificates import Authority
from tests.support.sync import Gate, Worker, hub
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker
CONFIGURATION = """\
cafile {ca}
certfile {certificate}
keyfile {key}
require_certificate true
use_identity_as_username true
"""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def broker(tmp_path: Path, authority: Authority) -> Iterator[Broker]:
    certificate, key = authority.issue("broker")
    extra = CONFIGURATION.format(ca=authority.path, certificate=certificate, key=key)
    with Broker(tmp_path, extra) as running:
        yield running


def settings(broker: Broker, authority: Authority, name: str) -> BrokerSettings:
    certificate, key = authority.issue(name)
    return replace(broker.settings, tls=True, ca=authority.path, cert=certificate, key=key)


def test_events_travel_over_mutual_tls(
    tmp_path: Path, broker: Broker, authority: Authority
) -> None:
    with (
        Worker(hub(tmp_path, settings(broker, authority, "hub-1"))),
        Gate(tmp_path / "g", settings(broker, authority, "north-1")) as gate,
    ):
        gate.record(250)
        wait_until(gate.drained, what="the backlog to drain")


def test_a_broker_of_another_authority_is_refused(
    tmp_path: Path, broker: Broker, authority: Authority
) -> None:
    stranger = replace(settings(broker, authority, "north-1"), ca=Authority(tmp_path, "other").path)
    link = MqttLink(stranger, "north-1", lambda _: None, context=tls_context(stranger))
    with pytest.raises(TransportDown, match="certificate verify failed"):
        link.open()
    link.close()
