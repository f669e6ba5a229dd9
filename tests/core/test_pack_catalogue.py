"""Downloads from a server on this machine: whole, cancelled and resumed, cut, wrong, and led astray."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.errors import InputError, PackError
from core.pack_catalogue import BLOCK, allowed, download, offer_of, read_catalogue

from .packs import write_pack


class Handler(BaseHTTPRequestHandler):
    """Serves `content`, from where it is asked; what else it does is the server's `manner`."""

    def do_GET(self):
        content, manner = self.server.content, self.server.manner
        asked = self.headers.get("Range")
        self.server.asked.append(asked)
        if manner == "astray":
            self.send_response(302)
            self.send_header("Location", "http://example.invalid/pack.zip")
            self.end_headers()
            return
        if manner == "absent":
            self.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and manner != "no ranges" else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start:start + len(content) // 2] if manner == "cut" else content[start:])

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path):
    served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.content = write_pack(tmp_path / "served.zip").read_bytes() + bytes(3 * BLOCK)     # some blocks long
    served.manner, served.asked = "", []
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield served
    served.shutdown()
    thread.join()
    served.server_close()


def offer(server, tmp_path, **changes):
    values = {"name": "small", "version": "1.0", "description": "A small pack.", "bytes": len(server.content), "licence": "CC0-1.0",
              "source": "made for a test", "sha256": hashlib.sha256(server.content).hexdigest(),
              "url": f"http://127.0.0.1:{server.server_port}/pack.zip"} | changes
    path = tmp_path / "catalogue.json"
    path.write_text(json.dumps({"format": 1, "packs": [values]}))
    return read_catalogue(path)[0]


def test_a_download_is_whole_and_not_made_twice(server, tmp_path):
    wanted, seen = offer(server, tmp_path), []
    path = download(wanted, tmp_path / "in", tick=seen.append)
    assert path.read_bytes() == server.content and seen[-1] == 1.0 and seen == sorted(seen) and wanted.host == "127.0.0.1"
    assert download(wanted, tmp_path / "in") == path and len(server.asked) == 1


def test_cancelled_it_goes_on_from_there(server, tmp_path):
    wanted, seen = offer(server, tmp_path), []
    assert download(wanted, tmp_path / "in", tick=seen.append, cancelled=lambda: bool(seen)) is None
    (part,) = (tmp_path / "in").iterdir()
    assert part.suffix == ".part" and 0 < part.stat().st_size < len(server.content)
    assert download(wanted, tmp_path / "in").read_bytes() == server.content
    assert server.asked == [None, f"bytes={round(seen[0] * len(server.content))}-"]


def test_a_server_without_ranges_begins_anew(server, tmp_path):
    wanted, seen, server.manner = offer(server, tmp_path), [], "no ranges"
    download(wanted, tmp_path / "in", tick=seen.append, cancelled=lambda: bool(seen))
    assert download(wanted, tmp_path / "in").read_bytes() == server.content


def test_a_connection_that_ends_early_is_told_and_the_next_goes_on(server, tmp_path):
    wanted, server.manner = offer(server, tmp_path), "cut"
    with pytest.raises(PackError, match="ended early|download failed"):
        download(wanted, tmp_path / "in")
    server.manner = ""
    assert download(wanted, tmp_path / "in").read_bytes() == server.content and server.asked[1].startswith("bytes=")


def test_another_file_than_promised_is_deleted(server, tmp_path):
    wanted = offer(server, tmp_path, sha256="0" * 64)
    with pytest.raises(PackError, match="sha256 differs"):
        download(wanted, tmp_path / "in")
    assert list((tmp_path / "in").iterdir()) == []


def test_more_than_promised_is_not_kept(server, tmp_path):
    with pytest.raises(PackError, match="more than the catalogue says"):
        download(offer(server, tmp_path, bytes=1000), tmp_path / "in")
    assert all(path.stat().st_size == 0 for path in (tmp_path / "in").iterdir())


@pytest.mark.parametrize(("manner", "match"), [("astray", "not https"), ("absent", "download failed")])
def test_a_server_that_leads_astray_or_has_nothing(server, tmp_path, manner, match):
    server.manner = manner
    with pytest.raises(PackError, match=match):
        download(offer(server, tmp_path), tmp_path / "in")


def test_no_server_and_no_room(server, tmp_path):
    wanted = offer(server, tmp_path, url="http://127.0.0.1:9/pack.zip")
    with pytest.raises(PackError, match="Install Pack from File"):
        download(wanted, tmp_path / "in")
    (tmp_path / "file").write_text("x")
    with pytest.raises(PackError, match="cannot be kept"):
        download(offer(server, tmp_path), tmp_path / "file")


def test_only_https_is_asked():
    assert allowed("https://example.invalid/pack.zip") and allowed("http://localhost:8000/pack.zip")
    for url in ("http://example.invalid/pack.zip", "file:///etc/passwd", "ftp://example.invalid/x", "https://", "", "http://[bad"):
        assert not allowed(url)


@pytest.mark.parametrize("change", [{"bytes": 0}, {"bytes": True}, {"bytes": 1 << 60}, {"sha256": "xyz"}, {"url": "http://example.invalid/"},
                                    {"licence": ""}, {"name": 3}])
def test_an_offer_that_cannot_be_used(tmp_path, change):
    values = {"name": "a", "version": "1", "description": "d", "url": "https://example.invalid/x", "bytes": 5, "sha256": "0" * 64,
              "licence": "CC0", "source": "s"}
    assert offer_of(values, tmp_path).size == 5
    with pytest.raises(InputError, match="offer of the catalogue"):
        offer_of(values | change, tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 2, "packs": []}', '{"format": 1, "packs": 3}', '{"format": 1, "packs": [3]}'])
def test_a_catalogue_that_cannot_be_used(tmp_path, text):
    (tmp_path / "catalogue.json").write_text(text)
    with pytest.raises(InputError):
        read_catalogue(tmp_path / "catalogue.json")
