"""Codes are found whatever the picture's form, as encoded, and never invented."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.errors import CorruptData, DeviceUnavailable
from drivers.qr_camera.decode import (
    ENLARGED,
    FRAME_LOOKS,
    PICTURE_LOOKS,
    Decoder,
    live_engines,
)
from drivers.qr_camera.picture import Grey, decode_picture, open_picture, scaled, to_grey

VECTORS = Path(__file__).parents[1] / "vectors" / "qr"
PASS = (VECTORS / "pass.txt").read_text()


def texts(name: str, engine: str = "auto") -> list[str]:
    return [code.text for code in Decoder(engine).read_file(VECTORS / name)]


def noisy(grey: Grey, seed: int) -> Grey:
    noise = np.random.default_rng(seed).normal(0, 4, grey.shape)
    return np.clip(grey + noise, 0, 255).astype(np.uint8)


def room(seed: int = 0) -> Grey:
    slope = np.linspace(60, 120, 640, dtype=np.float32)
    return noisy(np.repeat(slope[np.newaxis, :], 480, axis=0).astype(np.uint8), seed)


def with_code(name: str, *, dim: float = 1.0, seed: int = 0) -> Grey:
    picture = room(seed)
    code = open_picture(VECTORS / name)
    picture[100 : 100 + code.shape[0], 150 : 150 + code.shape[1]] = (code * dim).astype(np.uint8)
    return picture


@pytest.mark.parametrize("engine", ["auto", "zxing", "pyzbar"])
@pytest.mark.parametrize(
    "name",
    [
        "pass.png",
        "pass-small.png",
        "inverted.png",
        "depth16.png",
        "colour.png",
        "transparent.png",
    ],
)
def test_a_pass_is_read_in_every_form_of_picture_by_every_engine(name: str, engine: str) -> None:
    assert texts(name, engine) == [PASS]


def test_text_is_given_as_encoded() -> None:
    assert texts("utf8.png") == ["居民通行证 张三"]
    assert texts("utf8-eci.png") == ["居民通行证"]
    assert texts("control.png") == ["a\x1db\r\n"]


def test_pyzbar_alone_gives_no_text_outside_ascii() -> None:
    assert texts("utf8.png", "pyzbar") == []


def test_all_codes_of_a_picture_are_found_and_equal_texts_once() -> None:
    assert sorted(texts("two.png")) == ["LEFT", "RIGHT"]
    assert texts("twice.png") == ["LEFT"]


@pytest.mark.parametrize("engine", ["auto", "zxing", "pyzbar"])
@pytest.mark.parametrize("name", ["micro.png", "nothing.png"])
def test_what_is_no_qr_code_gives_nothing(name: str, engine: str) -> None:
    assert texts(name, engine) == []


@pytest.mark.parametrize("engine", ["zxing", "pyzbar"])
def test_corners_surround_the_code(engine: str) -> None:
    (code,) = Decoder(engine).read_picture(with_code("pass.png"))
    assert code.engine == engine
    xs, ys = [x for x, _ in code.corners], [y for _, y in code.corners]
    # 49 modules of 4 pixels after a quiet zone of 16 pixels at (150, 100)
    for edge, expected in ((min(xs), 166), (max(xs), 362), (min(ys), 116), (max(ys), 312)):
        assert abs(edge - expected) <= 6


def test_corners_of_a_very_large_picture_are_in_its_own_pixels() -> None:
    small = with_code("inverted.png")
    big = cv2.resize(small, None, fx=5, fy=5, interpolation=cv2.INTER_NEAREST)
    (code,) = Decoder("pyzbar").read_picture(big)
    assert code.text == PASS
    assert abs(min(x for x, _ in code.corners) - 5 * 166) <= 30


def test_looks_of_an_absent_engine_are_not_taken() -> None:
    assert Decoder("zxing").engines == ("zxing",)
    assert {look.engine for look in FRAME_LOOKS + PICTURE_LOOKS} == {"zxing", "pyzbar"}


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 40).flatmap(
        lambda width: st.binary(min_size=width, max_size=width * 30).map(
            lambda data: np.frombuffer(data[: len(data) // width * width], np.uint8).reshape(
                -1, width
            )
        )
    )
)
def test_a_picture_of_any_size_and_content_gives_an_answer(picture: Grey) -> None:
    assert Decoder().read_picture(picture) == ()


class TestFrames:
    def test_a_readable_code_is_read_in_every_frame(self) -> None:
        decoder = Decoder()
        for seed in range(3):
            assert [c.text for c in decoder.read_frame(with_code("pass.png", seed=seed))] == [PASS]

    @pytest.mark.parametrize("engine", ["auto", "zxing", "pyzbar"])
    def test_an_empty_room_gives_nothing(self, engine: str) -> None:
        decoder = Decoder(engine)
        assert all(decoder.read_frame(room(seed)) == () for seed in range(8))

    def test_an_inverted_code_is_found_by_pyzbar_alone_within_a_few_frames(self) -> None:
        decoder = Decoder("pyzbar")
        for seed in range(4):
            decoder.read_frame(room(seed))
        answers = [decoder.read_frame(with_code("inverted.png", seed=s)) for s in range(6)]
        assert [c.text for c in answers[-1]] == [PASS]

    def test_a_code_only_a_second_look_reads_is_given_in_every_frame_and_gone_with_it(self) -> None:
        decoder = Decoder("pyzbar")
        for seed in range(8):
            decoder.read_frame(with_code("inverted.png", seed=seed))
        assert all(decoder.read_frame(with_code("inverted.png", seed=s)) for s in range(20))
        assert not any(decoder.read_frame(room(s)) for s in range(4))

    def test_second_looks_stop_on_a_scene_that_does_not_change(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Counted at the library's border: pyzbar is the second look of an empty scene."""
        calls = count_pyzbar(monkeypatch)
        decoder = Decoder()
        for seed in range(6):
            decoder.read_frame(room(seed))
        begun = len(calls)
        for seed in range(30):
            decoder.read_frame(room(seed))
        assert begun == 2  # plain and inverted
        assert len(calls) == begun

    def test_second_looks_are_rationed_on_a_scene_that_never_rests(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls = count_pyzbar(monkeypatch)
        decoder = Decoder()
        for number in range(90):
            frame = room(number)
            frame[:, number * 5 : number * 5 + 100] = 250
            decoder.read_frame(frame)
        assert 2 <= len(calls) <= 14

    def test_a_lamp_that_flickers_is_no_change_of_scene(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls = count_pyzbar(monkeypatch)
        decoder = Decoder()
        for number in range(30):
            decoder.read_frame((room(number) + 25 * (number % 2)).astype(np.uint8))
        assert len(calls) == 2

    def test_frames_of_another_size_start_afresh(self) -> None:
        decoder = Decoder()
        decoder.read_frame(room())
        assert decoder.read_frame(scaled(room(), 0.5)) == ()


def count_pyzbar(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    from pyzbar import pyzbar

    calls: list[int] = []
    decode = pyzbar.decode

    def counted(*args: object, **named: object) -> object:
        calls.append(1)
        return decode(*args, **named)

    monkeypatch.setattr(pyzbar, "decode", counted)
    return calls


class TestEngines:
    def test_both_engines_are_live_here(self) -> None:
        assert [(state.name, state.usable) for state in live_engines()] == [
            ("zxing", True),
            ("pyzbar", True),
        ]

    def test_a_missing_engine_is_named_with_its_remedy_and_the_other_works(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "pyzbar.pyzbar", None)
        assert "libzbar0" in live_engines()[1].problem
        assert Decoder().engines == ("zxing",)
        with pytest.raises(DeviceUnavailable, match="libzbar0"):
            Decoder("pyzbar")

    def test_pyzbar_answers_when_zxing_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "zxingcpp", None)
        decoder = Decoder()
        assert [c.engine for c in decoder.read_picture(with_code("pass.png"))] == ["pyzbar"]

    def test_no_engine_at_all_is_a_fault_with_both_remedies(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "zxingcpp", None)
        monkeypatch.setitem(sys.modules, "pyzbar.pyzbar", None)
        with pytest.raises(DeviceUnavailable, match=r"zxing-cpp.*libzbar0"):
            Decoder()

    def test_missing_opencv_is_a_fault_that_names_the_packages(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "cv2", None)
        with pytest.raises(DeviceUnavailable, match=r"libgl1 and libglib2\.0-0"):
            Decoder()

    def test_importing_the_driver_loads_no_engine(self) -> None:
        program = (
            "import sys, drivers.qr_camera.device, drivers.qr_camera.decode\n"
            "sys.exit(bool({'cv2', 'numpy', 'zxingcpp', 'pyzbar'} & set(sys.modules)))"
        )
        root = Path(__file__).parents[2]
        assert (
            subprocess.run([sys.executable, "-c", program], cwd=root, check=False).returncode == 0
        )


class TestPictures:
    @pytest.mark.parametrize("kept", [0, 1, 8, 40, 200])
    def test_a_picture_cut_short_is_an_error(self, kept: int, tmp_path: Path) -> None:
        path = tmp_path / "cut.png"
        path.write_bytes((VECTORS / "pass.png").read_bytes()[:kept])
        with pytest.raises(CorruptData, match=r"cut\.png"):
            open_picture(path)

    def test_a_header_that_announces_too_many_pixels_is_an_error(self, tmp_path: Path) -> None:
        path = tmp_path / "vast.pgm"
        path.write_bytes(b"P5 100000 100000 255\n" + bytes(1000))
        with pytest.raises(CorruptData, match="megapixels"):
            open_picture(path)

    def test_a_missing_file_is_an_os_error(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            open_picture(tmp_path / "none.png")

    @given(st.binary(max_size=300))
    def test_any_bytes_give_a_picture_or_none(self, data: bytes) -> None:
        picture = decode_picture(data)
        assert picture is None or picture.ndim == 2

    def test_frames_become_grey_from_every_form_a_camera_has(self) -> None:
        grey = room()
        jpeg = cv2.imencode(".jpg", grey)[1]
        assert to_grey(jpeg.reshape(1, -1)).shape == grey.shape
        assert to_grey(jpeg.reshape(-1)).shape == grey.shape
        assert np.array_equal(to_grey(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)), grey)
        assert np.array_equal(to_grey(np.dstack([grey, np.full_like(grey, 128)])), grey)
        assert np.array_equal(to_grey(grey), grey)
        assert to_grey(np.zeros((1, 50), np.uint8)) is None


def test_a_code_too_small_for_the_first_look_is_read_enlarged() -> None:
    """1.5 pixels per module: below what the first look can read."""
    tiny = scaled(open_picture(VECTORS / "pass.png"), 1.5 / 4)
    decoder = Decoder("zxing")
    assert ENLARGED in FRAME_LOOKS
    assert [code.text for code in decoder.read_picture(tiny)] == [PASS]
