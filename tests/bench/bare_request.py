"""What `netspy --tool list_connections` is measured against: the settings, the client and the one request, no more."""

import asyncio
import sys

import httpx

from bot.settings import load


async def main(url: str) -> None:
    load()
    async with httpx.AsyncClient(base_url=url) as client:
        answer = await client.get("/api/events", params={"type": "connection", "limit": "100"})
        print(len(answer.json()["events"]))


asyncio.run(main(sys.argv[1]))
