"""An exported head in a browser: `python benchmarks/bm_browser.py HEAD.glb --three FOLDER --out FOLDER [--chromium chromium]`.

Opens the file with three.js (FOLDER is the package as npm installs it) in a Chromium without a window, by way of this machine alone,
and plays its animation. One JSON line each: animations, morph targets, how far jawOpen ranges, and the share of the picture that
differs between the frames with the jaw most shut and most open. Targets: 1, 74, >= .1, >= .01. The two pictures lie in --out.
"""

import argparse
import base64
import io
import json
import queue
import subprocess
import sys
import tempfile
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

PAGE = Path(__file__).with_name("browser_page.html")
TYPES = {".html": "text/html", ".js": "text/javascript", ".glb": "model/gltf-binary"}
PATIENCE = 300                  # seconds for a browser that draws with the processor
CHANGED = 12                    # of 255, by which a pixel differs
OPTIONS = ("--headless=new", "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
           "--no-first-run")


class Handler(BaseHTTPRequestHandler):
    """Serves the page, three.js and the head, and takes what the page says."""

    def __init__(self, *arguments: Any, head: Path, three: Path, said: "queue.Queue[dict[str, Any]]") -> None:
        self.head, self.three, self.said = head, three.resolve(), said
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """Send a file; no other one than these."""
        name = self.path.partition("?")[0]
        path = {"/": PAGE, "/head.glb": self.head}.get(name) or (self.three / name.removeprefix("/three/")).resolve()
        if not path.is_file() or (path not in (PAGE, self.head) and not path.is_relative_to(self.three)):
            self.send_error(404)
            return
        content = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", TYPES.get(path.suffix, "application/octet-stream"))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        """Keep what the page has seen."""
        self.said.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


def seen(head: Path, three: Path, chromium: str) -> dict[str, Any]:
    """Return what the page says of the head; raise queue.Empty when it says nothing."""
    said: queue.Queue[dict[str, Any]] = queue.Queue()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, head=head, three=three, said=said))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as profile:
        browser = subprocess.Popen([chromium, *OPTIONS, f"--user-data-dir={profile}", f"http://127.0.0.1:{server.server_port}/"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            return said.get(timeout=PATIENCE)
        finally:
            browser.terminate()
            browser.wait()
            server.shutdown()


def tell(name: str, value: float, unit: str) -> None:
    """Print one figure."""
    sys.stdout.write(json.dumps({"name": f"browser_{name}", "value": value, "unit": unit, "machine": sys.platform}) + "\n")


def main() -> None:
    """Print one JSON line a figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("head", type=Path)
    parser.add_argument("--three", type=Path, required=True, help="the package three, as npm installs it")
    parser.add_argument("--out", type=Path, required=True, help="the folder for two pictures")
    parser.add_argument("--chromium", default="chromium")
    options = parser.parse_args()
    said = seen(options.head.resolve(), options.three, options.chromium)
    if "error" in said:
        raise SystemExit(said["error"])
    options.out.mkdir(parents=True, exist_ok=True)
    pictures = []
    for name, url in zip(("shut", "open"), said["pictures"], strict=True):
        content = base64.b64decode(url.partition(",")[2])
        (options.out / f"{name}.png").write_bytes(content)
        pictures.append(np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), np.int16))
    tell("animations", said["animations"], "")
    tell("morph_targets", said["morphs"], "of the skin")
    tell("jaw_open_range", round(float(np.ptp(said["jaw"])), 3), "of jawOpen, over the animation")
    tell("picture_changed", round(float((np.abs(pictures[1] - pictures[0]).max(axis=2) > CHANGED).mean()), 4), "share of the picture")


if __name__ == "__main__":
    main()
