"""The camera: the newest frame, never an old one.

A capture thread grabs without pause and keeps only the newest frame with its time, because the
buffers of drivers and networks hand out old pictures to a slow reader. `read` decodes that frame
to grey in the caller's thread. A frame older than AGE_MAX_S is never handed out, none twice.

OpenCV's reads cannot be interrupted, so the capture thread is watched, not trusted: nobody waits
for it without a limit, and as long as it is stuck its source is not opened a second time.
"""

import threading
import time
from dataclasses import dataclass
from typing import Self

from drivers.errors import CorruptData, DeviceUnavailable, DriverError
from drivers.qr_camera.picture import Grey, Raw, require_opencv, subsampled, to_grey
from drivers.qr_camera.protocol import View, ViewWatch
from drivers.qr_camera.sources import PictureSource, Source, open_source, shown

AGE_MAX_S = 0.3  # an older frame may show the person before
CLOSE_S = 0.5  # how long close() waits for the capture thread; it ends by itself later
OPEN_SPARE_S = 1.0  # beyond the open time-out, for the time-out itself to be reported
BAD_FRAMES_MAX = 10  # in a row: a second of noise; one bad JPEG is a lost radio packet
EARLY = 0.7  # of a period: a camera faster than asked is thinned out, jitter is not

_THREAD = "camera "  # + source: the name tells a stuck reader of the same source


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture: grey uint8[height, width], when it was grabbed (monotonic s), its number."""

    grey: Grey
    taken_s: float
    number: int


@dataclass(frozen=True, slots=True)
class _Grabbed:
    raw: Raw
    taken_s: float
    number: int


class Camera:
    """An open camera. `read` belongs to one thread, interrupt() and close() to any."""

    def __init__(
        self,
        source: str,
        width: int = 1280,
        height: int = 720,
        fps: int = 10,
        *,
        open_timeout_s: float = 5,
        read_timeout_s: float = 2,
    ) -> None:
        """Open the source; blocks for up to `open_timeout_s` and a second.

        source: /dev/video0 or a /dev/v4l/by-id name, an http:// MJPEG address, the path of a
        picture (repeated) or a video (looped). Size and rate are wishes; `mode` says what came
        of them. read_timeout_s: without a frame for so long the camera counts as lost.
        Raises DeviceUnavailable, DeviceDenied or CorruptData.
        """
        self.mode = ""
        self.view: View = "live"  # `covered`: dark and even; for the screen, not a failure
        self._source = source
        self._size_and_rate = (width, height, fps)
        self._open_timeout_s = open_timeout_s
        self._read_timeout_s = read_timeout_s
        self._repeats = False  # a picture on disk is meant to stand still
        self._watch = ViewWatch()
        self._handed_s = float("-inf")
        self._bad_frames = 0
        # Everything below is shared with the capture thread, under the condition.
        self._news = threading.Condition()
        self._newest: _Grabbed | None = None
        self._opened = False
        self._failure: DriverError | None = None
        self._interrupted = False
        self._closed = False
        self._last_s = 0.0
        self._start()

    def read(self, timeout_s: float) -> Frame | None:
        """Return the newest frame not yet handed out, or None after `timeout_s` or interrupt().

        Raises DeviceUnavailable when the camera hung up, gave nothing for `read_timeout_s` or
        repeats one picture; CorruptData when its frames cannot be decoded.
        """
        end_s = time.monotonic() + timeout_s
        while (grabbed := self._wait_for_frame(end_s)) is not None:
            grey = to_grey(grabbed.raw)
            if grey is not None:
                self._bad_frames = 0
                self._look(grey)
                return Frame(grey, grabbed.taken_s, grabbed.number)
            self._bad_frames += 1
            if self._bad_frames >= BAD_FRAMES_MAX:
                raise CorruptData(
                    f"camera {shown(self._source)}: {self._bad_frames} frames in a row cannot be "
                    "decoded; set it to MJPEG and check cable and network"
                )
        return None

    def interrupt(self) -> None:
        """A blocked read, or else the next one, returns None at once."""
        with self._news:
            self._interrupted = True
            self._news.notify_all()

    def close(self) -> None:
        """The camera is free, or will be when its stuck reader ends. May be called twice."""
        with self._news:
            self._closed = True
            self._news.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join(CLOSE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        require_opencv()
        name = _THREAD + shown(self._source)
        if any(thread.name == name for thread in threading.enumerate()):
            raise DeviceUnavailable(
                f"cannot open camera {shown(self._source)}: its last reader still hangs in the "
                "driver; it is opened when that ends, else unplug the camera or restart the gate"
            )
        self._thread = threading.Thread(target=self._capture, name=name, daemon=True)
        self._thread.start()
        limit_s = self._open_timeout_s + OPEN_SPARE_S
        with self._news:
            self._news.wait_for(lambda: self._opened or self._failure is not None, limit_s)
            if self._failure is None and self._opened:
                self._last_s = time.monotonic()
                return
            self._closed = True
            failure = self._failure
        raise failure or DeviceUnavailable(
            f"cannot open camera {shown(self._source)}: no answer within {limit_s:g} s; "
            "unplug it and plug it in again"
        )

    def _wait_for_frame(self, end_s: float) -> _Grabbed | None:
        """Return a fresh frame; None when `end_s` passed or someone interrupted."""
        with self._news:
            while not self._interrupted and not self._closed:
                now_s = time.monotonic()
                grabbed, self._newest = self._newest, None
                if grabbed is not None and self._wanted(grabbed, now_s):
                    self._handed_s = grabbed.taken_s
                    return grabbed
                if self._failure is not None:
                    raise self._failure
                silent_s = now_s - self._last_s
                if silent_s >= self._read_timeout_s:
                    raise DeviceUnavailable(
                        f"camera {shown(self._source)}: no frame for {silent_s:.1f} s; "
                        "check its cable, power and network"
                    )
                if now_s >= end_s:
                    return None
                limit_s = self._last_s + self._read_timeout_s
                self._news.wait(max(0.0, min(end_s, limit_s) - now_s))
            self._interrupted = False
            return None

    def _wanted(self, grabbed: _Grabbed, now_s: float) -> bool:
        fps = self._size_and_rate[2]
        due_s = self._handed_s + EARLY / fps
        return now_s - grabbed.taken_s <= AGE_MAX_S and grabbed.taken_s >= due_s

    def _look(self, grey: Grey) -> None:
        """Tell a covered lens from a picture that stands still."""
        if self._repeats:
            return
        self._watch, self.view = self._watch.step(subsampled(grey).tobytes())
        if self.view == "frozen":
            raise DeviceUnavailable(
                f"camera {shown(self._source)}: the same picture again and again; "
                "it is opened anew, else unplug it and plug it in again"
            )

    def _capture(self) -> None:
        """Grab until closed; the only code that touches the source. Runs in the capture thread."""
        try:
            width, height, fps = self._size_and_rate
            source = open_source(
                self._source,
                width,
                height,
                fps,
                open_timeout_s=self._open_timeout_s,
                read_timeout_s=self._read_timeout_s,
            )
        except DriverError as error:
            self._fail(error)
            return
        try:
            self._repeats = isinstance(source, PictureSource)
            self._grab_all(source)
        except DriverError as error:
            self._fail(error)
        finally:
            source.release()

    def _grab_all(self, source: Source) -> None:
        with self._news:
            self.mode = source.mode
            self._opened = True
            self._news.notify_all()
        number = 0
        while not self._closed:
            raw = source.grab()
            if raw is None:
                name = shown(self._source)
                message = f"camera {name}: stopped sending; check its cable, power and network"
                self._fail(DeviceUnavailable(message))
                return
            number += 1
            with self._news:
                self._last_s = time.monotonic()
                self._newest = _Grabbed(raw, self._last_s, number)
                self._news.notify_all()

    def _fail(self, error: DriverError) -> None:
        with self._news:
            self._failure = error
            self._news.notify_all()
