"""How the screen speaks TLS on a network, and what is wrong with a certificate. No traffic."""

import ssl
from pathlib import Path

from gated.errors import ConfigError


def server_context(cert: Path, key: Path) -> ssl.SSLContext:
    """Return how TLS is spoken, 1.2 or newer. Raises ConfigError naming file and remedy."""
    for name, path in (("cert", cert), ("key", key)):
        try:
            path.open("rb").close()
        except OSError as error:
            raise ConfigError(
                f"[screen.network] {name}: cannot read {path}: {error.strerror}; put the file "
                "there, readable by the user of the service (docs/screen.md, On a phone or in the "
                "office)"
            ) from error
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # Without the password argument OpenSSL would ask on the terminal and wait.
        context.load_cert_chain(cert, key, password="")
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"[screen.network] cert and key: {cert} and {key} cannot be used together: {error}; "
            "give a PEM certificate and its own unencrypted key"
        ) from error
    return context
