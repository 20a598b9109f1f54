"""Headless Chromium of the system, in software rendering, with its requests and errors recorded."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]


@dataclass
class Watched:
    """A page with what it asked for and what it complained about."""

    page: Page
    hosts: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; skips the test, saying so, where Chromium is not installed."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("Chromium is not installed (make system)")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def open_page(
    browser: Browser, url: str, *, width: int = 1280, height: int = 720, wait: bool = True
) -> Watched:
    """Open an address; with ``wait`` until the first complete 3D frame."""
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_default_timeout(60_000)
    watched = Watched(page=page)
    page.on("request", lambda request: watched.hosts.add(urlsplit(request.url).netloc))
    page.on("pageerror", lambda error: watched.errors.append(str(error)))
    page.on(
        "console",
        lambda message: watched.errors.append(message.text) if message.type == "error" else None,
    )
    page.goto(url)
    if wait:
        until(page, "window.__parkTwin !== undefined")
        page.evaluate("() => { window.__parkTwin.ready.then(() => { window.__seen = true; }); }")
        until(page, "window.__seen === true")
    return watched


def until(page: Page, expression: str, limit_s: float = 60.0) -> object:
    """Value of a JavaScript expression once it is true; polled, as the page forbids ``eval``."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        value = page.evaluate(expression)
        if value:
            return value
        time.sleep(0.05)
    message = f"not true within {limit_s} s: {expression}"
    raise AssertionError(message)
