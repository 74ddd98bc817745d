"""Other systems from the operator's file, and what is wrong with them."""

from __future__ import annotations

import pytest

from acd.domain.data import Header
from acd.settings import load
from acd.settings.values import DataHost, Secret
from tests.unit.settings.conftest import Deployment
from tests.unit.settings.test_loader import ENV, mistakes

DATA = """
data:
  hosts:
    api.example.go.id: {}
    127.0.0.1:8170: {scheme: http, internal: true, failures: 3, pause: 5s, connections: 4}
    "[::1]:8171": {scheme: http, internal: true}
  secrets:
    crm_key: {value_env: ACD_CRM_KEY}
  webhooks:
    kasus: {url: "http://127.0.0.1:8170/events"}
    crm:
      url: https://api.example.go.id/events
      headers: {X-Source: acd}
      secret_headers: {Authorization: {secret: crm_key, prefix: "Bearer "}}
"""


def give(sample: Deployment, data: str) -> None:
    """Put another ``data`` section in the place of the sample's."""
    path = sample.config / "acd.yaml"
    text = path.read_text(encoding="utf-8")
    begin = text.index("\ndata:\n")
    path.write_text(text[:begin] + text[text.index("\npause_reasons:") :] + data, encoding="utf-8")


@pytest.fixture
def asking(sample: Deployment) -> Deployment:
    give(sample, DATA)
    return sample


def test_hosts_secrets_and_webhooks_reach_the_client(asking: Deployment) -> None:
    data = load(asking.config, asking.flows, {**ENV, "ACD_CRM_KEY": "k3y"}).data
    assert data.hosts == (
        DataHost("api.example.go.id", "https", "api.example.go.id", 443),
        DataHost("127.0.0.1:8170", "http", "127.0.0.1", 8170, internal=True, failures=3, pause_s=5.0, connections=4),
        DataHost("[::1]:8171", "http", "::1", 8171, internal=True),
    )
    assert data.secrets == {"crm_key": Secret("k3y")}
    assert data.webhooks["crm"].headers == (Header("X-Source", "acd"), Header("Authorization", "Bearer ", "crm_key"))


def test_a_secret_that_is_not_there_is_a_mistake_at_its_place(asking: Deployment) -> None:
    (told,) = mistakes(asking, ENV)
    assert "data.secrets.crm_key.value_env: the environment variable ACD_CRM_KEY is not set" in told


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"[::1]:8171":', '"http://[::1]:8171":', "must be a host such as"),
        ("api.example.go.id: {}", "api.example.go.id: {}\n    API.example.go.id:443: {}", "is the same as"),
        ('"[::1]:8171"', "localhost:99999", "the port must be 1 to 65535"),
        ("internal: true, failures: 3", "internal: perhaps", "must be true or false"),
        ("{value_env: ACD_CRM_KEY}", "{}", "needs exactly one of value_env and value_file"),
        ("{value_env: ACD_CRM_KEY}", "{value_env: A, value_file: b}", "needs exactly one of value_env and value_file"),
        ("https://api.example.go.id/events", "https://api.example.com/events", "is none of the hosts"),
        ("https://api.example.go.id/events", "http://api.example.go.id:443/events", "it is asked over https"),
        ("https://api.example.go.id/events", "https://api.example.go.id@evil.test/", "a user does not belong"),
        ("https://api.example.go.id/events", "/events", "must be https://HOST/"),
        ("https://api.example.go.id/events", "'https://{{ x }}.go.id/'", "the host is written out"),
        ("{X-Source: acd}", "{Host: acd}", "Host follows from the request"),
        ("{X-Source: acd}", "{authorization: acd}", "Authorization is there twice"),
        ("{X-Source: acd}", '{X-Source: "a\\nb"}', "one line of printable text"),
        ("{X-Source: acd}", "{X Source: acd}", "must be a header's name"),
        ("secret: crm_key, ", "secret: crm_kez, ", "unknown secret 'crm_kez'; did you mean 'crm_key'?"),
    ],
)
def test_a_slip_in_data_is_one_message(asking: Deployment, old: str, new: str, expected: str) -> None:
    asking.change("acd.yaml", old, new)
    told = mistakes(asking)
    assert len(told) == 1, told
    assert expected in told[0]
