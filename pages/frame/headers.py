"""What every answer carries for the browser: nothing from another host, no guessing of types, no foreign frame.

Streamlit's own page needs inline styles and scripts that its bundle makes (workers and component modules as blobs), so
these are allowed from this server alone; nothing is loaded from, sent to or framed by another host. Requests whose Host
is not allowed are refused on every path: Streamlit checks it on the websocket only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline' blob:",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "frame-src 'self' blob:",
        "frame-ancestors 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    )
)
HEADERS: Final = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


class SecurityHeaders:
    """ASGI middleware. hosts: names that the server answers to; none means any."""

    def __init__(self, app: Application, hosts: tuple[str, ...] = ()) -> None:
        self.app, self.hosts = app, frozenset(host.casefold().strip("[]") for host in hosts)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if self.hosts and _host(scope) not in self.hosts:
            await send(
                {"type": "http.response.start", "status": 400, "headers": [(b"content-type", b"text/plain"), *HEADERS]}
            )
            await send({"type": "http.response.body", "body": b"This server does not answer to that host."})
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in HEADERS}
                others = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in own]
                message["headers"] = [*others, *HEADERS]
            await send(message)

        await self.app(scope, receive, with_headers)


def _host(scope: Message) -> str:
    """The name in the Host header, without its port and without the brackets of an IPv6 address."""
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
    if host.startswith("["):
        return host[1:].partition("]")[0].casefold()
    return host.rpartition(":")[0].casefold() if ":" in host else host.casefold()
