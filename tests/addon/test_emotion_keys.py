"""Keys of the emotion are few, and of all layers together exact enough: lips stay in sync after every change."""

import bpy
import numpy as np
import pytest
from ecavatar.core.bake import few_keys
from ecavatar.core.bake.key_error import LIMIT
from ecavatar.core.bake.shape_keys import lips_under
from ecavatar.core.emotion.motion import EmotionCurves
from ecavatar.core.head.mouth import gap
from ecavatar.core.job import read_result
from ecavatar.core.speech.lip_gap import SHUT
from ecavatar.ecavatar_addon import animation, lip_sync
from ecavatar.ecavatar_addon.actions import STAMP, channels_of, is_edited, lead_action, read, scale_action, settle
from ecavatar.ecavatar_addon.animation import LIPS_LIMIT, rekey_lips

from .keyed import curves, keys, sampled, strip

EMOTION, LIPS = "Emotion", "Emotion Lips"


def apart(first, second, basis):
    """By how far the worst vertex of two faces (T, K) is apart in each frame, metres, correctives included."""
    pair = [np.clip(weights, 0, 1).astype(np.float32) for weights in (first, second)]
    extra = [basis.corrective_weights(basis.expression_names, weights) for weights in pair]
    off, shapes = np.hstack([pair[0] - pair[1], extra[0] - extra[1]]), np.concatenate([basis.expression_basis, basis.corrective_basis])
    used = np.flatnonzero(off.any(axis=0))
    return np.array([np.linalg.norm(np.tensordot(frame, shapes[used].astype(np.float32), 1), axis=1).max() for frame in off[:, used]])


def test_few_keys_of_all_layers_together_stay_within_the_limit(root, folder):
    bake, basis = read_result(folder).bake, lip_sync.basis_of(root)
    added = EmotionCurves(bake["emotion_times"], bake["emotion_weights"]).at(np.arange(len(bake["weights"]), dtype=np.float32) / 24)
    shown = sum(sampled(root, bake, name) for name in ("Speech", EMOTION, LIPS))
    meant = bake["weights"] + added + bake["emotion_lips"]
    assert bake["emotion_lips"].any() and apart(shown, meant, basis).max() <= LIMIT
    names = tuple(map(str, bake["names"]))
    opening, after = (gap(basis, names, np.clip(weights, 0, 1).astype(np.float32)) for weights in (meant, shown))
    assert (after - np.maximum(opening, SHUT))[opening <= SHUT].max() < 5e-6                # single precision of the keys


@pytest.mark.parametrize("parts", [1, 6])
@pytest.mark.parametrize("edited", [False, True])
def test_after_a_change_the_lips_are_in_sync_with_the_speech_or_with_its_edited_keys(root, folder, edited, parts, monkeypatch):
    bake, basis = read_result(folder).bake, lip_sync.basis_of(root)
    keyed_in_parts(root, parts, monkeypatch)
    stretched = spied(monkeypatch)
    if edited:
        for curve in channels_of(strip(root, "Speech").action, keys(root))[1]:
            curve.keyframe_points[-1].co.y += 0.02
    root.ecavatar.emotion.windows[0].category = "surprise"
    assert any(stretched) == (parts > 1 and not edited)
    speech = sampled(root, bake, "Speech") if edited else bake["weights"]
    assert out_of_step(root, bake, basis, speech) <= (LIPS_LIMIT if edited else LIMIT)


def out_of_step(root, bake, basis, speech):
    """By how far the worst vertex is from where it should be beside `speech` (T, K) under the emotion as keyed, metres."""
    keyed, added = sampled(root, bake, "Speech"), sampled(root, bake, EMOTION)
    times = np.arange(len(speech), dtype=np.float32) / 24
    wanted = speech + added + lips_under(EmotionCurves(times, added), speech, basis=basis, fps=24.0)
    return apart(keyed + added + sampled(root, bake, LIPS), wanted, basis).max()


def keyed_in_parts(root, parts, monkeypatch):
    """Key the lips in so many parts, as those of a long clip are."""
    monkeypatch.setattr(few_keys, "LIPS_VALUES", 241 * len(curves(root, LIPS)) // parts)
    rekey_lips(keys(root), lip_sync.basis_of(root), 1)


def spied(monkeypatch):
    """Return a list of what follows: for each time that a stretch is looked for, whether there is one."""
    found, look = [], animation.stretch_of

    def spy(*given):
        part = look(*given)
        found.append(part is not None)
        return part

    monkeypatch.setattr(animation, "stretch_of", spy)
    return found


def surprise(root, window):
    root.ecavatar.emotion.windows[window].category = "surprise"


@pytest.mark.parametrize("change", [lambda root: bpy.ops.ecavatar.update_emotion(), lambda root: surprise(root, 2)])
def test_lips_that_did_not_follow_the_emotion_are_mended_by_what_comes_next(root, folder, change, monkeypatch):
    bake, basis = read_result(folder).bake, lip_sync.basis_of(root)
    keyed_in_parts(root, 6, monkeypatch)
    track = keys(root).animation_data.nla_tracks["Speech"]
    track.name = "aside"                                            # the lips have nothing to follow
    surprise(root, 0)
    track.name = "Speech"
    assert out_of_step(root, bake, basis, bake["weights"]) > 2 * LIMIT
    change(root)
    assert out_of_step(root, bake, basis, bake["weights"]) <= LIMIT


@pytest.mark.parametrize("change", [lambda root: bpy.ops.ecavatar.update_emotion(), lambda root: same_level(root, 0)])
@pytest.mark.parametrize("dense", [False, True])
def test_what_changes_nothing_keys_no_lips(root, change, dense, monkeypatch):
    if dense:
        lip_sync.update(root, dense=True)
    before = curves(root, LIPS)
    with monkeypatch.context() as patched:
        patched.setattr(animation, "lips_under", unasked)
        change(root)
    after = curves(root, LIPS)
    assert before.keys() == after.keys() and all(np.array_equal(before[name], after[name]) for name in before)
    assert strip(root, LIPS).action[STAMP]["of"] == animation.written(keys(root), 1) != ""


def test_edited_lips_are_keyed_anew_though_nothing_has_changed(root):
    action, before = strip(root, LIPS).action, curves(root, LIPS)
    curve = next(curve for curve in channels_of(action, keys(root))[1] if len(curve.keyframe_points) > 1)
    curve.keyframe_points[1].co.y += 0.02
    bpy.ops.ecavatar.update_emotion()
    after = curves(root, LIPS)
    assert not is_edited(action, keys(root)) and f"{action.name} edited" in bpy.data.actions
    assert before.keys() == after.keys() and all(np.allclose(before[name], after[name], atol=1e-6) for name in before)


def unasked(*given, **named):
    raise AssertionError("the lips are worked out again")


def same_level(root, window):
    root.ecavatar.emotion.windows[window].level = root.ecavatar.emotion.windows[window].level


def test_a_larger_strength_or_leads_leave_the_lips_in_step(root, monkeypatch):
    keyed_in_parts(root, 6, monkeypatch)
    for name in (EMOTION, LIPS):
        scale_action(strip(root, name).action, keys(root), 1.0625)
        strip(root, name).action[STAMP]["gain"] = 1.0625
        lead_action(strip(root, name).action, keys(root), before=5.0, after=5.0)
    stretched = spied(monkeypatch)
    surprise(root, 0)
    assert stretched == [True]


def without_keys(curve):
    for point in list(curve.keyframe_points)[-2:0:-1]:              # those of the leads stay
        curve.keyframe_points.remove(point)


@pytest.mark.parametrize("harm", [without_keys, lambda curve: setattr(curve, "mute", True), lambda curve: curve.modifiers.new("NOISE"),
                                  lambda curve: setattr(curve, "extrapolation", "LINEAR")])
def test_curves_that_are_not_as_ours_are_all_keyed_anew(root, folder, harm, monkeypatch):
    bake, basis = read_result(folder).bake, lip_sync.basis_of(root)
    keyed_in_parts(root, 6, monkeypatch)
    action = strip(root, LIPS).action
    lead_action(action, keys(root), before=5.0, after=5.0)
    harm(max(channels_of(action, keys(root))[1], key=lambda curve: len(curve.keyframe_points)))
    stretched = spied(monkeypatch)
    surprise(root, 0)
    assert stretched == [False] and f"{action.name} edited" in root.ecavatar.emotion.said
    assert out_of_step(root, bake, basis, bake["weights"]) <= LIMIT and not is_edited(action, keys(root))


def bezier(root):
    """Shape -> frames and values of keys and handles (N, 6), of the lips."""
    return {curve.data_path: np.hstack([read(curve, name).reshape(-1, 2) for name in ("co", "handle_left", "handle_right")])
            for curve in channels_of(strip(root, LIPS).action, keys(root))[1]}


@pytest.mark.parametrize("leads", [0.0, 5.0])
def test_a_change_leaves_the_keys_before_and_after_it_as_they_are(root, leads, monkeypatch):
    keyed_in_parts(root, 6, monkeypatch)
    action = strip(root, LIPS).action
    lead_action(action, keys(root), before=leads, after=leads)
    curve = max(channels_of(action, keys(root))[1], key=lambda curve: len(curve.keyframe_points))
    point = next(point for point in curve.keyframe_points if point.co.x > 24 * 8)
    point.co_ui.y += 0.07                                           # the artist's
    settle(curve)
    edited, where = point.co.y, point.co.x
    before = bezier(root)
    root.ecavatar.emotion.windows[0].category = "surprise"          # until 3 s, 3.2 with the transition
    after = bezier(root)
    assert f"your keys beside the change stay; a copy of all is {action.name} edited" in root.ecavatar.emotion.said
    assert any((keyed[:, 0] == where).any() and edited in keyed[:, 1] for keyed in after.values())
    for path, keyed in before.items():
        late, stays = (some[some[:, 0] > 24 * 8] for some in (after[path], keyed))
        np.testing.assert_array_equal(late, stays, err_msg=path)
    assert any(len(after[path]) != len(keyed) for path, keyed in before.items())
    assert is_edited(action, keys(root))                            # by him, still
    root.ecavatar.emotion.windows[0].level = 1.5
    assert [found.name for found in bpy.data.actions if "edited" in found.name] == [f"{action.name} edited"]
    monkeypatch.setattr(few_keys, "LIPS_VALUES", 10**9)            # all in one part
    root.ecavatar.emotion.transition = 0.5
    assert not any(edited in keyed[:, 1] for keyed in bezier(root).values()) and not is_edited(action, keys(root))
    copy = f"{action.name} edited.001"
    assert f"your edited keys of the emotion are kept; action {copy};" in root.ecavatar.emotion.said
    assert any(edited in read(curve, "co")[1::2] for curve in channels_of(bpy.data.actions[copy], keys(root))[1])


def test_keys_of_the_emotion_are_few_and_straight(root, folder):
    bake = read_result(folder).bake
    used = {str(name) for name, column in zip(bake["names"], bake["emotion_weights"].T, strict=True) if column.any()}
    found = curves(root, EMOTION)
    assert set(found) == used
    for points in found.values():
        np.testing.assert_allclose(points[:, 0], 1 + 24 * bake["emotion_times"], atol=1e-4)
    assert strip(root, EMOTION).blend_type == strip(root, LIPS).blend_type == "ADD"
    lips = {str(name) for name, column in zip(bake["names"], bake["emotion_lips"].T, strict=True) if column.any()}
    found, basis = curves(root, LIPS), lip_sync.basis_of(root)
    assert lips <= set(found) <= lips | set(curves(root, "Speech"))
    for name in set(found) - lips:                              # they make up for what the speech's few keys are off, no more
        reach = np.linalg.norm(basis.expressions[basis.expression_names.index(name)], axis=1).max()
        assert np.abs(found[name][:, 1]).max() * reach <= LIMIT
    assert sum(map(len, curves(root, LIPS).values())) < len(lips) * len(bake["weights"]) / 4
