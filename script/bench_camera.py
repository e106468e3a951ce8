"""The camera channel: what the decoder adds to bare zxing-cpp, and what a busy hallway costs."""

import multiprocessing
import resource
import time
from concurrent.futures import ProcessPoolExecutor

import cv2
import numpy as np
import zxingcpp
from bench_row import Row, Run, Target, alternating_s, at_most
from numpy.typing import NDArray

from drivers.qr_camera.decode import Decoder
from drivers.qr_camera.device import Camera
from drivers.qr_camera.picture import decode_picture
from drivers.qr_camera.simulator import MjpegSimulator

STILL_RATIO, MOVING_PERCENT = 1.5, 15.0
WARM_FRAMES = 120  # the second looks at a new scene are over by then
FPS = 10
WALK_FRAMES = 48  # a figure crosses the picture and comes back; never twice the same in a row
READ_S = 1.0

Picture = NDArray[np.uint8]


class BusyHallway(MjpegSimulator):
    """A network camera before which a figure walks to and fro and never rests."""

    def __init__(self) -> None:
        super().__init__(fps=FPS)
        pictures = (_figure(self._background, step) for step in range(WALK_FRAMES))
        noisy = (_with_noise(picture, step) for step, picture in enumerate(pictures))
        self._set_jpegs(tuple(_jpeg(picture) for picture in noisy))


def camera(run: Run) -> list[Row]:
    """Return the decoder's cost on a still scene, and capture with decoding on a restless one."""
    own, bare = _still_s(run)
    bare_name = "bare zxing-cpp (QR), same frames"
    rows = [
        Row("camera_still", "decoder on an unchanging scene, grey 1280x720, per frame", own * 1e3,
            "ms", (Target("at most", STILL_RATIO, of_ratio=True),), own / bare, bare_name)
    ]  # fmt: skip
    with BusyHallway() as hallway:
        spawned = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=spawned) as pool:
            seconds = run.count(20, 5)
            share, frames = pool.submit(watch, hallway.url, seconds).result()
    what = f"capture, grey and decode of a scene that never rests, {frames / seconds:.1f} frames/s"
    floor = bare * FPS
    rows.append(
        Row("camera_moving", what, share * 100, "% of a core", at_most(MOVING_PERCENT),
            share / floor, "bare zxing-cpp decoding as many still frames")
    )  # fmt: skip
    return rows


def watch(url: str, seconds: int) -> tuple[float, int]:
    """Return which share of a core reading this camera takes, and the frames read.

    Runs in a process of its own, so that nothing but camera and decoder is counted.
    """
    decoder = Decoder()
    with Camera(url, fps=FPS) as opened:
        _read(opened, decoder, 2)
        before, began = _used_s(), time.monotonic()
        frames = _read(opened, decoder, seconds)
        return (_used_s() - before) / (time.monotonic() - began), frames


def _read(opened: Camera, decoder: Decoder, seconds: float) -> int:
    frames = 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        frame = opened.read(READ_S)
        if frame is not None:
            decoder.read_frame(frame.grey)
            frames += 1
    return frames


def _used_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _still_s(run: Run) -> tuple[float, float]:
    """Return median seconds per frame of our decoder and of bare zxing-cpp, taking turns."""
    with MjpegSimulator() as hallway:
        frames = [_grey(_jpeg(_with_noise(hallway._background, step))) for step in range(16)]  # noqa: SLF001 - the scene of the stream
    decoder = Decoder()
    for index in range(WARM_FRAMES):
        decoder.read_frame(frames[index % len(frames)])

    formats = zxingcpp.BarcodeFormats((zxingcpp.BarcodeFormat.QRCode,))

    def bare(index: int) -> object:
        return zxingcpp.read_barcodes(frames[index % len(frames)], formats=formats)

    def own(index: int) -> object:
        return decoder.read_frame(frames[index % len(frames)])

    took = alternating_s([own, bare], run.count(60, 20), len(frames), time.thread_time)
    return took[0], took[1]


def _figure(background: Picture, step: int) -> Picture:
    """Return the hallway with somebody in it, a stride further at each step."""
    scene = background.copy()
    half = WALK_FRAMES // 2
    place = step if step < half else WALK_FRAMES - step
    left = 40 + place * (scene.shape[1] - 320) // half
    swing = 25 * (-1) ** step
    cv2.ellipse(scene, (left + 110, 200), (55, 70), 0, 0, 360, (90, 120, 160), -1)
    cv2.rectangle(scene, (left + 30, 270), (left + 190, 560), (60, 40, 110), -1)
    cv2.line(scene, (left + 110, 560), (left + 110 + swing, 719), (40, 40, 40), 40)
    return scene


def _with_noise(picture: Picture, seed: int) -> Picture:
    noise = np.random.default_rng(seed).normal(0, 4.0, picture.shape[:2])
    level = noise if picture.ndim == 2 else noise[:, :, np.newaxis]  # noqa: PLR2004 - grey or BGR
    return np.clip(picture + level, 0, 255).astype(np.uint8)


def _grey(jpeg: bytes) -> Picture:
    grey = decode_picture(jpeg)
    assert grey is not None, "it was coded a moment ago"
    return grey


def _jpeg(picture: Picture) -> bytes:
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 75])
    assert done, "OpenCV codes every uint8 picture"
    return data.tobytes()
