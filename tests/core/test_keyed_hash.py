"""The fast keyed hash is HMAC-SHA256."""

import hmac

from hypothesis import given
from hypothesis import strategies as st

from gated.core.keyed_hash import keyed_hash


@given(st.binary(max_size=130), st.binary(max_size=300))
def test_it_is_hmac_for_every_key_and_message(key: bytes, message: bytes) -> None:
    expected = hmac.digest(key, message, "sha256")
    assert keyed_hash(key, message) == expected
    assert keyed_hash(key, message) == expected, "the second time as well"


def test_the_vectors_of_rfc_4231() -> None:
    """Cases 1, 2 and 6: a short key, a text key, a key longer than a block."""
    assert keyed_hash(b"\x0b" * 20, b"Hi There").hex() == (
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    )
    assert keyed_hash(b"Jefe", b"what do ya want for nothing?").hex() == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )
    long = b"Test Using Larger Than Block-Size Key - Hash Key First"
    assert keyed_hash(b"\xaa" * 131, long).hex() == (
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    )
