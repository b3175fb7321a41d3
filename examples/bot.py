"""A bot on papo's protocol (PROTOCOL.md): Python 3.11 and Debian's python3-websockets, nothing else.

It answers `!echo TEXT` with TEXT, and `!room` with the room's name and how many are in it: each command once and in
order, whatever the network and the server do meanwhile. Two things make that easy:

- A reply has the id of its command. An id belongs to its sender, so a reply that is sent twice is stored once.
- How far it has answered stands on the server, as its read mark. It needs no disk, and may be killed at any time.
"""

import asyncio
import http.client
import itertools
import json
import math
import os
import random
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import websockets

URL = os.environ.get("PAPO_URL", "http://127.0.0.1:8080").rstrip("/")
LOGIN = {"username": os.environ.get("PAPO_USER", "bot"), "password": os.environ.get("PAPO_PASSWORD", "")}


class Refused(Exception):
    """The server says no, and would say so again. Where nobody expects it, it ends the bot."""


@dataclass
class Room:
    info: dict  # the server's Room, kept up to date
    answered: int  # all commands up to this seq are answered
    unread: dict[int, dict] = field(default_factory=dict)  # messages by seq
    working: bool = False


def backoff(attempt: int) -> float:
    """Seconds. Random, so that a restarted server isn't met by everyone at once."""
    return random.uniform(0, min(30, 0.25 * 2 ** min(attempt, 10)))


async def post(path: str, body: dict) -> dict:
    """Asks over HTTP until it is decided."""
    request = Request(URL + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    for attempt in itertools.count():
        wait = backoff(attempt)
        try:
            return json.loads(await asyncio.to_thread(lambda: urlopen(request, timeout=10).read()))
        except HTTPError as problem:
            if problem.code != 429 and problem.code < 500:
                raise Refused(f"{path} is answered with {problem.code}") from None
            wait = max(wait, int(problem.headers.get("Retry-After", 0)))
        except (OSError, http.client.HTTPException):
            pass  # No answer, or half of one: undecided.
        await asyncio.sleep(wait)


class Bot:
    def __init__(self):
        self.log = None  # the history that the versions of our rooms belong to
        self.rooms: dict[str, Room] = {}
        self.live = asyncio.Event()  # connected, and up to date
        self.waiting: dict[int, asyncio.Future] = {}
        self.refs = itertools.count(1)
        self.refreshing = asyncio.Lock()

    async def run(self):
        self.grant = await post("/login", LOGIN)
        async with asyncio.TaskGroup() as self.tasks:  # An error in one task ends them all.
            self.tasks.create_task(self.keep_token_fresh())
            self.attempt = 0
            while True:
                grant, self.pause, self.live_since = self.grant, None, math.inf
                why = await self.connection(grant["token"])
                if 4500 <= why <= 4999:
                    raise Refused(f"closed with {why}")
                if why in (4001, 401):
                    await self.refresh(grant)
                self.attempt = 0 if time.monotonic() - self.live_since > 10 else self.attempt + 1
                await asyncio.sleep(self.pause or backoff(self.attempt))

    async def connection(self, token: str) -> int:
        """Lasts as long as the connection. Says why it ended: the close code, or the HTTP status of a refusal."""
        url, headers = URL.replace("http", "ws", 1) + "/ws", {"Authorization": f"Bearer {token}"}
        # The library sends pings by itself, and gives the connection up when they aren't answered.
        options = {"max_size": None, "ping_interval": 30, "ping_timeout": 10, "close_timeout": 1}
        try:
            async with websockets.connect(url, extra_headers=headers, **options) as self.socket:
                async for text in self.socket:
                    await self.receive(json.loads(text))
            return 1000
        except websockets.InvalidStatusCode as refusal:
            return refusal.status_code
        except websockets.ConnectionClosed as closed:
            return closed.code
        except (OSError, asyncio.TimeoutError, websockets.WebSocketException):
            return 1006
        finally:
            self.live.clear()
            for ref in list(self.waiting):
                self.settle(ref, None)

    async def receive(self, frame: dict):
        """One frame after the other: what follows the answer to `sync` builds on it."""
        match frame:
            case {"event": "hello", "protocol": 1}:
                self.hello = frame
                await self.sync()
            case {"event": "hello"}:
                raise Refused(f"the server speaks version {frame['protocol']}")
            case {"ref": "sync", "output": {"rooms": rooms, "left": left}}:
                if self.log != self.hello["log"]:  # Restored from a backup: what the bot knows may never have been.
                    self.rooms, self.log = {}, self.hello["log"]
                for item in rooms:
                    self.hold(item["room"], item.get("delta", {}).get("messages", []))
                for room in left:
                    self.rooms.pop(room, None)
                self.live.set()
                self.live_since = time.monotonic()
                self.attempt = min(self.attempt, 2)  # It works. But one that breaks at once isn't worth a rush.
            case {"ref": "sync", "error": error}:
                if not error["retryable"]:
                    raise Refused(f"sync: {error}")
                await asyncio.sleep(error.get("retryAfterMs", 1000) / 1000)
                await self.sync()
            case {"ref": ref}:
                self.settle(ref, frame)
            case {"event": "joined", "room": info}:
                self.rooms.pop(info["id"], None)
                self.hold(info, [])
            case {"event": "left", "room": room}:
                self.rooms.pop(room, None)
            case {"event": "change", "room": room} if room in self.rooms:
                self.change(self.rooms[room], frame)
            case {"event": "draining", "reconnectInMs": delay}:
                self.pause = delay / 1000

    async def sync(self):
        held = {id: room.info["version"] for id, room in self.rooms.items()}
        known = {"log": self.log, "rooms": held} if self.log else {}
        await self.socket.send(json.dumps({"ref": "sync", "op": "sync", "input": {"history": 0, **known}}))

    def hold(self, info: dict, messages: list):
        """A room as it is now. Who comes in, or in again, has a read mark above all that was said before."""
        room = self.rooms.setdefault(info["id"], Room(info, 0))
        room.answered = max(room.answered, info["readSeq"])
        self.change(room, {"version": info["version"], "info": info, "messages": messages})

    def change(self, room: Room, delta: dict):
        """On one connection changes join without a gap, so there is no need to compare versions."""
        room.info |= delta.get("info", {}) | {key: delta[key] for key in ("version", "memberCount") if key in delta}
        for message in delta.get("messages", []):
            room.unread[message["seq"]] = message
            room.info["lastSeq"] = max(room.info["lastSeq"], message["seq"])
        if room.answered < room.info["lastSeq"] and not room.working:
            room.working = True
            self.tasks.create_task(self.work(room))

    async def work(self, room: Room):
        """One message after the other. `seq` has no gaps: what hasn't come by itself is read from the history."""
        id = room.info["id"]
        try:
            while room.answered < room.info["lastSeq"] and self.rooms.get(id) is room:
                message = room.unread.pop(room.answered + 1, None)
                if message:
                    await self.answer(room, message)
                    room.answered = max(room.answered, message["seq"])
                else:
                    page = await self.ask("message.history", room=id, after=room.answered, limit=100)
                    room.unread |= {message["seq"]: message for message in page["messages"]}
                if room.answered == room.info["lastSeq"]:
                    room.unread.clear()
                    await self.ask("room.read", room=id, seq=room.answered)
        except Refused:
            pass  # No longer a member: `left` says so too.
        room.working = False

    async def answer(self, room: Room, message: dict):
        text = message["text"]
        if text.startswith("!echo "):
            reply = text.removeprefix("!echo ")
        elif text == "!room":
            reply = f"{room.info['name']}: {room.info['memberCount']}"
        else:
            return
        if message["sender"]["id"] == self.hello["user"]["id"]:
            return  # The bot doesn't talk to itself.
        try:
            await self.ask("message.send", room=room.info["id"], id=message["id"], text=reply)
        except Refused as refusal:
            print("not answered:", text, refusal, file=sys.stderr)

    async def ask(self, op: str, **input) -> dict:
        """Asks until it is decided, on this connection or a later one: no answer means the same as "try again"."""
        for attempt in itertools.count():
            await self.live.wait()
            ref = next(self.refs)
            answer = self.waiting[ref] = asyncio.get_running_loop().create_future()
            try:
                await self.socket.send(json.dumps({"ref": ref, "op": op, "input": input}))
                frame = await asyncio.wait_for(answer, 40)
            except (websockets.ConnectionClosed, asyncio.TimeoutError):
                frame = None
            match frame:
                case {"output": output}:
                    return output
                case {"error": {"retryable": False}}:
                    raise Refused(f"{op}: {frame['error']}")
                case {"error": error}:
                    await asyncio.sleep(error.get("retryAfterMs", backoff(attempt) * 1000) / 1000)

    def settle(self, ref: int, frame: dict | None):
        answer = self.waiting.pop(ref, None)
        if answer and not answer.done():
            answer.set_result(frame)

    async def keep_token_fresh(self):
        """A minute before the token expires, or after half its life if that is short."""
        while True:
            left = (datetime.fromisoformat(self.grant["expiresAt"]) - datetime.now(timezone.utc)).total_seconds()
            await asyncio.sleep(max(1, left - 60, left / 2))
            await self.refresh(self.grant)
            with suppress(Refused):  # If it came too late: the next connection begins with the new one.
                await self.ask("token.renew", token=self.grant["token"])

    async def refresh(self, old: dict):
        """A new grant in place of this one. One at a time: an old refresh token in use again looks like theft."""
        async with self.refreshing:
            if self.grant is old:
                try:
                    self.grant = await post("/refresh", {"refreshToken": old["refreshToken"]})
                except Refused:
                    self.grant = await post("/login", LOGIN)


why = None
try:
    asyncio.run(Bot().run())
except* Refused as refusals:
    why = str(refusals.exceptions[0])
sys.exit(why)
