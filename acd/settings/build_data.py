"""What ``data`` of acd.yaml becomes for the client of other systems.

Decides nothing; must not read a secret.
"""

from __future__ import annotations

from collections.abc import Mapping

from acd.domain.data import Header
from acd.settings.data_checks import origin
from acd.settings.data_file import DataSection, SecretHeaderSection
from acd.settings.values import DataHost, DataSettings, Secret, Webhook


def data_settings(section: DataSection, secrets: Mapping[str, Secret]) -> DataSettings:
    """The settings of a section that holds no mistake."""
    return DataSettings(
        hosts=tuple(
            DataHost(name, *origin(name, host), host.internal, host.failures, host.pause, host.connections)
            for name, host in section.hosts.items()
        ),
        secrets=dict(secrets),
        webhooks={
            name: Webhook(name, hook.url, headers_of(hook.headers, hook.secret_headers), hook.timeout)
            for name, hook in section.webhooks.items()
        },
        most_bytes=section.most_bytes,
    )


def headers_of(plain: Mapping[str, str], secret: Mapping[str, SecretHeaderSection]) -> tuple[Header, ...]:
    """Headers as a request has them."""
    return (
        *(Header(name, text) for name, text in plain.items()),
        *(Header(name, section.prefix or "", section.secret) for name, section in secret.items()),
    )
