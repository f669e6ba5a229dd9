"""Packs that can be downloaded, as a catalogue file lists them, and the download: resumed, bounded, and verified (docs/pack.md).

A catalogue is a file that the studio or the artist has; none comes with the extension, and nothing is ever fetched by itself.
"""

import http.client
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import InputError, PackError
from .files import digest, put, read_json

FORMAT = 1
MOST_OFFERS = 100
LARGEST = 4 << 30               # bytes of a zip
BLOCK = 1 << 18                 # bytes read at once; between two blocks a download can be cancelled
PATIENCE = 30.0                 # seconds without a byte
LOOPBACK = ("localhost", "127.0.0.1", "::1")
AGENT = "ECAvatar"
MANUALLY = "or download it with a browser and use Install Pack from File"
Tick = Callable[[float], None]


@dataclass(frozen=True)
class Offer:
    """A pack that can be downloaded: size in bytes, sha256 of the zip, and what its owner says of licence and source."""

    name: str
    version: str
    text: str
    url: str
    size: int
    sha256: str
    licence: str
    source: str

    @property
    def host(self) -> str:
        """Return the machine it would come from."""
        return urllib.parse.urlsplit(self.url).hostname or ""


def read_catalogue(path: Path) -> tuple[Offer, ...]:
    """Return the offers in the catalogue file at `path`; raise InputError when it is damaged or an offer is incomplete or unsafe."""
    values = read_json(path, InputError)
    offers = values.get("packs")
    if values.get("format") != FORMAT or not isinstance(offers, list) or len(offers) > MOST_OFFERS:
        raise InputError(f"the catalogue is not of format {FORMAT}", path, "choose a catalogue for this version of ECAvatar")
    return tuple(offer_of(offer, path) for offer in offers)


def offer_of(values: Any, path: Path) -> Offer:
    """Return one offer of a catalogue; raise InputError when something is missing or its address is not https."""
    fields = ("name", "version", "description", "url", "sha256", "licence", "source")
    if not isinstance(values, dict) or not all(isinstance(values.get(field), str) and values[field] for field in fields):
        raise InputError(f"an offer of the catalogue lacks one of {', '.join(fields)}", path, "ask who made it")
    size, sha256, advice = values.get("bytes"), values["sha256"].lower(), "ask who made it"
    if not isinstance(size, int) or isinstance(size, bool) or not 0 < size <= LARGEST or not re.fullmatch("[0-9a-f]{64}", sha256):
        raise InputError(f"an offer of the catalogue has no usable size or sha256 ({values['name'][:80]})", path, advice)
    if not allowed(values["url"]):
        raise InputError(f"an offer of the catalogue has an address that is not https ({values['url'][:80]})", path, advice)
    return Offer(values["name"], values["version"], values["description"], values["url"], size, sha256, values["licence"],
                 values["source"])


def allowed(url: str) -> bool:
    """Whether an address may be asked: https, or plain http on this machine."""
    try:
        parts = urllib.parse.urlsplit(url)
        return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))
    except ValueError:
        return False


class OnlySafe(urllib.request.HTTPRedirectHandler):
    """Follows a server elsewhere only where it could have been asked in the first place."""

    def redirect_request(self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any,
                         newurl: str) -> urllib.request.Request | None:
        """Refuse an address that is not https."""
        if not allowed(newurl):
            raise urllib.error.URLError("the server leads to an address that is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def download(offer: Offer, folder: Path, *, tick: Tick = lambda fraction: None,
             cancelled: Callable[[], bool] = lambda: False) -> Path | None:
    """Fetch an offered zip into `folder` and return its path, verified; None when it was cancelled.

    What has arrived stays in a .part file, and the next call goes on from there. tick: takes the fraction that is there, 0..1.
    Raises PackError when the connection, the disk or the sum fails; a file of a wrong sum is deleted.
    """
    path = folder / f"{offer.sha256[:16]}.zip"
    part = path.with_suffix(".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if path.is_file() and digest(path) == offer.sha256:
            return path
        if not receive(offer, part, tick, cancelled):
            return None
        if part.stat().st_size < offer.size:
            raise PackError(f"the connection ended early ({part.stat().st_size} of {offer.size} bytes)", offer.url,
                            f"download it again, it goes on from there, {MANUALLY}")
        if digest(part) != offer.sha256:
            part.unlink()
            raise PackError("the downloaded file is not the one in the catalogue (its sha256 differs)", offer.url,
                            "ask who made the catalogue; nothing was installed")
        put(part, path)
        return path
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise PackError(f"the download failed ({getattr(error, 'reason', error)})", offer.url,
                        f"check the connection and download it again, it goes on from there, {MANUALLY}") from error
    except OSError as error:
        raise PackError(f"the download cannot be kept ({error.strerror or error})", folder, "make room") from error


def receive(offer: Offer, part: Path, tick: Tick, cancelled: Callable[[], bool]) -> bool:
    """Add what is missing to `part`; return whether it was let finish."""
    have = part.stat().st_size if part.is_file() else 0
    if have > offer.size:
        part.unlink()
        have = 0
    if have == offer.size:
        return True
    request = urllib.request.Request(offer.url, headers={"User-Agent": AGENT} | ({"Range": f"bytes={have}-"} if have else {}))
    opener = urllib.request.build_opener(OnlySafe)
    with opener.open(request, timeout=PATIENCE) as answer, part.open("ab") as file:
        goes_on = str(answer.headers.get("Content-Range", "")).startswith(f"bytes {have}-")
        if answer.status != http.client.PARTIAL_CONTENT or not goes_on:
            file.truncate(0)                        # the server begins anew
            have = 0
        while not cancelled():
            block = answer.read(min(BLOCK, offer.size - have + 1))
            if not block:
                return True
            have += len(block)
            if have > offer.size:
                file.truncate(0)
                raise PackError("the server sends more than the catalogue says", offer.url, "ask who made the catalogue")
            file.write(block)
            tick(have / offer.size)
    return False
