"""How the panel words the cuts of hair of core/choices.py: items of the enumerations."""

HAIR = (
    ("NONE", "None", "Neither hair nor brows"),
    ("PHOTO", "As in the Photo", "As long as in the photo, where that can be seen, else short"),
    ("SHORT", "Short", "A short cut"),
    ("CHIN", "Chin Length", "Parted, over the ears, down to the chin"),
    ("LONG", "Long", "Parted, over the ears, down to the shoulders"),
)
FRINGE = (
    ("NONE", "None", "The forehead is free"),
    ("PHOTO", "As in the Photo", "As far down as in the photo, none where the forehead is free or hidden"),
    ("SHORT", "Short", "Over the upper half of the forehead"),
    ("BROWS", "To the Brows", "Over the whole forehead"),
)
PARTING = (
    ("PHOTO", "As in the Photo", "At the side that the photo shows, the person's left where that cannot be seen"),
    ("LEFT", "Left", "At the person's left: hair and fringe fall to the right"),
    ("MIDDLE", "Middle", "In the middle"),
    ("RIGHT", "Right", "At the person's right: hair and fringe fall to the left"),
)
WAVES = (
    ("PHOTO", "As in the Photo", "As the photo shows, straight where that cannot be seen"),
    ("STRAIGHT", "Straight", "Without waves"),
    ("WAVY", "Wavy", "Flat waves of some centimetres"),
    ("CURLY", "Curly", "Locks that wind around themselves"),
    ("COILY", "Coily", "Small tight coils that stand off the head instead of hanging, without parting or fringe"),
)
