from pathlib import Path

import numpy as np

from corpora.readers.clip_folder import read_clips
from corpora.readers.sound_track import on_sound_track
from tests.corpora.media.drawn import tone, write_waves
from tests.corpora.media_factory import clip_lines, write_clip_folder


def test_utterances_are_heard_on_the_chosen_track(tmp_path: Path) -> None:
    film = [line | {"file": "film.mkv"} for line in clip_lines()]
    folder = write_clip_folder(tmp_path / "clips", film)
    high, low = tone(3.0, hz=600.0), tone(3.0, hz=200.0)
    write_waves(folder / "film.mkv", [high], [low])
    source = read_clips(folder)
    second = on_sound_track(source, 2)
    for heard, wave in ((source, high), (second, low)):
        found = heard.utterances[0].sound.wave(rate_hz=16_000)
        assert found is not None
        np.testing.assert_allclose(found, wave[: len(found)], atol=1e-3)
    digests = {source.digest, second.digest, on_sound_track(source, 1).digest}
    assert len(digests) == 3
