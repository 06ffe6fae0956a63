"""A person with a browser, as far as HTTP can tell."""

import re
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
from anyio import to_thread


@dataclass
class Person:
    """Opens launch files, keeps the cookie, and fills in the form that the page shows."""

    visits: bool = True
    has_browser: bool = True
    launches: list[str] = field(default_factory=list)
    address: str = ""
    token: str = ""
    path: str = ""
    cookie: str = ""

    def open(self, url: str) -> bool:
        """What a browser does with the launch file."""
        if not self.has_browser:
            return False
        self.launches.append(url)
        page = Path(unquote(urlsplit(url).path)).read_text(encoding="utf-8")
        self.address = _found(r'action="(http://[^"]+)/open"', page)
        self.token = _found(r'name="token" value="([^"]+)"', page)
        if self.visits:
            self._enter()
        return True

    async def enter(self) -> httpx.Response:
        """Open the launch file late, or once more."""
        return await to_thread.run_sync(self._enter)

    def _enter(self) -> httpx.Response:
        """Exchange the launch token for the cookie."""
        response = httpx.post(f"{self.address}/open", data={"token": self.token}, headers={"Origin": "null"})
        if response.status_code == 200:
            self.path = _found(r'url=([^"]+)"', response.text)
            self.cookie = SimpleCookie(response.headers["set-cookie"])["novita_approval"].value
        return response

    @property
    def headers(self) -> dict[str, str]:
        """What the browser adds to a request from the page itself."""
        return {
            "Cookie": f"novita_approval={self.cookie}",
            "Origin": self.address,
            "Sec-Fetch-Site": "same-origin",
        }

    async def look(self) -> httpx.Response:
        """The page, as it is now."""
        return await self.get(self.path, self.headers)

    async def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """Any address of the page, as a stranger unless headers say otherwise."""
        async with httpx.AsyncClient() as http:
            return await http.get(self.address + path, headers=headers)

    async def launch(self, token: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """Try a launch token."""
        async with httpx.AsyncClient() as http:
            return await http.post(f"{self.address}/open", data={"token": token}, headers=headers)

    async def form(self) -> dict[str, str]:
        """The hidden fields of the page that is shown now."""
        page = (await self.look()).text
        return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)">', page))

    async def answer(
        self, decision: str, form: dict[str, str], headers: dict[str, str] | None = None, path: str = ""
    ) -> httpx.Response:
        """Press a button of a form."""
        async with httpx.AsyncClient() as http:
            return await http.post(
                f"{self.address}{path or self.path}decision",
                data={"decision": decision, **form},
                headers=self.headers if headers is None else headers,
            )


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None, f"no {pattern} in {text}"
    return match[1]
