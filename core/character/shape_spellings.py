"""How others spell what our shapes show: words joined in small letters, without the side, against our names."""

from .shape_sources import MEANS, MICROSOFT, MIDDLE, SHAPES

# tag -> spelling without its side -> our shape without its side; several spellings may share a shape, all of them are driven then
ALIASES: dict[str, dict[str, str]] = {
    "MakeHuman": {
        "mouthcompression": "mouthPress", "mouthcornerpuller": "mouthSmile", "mouthdepression": "mouthFrown",
        "mouthdepressionretraction": "mouthLowerDown", "mouthelevation": "mouthUpperUp", "moutheversion": "mouthShrugLower",
        "mouthpursing": "mouthPucker", "mouthretraction": "mouthStretch", "mouthprotusion": "mouthFunnel",
        "eyeclosure": "eyeBlink", "eyeopenedup": "eyeWide", "eyeslit": "eyeSquint", "eyebrowsdown": "browDown",
        "eyebrowsexternup": "browOuterUp", "eyebrowsinnerup": "browInnerUp", "noseelevation": "noseSneer",
        "nasolabialdeepener": "cheekSquint"},
    "Reallusion": {
        "browraiseinner": "browInnerUp", "browraiseouter": "browOuterUp", "browdrop": "browDown", "cheekraise": "cheekSquint",
        "cheekblow": "cheekPuff", "noseflankraise": "noseSneer", "nosenostrilraise": "noseSneer", "mouthwidensides": "mouthStretch",
        "mouthsnarlupper": "mouthUpperUp", "mouthsnarllower": "mouthLowerDown", "mouthupupper": "mouthUpperUp",
        "mouthdownlower": "mouthLowerDown", "mouthtoplipunder": "mouthRollUpper", "mouthbottomlipunder": "mouthRollLower",
        "mouthrollinupper": "mouthRollUpper", "mouthrollinlower": "mouthRollLower", "mouthpuckerup": "mouthPucker",
        "mouthpuckerdown": "mouthPucker", "mouthfunnelup": "mouthFunnel", "mouthfunneldown": "mouthFunnel",
        "mouthpuckeropen": "mouthFunnel", "tonguetipup": "tongueTipUp", "vtongueup": "tongueTipUp", "vtongueraise": "tongueBackUp",
        "vtongueout": "tongueOut", "vtonguenarrow": "tongueNarrow", "tongueup": "tongueTipUp", "tongueraise": "tongueBackUp"},
    "Audio2Face": {                                                                 # its FACS names, beside ARKit's
        "browlower": "browDown", "innerbrowraiser": "browInnerUp", "outerbrowraiser": "browOuterUp", "squint": "eyeSquint",
        "upperlidraiser": "eyeWide", "cheekraiser": "cheekSquint", "nosewrinkler": "noseSneer", "upperlipraiser": "mouthUpperUp",
        "lowerlipdepressor": "mouthLowerDown", "lipcornerpuller": "mouthSmile", "lipcornerdepressor": "mouthFrown",
        "lippresser": "mouthPress", "lippucker": "mouthPucker", "lipfunneler": "mouthFunnel", "lipstretcher": "mouthStretch",
        "lipstogether": "mouthClose", "jawdrop": "jawOpen", "jawthrust": "jawForward", "jawsideways": "jaw", "dimpler": "mouthDimple",
        "chinraiserupper": "mouthShrugUpper", "chinraiserlower": "mouthShrugLower", "eyeslookup": "eyeLookUp",
        "eyeslookdown": "eyeLookDown"},
    "VRM": {
        "blink": "eyeBlink", "fcleyeclose": "eyeBlink", "lookup": "lookUp", "lookdown": "lookDown", "look": "look",
        "まばたき": "eyeBlink"},
    "other": {
        "mouthopen": "jawOpen", "openmouth": "jawOpen", "open": "viseme_aa", "eyesclosed": "eyeBlink", "eyeclosed": "eyeBlink",
        "eyesclose": "eyeBlink", "eyeclose": "eyeBlink", "browsdown": "browDown", "smile": "mouthSmile", "frown": "mouthFrown",
        "browup": "browOuterUp", "mouthnarrow": "mouthPucker", "kiss": "mouthPucker", "lipsclosed": "mouthClose"},
}
# how much of a key it takes to part the lips as far as our shape, where that is far from 1: measured on MakeHuman's base mesh
STRENGTHS = {"mouthdepressionretraction": 0.27, "mouthprotusion": 0.37}
# the sounds that MPFB names Microsoft's visemes by, from 0 on
MICROSOFT_SOUNDS = ("sil", "aaahax", "aa", "ao", "eyehuh", "er", "yiyihix", "wuw", "ow", "aw", "oy", "ay", "h", "r", "l", "sz",
                    "shchjhzh", "thdh", "fv", "dtn", "kgng", "pbm")
# tag -> words joined -> source; sides, where there are any, belong to the spelling
WHOLE: dict[str, dict[str, str]] = {
    "Reallusion": {
        "eyellookl": "eyeLookOutLeft", "eyellookr": "eyeLookInLeft", "eyerlookl": "eyeLookInRight", "eyerlookr": "eyeLookOutRight",
        "eyellookup": "eyeLookUpLeft", "eyerlookup": "eyeLookUpRight", "eyellookdown": "eyeLookDownLeft",
        "eyerlookdown": "eyeLookDownRight",
        "vopen": "viseme_aa", "vexplosive": "viseme_PP", "vdentallip": "viseme_FF", "vtighto": "viseme_tight_o",
        "vtight": "viseme_tight",
        "vwide": "viseme_ih", "vaffricate": "viseme_CH", "vlipopen": "viseme_lip_open", "explosive": "viseme_PP",
        "dentallip": "viseme_FF", "tighto": "viseme_tight_o", "affricate": "viseme_CH", "lipopen": "viseme_lip_open",
        "mouthplosive": "viseme_PP", "wide": "viseme_ih", "tight": "viseme_tight"},
    "VRM": {
        "fclmtha": "viseme_aa", "fclmthi": "viseme_ih", "fclmthu": "viseme_ou", "fclmthe": "viseme_E", "fclmtho": "viseme_oh",
        "fclmthclose": "viseme_PP", "あ": "viseme_aa", "い": "viseme_ih", "う": "viseme_ou", "え": "viseme_E", "お": "viseme_oh",
        **{prefix + name: f"emotion_{emotion}" for prefix in ("", "fclall") for name, emotion in {
            "happy": "happy", "joy": "happy", "angry": "angry", "sad": "sad", "sorrow": "sad", "surprised": "surprised",
            "surprise": "surprised", "relaxed": "relaxed", "fun": "relaxed"}.items()}},
    "Microsoft visemes": {name: source for number, source in MICROSOFT.items()
                          for name in (f"viseme{number}", f"visemeid{number}", f"{MICROSOFT_SOUNDS[number]}{number:02d}")},
}
# the sounds of Oculus' 15 and of VRM's five vowels; without the word "viseme" they count only where several stand together
SOUNDS = {"pp": "viseme_PP", "ff": "viseme_FF", "th": "viseme_TH", "dd": "viseme_DD", "kk": "viseme_kk", "ch": "viseme_CH",
          "ss": "viseme_SS", "nn": "viseme_nn", "rr": "viseme_RR", "aa": "viseme_aa", "a": "viseme_aa", "e": "viseme_E",
          "ee": "viseme_E", "ih": "viseme_ih", "i": "viseme_ih", "oh": "viseme_oh", "o": "viseme_oh", "ou": "viseme_ou",
          "u": "viseme_ou"}
CONSONANTS = ("pp", "ff", "dd", "kk", "nn", "rr", "ss")
LEAST_SOUNDS = 3

PLAIN = {name.lower(): name for name in SHAPES}                 # ARKit's own, sides written out
UNSIDED = {name.lower(): name for name in (*MEANS, *MIDDLE)}    # both sides in one key
