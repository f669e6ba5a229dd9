"""How the panel words the cuts of hair of core/choices.py: items of the enumerations."""

# with the numbers by which files keep them: those of before know none of the last
HAIR = (
    ("NONE", "None", "Neither hair nor brows", "NONE", 0),
    ("PHOTO", "As in the Photo", "As long as in the photo, where that can be seen, else short", "NONE", 1),
    ("CROPPED", "Cropped", "Clipped to some millimetres all over", "NONE", 5),
    ("SHORT", "Short", "A short cut", "NONE", 2),
    ("BLUNT", "Bob", "Parted, over the ears, down to the chin, and ending in one line", "NONE", 6),
    ("CHIN", "Chin Length", "Parted, over the ears, down to the chin in layers", "NONE", 3),
    ("LONG", "Long", "Parted, over the ears, down to the shoulders", "NONE", 4),
    ("PONYTAIL", "Ponytail", "Combed back and tied behind the head; one of coils is a ball", "NONE", 7),
    ("BUN", "Bun", "Combed back, straight, and wound to a knot behind the head", "NONE", 8),
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
HAIRLINE = (
    ("PHOTO", "As in the Photo", "As far back as the photo shows, full where that cannot be seen"),
    ("FULL", "Full", "It has not gone back"),
    ("TEMPLES", "Temples", "A little back at the temples"),
    ("RECEDING", "Receding", "Far back at the temples, and back in the middle"),
    ("BALDING", "Bald on Top", "Hair grows at the sides and the back only"),
)


def counts(name: str, hair: str, fringe: str, waves: str, hairline: str) -> bool:
    """Return whether the choice `name` changes hair that is cut and worn so."""
    if name == "hairline":
        return hair != "NONE"
    if hair in ("NONE", "CROPPED"):
        return False
    if name == "fringe" and hairline in ("RECEDING", "BALDING"):
        return False
    if fringe == "NONE" and ((name == "parting" and hair in ("BUN", "PONYTAIL")) or (name == "waves" and hair == "BUN")):
        return False                                                    # only what falls onto the forehead is parted, or waves
    return name == "waves" or waves != "COILY"                          # coils have neither fringe nor parting
