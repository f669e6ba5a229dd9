"""What an artist can choose, and within which limits: all that the interface has to know before anything is made.

Blender loads this at its start, so it needs nothing: no numpy, no data classes.
"""

from typing import Literal

Emotion = Literal["neutral", "happy", "angry", "sad", "fear", "surprise", "disgust", "contempt"]
LevelBy = Literal["strength", "probability"]                                   # what a heard emotion's level is taken from
Fusing = Literal["shapes", "harmonic", "network", "region"]
Hair = Literal["NONE", "PHOTO", "CROPPED", "SHORT", "BLUNT", "CHIN", "LONG", "PONYTAIL", "BUN"]
Fringe = Literal["NONE", "PHOTO", "SHORT", "BROWS"]
Parting = Literal["PHOTO", "LEFT", "MIDDLE", "RIGHT"]                           # the person's left
Waves = Literal["PHOTO", "STRAIGHT", "WAVY", "CURLY", "COILY"]
Hairline = Literal["PHOTO", "FULL", "TEMPLES", "RECEDING", "BALDING"]

EMOTIONS: tuple[Emotion, ...] = ("neutral", "happy", "angry", "sad", "fear", "surprise", "disgust", "contempt")
HEARD = EMOTIONS[:-1]           # those a voice is judged by (Sec. 4.1); contempt is the user's to choose
MOST_LEVEL = 3
FUSIONS: tuple[Fusing, ...] = ("shapes", "harmonic", "network", "region")     # of emotion and speech (docs/funet.md)
LONGEST_TRANSITION = 2.0        # seconds
HEARING_RANGES = {"window": (1.0, 30.0), "transition": (0.0, LONGEST_TRANSITION), "sensitivity": (0.0, 1.0)}
WINDOW, TRANSITION, SENSITIVITY = 3.0, 0.4, 0.5                                # as they are unless somebody changes them

LIP_RANGES = {"lip_strength": (0.0, 2.0), "jaw_strength": (0.0, 2.0), "tongue_strength": (0.0, 2.0), "lip_open": (-0.3, 0.3),
              "lower_smoothing": (0.0, 0.1), "upper_smoothing": (0.0, 0.1), "sync_offset": (-1.0, 1.0),
              "gains": (0.0, 3.0), "offsets": (-1.0, 1.0)}
LIP_NEUTRAL = dict.fromkeys(("lip_strength", "jaw_strength", "tongue_strength"), 1.0)      # the others: 0

MOST_PHOTOS = 5                 # of one person, the main one included
MOST_RECORDINGS = 50            # of one voice, the spoken one not included
MOST_TAKES = 1 << 20
AUTO = "auto"                   # the emotion is heard in the recording

HAIRS: tuple[Hair, ...] = ("NONE", "PHOTO", "CROPPED", "SHORT", "BLUNT", "CHIN", "LONG", "PONYTAIL", "BUN")
FRINGES: tuple[Fringe, ...] = ("NONE", "PHOTO", "SHORT", "BROWS")
PARTINGS: tuple[Parting, ...] = ("PHOTO", "LEFT", "MIDDLE", "RIGHT")
WAVES: tuple[Waves, ...] = ("PHOTO", "STRAIGHT", "WAVY", "CURLY", "COILY")
HAIRLINES: tuple[Hairline, ...] = ("PHOTO", "FULL", "TEMPLES", "RECEDING", "BALDING")
# by the names of a request
HAIRCUT: dict[str, tuple[str, ...]] = {"hair": HAIRS, "fringe": FRINGES, "parting": PARTINGS, "waves": WAVES,
                                       "hairline": HAIRLINES}
SKINS = ("skin1", "skin2")                      # measured by Jensen et al. 2001 (render/skin_optics.py)
LIGHTS = ("studio", "window", "rim")            # presets of render/studio.py

PREVIEWS = ("preview_front.png", "preview_turned.png")      # of a job folder: pictures of the head (render/preview.py)
