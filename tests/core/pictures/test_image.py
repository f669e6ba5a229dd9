"""Photos of every mode come out upright, 8-bit sRGB and bounded; everything else is refused with one sentence."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageFile, TiffImagePlugin

from core.errors import InputError
from core.pictures.image import LONGEST_SIDE, MOST_PIXELS, orientation, read_photo


def picture(width=120, height=80):
    """Red left half, blue right half, white top left corner."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2, 0] = 200
    pixels[:, width // 2:, 2] = 200
    pixels[:20, :20] = 255
    return Image.fromarray(pixels)


def exif(*entries):
    """EXIF that is turned by 270 degrees and has these entries of 12 bytes: tag, type, count, value."""
    rows = sorted([(0x0112, 3, 1, 6 << 16), *entries])
    return b"Exif\0\0MM\0*" + struct.pack(">IH", 8, len(rows)) + b"".join(struct.pack(">HHII", *row) for row in rows) + bytes(24)


def near(pixel, colour, tolerance=8):           # JPEG and CMYK are lossy
    return np.abs(pixel.astype(int) - colour).max() <= tolerance


@pytest.mark.parametrize(("mode", "suffix"), [
    ("RGB", "png"), ("RGB", "jpg"), ("RGB", "webp"), ("RGB", "tif"), ("RGB", "bmp"), ("RGBA", "png"), ("P", "png"),
    ("CMYK", "jpg"), ("CMYK", "tif")])
def test_colours_survive_every_mode(tmp_path, mode, suffix):
    path = tmp_path / f"ein Foto é.{suffix}"
    picture().convert(mode).save(path, quality=95)
    photo = read_photo(path)
    assert photo.pixels.shape == (80, 120, 3)
    assert near(photo.pixels[60, 20], (200, 0, 0), 20) and near(photo.pixels[60, 100], (0, 0, 200), 20)
    assert photo.warnings == ()


def test_exif_rotation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6                            # the camera was turned: rotate by 270 degrees to see it upright
    picture().save(tmp_path / "a.jpg", exif=exif, quality=95)
    pixels = read_photo(tmp_path / "a.jpg").pixels
    assert pixels.shape == (120, 80, 3) and near(pixels[5, 75], (255, 255, 255), 30)


@pytest.mark.parametrize("entry", [
    (0x010f, 5, 1, 8),          # the maker a fraction, no text: AttributeError inside Pillow
    (0x011a, 2, 4, 0x61626300), # the resolution a text: TypeError
    (0x0128, 2, 4, 0x61626300), # its unit a text: struct.error
])
@pytest.mark.parametrize("suffix", ["jpg", "webp"])
def test_exif_of_false_types_is_refused_in_one_sentence(tmp_path, suffix, entry):
    path = tmp_path / f"a.{suffix}"
    picture().save(path, exif=exif(entry))
    with pytest.raises(InputError, match="cannot be decoded"):
        read_photo(path)
    assert orientation(path) == 6


def test_so_is_xmp_of_a_false_type(tmp_path):
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[700], info.tagtype[700] = 7, 3                 # one number where a text belongs
    picture().save(tmp_path / "a.tif", tiffinfo=info)
    with pytest.raises(InputError, match="cannot be decoded"):
        read_photo(tmp_path / "a.tif")
    assert orientation(tmp_path / "a.tif") == 1


def test_grey_is_told(tmp_path):
    picture().convert("L").save(tmp_path / "a.jpg")
    photo = read_photo(tmp_path / "a.jpg")
    assert photo.pixels.shape[2] == 3 and "greyscale" in photo.warnings[0]


def test_sixteen_bits_are_scaled_not_cut(tmp_path):
    ramp = np.linspace(0, 65535, 128 * 128).astype(np.uint16).reshape(128, 128)
    Image.fromarray(ramp).save(tmp_path / "a.png")
    pixels = read_photo(tmp_path / "a.png").pixels
    assert pixels[0, 0, 0] == 0 and pixels[-1, -1, 0] == 255 and abs(int(pixels[64, 0, 0]) - 127) <= 1


def test_transparent_parts_are_grey(tmp_path):
    image = Image.new("RGBA", (100, 100), (255, 0, 0, 0))
    image.save(tmp_path / "a.png")
    assert near(read_photo(tmp_path / "a.png").pixels[50, 50], (128, 128, 128), 1)


def test_a_hundred_megapixels_are_scaled_down(tmp_path):
    Image.new("RGB", (10_000, 10_000), (10, 120, 40)).save(tmp_path / "a.jpg", quality=50)
    pixels = read_photo(tmp_path / "a.jpg").pixels
    assert max(pixels.shape) <= LONGEST_SIDE and near(pixels[0, 0], (10, 120, 40))


def header(path, width, height, *chunks):
    """Write a PNG that ends where its pixels begin."""
    size = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
                                                    for chunk in (size, *chunks, b"IDAT")))


@pytest.mark.parametrize("more", [100, 1000, 9000])     # Pillow warns of the first ones and refuses the last
def test_a_decompression_bomb_is_refused_by_its_header(tmp_path, more):
    header(tmp_path / "a.png", int(MOST_PIXELS ** 0.5) + more, int(MOST_PIXELS ** 0.5) + more)
    with pytest.raises(InputError):
        read_photo(tmp_path / "a.png")
    assert orientation(tmp_path / "a.png") == 0


def test_a_header_is_enough_to_know_how_a_photo_is_turned(tmp_path, monkeypatch):
    monkeypatch.setattr(Image.Image, "load", lambda image: pytest.fail("the pixels were decoded"))
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda image: pytest.fail("the pixels were decoded"))
    for chunks, turned in (((), 1), ((b"eXIf" + exif()[6:],), 6)):
        header(tmp_path / "a.png", 11_000, 11_000, *chunks)             # 121 megapixels: Pillow warns of them
        assert orientation(tmp_path / "a.png") == turned


def test_truncated(tmp_path):
    picture(600, 600).save(tmp_path / "whole.png")
    content = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "a.png").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="decoded"):
        read_photo(tmp_path / "a.png")


@pytest.mark.parametrize("content", [b"", b"a text, renamed", b"\xff\xd8\xff\xe0" + bytes(50)])
def test_what_is_no_image_is_refused_in_one_sentence(tmp_path, content):
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_photo(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_missing_and_tiny(tmp_path):
    with pytest.raises(InputError, match="no such photo"):
        read_photo(tmp_path / "a.jpg")
    picture(40, 40).save(tmp_path / "b.png")
    with pytest.raises(InputError, match="only 40 x 40"):
        read_photo(tmp_path / "b.png")


def test_a_damaged_colour_profile_is_ignored_and_told(tmp_path):
    picture().save(tmp_path / "a.png", icc_profile=b"not a profile")
    photo = read_photo(tmp_path / "a.png")
    assert "profile" in photo.warnings[0] and near(photo.pixels[60, 20], (200, 0, 0))
