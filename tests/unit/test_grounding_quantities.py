# ruff: noqa: RUF001  people write such characters
"""What is a quantity in a text, and what only looks like one."""

import pytest

from bot.conversation.grounding.checking import unsupported
from bot.conversation.grounding.evidence import evidence_of
from bot.conversation.grounding.quantities import quantities

NOTHING = evidence_of([])


@pytest.mark.parametrize(
    "text",
    [
        "Since 14:02 UTC, from 14:02:33.125 to 2:05 pm on 2026-11-23, on 23 November and 23.11.2026.",
        "Am 23. November um 14 Uhr; le 23 novembre à 14h02; 26 ноября; 11月26日14時29分.",
        "Ports 80, 443 and 8080; port 5432; 端口 5432; db.internal:5432; 5432/tcp; ports below 1024.",
        "10.2.0.14, 10.2.0.0/16, [2001:db8::1]:443, fe80::1%eth0, 10.99.0.x and 02:42:ac:11:00:02.",
        "Kernel 6.12, Linux 6.12.8-arm64, TLS 1.3, HTTP/2, nginx 1.27.3, Go 1.22 and v1.2.3.",
        "HTTP 503, a 404, 502 Bad Gateway, 5xx, errno 111, `ECONNREFUSED` (111), exit code 1.",
        "1. Check the firewall.\n2) Look.\n### 3. Then\n**Step 1:** wait.",
        "node-3, eth0, p50, p99, the 95th percentile, IPv4, sha256, 0x1f, 3-way, 64-bit, 2nd, RFC 9293.",
        "pid 1234, uid 0, (pid 77), process 42, VLAN 12, MTU 1500.",
        "Set `net.core.somaxconn` to 4096, or tcp_tw_reuse=1, from 6 to 3; `net.core.somaxconn` is 4096.",
        "Run `ss -tn 10.0.0.1`, or --duration 600.\n```\nsysctl -w a=5\n```",
        "[T1], T2 and (T3); the top 5; row 4; line 42 of config.yaml.",
        "Wait 30 seconds, set the timeout to 5 s, raise the backlog to 1024.",
        "One of the first two; next steps: two options; 3 things; the other two destinations; Zwei der Prozesse.",
        "Half a second; the other half; a half-open connection; for every 100 attempts.",
        "The kernel knows this reason since 5.18.",
        "Both ends agree, and all three too.",
        "1️⃣ Check that. CVE-2024-1234, PR #12, UTC+2, 24/7, a 4-tuple.",
    ],
)
def test_names_dates_and_labels_are_no_quantities(text: str) -> None:
    assert unsupported(text, NOTHING) == ()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("It took 12.3 ms, **40 µs** or `3 s`.", ("12.3 ms", "40 µs", "3 s")),
        ("Es dauerte 3,5 Sekunden, 37 Prozent, 1.234,5 ms.", ("3,5 Sekunden", "37 Prozent", "1.234,5 ms")),
        ("耗时 37 毫秒，有 12 个连接。", ("37 毫秒", "12")),
        ("１２３ ms и 3 470 попыток", ("１２３ ms", "3 470")),
        ("4 of 7, 37/37", ("4", "7", "37", "37")),
        ("1'234 packets, 1 234 drops, 1.5k events", ("1'234", "1 234", "1.5k")),
        ("1 min 4 s, 2h30m", ("1 min 4 s", "2h30m")),
        ("12 drops/min, 1.2 MB/s, 7 per second", ("12", "1.2 MB/s", "7 per second")),
        ("rose 3x, twice as many, 37-fold", ("3x", "twice as", "37-fold")),
        (
            "half of them, two thirds, one in five, nine out of ten",
            ("half", "two thirds", "one in five", "nine out of ten"),
        ),
        ("four destinations, vier Ziele, forty-two percent", ("four", "vier", "forty-two percent")),
        ("| checkout | 37 | 2.0 s |", ("37", "2.0 s")),
        ("40 connections to port 80", ("40",)),
        ("%27 and 60-second", ("27", "60-second")),
    ],
)
def test_quantities_are_told_as_they_are_written(text: str, written: tuple[str, ...]) -> None:
    assert tuple(quantity.written for quantity in quantities(text)) == written


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("1,234 ms", "time", 1_234_000),
        ("1,234 ms", "time", 1_234),
        ("1.2-3.4 ms", "time", 1_200),
        ("between 2 and 5 s", "time", 2e6),
        ("5 MB", "bytes", 5e6),
        ("5 MB", "bytes", 5 * 1024**2),
        ("50 Mbit/s", "byte rate", 6.25e6),
        ("120 a minute", "rate", 2),
        ("every 4 s", "rate", 0.25),
        ("three times as many", "multiple", 3),
        ("37 times", "count", 37),
        ("1 h 30 min", "time", 5.4e9),
        ("received 48 kB and sent 21.", "bytes", 21_000),
        ("a quarter of them", "percent", 25),
        ("one in 20 fails", "percent", 5),
        ("a factor of 4", "multiple", 4),
        ("five drops per attempt", "multiple", 5),
        ("pro Minute werden etwa 120 Pakete", "rate", 2),
        ("50k bytes", "bytes", 50_000),
        ("2,5 МиБ", "bytes", 2.5 * 1024**2),
        ("1e3 events", "count", 1_000),
        ("au cours des 10 dernières minutes", "time", 600e6),
        ("en las 3 últimas horas", "time", 3 * 3600e6),
    ],
)
def test_every_meaning_of_a_quantity_is_read(text: str, dimension: str, value: float) -> None:
    readings = [reading for quantity in quantities(text) for reading in quantity.readings]
    values = [reading.value for reading in readings if reading.dimension == dimension]

    assert any(meant == pytest.approx(value) for meant in values)


def test_digits_without_an_end_are_no_measurement() -> None:
    assert quantities("9" * 5_000) == ()
