"""The codecs of PyAV: those that videos of telephones and cameras need, and our own drawn clips."""

from collections.abc import Iterator

from orchestrator.doctor.finding import Finding, Wanted

DECODERS = {
    **{name: name for name in ("h264", "hevc", "vp8", "vp9")},
    "av1": "libdav1d",  # FFmpeg's own needs a GPU
    **{name: name for name in ("mpeg4", "mjpeg", "aac", "opus", "vorbis", "mp3", "flac", "alac")},
    **{name: name for name in ("ac3", "eac3", "amrnb", "pcm_s16le")},
}
"""The decoder of each kind of pictures and sound that files of users have."""

ENCODERS = ("libx264", "aac")
"""What the synthetic corpus is written with."""

REPAIR = "install a wheel of PyAV (`pip install --force-reinstall av`): those have all of them"


def look_at_codecs(_wanted: Wanted) -> Iterator[Finding]:
    """Ask PyAV for each."""
    try:
        import av
        from av.codec.codec import UnknownCodecError
    except ImportError as error:
        yield Finding(
            subject="codecs",
            level="problem",
            text=f"PyAV cannot be loaded: {error}",
            advice="install the versions of requirements.lock again",
        )
        return

    def lacks(name: str, mode: str) -> bool:
        try:
            av.codec.Codec(name, "r" if mode == "r" else "w")
        except UnknownCodecError:
            return True
        return False

    unread = [kind for kind, name in DECODERS.items() if lacks(name, "r")]
    unwritten = [name for name in ENCODERS if lacks(name, "w")]
    if unread:
        yield Finding(
            subject="codecs",
            level="note",
            text=f"PyAV {av.__version__} cannot read {', '.join(unread)}: such clips are rejected",
            advice=REPAIR,
        )
    if unwritten:
        yield Finding(
            subject="codecs",
            level="problem",
            text=f"PyAV {av.__version__} cannot write {', '.join(unwritten)}, and so not make the "
            "synthetic corpus",
            advice=REPAIR,
        )
    if not unread and not unwritten:
        yield Finding(
            subject="codecs", level="ok", text=f"PyAV {av.__version__} reads {', '.join(DECODERS)}"
        )
