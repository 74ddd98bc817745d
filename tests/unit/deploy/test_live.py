from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from acd.deploy.live import LivePbx, read_config
from acd.deploy.plan import UserPlan
from acd.domain.errors import DeployError

ARI = UserPlan("acd", "ari-secret-1", 1)


@pytest.fixture
def serve() -> Iterator[Callable[[bytes, bytes], int]]:
    """Serve one connection: send a greeting, read a request, send an answer; gives the port."""
    threads: list[threading.Thread] = []

    def start(greeting: bytes, answer: bytes) -> int:
        listener = socket.create_server(("127.0.0.1", 0))

        def run() -> None:
            with listener, listener.accept()[0] as link:
                link.sendall(greeting)
                link.recv(4096)
                link.sendall(answer)
                link.recv(4096)

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        return int(listener.getsockname()[1])

    yield start
    for thread in threads:
        thread.join(10)


def _pbx(port: int) -> LivePbx:
    return LivePbx(str, UserPlan("acd", "ari-secret-1", port), UserPlan("acd", "ami-secret-1", port))


def test_a_login_that_works_is_an_empty_complaint(serve: Callable[[bytes, bytes], int]) -> None:
    port = serve(b"Asterisk Call Manager/11.0.0\r\n", b"Response: Success\r\nMessage: Authentication accepted\r\n\r\n")
    assert _pbx(port).ami_login() == ""


def test_a_refused_login_is_told_in_amis_words(serve: Callable[[bytes, bytes], int]) -> None:
    port = serve(b"Asterisk Call Manager/11.0.0\r\n", b"Response: Error\r\nMessage: Authentication failed\r\n\r\n")
    assert _pbx(port).ami_login() == "Authentication failed"


def test_another_service_on_the_port_is_told(serve: Callable[[bytes, bytes], int]) -> None:
    assert _pbx(serve(b"SSH-2.0-x\r\n", b"")).ami_login() == "what listens there is no AMI"


def test_nobody_listening_is_an_answer_too() -> None:
    assert _pbx(1).ami_login() == "Connection refused"
    assert _pbx(1).ari_get("/asterisk/info") == (0, None)


def test_aris_answer_is_its_status_and_json(serve: Callable[[bytes, bytes], int]) -> None:
    body = b'{"system": {"version": "22.1"}}'
    port = serve(b"", b"HTTP/1.1 200 OK\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body)
    assert _pbx(port).ari_get("/asterisk/info") == (200, {"system": {"version": "22.1"}})


def test_a_configuration_is_read_with_what_it_includes(tmp_path: Path) -> None:
    (tmp_path / "manager.d").mkdir()
    (tmp_path / "manager.conf").write_text(
        "[general](!)\nenabled = yes ; on\nbindaddr=127.0.0.1\n;port=1\n"
        "#include manager.d/*.conf\n#tryinclude nowhere.conf\n#include manager.conf\n"
    )
    (tmp_path / "manager.d/a.conf").write_text("[acd]\nsecret=semi\\;colon\nwritetimeout => 5000\n")
    assert read_config(tmp_path / "manager.conf") == {
        "general": {"enabled": "yes", "bindaddr": "127.0.0.1"},
        "acd": {"secret": "semi\\;colon", "writetimeout": "5000"},
    }


def test_a_configuration_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="cannot be read"):
        read_config(tmp_path / "ari.conf")
