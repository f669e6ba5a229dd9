"""A real Blender window without a screen: Debian's Blender in a folder of its own (a chroot), for tests of the interface.

Everything runs in namespaces of its own (unshare): when the command ends, however it ends, the kernel takes its mounts and
its processes away.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .errors import BuildError

SUITE = "trixie"                        # Blender 4.3.2 with Python 3.13
PYTHON = "3.13"
PACKAGES = ("blender", "python3-numpy", "xvfb", "xauth", "xdotool", "libgl1-mesa-dri", "libegl1", "imagemagick", "procps")
KEYRINGS = (f"debian-archive-{SUITE}-stable.gpg", f"debian-archive-{SUITE}-stable.pgp", "debian-archive-keyring.gpg",
            "debian-archive-keyring.pgp")
COPIED = ("etc/resolv.conf", "etc/hosts", "etc/ssl/certs/ca-certificates.crt", "etc/apt/apt.conf.d/99*")
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SHARE = "/mnt"                          # where `run` shows the shared folder
# the mounts happen in the new namespace; $1 is the folder, $2 the shared one or "", the rest is the command
ENTER = ('root=$1 share=$2; shift 2; mount -t proc proc "$root/proc"; mkdir -p "$root/dev/shm"; '
         'mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"; mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"; '
         f'if [ -n "$share" ]; then mount --bind "$share" "$root{SHARE}"; fi; exec chroot "$root" "$@"')
ADVICE = "run it as root on a Debian system with a connection to its package mirror"


def default_cache() -> Path:
    """Return the folder for what is built once: $ECAVATAR_CACHE, or one in the user's cache."""
    return Path(os.environ.get("ECAVATAR_CACHE") or Path.home() / ".cache" / "ecavatar")


def ensure(cache: Path | None = None) -> Path:
    """Return the root of a Debian system with Blender in `cache`; build it if it is not there (3 minutes, 2 GB).

    Raises BuildError where that is impossible: not Debian, not root, no mirror.
    """
    root = (cache or default_cache()) / "window"
    stamp, wanted = root / "ecavatar.stamp", " ".join((SUITE, *PACKAGES))
    check_machine(root)
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return root
    keyring, mirror = find_keyring(), find_mirror()
    sys.stdout.write(f"Making a Debian system with Blender in {root} (3 minutes and 2 GB, once)\n")
    sys.stdout.flush()
    if root.exists():
        shutil.rmtree(root)
    root.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as temporary:
        program, scripts = debootstrap(Path(temporary))
        call([*apart(online=True), "--mount-proc", "env", f"DEBOOTSTRAP_DIR={scripts}", "sh", program, "--variant=minbase",
              f"--keyring={keyring}", SUITE, str(root), mirror], "cannot make the Debian system")
    furnish(root)
    apt = ("apt-get", "--quiet", "--yes", "-o", "Acquire::Languages=none", "-o", "APT::Sandbox::User=root")
    call(inside(root, [*apt, "update"], online=True), "cannot read the package lists")
    call(inside(root, [*apt, "-o", "Dpkg::Options::=--force-unsafe-io", "install", "--no-install-recommends", *PACKAGES], online=True),
         "cannot install Blender")
    call(inside(root, ["apt-get", "clean"]), "cannot clean up")
    stamp.write_text(wanted, encoding="utf-8")
    return root


def run(root: Path, command: Sequence[str], *, share: Path, log: Path, timeout: float) -> int:
    """Run a command in the system at `root`, offline, with the folder `share` seen as /mnt; return its exit code.

    After `timeout` seconds it is ended and the code is 124. What it says goes to `log`.
    All its processes have ended when this returns.
    """
    with log.open("wb") as out:
        try:
            return subprocess.run(inside(root, command, share=share), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                  env=environment(), timeout=timeout, check=False).returncode
        except subprocess.TimeoutExpired:
            return 124


def inside(root: Path, command: Sequence[str], *, share: Path | None = None, online: bool = False) -> list[str]:
    """Return the command that runs `command` in the system at `root`."""
    return [*apart(online=online), "sh", "-e", "-c", ENTER, "sh", str(root), str(share or ""), *command]


def apart(*, online: bool) -> list[str]:
    """Return the words before a command that give it processes, mounts and, unless `online`, a network of its own."""
    return ["unshare", "--mount", "--pid", "--ipc", "--fork", "--kill-child", *([] if online else ["--net"])]


def environment() -> dict[str, str]:
    """Return the variables of a command in the system: nothing of this machine but its proxies."""
    return {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive", **{name: os.environ[name] for name in PROXIES if name in os.environ}}


def call(command: Sequence[str], failure: str) -> None:
    """Run a command; raise BuildError with its last words when it fails."""
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment(), check=False)
    if run.returncode:
        said = [line for line in (run.stdout + run.stderr).splitlines() if line.strip()] or ["no message"]
        raise BuildError(f"{failure} ({said[-1].strip()}); {' '.join(map(str, command[-3:]))}; {ADVICE}")


def check_machine(root: Path) -> None:
    """Raise BuildError unless this is a system of which we are root and which lets us mount."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        raise BuildError(f"a Blender window can only be made as root on Linux; {root}; {ADVICE}")
    missing = [name for name in ("unshare", "chroot", "apt-get", "dpkg") if shutil.which(name, path=PATH) is None]
    if missing:
        raise BuildError(f"a Blender window needs {', '.join(missing)}; {root}; {ADVICE}")
    if subprocess.run([*apart(online=False), "--mount-proc", "true"], capture_output=True, env=environment(), check=False).returncode:
        raise BuildError(f"this system does not let root make namespaces; {root}; give the container the right to mount")


def find_keyring() -> Path:
    """Return Debian's keys."""
    for name in KEYRINGS:
        if (path := Path("/usr/share/keyrings") / name).is_file():
            return path
    raise BuildError("Debian's keys are missing; /usr/share/keyrings; install debian-archive-keyring")


def find_mirror() -> str:
    """Return the mirror this machine takes Debian's packages from, out of apt's own sources."""
    folder = Path("/etc/apt")
    found = []
    for path in (folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))):
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
            if line.startswith(("URIs:", "deb ")):
                found += [word.rstrip("/") for word in line.split() if word.startswith(("http://", "https://"))]
    mirrors = [address for address in found if address.endswith("/debian")] or found
    if not mirrors:
        raise BuildError(f"apt has no mirror to take packages from; {folder}; {ADVICE}")
    return mirrors[0]


def debootstrap(folder: Path) -> tuple[str, str]:
    """Return debootstrap's program and folder of scripts: the machine's, or unpacked into `folder`, where nothing is installed."""
    if found := shutil.which("debootstrap"):
        return found, "/usr/share/debootstrap"
    command = ["apt-get", "--quiet", "-o", "APT::Sandbox::User=root", "download", "debootstrap"]
    for _ in range(2):
        got = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if got.returncode == 0:
            break
        call(["apt-get", "--quiet", "update"], "cannot read the package lists")
    packages = list(folder.glob("debootstrap_*.deb"))
    if not packages:
        raise BuildError(f"cannot get debootstrap ({(got.stderr.strip().splitlines() or ['no message'])[-1]}); apt; {ADVICE}")
    call(["dpkg", "-x", str(packages[0]), str(folder)], "cannot unpack debootstrap")
    return str(folder / "usr/sbin/debootstrap"), str(folder / "usr/share/debootstrap")


def furnish(root: Path) -> None:
    """Give the system this machine's name resolution, certificates and apt settings."""
    for pattern in COPIED:
        for source in sorted(Path("/").glob(pattern)):
            target = root / source.relative_to("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            shutil.copyfile(source, target)
