"""Signals end the set-up by one name, whatever was under way."""

from __future__ import annotations

import os
import signal

import pytest

from acd.demo.session import Stopped, stoppable


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_the_set_up_is_a_wish_to_stop(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(Stopped), stoppable():
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before
