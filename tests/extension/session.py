"""An artist's session in a Blender of its own: session.py ZIP PHOTO RECORDING FOLDER; writes FOLDER/story.json."""

import importlib.util
import json
import os
import sys
import sysconfig
from importlib.machinery import PathFinder
from pathlib import Path

import bpy

archive, photo, recording, folder = sys.argv[1:]
WHEELS = {"onnxruntime", "ai_edge_litert", "soundfile", "_soundfile", "_cffi_backend", "cffi", "soxr", "PIL", "typing_extensions"}
OURS = sysconfig.get_path("purelib")


class OnlyFromTheZip:
    """Hides this environment's copies of the packages that the extension brings."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if path is None and name in WHEELS:
            return PathFinder.find_spec(name, [place for place in sys.path if place != OURS], target)
        return None


for name in [name for name in sys.modules if name.split(".")[0] in WHEELS]:
    del sys.modules[name]
sys.meta_path.insert(0, OnlyFromTheZip)
bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
bpy.ops.extensions.package_install_files(filepath=archive, repo="user_default", enable_on_install=True)
scene = bpy.context.scene
story = {"module": next(name for name in bpy.context.preferences.addons.keys() if name.endswith("ecavatar"))}  # noqa: SIM118
scene.ecavatar.photo, scene.ecavatar.audio = photo, recording
assert bpy.ops.ecavatar.generate() == {"FINISHED"}
skin = next(found for found in scene.objects if found.ecavatar.role == "skin")
root = skin.parent
jaw_open = []
for frame in range(scene.frame_start, scene.frame_end + 1, 4):
    scene.frame_set(frame)
    jaw_open.append(skin.data.shape_keys.key_blocks["jawOpen"].value)
editor = scene.sequence_editor
strips = editor.strips if hasattr(editor, "strips") else editor.sequences
story |= {"roles": [found.ecavatar.role for found in scene.objects if found.ecavatar.role], "widest_jaw": max(jaw_open),
          "frames": scene.frame_end, "sound": strips[0].sound.filepath if len(strips) else "",
          "audio": bool(bpy.app.build_options.audaspace)}
story["presets"] = {kind: [path.name for place in bpy.utils.preset_paths(f"ecavatar/{kind}") for path in Path(place).glob("*.py")]
                    for kind in ("performance", "emotion", "lip_sync")}
story["foreign"] = [name for name in ("onnxruntime", "ai_edge_litert", "soundfile", "soxr", "PIL")
                    if not importlib.util.find_spec(name).origin.startswith(folder)]
head = Path(root.ecavatar.job) / "head.npz"
before = head.stat().st_mtime_ns
scene.render.fps = 25
assert bpy.ops.ecavatar.generate() == {"FINISHED"}
story["head_again"] = head.stat().st_mtime_ns != before
bpy.ops.extensions.package_uninstall(repo_index=next(index for index, repo in enumerate(bpy.context.preferences.extensions.repos)
                                                     if repo.module == "user_default"), pkg_id="ecavatar")
story["left"] = [name for name in dir(bpy.types) if name.startswith("ECAVATAR_")] + [
    str(path) for path in (folder and Path(folder, "user").rglob("site-packages/onnxruntime"))]
Path(folder, "story.json").write_text(json.dumps(story))
if bpy.app.version < (4, 3, 0):
    # the module of Blender 4.2 (not its program) crashes while Python ends, once any property has a callback; all is written by now
    os._exit(0)
