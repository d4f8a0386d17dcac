"""Certificates that are not to be trusted: each is told by name, whichever part met it."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from bot.doctor import examine
from bot.doctor.validity import Validity, validity_of
from bot.domain.ports import Check
from bot.settings import Settings
from tests.wire.certificates import DAY, Certificate, made, now, shown

ENDED = now() - 3 * DAY


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Certificate:
    """Which this machine trusts."""
    trusted = made(until=now() + 400 * DAY)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted.written(tmp_path)))
    return trusted


async def examined(folder: Path, **given: str) -> dict[str, Check]:
    own = {"NETSPY_DATABASE_URL": str(folder / "netspy.db"), "NETSPY_LISTEN": "127.0.0.1:0"}
    found = await examine(Settings.model_validate({**own, **given}), server=given.get("server"))
    return {check.part: check for check in found.parts}


async def test_an_expired_certificate_is_named_with_its_day_in_every_part(
    authority: Certificate, tmp_path: Path
) -> None:
    async with shown(made(by=authority, until=ENDED), tmp_path) as port:
        url = f"https://127.0.0.1:{port}"
        found = await examined(
            tmp_path, NETSPY_EBPF_URL=url, OPENAI_API_KEY="sk-1", OPENAI_BASE_URL=f"{url}/v1",
            SLACK_BOT_TOKEN="xoxb-1", SLACK_APP_TOKEN="xapp-1", SLACK_API_URL=f"{url}/api/",
            DISCORD_TOKEN="a.b.c", DISCORD_API_URL=f"{url}/api/v10",
        )  # fmt: skip
    told = f"the certificate of 127.0.0.1:{port} expired on {ENDED:%Y-%m-%d %H:%M} UTC, 3 days ago"
    for part in ("source", "model", "slack", "discord"):
        remedy = f"renew the certificate of 127.0.0.1:{port}"
        assert found[part] == Check(part, "fault", told, remedy, "certificate-expired")
    assert "slack events" not in found, "one cause is told once"


async def test_other_flaws_of_certificates_are_told_apart(authority: Certificate, tmp_path: Path) -> None:
    flaws = {
        "certificate-of-another-name": made("10.9.8.7", by=authority),
        "certificate-not-yet-valid": made(by=authority, since=now() + DAY / 2),
        "certificate-self-signed": made(),
        "certificate-untrusted": made(by=made()),
    }
    for finding, certificate in flaws.items():
        async with shown(certificate, tmp_path) as port:
            source = (await examined(tmp_path, NETSPY_EBPF_URL=f"https://127.0.0.1:{port}"))["source"]
        assert (source.state, source.finding) == ("fault", finding), source
        assert f"the certificate of 127.0.0.1:{port} is " in source.detail


async def test_a_server_that_speaks_tls_is_not_asked_without(authority: Certificate, tmp_path: Path) -> None:
    async with shown(made(by=authority), tmp_path) as port:
        source = (await examined(tmp_path, NETSPY_EBPF_URL=f"http://127.0.0.1:{port}"))["source"]
    assert (source.finding, source.remedy) == ("tls-on-plain-port", f"write https://127.0.0.1:{port}")


def test_the_times_of_a_certificate_are_read_from_its_bytes() -> None:
    for until in (ENDED, now().replace(year=2051)):  # which are written in two ways
        certificate = made(until=until)
        der = certificate.of.public_bytes(serialization.Encoding.DER)
        assert validity_of(der) == Validity(certificate.of.not_valid_before_utc, until)


def test_what_is_no_certificate_has_no_times() -> None:
    der = made().of.public_bytes(serialization.Encoding.DER)
    broken = (b"", b"\x30", b"\x30\x84\xff\xff\xff\xff", b"no", b"\x30\x02\x30\x00", *(der[:end] for end in range(200)))
    for each in broken:
        with pytest.raises(ValueError, match=r"certificate|time"):
            validity_of(each)
