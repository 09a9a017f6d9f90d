"""Previews of photos do not carry what the camera wrote down."""

from __future__ import annotations

import io

from PIL import Image

from qaitar.foundation.files.kinds import FileKind
from qaitar.foundation.files.previews import Previews, draw


def test_a_preview_does_not_tell_where_a_photo_was_accepted() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Camera of Aigerim"
    exif.get_ifd(0x8825)[2] = (43.0, 14.0, 20.0)
    photo = io.BytesIO()
    Image.new("RGB", (800, 600), "red").save(photo, "JPEG", exif=exif)
    assert b"Camera of Aigerim" in photo.getvalue()
    drawn = draw(photo.getvalue(), FileKind.JPEG)
    assert isinstance(drawn, Previews)
    for picture in (drawn.large, drawn.small):
        assert b"Camera of Aigerim" not in picture
        assert not Image.open(io.BytesIO(picture)).getexif()
