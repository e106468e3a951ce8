"""One sentence per pass detail: what is the matter and what to do."""

from typing import Final

from gated.core.passes import PassDetail

SENTENCES: Final[dict[PassDetail, str]] = {
    PassDetail.VALID: "signed by a trusted key, and it counts now",
    PassDetail.TIME_UNKNOWN: "signed by a trusted key; the clock is unsure, look at the times",
    PassDetail.TOO_LONG: "longer than any pass; probably another code, ask for the pass",
    PassDetail.BAD_CHARACTERS: "not a pass: characters that no pass has; ask for the pass",
    PassDetail.UNKNOWN_PREFIX: "not a pass of this system: it does not begin with GP1:",
    PassDetail.MALFORMED_BASE45: "damaged: the text is no base45; copy the whole text again",
    PassDetail.MALFORMED_CBOR: "damaged: the content is not readable; ask for a new pass",
    PassDetail.TRAILING_BYTES: "altered: bytes follow the end; ask for the original",
    PassDetail.DUPLICATE_KEY: "malformed: an entry appears twice; the issuer must correct it",
    PassDetail.WRONG_TAG: "not a signed pass: the content is of another kind",
    PassDetail.WRONG_SHAPE: "not a signed pass: the parts of a signature are missing",
    PassDetail.BAD_HEADER: "the header is not that of a pass; the issuer must correct it",
    PassDetail.ALGORITHM_MISMATCH: "the algorithm is missing or not the one of this key",
    PassDetail.UNKNOWN_KEY: "signed by a key that is not in the trust table; update the table",
    PassDetail.KEY_NOT_YET: "signed by a key whose time has not come; check clock and table",
    PassDetail.KEY_EXPIRED: "signed by a key whose time is over; a new pass is needed",
    PassDetail.WRONG_ISSUER: "signed by the issuer of another site",
    PassDetail.BAD_SIGNATURE: "the signature does not belong to this content: altered or forged",
    PassDetail.BAD_CLAIM: "genuine but malformed; the issuer must make a new pass",
    PassDetail.LIFE_TOO_LONG: "valid for longer than allowed; the issuer must make a shorter one",
    PassDetail.NOT_YET: "genuine, but not valid yet; see not_before",
    PassDetail.EXPIRED: "genuine, but expired; a new pass is needed",
    PassDetail.WRONG_ZONE: "genuine, but for other zones",
    PassDetail.WRONG_DIRECTION: "genuine, but for the other direction",
    PassDetail.OUTSIDE_TRIP: "genuine, but outside its trip; see trip",
    PassDetail.STALE_STEP: "the rotating code is old: a screenshot; open the pass again",
}
