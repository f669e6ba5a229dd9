"""What a shape key of someone else's character can show: our shapes, both sides at once, visemes, emotions, each in our shapes."""

from collections.abc import Mapping

Recipe = Mapping[str, float]

SIDED = ("browDown", "browOuterUp", "cheekSquint", "eyeBlink", "eyeLookDown", "eyeLookIn", "eyeLookOut", "eyeLookUp", "eyeSquint",
         "eyeWide", "mouthDimple", "mouthFrown", "mouthLowerDown", "mouthPress", "mouthSmile", "mouthStretch", "mouthUpperUp",
         "noseSneer")
MIDDLE = ("browInnerUp", "cheekPuff", "jawForward", "jawLeft", "jawOpen", "jawRight", "mouthClose", "mouthFunnel", "mouthLeft",
          "mouthPucker", "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "tongueOut")
TONGUE = ("tongueTipUp", "tongueTipTeeth", "tongueBackUp", "tongueWide", "tongueNarrow")        # ours beyond ARKit's 52
MOST_STRENGTH = 2.0             # of a source on a key of a character
ARKIT = tuple(sorted((*(name + side for name in SIDED for side in ("Left", "Right")), *MIDDLE)))
SHAPES = (*ARKIT, *TONGUE)
GROUPS = {"mouth": ("mouth",), "jaw": ("jaw",), "tongue": ("tongue",), "eyes": ("eye",), "brows": ("brow",),
          "cheeks": ("cheek", "nose")}

# millimetres by which a shape at 1 parts the lips of our head (core/head/mouth.py measures them; a test compares)
GAP_MM = {"jawOpen": 28.1, "mouthClose": -28.1, "mouthFunnel": 6.2, "mouthLowerDownLeft": 2.1, "mouthLowerDownRight": 2.1,
          "mouthUpperUpLeft": 2.5, "mouthUpperUpRight": 2.5, "mouthRollLower": -2.3, "mouthRollUpper": -1.2, "mouthPucker": -1.2,
          "mouthShrugLower": -3.7, "mouthShrugUpper": 3.25, "tongueOut": 8.4, "mouthLeft": -1.1, "mouthRight": -1.1, "jawForward": 1.2,
          "cheekPuff": -0.7}
# two shapes, the gain of the second's weight, and by how many millimetres the corrective of their product at 1 parts the lips
CORRECTIVE_MM = (("mouthSmileLeft", "jawOpen", 5.0, 2.5), ("mouthSmileRight", "jawOpen", 5.0, 2.5),
                 ("mouthPucker", "mouthFunnel", 1.0, -2.8), ("tongueOut", "jawOpen", 5 / 3, -8.4),
                 ("mouthRollLower", "jawOpen", 100 / 13, 0.9))


def both(**weights: float) -> Recipe:
    """Return a recipe in which each sided shape stands on both sides."""
    sides = {name: ("Left", "Right") if name in SIDED else ("",) for name in weights}
    return {name + side: weight for name, weight in weights.items() for side in sides[name]}


# a key that is the mean of both sides, and the glances of both eyes
MEANS = {name: {f"{name}Left": 0.5, f"{name}Right": 0.5} for name in SIDED} | {
    "lookUp": both(eyeLookUp=0.5), "lookDown": both(eyeLookDown=0.5),
    "lookLeft": {"eyeLookOutLeft": 0.5, "eyeLookInRight": 0.5}, "lookRight": {"eyeLookInLeft": 0.5, "eyeLookOutRight": 0.5}}

SHUT = "viseme_PP"
# what each viseme at 1 looks like on our head; as strong as in clear speech: a wide /a/ gives "viseme_aa" its full weight
VISEMES: dict[str, Recipe] = {
    SHUT: both(mouthPress=0.25, mouthRollUpper=0.1, mouthRollLower=0.12),
    "viseme_FF": both(mouthRollLower=1.0, mouthUpperUp=0.25, jawOpen=0.32, mouthClose=0.22),
    "viseme_TH": both(jawOpen=0.12, tongueOut=0.3, tongueTipUp=0.4),
    "viseme_DD": both(jawOpen=0.12, mouthLowerDown=0.1, tongueTipUp=0.75),
    "viseme_kk": both(jawOpen=0.2, tongueBackUp=0.6),
    "viseme_CH": both(jawOpen=0.08, mouthFunnel=0.5, mouthPucker=0.15),
    "viseme_SS": both(jawOpen=0.07, mouthStretch=0.2, mouthLowerDown=0.2, tongueTipUp=0.3),
    "viseme_nn": both(jawOpen=0.15, tongueTipUp=0.75),
    "viseme_RR": both(jawOpen=0.13, mouthPucker=0.35, mouthFunnel=0.2, tongueBackUp=0.3),
    "viseme_aa": both(jawOpen=0.4),
    "viseme_E": both(jawOpen=0.22, mouthStretch=0.15, mouthLowerDown=0.1),
    "viseme_ih": both(jawOpen=0.11, mouthStretch=0.3, mouthLowerDown=0.15),
    "viseme_oh": both(jawOpen=0.25, mouthFunnel=0.3, mouthPucker=0.3),
    "viseme_ou": both(jawOpen=0.07, mouthPucker=0.7, mouthFunnel=0.35)}
VISEMES |= {                    # beyond Oculus' set: Reallusion's
    "viseme_tight": both(jawOpen=0.04, mouthPucker=0.45), "viseme_lip_open": both(mouthLowerDown=0.6, mouthUpperUp=0.35),
    "viseme_tight_o": both(jawOpen=0.13, mouthPucker=0.55, mouthFunnel=0.4)}
VISEMES["viseme_uh"] = both(jawOpen=0.24, mouthLowerDown=0.05)
# Microsoft's 22; 0 is silence, 9, 10, 11 are glides that the vowels they pass through make up, 5 and 12 look like 13 and 1
MICROSOFT = {1: "viseme_uh", 2: "viseme_aa", 3: "viseme_oh", 4: "viseme_E", 6: "viseme_ih", 7: "viseme_ou", 8: "viseme_tight_o",
             13: "viseme_RR", 14: "viseme_nn", 15: "viseme_SS", 16: "viseme_CH", 17: "viseme_TH", 18: "viseme_FF", 19: "viseme_DD",
             20: "viseme_kk", 21: SHUT}

# faces that VRM keys show whole, as strong as level 3 of Emolib
EMOTIONS: dict[str, Recipe] = {
    "emotion_happy": both(mouthSmile=0.8, cheekSquint=0.85, eyeSquint=0.3),
    "emotion_angry": both(browDown=0.93, eyeSquint=0.5, noseSneer=0.3, mouthFrown=0.45, mouthPress=0.45),
    "emotion_sad": both(browInnerUp=1.0, mouthFrown=0.75, eyeBlink=0.2),
    "emotion_surprised": both(browInnerUp=0.86, browOuterUp=1.0, eyeWide=0.7),
    "emotion_relaxed": both(mouthSmile=0.4, cheekSquint=0.3, eyeBlink=0.3)}

DIRECT: dict[str, Recipe] = {name: {name: 1.0} for name in SHAPES} | MEANS
SOURCES = (*DIRECT, *VISEMES, *EMOTIONS)


def recipe_of(source: str) -> Recipe:
    """Return what a source shows in our shapes, by name; empty for one that does not exist."""
    return DIRECT.get(source) or VISEMES.get(source) or EMOTIONS.get(source) or {}


def folded(shapes: tuple[str, ...]) -> tuple[str, ...]:
    """Return names of shapes, a pair of both sides as one name without a side."""
    pairs = {name for name in SIDED if {f"{name}Left", f"{name}Right"} <= set(shapes)}
    return tuple(dict.fromkeys(next((name for name in pairs if shape in MEANS[name]), shape) for shape in shapes))


def group_of(shape: str) -> str:
    """Return the group of GROUPS that one of our shapes belongs to."""
    return next(group for group, words in GROUPS.items() if shape.startswith(words))
