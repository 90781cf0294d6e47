import socket
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from corpora.media.duration import read_duration_s
from corpora.media.frames import read_frames
from corpora.media.sound import read_sound
from corpora.source.errors import MediaError
from corpora.source.rejects import RejectReason
from tests.corpora.media.drawn import number_in, numbered, tone, write_frames, write_waves


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


@pytest.mark.parametrize(
    "name",
    ["http:127.0.0.1:{port}?q.mp4", "tcp:127.0.0.1:{port}", "concat:a.mp4|b.mp4", "file:a%20b.mp4"],
)
def test_name_that_looks_like_an_address_is_the_name_of_a_file(
    name: str, server: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(name.format(port=server.getsockname()[1]))
    write_frames(Path("plain.mp4"), map(numbered, (7, 7, 7))).rename(path)
    assert [number_in(frame) for frame in read_frames(path, [0.0])] == [7]
    assert read_duration_s(path) > 0
    path.write_bytes(b"this is no video")
    with pytest.raises(MediaError):
        read_duration_s(path)
    with pytest.raises(BlockingIOError):  # nobody has connected
        server.accept()


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{media}\n#EXT-X-ENDLIST\n",
    "hls after a mark": "\ufeff#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{media}\n",
    "concat": "ffconcat version 1.0\nfile '{media}'\n",
    "dash": '<?xml version="1.0"?>\n<MPD><Period><BaseURL>{media}</BaseURL></Period></MPD>',
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 97\n",
}


@pytest.mark.parametrize("suffix", [".m3u8", ".mp4", ".txt"])
@pytest.mark.parametrize("kind", PLAYLISTS)
def test_playlist_is_refused_by_its_content(kind: str, suffix: str, tmp_path: Path) -> None:
    media = write_frames(tmp_path / "media.ts", map(numbered, range(3)))
    path = tmp_path / f"list{suffix}"
    path.write_text(PLAYLISTS[kind].format(media=media), encoding="utf-8")
    for read in (
        lambda: list(read_frames(path, [0.0])),
        lambda: read_sound(path, 0.0, 1.0, rate_hz=16_000),
        lambda: read_duration_s(path),
    ):
        with pytest.raises(MediaError, match="it is a playlist") as caught:
            read()
        assert caught.value.reason == RejectReason.UNREADABLE


def test_list_that_is_not_known_as_one_plays_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpora.media.container._PLAYLISTS", (b"nothing",))
    media = write_frames(tmp_path / "media.ts", map(numbered, range(50)))
    path = tmp_path / "list.m3u8"
    path.write_text(PLAYLISTS["hls"].format(media=media), encoding="utf-8")
    with pytest.raises(MediaError):
        list(read_frames(path, [0.0]))
    with av.open(str(path)) as container:  # FFmpeg would
        assert container.format.name == "hls"


def test_cover_of_a_record_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    with av.open(str(path), "w") as container:
        sound = container.add_stream("mp3", rate=16_000, layout="mono")
        cover = container.add_stream("mjpeg", rate=1)
        assert isinstance(sound, av.AudioStream)
        assert isinstance(cover, av.VideoStream)
        cover.height, cover.width, cover.pix_fmt = 64, 128, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        container.mux(cover.encode(av.VideoFrame.from_ndarray(numbered(7), format="rgb24")))
        container.mux(cover.encode(None))
        for begin in range(0, 16_000, 1_000):
            block = tone(1.0)[None, begin : begin + 1_000]
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 16_000, begin
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    with av.open(str(path)) as container:
        assert len(container.streams.video) == 1
    assert read_sound(path, 0.0, 1.0, rate_hz=16_000) is not None
    with pytest.raises(MediaError) as caught:
        list(read_frames(path, [0.0]))
    assert caught.value.reason == RejectReason.NO_VIDEO


def test_metadata_that_is_no_text_does_not_matter(tmp_path: Path) -> None:
    path = write_waves(tmp_path / "sound.mkv", [tone(0.5)], languages=("XQX",))
    path.write_bytes(path.read_bytes().replace(b"XQX", b"\xff\xfe\xfd"))
    assert read_sound(path, 0.0, 0.5, rate_hz=16_000) is not None
