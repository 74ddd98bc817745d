from __future__ import annotations

import array
import io
import wave

from acd.deploy.melody import melody


def test_the_melody_is_a_telephone_sound_that_is_heard_and_never_clips() -> None:
    with wave.open(io.BytesIO(melody()), "rb") as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
        samples = array.array("h", sound.readframes(sound.getnframes()))
    assert 2000 < max(samples) < 16000
    for start in range(0, len(samples), 8000):
        assert max(samples[start : start + 8000]) > 500


def test_the_melody_is_the_same_each_time() -> None:
    assert melody() == melody()
