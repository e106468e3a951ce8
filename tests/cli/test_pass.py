"""`gated pass` and `gated keys` as people and scripts use them."""

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import typer
import zxingcpp
from typer.testing import CliRunner, Result

from gated.cli.keys import app as keys_app
from gated.cli.pass_ import app as pass_app
from gated.cli.pass_sentences import SENTENCES
from gated.core.passes import PassDetail, claimed, mint
from gated.core.pseudonym import person_ref
from gated.store import keys
from tests.support.passes import FULL, ISSUER, STRANGER, payload_map, signed_text

DOCS = Path(__file__).parent.parent.parent / "docs" / "keys.md"
AT = "2026-11-18T11:06:40+00:00"  # NOW_S of tests/support/passes.py
ID_NUMBER = "11010519491231002X"  # the example of GB 11643-1999
PERSON = "0011223344556677"
SPAN = ["--from", "2026-12-01", "--to", "2027-01-01"]

app = typer.Typer()
app.add_typer(pass_app)
app.add_typer(keys_app)


def run(*arguments: object, stdin: str = "") -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)


def done(*arguments: object, stdin: str = "") -> str:
    result = run(*arguments, stdin=stdin)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with a complete set of keys."""
    folder = tmp_path / "keys"
    done("keys", "init", folder, "--issuer", "north")
    return folder


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    path = tmp_path / "trust.json"
    keys.append_trust(path, ISSUER.trusted())
    return path


def minted(**changes: Any) -> str:
    from dataclasses import replace

    return mint(replace(FULL, **changes), ISSUER.sign, ISSUER.kid, ISSUER.algorithm)


def judged(text: str, trust: Path, *more: object) -> tuple[int, dict[str, Any]]:
    result = run("pass", "verify", text, "--trust", trust, "--at", AT, "--json", *more)
    return result.exit_code, json.loads(result.stdout)


# gated pass verify


def test_verify_prints_the_agreed_json_for_a_valid_pass(trust: Path) -> None:
    code, verdict = judged(minted(), trust)
    assert code == 0
    assert verdict == {
        "valid": True,
        "reason": "OK",
        "detail": "valid",
        "claims": {
            "pass_id": FULL.pass_id.hex(),
            "person": PERSON,
            "kid": ISSUER.kid.hex(),
            "issued_at": "2026-11-18T11:05:40Z",
            "not_before": "2026-11-18T11:05:40Z",
            "expires": "2026-12-18T11:06:40Z",
            "zones": [1, 2],
            "directions": ["in", "out"],
            "trip": ["2026-11-18T11:05:40Z", "2026-11-18T12:06:40Z"],
            "holder_key": None,
            "status_index": None,
            "issuer": "north",
        },
    }


@pytest.mark.parametrize(
    ("text", "more", "reason", "detail"),
    [
        ("nonsense", [], "CRED_UNREADABLE", "bad_characters"),
        ("GP1:GGW", [], "CRED_UNREADABLE", "malformed_base45"),
        (signed_text(payload_map(), tag=17), [], "CRED_BAD_SIGNATURE", "wrong_tag"),
        (signed_text(payload_map(), signature=b""), [], "CRED_BAD_SIGNATURE", "bad_signature"),
        (signed_text(payload_map(), signer=STRANGER), [], "CRED_UNKNOWN_KEY", "unknown_key"),
        (minted(), ["--at", "2027-01-01T00:00Z"], "CRED_EXPIRED", "expired"),
        (minted(), ["--at", "2026-01-01T00:00Z"], "CRED_NOT_YET", "not_yet"),
        (minted(), ["--zone", "3"], "CRED_WRONG_SITE", "wrong_zone"),
        (minted(directions=1), ["--direction", "out"], "CRED_WRONG_SITE", "wrong_direction"),
        (minted(), ["--issuer", "south"], "CRED_WRONG_SITE", "wrong_issuer"),
        (minted(), ["--at", "2026-12-01"], "TIME_WINDOW", "outside_trip"),
        (minted(), ["--clock-unsure"], "TIME_UNKNOWN", "time_unknown"),
    ],
)
def test_verify_says_no_with_reason_and_detail(
    trust: Path, text: str, more: list[str], reason: str, detail: str
) -> None:
    code, verdict = judged(text, trust, *more)
    assert code == 1
    assert (verdict["valid"], verdict["reason"], verdict["detail"]) == (False, reason, detail)
    believed = detail in {"expired", "not_yet", "wrong_zone", "wrong_direction", "outside_trip"}
    assert bool(verdict["claims"]) == (believed or detail == "time_unknown")


def test_verify_without_json_says_it_in_a_sentence(trust: Path) -> None:
    good = run("pass", "verify", minted(), "--trust", trust, "--at", AT)
    assert good.stdout.startswith("valid: OK (valid): ")
    assert re.search(r"zones +1, 2\n", good.stdout)
    bad = run("pass", "verify", "GP1:", "--trust", trust)
    assert bad.stdout.startswith("not valid: CRED_UNREADABLE (malformed_cbor): ")
    assert (good.exit_code, bad.exit_code) == (0, 1)


def test_verify_takes_the_time_with_or_without_a_zone(trust: Path) -> None:
    for at in ("2026-11-18T19:06:40+08:00", "2026-11-18T11:06:40Z"):
        assert judged(minted(), trust, "--at", at)[1]["detail"] == "valid"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        [minted(), "--at", "tomorrow"],
        [minted(), "--direction", "up"],
        [minted(), "--zone", "one"],
        [minted(), "--trust", "/nowhere/trust.json"],
    ],
)
def test_verify_that_cannot_judge_exits_2_and_keeps_stdout_empty(arguments: list[str]) -> None:
    result = run("pass", "verify", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr


def test_verify_takes_the_trust_table_of_the_configuration(tmp_path: Path, trust: Path) -> None:
    config = tmp_path / "gated.toml"
    config.write_text(f'[gate]\nid = "n1"\nsite = "north"\n[keys]\ntrust = "{trust}"\n')
    result = run("pass", "verify", minted(), "--config", config, "--at", AT)
    assert result.exit_code == 0


# gated pass show


def test_show_prints_claims_and_draws_the_code_without_belief() -> None:
    text = signed_text(payload_map(), signer=STRANGER)
    result = run("pass", "show", text)
    assert result.exit_code == 0
    assert re.search(rf"person +{PERSON}\n", result.stdout)
    assert "█" in result.stdout
    assert "nobody has checked" in result.stderr


def test_show_as_json_prints_the_claims_only() -> None:
    assert json.loads(done("pass", "show", minted(), "--json"))["person"] == PERSON


def test_show_of_another_text_says_why_not() -> None:
    result = run("pass", "show", "https://example.org")
    assert result.exit_code == 1
    assert "bad_characters" in result.stderr
    assert result.stdout == ""


# gated pass keygen and mint


@pytest.mark.parametrize("algorithm", ["Ed25519", "ES256"])
def test_a_new_key_mints_what_its_trust_table_believes(tmp_path: Path, algorithm: str) -> None:
    key, trust = tmp_path / "k.pem", tmp_path / "trust.json"
    row = json.loads(
        done("pass", "keygen", "--out", key, "--trust", trust, "--alg", algorithm,
             "--issuer", "北门", "--zones", "2,1", "--to", "2099-01-01T00:00Z")
    )  # fmt: skip
    assert row == json.loads(trust.read_text())["keys"][0]
    assert (row["alg"], row["issuer"], row["zones"]) == (algorithm, "北门", [1, 2])
    assert (row["use"], row["from"], row["to"]) == (["pass"], None, 4_070_908_800)
    assert key.stat().st_mode & 0o777 == 0o600
    text = done("pass", "mint", "--key", key, "--person", PERSON * 2, "--zones", "2",
                "--from", "2026-12-01T00:00Z", "--to", "2026-12-31T00:00Z",
                "--direction", "in").strip()  # fmt: skip
    claims = claimed(text)
    assert (claims.person.hex(), claims.zones, claims.directions) == (PERSON, (2,), 1)
    verify = ["pass", "verify", text, "--trust", trust, "--at", "2026-12-02T00:00Z"]
    assert run(*verify, "--zone", 2, "--direction", "in", "--issuer", "北门").exit_code == 0
    assert run(*verify, "--zone", 1).exit_code == 1


def test_keygen_without_a_table_prints_the_row_and_says_where_it_goes(tmp_path: Path) -> None:
    result = run("pass", "keygen", "--out", tmp_path / "k.pem")
    assert json.loads(result.stdout)["use"] == ["pass"]
    assert "trust.json on every gate" in result.stderr


def test_keygen_overwrites_nothing(tmp_path: Path) -> None:
    key = tmp_path / "k.pem"
    done("pass", "keygen", "--out", key)
    before = key.read_bytes()
    result = run("pass", "keygen", "--out", key)
    assert result.exit_code == 1
    assert "never overwritten" in result.stderr
    assert key.read_bytes() == before


@pytest.mark.parametrize(
    "arguments", [["--alg", "RSA"], ["--zones", "a"], ["--zones", "70000"], ["--from", "x"]]
)
def test_keygen_refuses_bad_options_before_writing(tmp_path: Path, arguments: list[str]) -> None:
    assert run("pass", "keygen", "--out", tmp_path / "k.pem", *arguments).exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_an_id_number_is_read_from_stdin_and_shown_nowhere(site: Path) -> None:
    result = run("pass", "mint", "--key", site / "pass-signing.pem", *SPAN,
                 "--id-number-stdin", "--site-key", site / "site.key", "--json",
                 stdin=ID_NUMBER + "\n")  # fmt: skip
    assert result.exit_code == 0
    made = json.loads(result.stdout)
    secret = keys.read_secret(site / "site.key")
    assert made["claims"]["person"] == person_ref(secret, ID_NUMBER)[:8].hex()
    assert ID_NUMBER not in result.output
    assert made["claims"]["pass_id"] == claimed(made["text"]).pass_id.hex()


def test_an_id_number_typed_at_a_terminal_is_not_echoed(site: Path) -> None:
    import os
    import pty
    import subprocess
    import sys

    master, slave = pty.openpty()
    arguments = ["mint", "--key", str(site / "pass-signing.pem"), *SPAN, "--id-number-stdin",
                 "--site-key", str(site / "site.key")]  # fmt: skip
    command = [sys.executable, "-c", "from gated.cli.pass_ import app; app()", *arguments]
    with subprocess.Popen(
        command, stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            assert process.stderr is not None
            # The last space comes from getpass, after it has switched the echo off.
            assert process.stderr.read(11) == b"ID number: "
            os.write(master, ID_NUMBER.encode() + b"\n")
            out, said = process.communicate(timeout=60)
        finally:
            process.kill()
    os.set_blocking(master, False)
    echoed = b""
    with suppress(BlockingIOError):
        echoed = os.read(master, 1000)
    os.close(slave)
    os.close(master)
    assert out.startswith(b"GP1:")
    assert ID_NUMBER.encode() not in out + said + echoed


def test_a_mistyped_id_number_mints_nothing_and_is_not_repeated(site: Path) -> None:
    wrong = ID_NUMBER[:-1] + "1"
    result = run("pass", "mint", "--key", site / "pass-signing.pem", *SPAN,
                 "--id-number-stdin", "--site-key", site / "site.key", stdin=wrong)  # fmt: skip
    assert result.exit_code == 1
    assert result.stdout == ""
    assert wrong not in result.stderr


def test_two_passes_for_one_person_have_different_ids(site: Path) -> None:
    mint_one = ["pass", "mint", "--key", site / "pass-signing.pem", "--person", PERSON,
                *SPAN]  # fmt: skip
    first, second = (claimed(done(*mint_one).strip()) for _ in range(2))
    assert first.pass_id != second.pass_id


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_mint_writes_the_code_as_a_picture(site: Path, tmp_path: Path, suffix: str) -> None:
    import cv2

    path = tmp_path / f"code.{suffix}"
    text = done("pass", "mint", "--key", site / "pass-signing.pem", "--person", PERSON,
                *SPAN, "--trip-from", "2026-12-01", "--trip-to", "2026-12-02",
                "--qr", path).strip()  # fmt: skip
    if suffix == "svg":
        assert "<svg" in path.read_text()
        return
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    assert [found.text for found in zxingcpp.read_barcodes(picture)] == [text]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--person", PERSON],
        [*SPAN],
        [*SPAN, "--person", "12"],
        [*SPAN, "--person", "xy" * 8],
        [*SPAN, "--person", PERSON, "--id-number-stdin"],
        [*SPAN, "--id-number-stdin"],
        [*SPAN, "--person", PERSON, "--direction", "up"],
        [*SPAN, "--person", PERSON, "--qr", "code.gif"],
        [*SPAN, "--person", PERSON, "--trip-to", "2027-01-01"],
        ["--from", "2026-12-01", "--to", "2020-01-01", "--person", PERSON],
        ["--from", "2026-12-01", "--to", "2099-01-01", "--person", PERSON],
        ["--to", "soon", "--person", PERSON],
    ],
)
def test_mint_refuses_bad_options(site: Path, arguments: list[str]) -> None:
    result = run("pass", "mint", "--key", site / "pass-signing.pem", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""


def test_mint_says_which_file_is_wrong(site: Path, tmp_path: Path) -> None:
    for_one = ["--person", PERSON, *SPAN]
    result = run("pass", "mint", "--key", site / "site.key", *for_one)
    assert result.exit_code == 1
    assert "site.key" in result.stderr
    result = run("pass", "mint", "--key", site / "pass-signing.pem", *for_one,
                 "--qr", tmp_path / "missing" / "code.png")  # fmt: skip
    assert result.exit_code == 1
    assert "choose another folder" in result.stderr


# gated keys init, and the documentation


def test_init_makes_a_complete_set_and_says_what_each_is_for(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "keys"
    result = run("keys", "init", folder, "--issuer", "north")
    assert result.exit_code == 0
    names = {"site.key", "rest.key", "roster-signing.pem", "pass-signing.pem", "trust.json"}
    names |= {"people.key", "seal.key", "seal.pub"}
    assert {path.name for path in folder.iterdir()} == names
    assert all(str(folder / name) in result.stdout for name in names)
    assert result.stdout.count("lost:") == result.stdout.count("belongs on:") == len(names)
    assert "Back these files up" in result.stderr
    assert folder.stat().st_mode & 0o777 == 0o700
    keys.read_site_keys(folder / "site.key", folder / "rest.key")
    table = keys.read_trust(folder / "trust.json")
    orders = {"roster-signing.pem": {"roster", "command"}, "pass-signing.pem": {"pass"}}
    for name, uses in orders.items():
        signing = keys.read_signing_key(folder / name)
        row = table.find(signing.kid, min(uses))
        assert row is not None
        assert row.verify(signing.sign(b"m"), b"m")
        assert (row.uses, row.issuer) == (uses, "north")


def test_init_touches_nothing_in_a_folder_that_has_keys(site: Path) -> None:
    before = {path: path.read_bytes() for path in site.iterdir()}
    (site / "trust.json").unlink()
    result = run("keys", "init", site)
    assert result.exit_code == 1
    assert "never overwritten" in result.stderr
    assert "site.key" in result.stderr
    assert {path: path.read_bytes() for path in site.iterdir()}.items() <= before.items()


def test_init_says_why_a_folder_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run("keys", "init", tmp_path / "file" / "keys")
    assert result.exit_code == 1
    assert "choose another place" in result.stderr


def test_every_detail_has_its_sentence_and_its_line_in_the_documentation() -> None:
    assert set(SENTENCES) == set(PassDetail)
    text = DOCS.read_text("utf-8")
    documented = dict(re.findall(r"^\| `([a-z0-9_]+)` \| `([A-Z_]+)` \|", text, re.MULTILINE))
    from gated.core.passes import REASON_OF

    assert documented == {str(detail): str(reason) for detail, reason in REASON_OF.items()}


def test_every_key_file_is_in_the_documentation(site: Path) -> None:
    text = DOCS.read_text("utf-8")
    assert all(f"`{path.name}`" in text for path in site.iterdir())
