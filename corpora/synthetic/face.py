"""Draw a talking face with an expression, large and simple enough for a small network.

A face is a `Speaker` (who), an `Expression` (what it means) and how far the mouth is open (what it
says). Lengths are in units of the face's height, measured from its centre, y downwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

WIDTH_PX, HEIGHT_PX = 256, 192
FACE_HEIGHT_PX = 138
SWAY_PX = 6  # the picture is drawn this much larger on every side, so that the head can move
OVERSAMPLING = 2
MOUTH_LEVELS = 4  # degrees of opening that are told apart, so that a picture can be used again

Colour = tuple[int, int, int]
Point = tuple[float, float]


@dataclass(frozen=True)
class Speaker:
    """Looks and voice of one person."""

    skin: Colour
    hair: Colour
    shirt: Colour
    background: Colour
    hair_length: float  # of the sides, 0 (short) to 1 (down to the shoulders)
    face_width: float
    pitch_hz: float


@dataclass(frozen=True)
class Expression:
    """Where the parts of a face are; the defaults are a neutral face."""

    brow_raise: float = 0.0
    brow_tilt: float = 0.0  # of the inner end: down is positive
    brow_thickness: float = 0.022
    eye_opening: float = 0.034
    mouth_width: float = 0.12
    mouth_curve: float = 0.0  # of the corners: up is positive
    mouth_opening: float = 0.012
    teeth: float = 0.0  # share of the opening
    tongue: float = 0.0  # length
    tears: float = 0.0  # length
    nose_wrinkles: int = 0
    tint: Colour = (0, 0, 0)
    tint_share: float = 0.0


NEUTRAL = Expression()
EXPRESSIONS: dict[str, Expression] = {
    "anger": Expression(
        brow_raise=-0.035, brow_tilt=0.07, brow_thickness=0.042, eye_opening=0.026,
        mouth_width=0.15, mouth_opening=0.075, teeth=1.0, tint=(225, 40, 30), tint_share=0.5,
    ),
    "disgust": Expression(
        brow_raise=-0.01, brow_tilt=0.015, eye_opening=0.022, mouth_width=0.11, mouth_curve=-0.03,
        mouth_opening=0.05, tongue=0.11, nose_wrinkles=1, tint=(150, 215, 90), tint_share=0.5,
    ),
    "fear": Expression(
        brow_raise=0.04, brow_tilt=-0.04, eye_opening=0.052, mouth_width=0.16, mouth_curve=-0.04,
        mouth_opening=0.075, tint=(225, 235, 255), tint_share=0.6,
    ),
    "happy": Expression(
        brow_raise=0.02, eye_opening=0.026, mouth_width=0.18, mouth_curve=0.09,
        mouth_opening=0.11, teeth=0.6,
    ),
    "sad": Expression(
        brow_raise=0.01, brow_tilt=-0.04, eye_opening=0.026, mouth_width=0.12, mouth_curve=-0.05,
        tears=0.17, tint=(120, 150, 225), tint_share=0.35,
    ),
    "surprise": Expression(
        brow_raise=0.055, eye_opening=0.042, mouth_width=0.11, mouth_opening=0.13, teeth=0.25,
    ),
}  # fmt: skip

SKINS: tuple[Colour, ...] = (
    (240, 200, 174), (230, 184, 154), (218, 168, 136), (204, 152, 118), (188, 136, 104),
)  # fmt: skip
HAIRS: tuple[Colour, ...] = ((42, 30, 24), (92, 60, 34), (156, 112, 58), (25, 24, 28))


def draw_speaker(generator: np.random.Generator) -> Speaker:
    """Draw a person at random."""

    def colour(low: int, high: int) -> Colour:
        red, green, blue = generator.integers(low, high, 3).tolist()
        return red, green, blue

    return Speaker(
        skin=SKINS[generator.integers(len(SKINS))],
        hair=HAIRS[generator.integers(len(HAIRS))],
        shirt=colour(30, 200),
        background=colour(90, 190),
        hair_length=float(generator.uniform()),
        face_width=float(generator.uniform(0.72, 0.80)),
        pitch_hz=float(generator.uniform(95, 230)),
    )


def draw_frames(
    speaker: Speaker,
    expressions: Sequence[Expression],
    openings: Sequence[float],
    generator: np.random.Generator,
) -> list[np.ndarray]:
    """Draw the frames of a talking face, which sways a little.

    Args:
        speaker: Whose face it is.
        expressions: What each frame shows.
        openings: How far the voice opens the mouth in each frame, in [0, 1].
        generator: Decides the camera's noise and the head's sway.

    Returns:
        One (HEIGHT_PX, WIDTH_PX, 3) array of uint8 a frame.
    """
    height, width = HEIGHT_PX + 2 * SWAY_PX, WIDTH_PX + 2 * SWAY_PX
    noise = generator.normal(0, 3, (height, width, 1)).astype(np.float32)
    phase = generator.uniform(0, 2 * np.pi, 2)
    pictures: dict[tuple[Expression, int], np.ndarray] = {}
    frames = []
    for index, (expression, opening) in enumerate(zip(expressions, openings, strict=True)):
        level = round(opening * (MOUTH_LEVELS - 1))
        if (expression, level) not in pictures:
            picture = draw_face(speaker, speaking(expression, level / (MOUTH_LEVELS - 1)))
            pictures[expression, level] = np.clip(picture + noise, 0, 255).astype(np.uint8)
        left, top = (SWAY_PX + 0.9 * SWAY_PX * np.sin(0.35 * index + phase)).astype(int)
        picture = pictures[expression, level]
        frames.append(picture[top : top + HEIGHT_PX, left : left + WIDTH_PX])
    return frames


def speaking(expression: Expression, opening: float) -> Expression:
    """Open the mouth of an expression by a little, as speech does."""
    return replace(expression, mouth_opening=expression.mouth_opening + 0.03 * opening)


def draw_face(speaker: Speaker, expression: Expression) -> np.ndarray:
    """Draw one picture, `SWAY_PX` larger than a frame on every side."""
    size = WIDTH_PX + 2 * SWAY_PX, HEIGHT_PX + 2 * SWAY_PX
    image = Image.new("RGB", (size[0] * OVERSAMPLING, size[1] * OVERSAMPLING), speaker.background)
    pen = Pen(image, FACE_HEIGHT_PX * OVERSAMPLING)
    skin = mix(speaker.skin, expression.tint, expression.tint_share)
    draw_head(pen, speaker, skin)
    for side in (-1, 1):
        draw_eye(pen, expression, skin, speaker.hair, side)
    draw_nose(pen, expression, skin)
    draw_mouth(pen, expression)
    image = image.reduce(OVERSAMPLING).filter(ImageFilter.GaussianBlur(0.7))
    return np.asarray(image, dtype=np.float32)


class Pen:
    """Draws in units of the face's height from the face's centre."""

    def __init__(self, image: Image.Image, face_height_px: int) -> None:
        self._draw = ImageDraw.Draw(image)
        self._unit = face_height_px
        self._centre = image.width / 2, image.height / 2

    def ellipse(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """Fill the ellipse with these half axes around (x, y)."""
        corners = [*self._pixel((x - width, y - height)), *self._pixel((x + width, y + height))]
        self._draw.ellipse(corners, fill=colour)

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """Fill a polygon."""
        self._draw.polygon([self._pixel(point) for point in points], fill=colour)

    def line(self, points: Sequence[Point], colour: Colour, thickness: float) -> None:
        """Draw a line through the points."""
        width = max(1, round(thickness * self._unit))
        self._draw.line([self._pixel(p) for p in points], fill=colour, width=width, joint="curve")

    def _pixel(self, point: Point) -> Point:
        return self._centre[0] + self._unit * point[0], self._centre[1] + self._unit * point[1]


def mix(colour: Colour, other: Colour, share: float) -> Colour:
    """Move a colour towards another by a share of the way."""
    red, green, blue = (
        round((1 - share) * a + share * b) for a, b in zip(colour, other, strict=True)
    )
    return red, green, blue


def shade(colour: Colour, factor: float) -> Colour:
    """Darken a colour (factor below 1) or lighten it (above)."""
    return (
        mix((0, 0, 0), colour, factor) if factor <= 1 else mix(colour, (255, 255, 255), factor - 1)
    )


def draw_head(pen: Pen, speaker: Speaker, skin: Colour) -> None:
    """Draw shoulders, hair, neck, ears and the shaded oval of the face."""
    half = speaker.face_width / 2
    pen.ellipse(0, 0.86, 0.75, 0.38, speaker.shirt)
    pen.ellipse(0, -0.12, half + 0.07, 0.46, speaker.hair)
    side = 0.05 + 0.45 * speaker.hair_length
    for sign in (-1, 1):
        pen.ellipse(sign * half * 0.92, -0.1 + side / 2, 0.08, side / 2 + 0.1, speaker.hair)
        pen.ellipse(sign * half, 0.02, 0.035, 0.07, shade(skin, 0.85))
    pen.polygon([(-0.14, 0.3), (0.14, 0.3), (0.17, 0.6), (-0.17, 0.6)], shade(skin, 0.78))
    for inset, factor in ((0.0, 0.80), (0.02, 0.88), (0.045, 0.95), (0.075, 1.0)):
        pen.ellipse(0, 0.01, half - inset, 0.49 - inset * 0.6, shade(skin, factor))
    pen.ellipse(0, -0.43, half * 0.75, 0.10, speaker.hair)


def draw_eye(pen: Pen, expression: Expression, skin: Colour, hair: Colour, side: int) -> None:
    """Draw one eye with its socket, brow and tears; side is -1 (left) or 1 (right)."""
    x, y = side * 0.155, -0.085
    pen.ellipse(x, y - 0.005, 0.09, 0.065, shade(skin, 0.85))
    pen.ellipse(x, y, 0.066, expression.eye_opening + 0.008, shade(skin, 0.45))
    pen.ellipse(x, y, 0.062, expression.eye_opening, (248, 248, 246))
    iris = min(0.030, expression.eye_opening)
    pen.ellipse(x, y, 0.028, iris, (60, 44, 34))
    pen.ellipse(x, y, 0.014, min(0.014, iris), (8, 8, 8))
    if expression.tears:
        start = y + 0.06
        pen.line([(x, start), (x * 1.05, start + expression.tears)], (120, 190, 255), 0.032)
    brow = y - 0.085 - expression.brow_raise
    inner = (x - side * 0.075, brow + expression.brow_tilt)
    pen.line(
        [inner, (x, brow - 0.012), (x + side * 0.085, brow + 0.012 - expression.brow_tilt / 2)],
        shade(hair, 0.8), expression.brow_thickness,
    )  # fmt: skip


def draw_nose(pen: Pen, expression: Expression, skin: Colour) -> None:
    """Draw the nose, and wrinkles on it."""
    pen.polygon([(-0.018, -0.05), (0.018, -0.05), (0.05, 0.10), (-0.05, 0.10)], shade(skin, 0.92))
    pen.ellipse(0, 0.095, 0.055, 0.034, shade(skin, 0.95))
    for side in (-1, 1):
        pen.ellipse(side * 0.026, 0.110, 0.015, 0.011, shade(skin, 0.4))
    for wrinkle in range(expression.nose_wrinkles):
        y = -0.06 + 0.04 * wrinkle
        pen.line([(-0.05, y + 0.015), (0, y), (0.05, y + 0.015)], shade(skin, 0.5), 0.014)


def draw_mouth(pen: Pen, expression: Expression) -> None:
    """Draw lips, the dark of the open mouth, teeth and a tongue."""
    x = np.linspace(-1, 1, 21)
    middle = 0.255 - expression.mouth_curve * (x**2 - 0.5)
    gape = expression.mouth_opening * np.sqrt(1 - x**2)
    lip = 0.022 * np.sqrt(1 - x**4)

    def band(top: np.ndarray, bottom: np.ndarray) -> list[Point]:
        there = zip((x * expression.mouth_width).tolist(), top.tolist(), strict=True)
        back = zip((x * expression.mouth_width).tolist(), bottom.tolist(), strict=True)
        return [*there, *reversed(list(back))]

    top, bottom = middle - 0.4 * gape, middle + 0.6 * gape
    pen.polygon(band(top - lip, bottom + 1.3 * lip), (178, 62, 66))
    pen.polygon(band(top, bottom), (46, 12, 16))
    if expression.teeth:
        pen.polygon(band(top, top + expression.teeth * gape), (250, 248, 240))
    if expression.tongue:
        pen.ellipse(0, 0.27 + expression.tongue / 2, 0.062, expression.tongue / 2, (236, 96, 130))
