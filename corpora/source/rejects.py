"""What can be wrong with an utterance: a reject is left out, an utterance with a remark is kept."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from corpora.source.split import Split


class RejectReason(StrEnum):
    """Why an utterance cannot be used at all.

    unreadable: a file cannot be decoded.
    no_video: its file has no video stream.
    outside_the_file: it lies completely after the end of its video.
    too_large: a picture has too many pixels, or it lasts too long (`corpora.media.limits`).
    no_file: a file that it needs is missing.
    no_label, no_text: it has a transcript without label, or a label without transcript.
    repeated: its id occurs twice, with different content.
    bad_id: its id does not have the corpus's form, or would lead out of the folder.
    bad_line: its line cannot be read.
    """

    UNREADABLE = "unreadable"
    NO_VIDEO = "no_video"
    OUTSIDE = "outside_the_file"
    TOO_LARGE = "too_large"
    NO_FILE = "no_file"
    NO_LABEL = "no_label"
    NO_TEXT = "no_text"
    REPEATED = "repeated"
    BAD_ID = "bad_id"
    BAD_LINE = "bad_line"


class Remark(StrEnum):
    """What a clip lacks, or what is odd about it, although it is kept.

    no_face: no face in any frame; the centre of each frame stands in.
    several_faces: more than one face in some frame; the recipe says which one was taken.
    no_frames: no picture at all; a black one stands in.
    no_sound: no sound in the segment; silence stands in.
    short: shorter than a frame interval; it has a single frame.
    ends_early: the video ends before the segment does; it has fewer frames.
    damaged: some of its packets cannot be decoded; the picture before them, or silence, stands in.
    channels_cancel: the channels of its sound cancel each other, so their mean is almost silent.
    several_sound_tracks: its file has several sound tracks, and one was read.
    """

    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    NO_FRAMES = "no_frames"
    NO_SOUND = "no_sound"
    SHORT = "short"
    ENDS_EARLY = "ends_early"
    DAMAGED = "damaged"
    CHANNELS_CANCEL = "channels_cancel"
    SEVERAL_SOUND_TRACKS = "several_sound_tracks"


class Reject(BaseModel):
    """An utterance that was left out; `split` where it is known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    utterance: str
    split: Split | None
    reason: RejectReason
    detail: str
