"""Pictures as the decoders want them: grey, uint8[height, width].

OpenCV is imported on first use: a machine without its system libraries still runs the cards, and
the camera says what to install.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from drivers.errors import CorruptData, DeviceUnavailable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Grey: TypeAlias = "NDArray[np.uint8]"  # uint8[height, width]
Raw: TypeAlias = "NDArray[Any]"  # what OpenCV hands out: a coded picture or pixels

PIXELS_MAX = 1 << 27  # 134 megapixels: beyond any camera, below the memory of a small board
FILE_BYTES_MAX = 1 << 28  # 256 MiB: an uncompressed picture of that many pixels, twice

_SETTINGS = {
    "OPENCV_IO_MAX_IMAGE_PIXELS": str(PIXELS_MAX),
    "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT": "2",  # seconds; the default 10 hides an unplugged camera
    "OPENCV_FFMPEG_LOGLEVEL": "-8",  # quiet: what went wrong is told by our own errors
}
_JPEG = b"\xff\xd8"
_ALPHA_CHANNELS = 4
_COLOUR_CHANNELS = 3
_YUYV_CHANNELS = 2
_CELL = 16  # pixels per side of a sub-sampled cell
_ROW_STEP = 4  # 64 pixels are mean enough, and a quarter of the work


def require_opencv() -> None:
    """OpenCV is imported, works on one thread and is silent.

    Raises DeviceUnavailable naming the system packages when its libraries are missing.
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import cv2
    except ImportError as error:
        raise DeviceUnavailable(
            f"cannot load OpenCV: {error}; install opencv-python and the system packages "
            "libgl1 and libglib2.0-0"
        ) from error
    cv2.setNumThreads(1)  # the gate's other threads need the second core
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def open_picture(path: Path) -> Grey:
    """Return the picture in this file, grey; transparent parts are white paper.

    Any format OpenCV reads; colour, 16 bit and palette are converted. Raises OSError when the file
    cannot be read and CorruptData when it is no picture, damaged or too large.
    """
    with path.open("rb") as file:
        data = file.read(FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        raise CorruptData(f"picture {path.name}: above {FILE_BYTES_MAX >> 20} MiB; scale it down")
    grey = decode_picture(data)
    if grey is None:
        raise CorruptData(
            f"picture {path.name}: not a picture, damaged, or above "
            f"{PIXELS_MAX // 10**6} megapixels; save it again as PNG or JPEG"
        )
    return grey


def decode_picture(data: "bytes | Raw") -> "Grey | None":
    """Return a coded picture (JPEG, PNG, ...) as grey pixels, or None when it cannot be decoded."""
    require_opencv()
    import cv2
    import numpy as np

    coded = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else data.reshape(-1)
    if coded.size == 0:
        return None
    try:
        if coded[:2].tobytes() != _JPEG:  # a JPEG has no transparency
            pixels = cv2.imdecode(coded, cv2.IMREAD_UNCHANGED)
            if pixels is not None and _has_alpha(pixels):
                return _on_paper(pixels)
        return cast("Grey | None", cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE))
    except cv2.error:
        return None  # a header that announces more pixels than allowed


def to_grey(raw: Raw) -> "Grey | None":
    """Return a captured frame as grey pixels, or None when it cannot be decoded.

    raw: uint8[1, n] one coded picture (MJPG), uint8[h, w, 2] YUYV, uint8[h, w, 3] BGR,
    uint8[h, w] grey.
    """
    import cv2
    import numpy as np

    if raw.ndim == 1 or (raw.ndim == 2 and raw.shape[0] == 1):  # noqa: PLR2004 - a row of bytes
        return decode_picture(raw)
    if raw.ndim == _COLOUR_CHANNELS and raw.shape[2] == _COLOUR_CHANNELS:
        return cast("Grey", cv2.cvtColor(raw, cv2.COLOR_BGR2GRAY))
    if raw.ndim == _COLOUR_CHANNELS and raw.shape[2] == _YUYV_CHANNELS:
        return cast("Grey", np.ascontiguousarray(raw[:, :, 0]))
    return raw


def subsampled(grey: Grey) -> Grey:
    """Return the picture 16 times smaller each way, every cell the mean of every fourth row of it.

    The mean silences the sensor's noise, so equal scenes give nearly equal cells.
    """
    import cv2

    height, width = grey.shape
    size = (max(1, width // _CELL), max(1, height // _CELL))
    return cast("Grey", cv2.resize(grey[::_ROW_STEP], size, interpolation=cv2.INTER_AREA))


def scaled(grey: Grey, scale: float) -> Grey:
    """Return the picture enlarged (cubic) or reduced (mean); no side falls below one pixel."""
    import cv2

    height, width = grey.shape
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    return cast("Grey", cv2.resize(grey, size, interpolation=method))


def jpeg(grey: Grey, width_max: int, quality: int = 60) -> bytes:
    """Return the picture as a JPEG of at most this width, made in memory."""
    import cv2

    small = grey if grey.shape[1] <= width_max else scaled(grey, width_max / grey.shape[1])
    done, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done, "OpenCV codes every grey picture"
    return bytes(data.tobytes())


def _has_alpha(pixels: "Raw | None") -> bool:
    return (
        pixels is not None and pixels.dtype.kind == "u" and pixels.shape[2:] == (_ALPHA_CHANNELS,)
    )


def _on_paper(pixels: Raw) -> Grey:
    """Return BGRA pixels of 8 or 16 bit as grey on white."""
    import cv2
    import numpy as np

    full = np.iinfo(pixels.dtype).max
    grey = cv2.cvtColor(pixels[:, :, :3], cv2.COLOR_BGR2GRAY).astype(np.float32) / full
    alpha = pixels[:, :, 3].astype(np.float32) / full
    return np.rint((grey * alpha + (1 - alpha)) * 255).astype(np.uint8)
