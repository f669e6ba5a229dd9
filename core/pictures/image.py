"""Photos: decode untrusted image files into upright 8-bit sRGB of bounded size."""

import io
import struct
import warnings
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps, UnidentifiedImageError

from ..errors import InputError
from ..types import Photo

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP")
MOST_PIXELS = 150_000_000       # decoded whole this is 600 MB; more is refused by its header
LONGEST_SIDE = 4096             # pixels kept
SHORTEST_SIDE = 64
ADVICE = "save it as JPEG or PNG and try again"
# what Pillow raises for harmed files: many of these for EXIF and XMP of types it does not expect
UNREADABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError, MemoryError, struct.error, TypeError, AttributeError,
              LookupError, ArithmeticError, AssertionError, EOFError)


def read_photo(path: Path) -> Photo:
    """Decode the image at `path`: EXIF rotation applied, any mode and depth to 8-bit sRGB, long side <= 4096 px.

    Raises InputError when the file is missing, empty, damaged, truncated, no image, too small or too large.
    """
    if not path.is_file():
        raise InputError("there is no such photo", path, "choose an existing image file")
    if path.stat().st_size == 0:
        raise InputError("the photo is an empty file", path, "choose another one")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")      # Pillow warns of large and odd files; we bound the size ourselves
            with Image.open(path, formats=FORMATS) as image:
                return decode(image, path)
    except UnidentifiedImageError as error:
        raise InputError("the file is not an image we can read", path, ADVICE) from error
    except UNREADABLE as error:
        raise InputError(f"the photo cannot be decoded ({str(error).rstrip('.')})", path, ADVICE) from error


def orientation(path: Path) -> int:
    """Return how the image at `path` has to be turned to stand upright, as EXIF numbers it: 1 to 8, 1 for not at all; 0 if it has
    more than MOST_PIXELS.

    Only its header is read; 1 too where that cannot be read: `read_photo` has a sentence for it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    return 0
                found = Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1)     # PNG's own would decode the pixels first
    except Image.DecompressionBombError:
        return 0
    except UNREADABLE:
        return 1
    return found if found in range(1, 9) else 1


def decode(image: Image.Image, path: Path) -> Photo:
    """Return the opened `image` as a Photo; what was lost on the way is told in its warnings."""
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise InputError(f"the photo has {width} x {height} pixels", path, "scale it down to 100 megapixels or less")
    if min(width, height) < SHORTEST_SIDE:
        raise InputError(f"the photo has only {width} x {height} pixels", path, "choose a larger one")
    notes = []
    image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))     # a large JPEG is decoded at a half, quarter or eighth
    image.load()
    profile = image.info.get("icc_profile")
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)    # before anything copies it
    upright = ImageOps.exif_transpose(image)
    colour = as_rgb(upright)
    if profile and upright.mode in ("RGB", "RGBA"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(colour, source, ImageCms.createProfile("sRGB"))
            colour = converted if converted is not None else colour
        except (ImageCms.PyCMSError, OSError):
            notes.append("the photo's colour profile is damaged and was ignored: its colours may be off")
    pixels = np.asarray(colour, np.uint8)
    if (pixels == pixels[..., :1]).all():
        notes.append("the photo is greyscale: the skin will be grey")
    return Photo(np.ascontiguousarray(pixels), tuple(notes))


def as_rgb(image: Image.Image) -> Image.Image:
    """Convert any mode to RGB: 16-bit and float values are scaled by their range, transparency lies over mid grey."""
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, np.float64)
        values = np.nan_to_num(values, posinf=0.0, neginf=0.0)
        highest = 65535.0 if image.mode != "F" and values.max(initial=0) > 255 else max(float(values.max(initial=0)), 1.0)
        grey = np.clip(values / highest * 255.0, 0, 255).astype(np.uint8)
        return Image.fromarray(np.repeat(grey[..., None], 3, axis=2))
    if "A" in image.getbands() or "transparency" in image.info:
        over = Image.new("RGBA", image.size, (128, 128, 128, 255))
        return Image.alpha_composite(over, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")
