"""What is wrong with a server's certificate: looked at where a part has failed whose address is https."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from bot.doctor.validity import Validity, validity_of
from bot.domain.ports import Check

PATIENCE_S: Final = 3.0
_NOT_YET, _EXPIRED = 9, 10
_SELF_SIGNED: Final = frozenset({18, 19})
_OTHER_NAME: Final = frozenset({62, 64})
"""OpenSSL's numbers (X509_V_ERR_...): https://docs.openssl.org/master/man3/X509_STORE_CTX_get_error/"""


async def with_certificate(checks: Sequence[Check], url: str) -> tuple[Check, ...]:
    """These checks of one part; where the certificate is what is wrong, all that failed for it are one."""
    first = next((check for check in checks if check.state != "ok"), None)
    parts = urlsplit(url)
    if first is None or parts.scheme != "https" or not parts.hostname:
        return tuple(checks)
    flaw = await flaw_of(parts.hostname, parts.port or 443)
    if flaw is None:
        return tuple(checks)
    well = (check for check in checks if check.state == "ok")
    return (replace(flaw, part=first.part, state=first.state), *well)


async def flaw_of(host: str, port: int) -> Check | None:
    """A check without a part, or None where the certificate is trusted, or nothing speaks TLS there."""
    try:
        async with asyncio.timeout(PATIENCE_S), _connected(host, port, ssl.create_default_context()):
            return None
    except ssl.SSLCertVerificationError as error:
        return _told(f"{host}:{port}", error, await _validity(host, port))
    except (OSError, TimeoutError):
        return None


async def speaks_tls(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_S), _connected(host, port, _trusting()):
            return True
    except (OSError, TimeoutError):
        return False


def _told(place: str, error: ssl.SSLCertVerificationError, validity: Validity | None) -> Check:
    code, now = error.verify_code, datetime.now(UTC)
    renew = f"renew the certificate of {place}"
    if code == _EXPIRED:
        when = f" on {_written(validity.until)}, {_days(now - validity.until)} ago" if validity else ""
        return _flaw(f"the certificate of {place} expired{when}", renew, "certificate-expired")
    if code == _NOT_YET:
        when = f" before {_written(validity.since)}" if validity else " yet"
        remedy = f"see whether this machine's clock is right, or {renew}"
        return _flaw(f"the certificate of {place} is not valid{when}", remedy, "certificate-not-yet-valid")
    if code in _OTHER_NAME:
        got = f"the certificate of {place} is for another name ({error.verify_message.rstrip('.')})"
        return _flaw(got, "write the name that the certificate is for", "certificate-of-another-name")
    trusted = "what this machine trusts; SSL_CERT_FILE names a file of such certificates"
    if code in _SELF_SIGNED:
        return _flaw(f"the certificate of {place} is self-signed", f"add it to {trusted}", "certificate-self-signed")
    remedy = f"add its authority to {trusted}"
    return _flaw(f"the certificate of {place} is not trusted ({error.verify_message})", remedy, "certificate-untrusted")


def _flaw(detail: str, remedy: str, finding: str) -> Check:
    return Check("", "fault", detail, remedy, finding)


async def _validity(host: str, port: int) -> Validity | None:
    """Only a connection that trusts anybody gets to see a certificate that is not to be trusted."""
    try:
        async with asyncio.timeout(PATIENCE_S), _connected(host, port, _trusting()) as secured:
            return validity_of(secured.getpeercert(binary_form=True) or b"")
    except (OSError, TimeoutError, ValueError):
        return None


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@asynccontextmanager
async def _connected(host: str, port: int, context: ssl.SSLContext) -> AsyncGenerator[ssl.SSLObject, None]:
    _, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        yield writer.get_extra_info("ssl_object")
    finally:
        writer.transport.abort()


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _days(ago: timedelta) -> str:
    return "less than a day" if not ago.days else "1 day" if ago.days == 1 else f"{ago.days:,} days"
