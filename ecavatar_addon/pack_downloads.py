"""The one download of a model pack: a thread fetches it, a timer of the window looks at it. Only a button starts it."""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import bpy

from ..core.errors import ECAvatarError, InputError
from . import packs
from .late import pack_archive, pack_catalogue

if TYPE_CHECKING:
    from ..core.pack_catalogue import Offer

OFFLINE = ("Blender may not use the network", "Preferences > System > Network",
           "allow online access there, or download the pack with a browser and use Install Pack from File")


@dataclass
class Download:
    """One run: fraction 0..1 of what is fetched; error: one sentence when it failed."""

    offer: "Offer"
    state: Literal["running", "done", "failed", "cancelled"] = "running"
    fraction: float = 0.0
    error: str = ""
    stopping: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    def run(self, folder: Path, target: Path) -> None:
        """Fetch the zip into `folder`, install it in `target`, and delete it; nothing of Blender is touched here."""
        try:
            archive = pack_catalogue.download(self.offer, folder, tick=self.tick, cancelled=self.stopping.is_set)
            if archive is None:
                self.state = "cancelled"
                return
            pack_archive.install(archive, target)
            archive.unlink(missing_ok=True)
            self.state = "done"
        except ECAvatarError as error:
            self.state, self.error = "failed", str(error)
        except Exception:
            self.state, self.error = "failed", "an internal error; Blender's console; please report it with what stands there"
            raise

    def tick(self, fraction: float) -> None:
        """Note how much is there."""
        self.fraction = fraction

    def cancel(self) -> None:
        """Ask it to stop; what has arrived stays for the next time."""
        self.stopping.set()


current: Download | None = None


def start(offer: "Offer") -> Download:
    """Start to fetch and install an offered pack; raise InputError when Blender may not use the network, or one is under way."""
    global current  # noqa: PLW0603 -- the one download of this Blender
    if not bpy.app.online_access:
        raise InputError(*OFFLINE)
    if running():
        raise InputError("a pack is being downloaded already", "", "wait for it or cancel it")
    current = Download(offer)
    target = packs.folder()
    current.thread = threading.Thread(target=current.run, args=(target / ".downloads", target), daemon=True)
    current.thread.start()
    return current


def running() -> bool:
    """Whether something is being fetched."""
    return current is not None and current.state == "running"


def stop() -> None:
    """Stop and forget: the add-on is disabled. A server that does not answer is not waited for."""
    global current  # noqa: PLW0603
    if current is not None:
        current.cancel()
    current = None
