from __future__ import annotations

import pytest

from acd.telephony.ami import AmiConfig, AmiEvent, AmiRefused
from acd.telephony.ami.messages import MAX_LINE, check_headers, whole_number


def test_limits_that_cannot_work_are_refused_when_configured() -> None:
    with pytest.raises(AmiRefused):
        AmiConfig(host="h", port=1, username="u", secret="s\r\nEvents: off")


def test_the_secret_does_not_show_in_a_configuration_nor_a_number_in_an_event() -> None:
    assert "hush" not in repr(AmiConfig(host="h", port=1, username="u", secret="hush"))
    assert "0812" not in repr(AmiEvent("Newchannel", {"CallerIDNum": "0812"}))


def test_a_line_as_long_as_asterisk_reads_is_sent_and_one_octet_more_is_refused() -> None:
    room = MAX_LINE - len("Variable: ")
    assert check_headers("Originate", {"Variable": "x" * room}) == {"Variable": "x" * room}
    with pytest.raises(AmiRefused, match="longer"):
        check_headers("Originate", {"Variable": "é" + "x" * (room - 1)})


@pytest.mark.parametrize("name", ["", "Orig inate", "Ping\r\nAction: Logoff", "Píng"])
def test_an_action_whose_name_is_no_word_is_refused(name: str) -> None:
    with pytest.raises(AmiRefused):
        check_headers(name, {})


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("16", 16), ("999999999", 999999999), ("9" * 10, None), ("9" * 5000, None),
                         ("", None), ("-1", None), ("1.5", None), ("²", None), ("\u0661", None)],
)  # fmt: skip
def test_a_number_has_at_most_nine_digits_of_ascii(text: str, number: int | None) -> None:
    assert whole_number(text) == number
