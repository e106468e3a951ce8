"""Where frames come from: a V4L2 camera, an MJPEG stream, a picture or a video on disk.

A source belongs to one thread. `grab` blocks until a frame is there and returns it as OpenCV got
it, coded or not (picture.to_grey decodes); None means the source ended or hung up.
"""

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from drivers.errors import CorruptData, DeviceDenied, DeviceUnavailable
from drivers.qr_camera.picture import Grey, Raw, open_picture

if TYPE_CHECKING:
    import cv2

BUFFERS = 2  # fewer than two stalls some drivers, more hand out older pictures
RAW = -1  # CAP_PROP_FORMAT: hand out the JPEG as it came; decoding to grey is ours and cheaper

_PICTURES = {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}


class Source(Protocol):
    """One open source of frames."""

    mode: str  # what was agreed on, for the log: size, format, rate

    def grab(self) -> "Raw | None":
        """Return the next frame as it came, or None at the end. Blocks, see the time-outs."""

    def release(self) -> None:
        """Free the device. Only from the thread that grabs."""


def shown(source: str) -> str:
    """Return the source as it may be logged: an address without user, password and query."""
    if not source.startswith(("http://", "https://")):
        return source
    parts = urlsplit(source)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


def open_source(
    source: str, width: int, height: int, fps: int, *, open_timeout_s: float, read_timeout_s: float
) -> Source:
    """Return the open source; blocks for up to the open time-out.

    Raises DeviceUnavailable, DeviceDenied or CorruptData naming the source and the remedy.
    """
    if source.startswith(("http://", "https://")):
        return StreamSource(source, open_timeout_s, read_timeout_s)
    if source.startswith("/dev/"):
        return V4l2Source(source, width, height, fps)
    path = Path(source)
    if path.suffix.lower() in _PICTURES:
        return PictureSource(path, fps)
    return VideoSource(path, fps)


class V4l2Source:
    """A camera of this machine through the V4L2 back-end, MJPG, undecoded."""

    def __init__(self, device: str, width: int, height: int, fps: int) -> None:
        import cv2

        _check_device(device)
        self._capture = cv2.VideoCapture(device, cv2.CAP_V4L2)
        if not self._capture.isOpened():
            raise DeviceUnavailable(
                f"cannot open camera {device}: it is busy or not a capture device; close other "
                "programs that use it, or try the other /dev/v4l/by-id name of the camera"
            )
        # Any of these restarts a running stream, so all of them come before the first frame.
        wanted = (
            (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")),
            (cv2.CAP_PROP_FRAME_WIDTH, width),
            (cv2.CAP_PROP_FRAME_HEIGHT, height),
            (cv2.CAP_PROP_FPS, fps),
            (cv2.CAP_PROP_BUFFERSIZE, BUFFERS),
            (cv2.CAP_PROP_CONVERT_RGB, 0),
        )
        for setting, value in wanted:
            self._capture.set(setting, value)  # refused settings show in `mode`
        self.mode = _mode(self._capture)

    def grab(self) -> "Raw | None":
        """Return the next frame. Blocks for up to 2 s (V4L2 select time-out, picture.py)."""
        return _next(self._capture)

    def release(self) -> None:
        """Give the camera back."""
        self._capture.release()


class StreamSource:
    """A network camera's MJPEG stream through FFmpeg, undecoded."""

    def __init__(self, url: str, open_timeout_s: float, read_timeout_s: float) -> None:
        import cv2

        settings = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, int(open_timeout_s * 1000)]
        settings += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, int(read_timeout_s * 1000)]
        settings += [cv2.CAP_PROP_FORMAT, RAW]
        self._capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, settings)
        if not self._capture.isOpened():
            raise DeviceUnavailable(
                f"cannot open camera {shown(url)}: no MJPEG stream there; check its power, "
                "network and address, and that it is set to MJPEG"
            )
        self.mode = _mode(self._capture)

    def grab(self) -> "Raw | None":
        """Return the next JPEG. Blocks for up to the read time-out."""
        return _next(self._capture)

    def release(self) -> None:
        """Close the connection."""
        self._capture.release()


class PictureSource:
    """One picture, again and again at the frame rate."""

    def __init__(self, path: Path, fps: int) -> None:
        self._grey = _picture(path)
        self._beat = _Beat(fps)
        height, width = self._grey.shape
        self.mode = f"{width}x{height} picture {fps}/s"

    def grab(self) -> "Raw | None":
        """Return the picture on the next beat."""
        self._beat.wait()
        return self._grey

    def release(self) -> None:
        """Nothing is held."""


class VideoSource:
    """A video at the frame rate; after the last frame comes the first."""

    def __init__(self, path: Path, fps: int) -> None:
        self._path = path
        self._beat = _Beat(fps)
        self._capture = self._opened()
        self.mode = _mode(self._capture)

    def grab(self) -> "Raw | None":
        """Return the next frame, BGR, on the next beat."""
        self._beat.wait()
        frame = _next(self._capture)
        if frame is None:
            self._capture.release()
            self._capture = self._opened()
            frame = _next(self._capture)
        return frame

    def release(self) -> None:
        """Close the file."""
        self._capture.release()

    def _opened(self) -> "cv2.VideoCapture":
        import cv2

        if not self._path.is_file():
            raise DeviceUnavailable(
                f"cannot open camera {self._path}: no such file; "
                "name a /dev/v4l/by-id device, an http:// address, a picture or a video"
            )
        capture = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
        if not capture.isOpened():
            raise CorruptData(f"cannot open camera {self._path}: neither a picture nor a video")
        return capture


class _Beat:
    """Paces a source that has no clock of its own. There is nothing to interrupt: one period."""

    def __init__(self, fps: int) -> None:
        self._period_s = 1 / fps
        self._never = threading.Event()

    def wait(self) -> None:
        self._never.wait(self._period_s)


def _picture(path: Path) -> Grey:
    try:
        return open_picture(path)
    except CorruptData:
        raise
    except OSError as error:
        raise DeviceUnavailable(
            f"cannot open camera {path}: {error.strerror}; check the file's name and owner"
        ) from error


def _check_device(device: str) -> None:
    if not Path(device).exists():
        raise DeviceUnavailable(
            f"cannot open camera {device}: not there; plug it in, and list /dev/v4l/by-id"
        )
    if not os.access(device, os.R_OK | os.W_OK):
        raise DeviceDenied(
            f"cannot open camera {device}: permission denied; add user gated to group video"
        )


def _next(capture: "cv2.VideoCapture") -> "Raw | None":
    got, frame = capture.read()
    return frame if got else None


def _mode(capture: "cv2.VideoCapture") -> str:
    import cv2

    width = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH))
    height = int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    code = int(capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF
    fourcc = code.to_bytes(4, "little").decode("latin-1").strip("\0 ")
    return f"{width}x{height} {fourcc or 'unknown'} {capture.get(cv2.CAP_PROP_FPS):g}/s"
