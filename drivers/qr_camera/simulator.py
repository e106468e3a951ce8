"""A network camera on loopback: the far end of the MJPEG stream the driver reads.

    GET /stream -> 200, multipart/x-mixed-replace; boundary=...
    part        -> --boundary CRLF, Content-Type: image/jpeg, Content-Length: n, CRLF CRLF, n bytes

It differs from a real camera: no lens distortion, rolling shutter, moire, automatic exposure or
focus; the noise repeats after NOISE_FRAMES frames (a real sensor's never does); frames leave on
the beat; one picture serves every client; nothing needs a password.
"""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal, Self

import cv2
import numpy as np
import segno
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Fault = Literal["stall", "hang_up", "truncated", "wrong_length", "not_found", "frozen"]

NOISE_FRAMES = 4  # pre-coded pictures per scene: enough that no two neighbours are equal
NOISE_SIGMA = 4.0  # grey levels: a small sensor indoors
JPEG_QUALITY = 75
BOUNDARY = "gatedframe"


class MjpegSimulator:
    """A camera whose scene and faults the test decides. Use as a context manager, or close()."""

    def __init__(self, width: int = 1280, height: int = 720, fps: int = 10) -> None:
        self.width, self.height = width, height
        self.clients = 0  # streams served since the start
        self._period_s = 1.0 / fps
        self._background = _hallway(width, height)
        self._noise = _noise(width, height)
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._fault: Fault | None = None
        self._jpegs: tuple[bytes, ...] = ()
        self.show(None)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="camera-simulator", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """The address to give to the driver."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/stream"

    def show(self, text: str | None) -> None:
        """Every frame from now on has this code on a lit phone; None: the empty hallway."""
        scene = self._background
        if text is not None:
            scene = _hold(_phone(text), scene)
        self.show_picture(scene)

    def show_picture(self, picture: Picture) -> None:
        """Every frame from now on is this picture, grey or BGR, fitted to the frame, with noise."""
        size = (self.width, self.height)
        fitted = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
        self._set_jpegs(tuple(_jpeg(_noisy(fitted, noise)) for noise in self._noise))

    def cover(self) -> None:
        """A hand lies on the lens: every frame is black and like the last."""
        black = np.zeros((self.height, self.width), np.uint8)
        self._set_jpegs((_jpeg(black),))

    def misbehave(self, fault: Fault | None) -> None:
        """Every stream shows this fault from the next frame on; None mends it.

        stall: connected and silent. hang_up: closes at once. truncated: half of each JPEG, the
        length honest. wrong_length: the announced length is 100 bytes short. not_found: new
        clients get a 404. frozen: the same picture again and again.
        """
        with self._lock:
            self._fault = fault

    def close(self) -> None:
        """Every stream is closed and the port is free. May be called twice."""
        if not self._closed.is_set():
            self._closed.set()
            self._server.shutdown()
            self._server.server_close()
            self._thread.join(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _set_jpegs(self, jpegs: tuple[bytes, ...]) -> None:
        with self._lock:
            self._jpegs = jpegs

    def _now(self, number: int) -> tuple[bytes, Fault | None]:
        with self._lock:
            if self._fault == "frozen":
                number = 0
            return self._jpegs[number % len(self._jpegs)], self._fault

    def _serve(self, write: Callable[[bytes], object]) -> None:
        """Write parts on the beat until a fault, a hang-up or close() ends the stream."""
        self.clients += 1
        number = 0
        while not self._closed.wait(self._period_s):
            jpeg, fault = self._now(number)
            number += 1
            if fault == "hang_up":
                return
            if fault != "stall":
                write(_part(jpeg, fault))


def _handler(camera: MjpegSimulator) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/stream" or camera._now(0)[1] == "not_found":  # noqa: SLF001 - one class in two halves
                self.send_error(404)
                return
            self.send_response(200)
            kind = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
            self.send_header("Content-Type", kind)
            self.end_headers()
            try:
                camera._serve(self.wfile.write)  # noqa: SLF001 - one class in two halves
            except OSError:
                return  # the client left

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited name
            """Stay silent: standard error belongs to the program under test."""

    return Handler


def _part(jpeg: bytes, fault: Fault | None) -> bytes:
    body = jpeg[: len(jpeg) // 2] if fault == "truncated" else jpeg
    length = len(body) - 100 if fault == "wrong_length" else len(body)
    head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {length}\r\n\r\n"
    return head.encode() + body + b"\r\n"


def _jpeg(picture: Picture) -> bytes:
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    assert done, "OpenCV codes every uint8 picture"
    return data.tobytes()


def _noise(width: int, height: int) -> list[NDArray[np.int16]]:
    random = np.random.default_rng(1)
    shape = (height, width)
    return [
        np.rint(random.normal(0, NOISE_SIGMA, shape)).astype(np.int16) for _ in range(NOISE_FRAMES)
    ]


def _noisy(picture: Picture, noise: NDArray[np.int16]) -> Picture:
    level = noise if picture.ndim == 2 else noise[:, :, np.newaxis]  # noqa: PLR2004 - grey or BGR
    noisy: Picture = np.clip(picture + level, 0, 255).astype(np.uint8)
    return noisy


def _hallway(width: int, height: int) -> Picture:
    """Return a dim wall with a door and a window, uint8[height, width, 3], BGR."""
    slope = np.linspace(60, 110, width, dtype=np.float32)
    wall = np.repeat(slope[np.newaxis, :], height, axis=0).astype(np.uint8)
    scene = cv2.cvtColor(wall, cv2.COLOR_GRAY2BGR)
    door = ((width * 7 // 10, height // 6), (width * 9 // 10, height))
    cv2.rectangle(scene, *door, (50, 70, 90), -1)
    window = ((width // 12, height // 8), (width // 4, height // 2))
    cv2.rectangle(scene, *window, (190, 180, 170), -1)
    return scene.astype(np.uint8)


def _phone(text: str) -> Picture:
    """Return the face of a phone that shows the code: 300 x 600, BGR, dark frame, lit screen."""
    rows = segno.make(text, micro=False, error="m").matrix_iter(border=4)
    code = np.array([[30 if dark else 235 for dark in row] for row in rows], np.uint8)
    side = 270 // code.shape[0] * code.shape[0] or 270
    code = cv2.resize(code, (side, side), interpolation=cv2.INTER_NEAREST).astype(np.uint8)
    face = np.full((600, 300, 3), 235, np.uint8)
    face[110 : 110 + side, 15 : 15 + side] = code[:, :, np.newaxis]
    cv2.rectangle(face, (0, 0), (299, 599), (20, 20, 20), 12)
    return face


def _hold(phone: Picture, scene: Picture) -> Picture:
    """Return the scene with the phone before it: tilted, slightly out of focus, 3/4 of its height.

    The code's modules come out at about 5 pixels for a version 8 code at 720 lines.
    """
    height, width = scene.shape[:2]
    tall, wide = phone.shape[:2]
    scale = height * 0.95 / tall
    left, top = width * 0.4, height * 0.02
    corners = np.array([(0, 0), (wide, 0), (wide, tall), (0, tall)], np.float32)
    skew = np.array([(0, 12), (-6, 0), (4, -10), (8, 0)], np.float32)
    target = ((corners + skew) * scale + (left, top)).astype(np.float32)
    turn = cv2.getPerspectiveTransform(corners, target)
    size = (width, height)
    face = cv2.warpPerspective(phone, turn, size, flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.full((tall, wide), 255, np.uint8), turn, size)
    held = np.where(mask[:, :, np.newaxis] > 127, face, scene)  # noqa: PLR2004 - half covered
    return cv2.GaussianBlur(held.astype(np.uint8), (0, 0), 0.9).astype(np.uint8)
