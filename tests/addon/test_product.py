"""The tab as a product: panels in the order of work, dropped files, presets, the menu that F3 searches, listening, filming."""

from pathlib import Path
from types import SimpleNamespace

import bpy
import pytest
from ecavatar.core.errors import ECAvatarError
from ecavatar.ecavatar_addon import drops, film, menus, photos, playback, presets, roots
from ecavatar.ecavatar_addon.panels_deliver import ECAVATAR_PT_deliver
from ecavatar.ecavatar_addon.panels_look import ECAVATAR_PT_look
from ecavatar.ecavatar_addon.panels_performance import ECAVATAR_PT_performance

from .conftest import SPEECH
from .layout import Layout

NO_PRESETS = ("import os; os.remove('x')", "avatar.performance.gaze = open('x')", "avatar.confidence = 1.0",
              "avatar.performance.gaze = 'far'", "for x in (): pass", "avatar.performance.gaze = ", "x = y = 1", "\0", "(" * 300,
              "avatar.performance.gaze = {[]: 1}", "avatar.performance.gaze = 1" + "+1" * 1900, "avatar" + ".a" * 1900 + " = 1",
              "avatar.performance.gaze = " + "-" * 3800 + "1", "#" * 4000)


class Menu(Layout):
    """A menu's layout."""

    def separator(self):
        """Nothing is noted."""

    def menu(self, name, **_):
        self.drawn.append(name)


def draw(cls, **fields):
    drawn = []
    cls.draw(SimpleNamespace(layout=Menu(drawn), **fields), bpy.context)
    return drawn


@pytest.fixture
def settings(addon):
    return bpy.context.scene.ecavatar


def test_panels_are_in_the_order_of_work(addon):
    panels = [getattr(bpy.types, name) for name in dir(bpy.types) if name.startswith("ECAVATAR_PT_") and "presets" not in name]
    tops = sorted((panel for panel in panels if not getattr(panel, "bl_parent_id", "")), key=lambda panel: panel.bl_order)
    assert [panel.bl_label for panel in tops] == ["Person", "Voice", "Generate", "Perform", "Look", "Deliver"]
    children = {panel.bl_label: panel.bl_parent_id.rpartition("_")[2] for panel in panels if panel not in tops}
    assert children == {"Clips": "voice", "Emotion": "voice", "Lip Sync": "performance", "Own Character": "deliver",
                        "Export": "deliver"}


def test_without_an_avatar_the_later_panels_say_what_to_do(addon):
    assert "Generate an avatar, or select one" in " ".join(draw(ECAVATAR_PT_performance))
    assert draw(ECAVATAR_PT_look)[0] == "Hair" and "select one" in " ".join(draw(ECAVATAR_PT_look))
    assert draw(ECAVATAR_PT_deliver) == ["ecavatar.apply_to_selected", "render.render", "ecavatar.film"]


def test_what_the_sliders_of_performance_have_to_say_is_told(root):
    root.ecavatar.emotion.said, root.ecavatar.performance.said = "the strip is gone", "the job folder is gone"
    assert {"The strip is gone", "The job folder is gone"} <= set(draw(ECAVATAR_PT_performance))
    root.ecavatar.performance.said = "the strip is gone"
    assert draw(ECAVATAR_PT_performance).count("The strip is gone") == 1


def test_layers_are_those_of_skin_and_neck_and_can_be_muted(root):
    names = [track.name for track in roots.layers_of(root)]
    assert names == ["Emotion Lips", "Emotion", "Gaze", "Blinks", "Speech", "Head Motion"]
    drawn = draw(ECAVATAR_PT_performance)
    assert drawn[:3] == ["Emotion", "Blinks", "Gaze"] and drawn[-7:] == ["Layers", *names]
    assert {"Skin", "Light", "Melanin"} <= set(draw(ECAVATAR_PT_look))
    bpy.data.objects.remove(roots.parts_of(root)["neck"])
    assert [track.name for track in roots.layers_of(root)] == names[:-1]


@pytest.fixture
def drop(settings, tmp_path):
    """Do what Blender does with files that are dropped together."""
    def drop(*names, **options):
        return bpy.ops.ecavatar.drop(directory=str(tmp_path), files=[{"name": name} for name in names], **options)
    return drop


def test_files_are_taken_in_the_3d_view(addon):
    assert drops.ECAVATAR_FH_files.poll_drop(SimpleNamespace(area=SimpleNamespace(type="VIEW_3D")))
    assert not drops.ECAVATAR_FH_files.poll_drop(SimpleNamespace(area=SimpleNamespace(type="CONSOLE")))
    assert {".jpg", ".wav"} < set(drops.ECAVATAR_FH_files.bl_file_extensions.split(";"))


def test_a_dropped_photo_is_the_persons_or_a_further_one(settings, drop):
    assert drop("a.jpg", "b.jpg") == {"FINISHED"}
    assert drop("c.jpg", person="SAME") == {"FINISHED"}
    assert [path.name for path in photos.paths(settings)] == ["a.jpg", "b.jpg", "c.jpg"]
    assert drop("d.jpg") == {"FINISHED"} and Path(settings.photo).name == "d.jpg" and not settings.more_photos
    drop(*(f"{number}.jpg" for number in range(9)))
    assert len(settings.more_photos) == 4
    assert bpy.ops.ecavatar.drop() == {"CANCELLED"} and Path(settings.photo).name == "0.jpg"


def test_it_is_asked_whom_a_photo_shows_where_one_is_chosen(settings):
    asked = []
    context = SimpleNamespace(scene=bpy.context.scene, window_manager=SimpleNamespace(invoke_props_dialog=asked.append))
    operator = SimpleNamespace(execute=lambda _context: {"FINISHED"}, paths=lambda endings: ["b"] if ".jpg" in endings else [])
    drops.ECAVATAR_OT_drop.invoke(operator, context, None)
    assert not asked
    settings.photo = "a.jpg"
    drops.ECAVATAR_OT_drop.invoke(operator, context, None)
    assert asked == [operator]
    operator.paths = lambda _endings: []                    # a recording alone
    assert drops.ECAVATAR_OT_drop.invoke(operator, context, None) == {"FINISHED"} and len(asked) == 1


def test_a_dropped_recording_is_the_speech(settings, drop, tmp_path):
    assert drop("a.wav", "b.wav") == {"FINISHED"}
    assert Path(settings.audio) == tmp_path / "a.wav" and not settings.photo
    assert drop("c.txt") == {"CANCELLED"} and Path(settings.audio) == tmp_path / "a.wav"


def test_a_photo_and_a_recording_dropped_together_are_both_taken(settings, drop, tmp_path):
    assert drop("a.WAV", "b.JPG", "c.blend") == {"FINISHED"}
    assert (Path(settings.photo), Path(settings.audio)) == (tmp_path / "b.JPG", tmp_path / "a.WAV") and not settings.more_photos


def test_presets_of_ours_set_what_they_name(root):
    for kind, names in presets.VALUES.items():
        (folder,) = bpy.utils.preset_paths(f"ecavatar/{kind}")
        found = sorted(Path(folder).glob("*.py"))
        assert len(found) >= 3
        for path in found:
            assert {name for name, _ in presets.assignments(path.read_text())} <= set(names)
    path = Path(presets.FOLDER, "presets", "ecavatar", "performance", "Calm.py")
    assert bpy.ops.ecavatar.use_preset(filepath=str(path)) == {"FINISHED"}
    assert root.ecavatar.performance.gaze == pytest.approx(0.6) and root.ecavatar.emotion.strength == pytest.approx(0.6)


def test_a_preset_is_added_by_blender_and_used_again(root, monkeypatch, tmp_path):
    monkeypatch.setattr(bpy.utils, "user_resource", lambda _kind, path="", create=False: made(tmp_path / path))
    root.ecavatar.lip_sync.jaw_strength = 0.75
    assert bpy.ops.ecavatar.lip_sync_preset_add(name="Sleepy") == {"FINISHED"}
    path = tmp_path / "presets" / "ecavatar" / "lip_sync" / "Sleepy.py"
    root.ecavatar.lip_sync.jaw_strength = 1.0
    presets.use(root, path)
    assert root.ecavatar.lip_sync.jaw_strength == 0.75
    bpy.context.view_layer.objects.active = None
    assert not bpy.ops.ecavatar.lip_sync_preset_add.poll() and not bpy.ops.ecavatar.use_preset.poll()


def made(folder):
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


def test_a_file_that_is_no_preset_is_one_sentence_and_changes_nothing(root, tmp_path):
    path = tmp_path / "bad.py"
    for line in NO_PRESETS:
        path.write_text(f"avatar.performance.blinks = 0.25\n{line}\n")
        with pytest.raises(ECAvatarError, match="bad.py; "):
            presets.use(root, path)
    with pytest.raises(RuntimeError, match="preset"):
        bpy.ops.ecavatar.use_preset(filepath=str(path))
    assert root.ecavatar.performance.blinks == 1.0 and root.ecavatar.performance.gaze == 1.0


def test_the_menu_names_every_operator_it_has(addon):
    names = draw(menus.ECAVATAR_MT_object)
    assert len(names) == sum(map(len, menus.ENTRIES)) + len(menus.CHOICES)
    offered = {f"ecavatar.{name}" for name, *_ in (*sum(menus.ENTRIES, ()), *menus.CHOICES)}
    operators = [cls for module in addon.ecavatar_addon.MODULES for cls in module.CLASSES if issubclass(cls, bpy.types.Operator)]
    assert offered == {cls.bl_idname for cls in operators if "INTERNAL" not in getattr(cls, "bl_options", ())}
    labels = [getattr(bpy.ops.ecavatar, name).get_rna_type().name for group in menus.ENTRIES for name, _ in group]
    assert len(set(labels)) == len(labels) and all(len(label.split()) > 1 for label in labels)
    drawn = []
    menus.draw_in(SimpleNamespace(layout=Menu(drawn)), bpy.context)
    assert drawn == ["ECAVATAR_MT_object"]


def test_listening_starts_and_stops_and_a_bad_file_is_told(settings, tmp_path, monkeypatch):
    assert not bpy.ops.ecavatar.play_recording.poll()
    pytest.importorskip("aud", reason="4.2's module has no sound", exc_type=ImportError)
    settings.audio = str(SPEECH)
    assert bpy.ops.ecavatar.play_recording() == {"FINISHED"} and playback.handle is not None
    monkeypatch.setattr(playback, "handle", SimpleNamespace(status=True, stop=lambda: None))        # the module has no loudspeaker
    assert playback.playing() and bpy.ops.ecavatar.play_recording() == {"FINISHED"} and not playback.playing()
    (tmp_path / "broken.wav").write_bytes(SPEECH.read_bytes()[:20])
    for name in ("broken.wav", "none.wav"):
        settings.audio = str(tmp_path / name)
        with pytest.raises(RuntimeError, match=f"cannot play the recording .*{name}"):
            bpy.ops.ecavatar.play_recording()


def test_a_film_needs_a_camera_and_a_folder(settings, tmp_path, monkeypatch):
    scene = bpy.context.scene
    assert not bpy.ops.ecavatar.film.poll()
    scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    with pytest.raises(RuntimeError, match="no such folder"):
        bpy.ops.ecavatar.film(filepath=str(tmp_path / "none" / "film.mp4"))
    for path in ("", str(tmp_path) + "/"):
        with pytest.raises(RuntimeError, match="no file is chosen"):
            bpy.ops.ecavatar.film(filepath=path)
    before = scene.render.use_file_extension
    film.set_output(scene, tmp_path / "film.mp4")
    assert scene.render.image_settings.file_format == "FFMPEG" and scene.render.ffmpeg.audio_codec == "AAC"
    assert scene.render.filepath == str(tmp_path / "film.mp4") and scene.render.use_file_extension == before
    dialog = SimpleNamespace(filepath="a/clip")
    assert film.ECAVATAR_OT_film.check(dialog, bpy.context) and dialog.filepath == "a/clip.mp4"
    assert not film.ECAVATAR_OT_film.check(dialog, bpy.context)


def test_a_film_waits_for_a_render_and_tells_of_one_that_is_cancelled(settings, tmp_path, monkeypatch):
    bpy.context.scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    running = []
    app = SimpleNamespace(is_job_running=running.__contains__, background=True)
    render = SimpleNamespace(render=lambda *_, **__: {"CANCELLED"})
    monkeypatch.setattr(film, "bpy", SimpleNamespace(app=app, path=bpy.path, ops=SimpleNamespace(render=render)))
    with pytest.raises(RuntimeError, match="not rendered the film"):
        bpy.ops.ecavatar.film(filepath=str(tmp_path / "film.mp4"))
    running.append("RENDER")
    assert not bpy.ops.ecavatar.film.poll()
