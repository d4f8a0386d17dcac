"""Certificates that a test makes, and a peer on 127.0.0.1 that shows one of them."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Certificate:
    of: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def written(self, folder: Path) -> Path:
        """A file with both, as servers want them."""
        form = serialization.Encoding.PEM
        secret = self.key.private_bytes(form, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        file = folder / f"{self.of.serial_number}.pem"
        file.write_bytes(self.of.public_bytes(form) + secret)
        return file


def made(
    address: str = "127.0.0.1",
    *,
    by: Certificate | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Certificate:
    """For that address; signed by itself, and fit to sign others, where nobody else is named."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address if by else "An authority")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(by.of.subject if by else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since or now() - 400 * DAY)
        .not_valid_after(until or now() + DAY)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
    )
    return Certificate(builder.sign(by.key if by else key, hashes.SHA256()), key)


@asynccontextmanager
async def shown(certificate: Certificate, folder: Path) -> AsyncGenerator[int, None]:
    """The port of a peer that says nothing but this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.written(folder))

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]
