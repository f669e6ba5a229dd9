"""Text for the training speech: sentences written for this project and a small grammar that varies them.

The grammar leans towards words with p b m f v w, because those are the sounds that a viewer reads from the lips,
and sets them beside words that differ in one sound only (bat, mat, pat, fat, vat; sum, sun, sung).
"""

import numpy as np

SENTENCES = """
Please bring my map before the boat comes back from the bay.
Five brave women waved at the van from the roof above the farm.
Bob and Pam popped a paper bag behind the old museum.
She saw seven thin ships sail slowly past the southern shore.
Why would you wait when the weather is so warm this week?
My father never leaves the house before half past five.
Peter put a pound of butter in the copper pot.
Do you think the mouth of that river is very deep?
The lamp in the lobby keeps humming, so please turn it off.
Who moved the blue shoes to the upper room?
I am sure that the judge will choose a large orange chair.
Vivian found a fine fever medicine at the village shop.
Maybe Mabel's baby will be a famous baker some day.
Nobody knows how the young king lost both of his rings.
Could the cook look for a good book about sugar and wood?
Thank you both for thinking of my birthday on the third.
We heard the bird chirp early, before the first workers came.
You should use two new blue balloons for the school room.
They laughed, clapped, coughed and then left the cafe.
Hot coffee pots often stop dropping once the cloth is on.
Eight great apes ate eighty grapes in April.
Oh no, the old stone boat is going to float over the road!
How about a brown couch for the house down town?
The boy enjoyed the noisy toy and destroyed it with joy.
I tried to buy five white kites with my own dimes.
Whisper the word once, then wait while we wash the window.
Let me help: the hem must be mended and the seam must be pressed.
Bumpy pumpkins, plump plums and ripe pepper made him jump.
Stop! The brakes of the big black bus may not be safe.
Mum's home-made marmalade is simply marvellous with muffins.
If a fat cat chases a bat off the mat, do not pat the cat.
A thumb, a thong, a sum, a sun and a song.
The ham, the hand and the hanger were hidden in the hall.
Rob, rod, rock. Cup, cut, cuff. Lap, lack, laugh.
He is about to chop the shrub, chuck the shovel and shut the shed.
Every evening the engineers argue about energy and engines.
There is a treasure to measure, and a vision of leisure in Asia.
Would Wendy want warm water or white wine with her waffles?
Yes, yesterday the yellow yacht was in the yard.
The north wind was thin, then the south wind became smooth.
Good morning, and welcome to the programme about human speech.
Nineteen ninety nine was the year when my uncle moved to Moscow.
Please call me back at five five five, zero one two, three four seven.
Twelve times eleven is one hundred and thirty two.
A quick quiz: which queen quietly quit her quest?
It rained all morning; by noon the pavement was a mirror.
Open your mouth and say ah, then close it and hum.
When I was young we lived above a bakery, and the smell of bread woke us up.
Turn left at the lights, keep to the right, and park beside the tall tower.
Is it true that you flew through the blue room on a broom?
The museum opens from Monday to Friday, from nine until six.
Some people prefer summer, but my family simply love the autumn.
What do you mean, my plan has been stopped by the committee?
Big problems become small problems when people begin to help.
He promised to pay, and he paid; she promised to come, and she came.
Both of them bathe with their brother on Thursdays.
Push the bush, pull the bull, put the wool in the full pool.
My aim is to name the same game in the same way.
Vote for the view over the valley, not for the ferry over the river.
Fifty five firefighters fought the fierce fire for four hours.
Baby blue balls bounced between Bobby and Barbara.
Pam, Tim and Sam came from Rome by train and tram.
Will we ever know why Walter went away one winter?
That machine can match much cheese with fresh fish and chips.
I agree. We see the sea, the green trees and three sheep.
Oh, so you go home alone? Don't go, it's cold and snowing.
The pilot slept through the whole approach, or so the papers claimed.
Madam, I'm afraid the museum's permanent map room is empty.
""".splitlines()

WORDS: dict[str, str] = {
    "noun": "map boat bag lamp pump paper bumper pepper farm van valley river window worm wolf swan wave fever leaf "
            "knife glove stove thumb lip cup cap cab cub web rope soap sheep shape ship tape tube cube bomb comb lamb "
            "limb room broom dream game name frame flame film farm form storm army animal camera number member summer "
            "hammer problem puppet puppy poppy baby bubble table cable apple people purple maple temple simple sample "
            "camp lamp lump jump phone elephant dolphin photo coffee office chef chief thief belief roof proof cough "
            "laugh giraffe safe vase voice visitor virus vegetable movie navy envelope river oven seven shovel travel "
            "level novel wagon wheel whale wheat wood wool witch watch week well queen quilt squirrel sandwich flower "
            "tower power shower dog cat tree house garden kitchen letter teacher doctor sister night light road coat "
            "stone engine orange judge church chair cheese peach beach fish dish shell shoe sugar machine ocean "
            "treasure measure garage king ring song thing tongue finger hunger monkey donkey uncle bank pink drink "
            "rock duck truck lake cake book hook tooth teeth mouth path bath cloth earth birth month feather brother "
            "mother father weather yard yacht year onion music cube few view hair head hand house hill hotel horse "
            "idea eye ear oil boy toy",
    "verb": "moved bought brought built burned baked blamed believed borrowed pushed pulled painted passed picked "
            "planned played promised made missed mended mixed married mapped found felt filled followed forgot "
            "finished fixed feared visited voted viewed valued watched washed wanted warmed wiped won wore waved "
            "weighed stopped dropped wrapped helped hoped jumped grabbed rubbed robbed climbed named claimed filmed "
            "framed saved loved gave drove served solved moved left laughed at carried cut caught kept took told "
            "taught threw thanked showed shut chose changed chased joined judged used heard hid held had heard sang "
            "sent saw sold",
    "adjective": "big bright brown blue broken busy black pale pink purple plain proper perfect empty happy simple "
                 "warm wet white wild wonderful weird weak main modern magic many smooth firm famous funny fresh fine "
                 "fat full foreign safe rough stiff tough very old heavy clever seven brave live grave evil young "
                 "yellow huge human thin thick smooth northern other small large long short cold hot new red green "
                 "quiet quick strange cheap rich special social usual orange double humble sober numb calm slim grim "
                 "dumb deep cheap ripe steep",
    "place": "above the bay|behind the barn|before breakfast|by the river|in the museum|on the map|from the farm|"
             "under the lamp|with my mother|at the beach|in the village|from Bombay|near Boston|on Monday|for a week|"
             "with five friends|over the bridge|at half past four|beside the pool|during the storm|without any problem|"
             "after the movie|until November|in the swamp|through the woods|towards the tower|at home|in Rome|"
             "for the first time|on the roof|before the bus came|because Bob was away|when my phone rang|"
             "while we were waiting|if I may|about a month ago",
    "person": "I|you|we|they|my mother|my brother Ben|Pam|Bob|Vivian|Wendy|Philip|the farmer|the bishop|a policeman|"
              "her husband|the whole family|some people|every member|nobody|the woman from Vienna|Mister Brown|"
              "Professor May|the famous baker|Emma|Abby|Tom and Jim|the old king|George|Charles|Ruth|this young judge|"
              "those thieves",
    "number": "five|seven|eleven|twelve|fifteen|forty five|ninety nine|one hundred and two|a million|both|many|some|"
              "few|sixty four|thirteen|eighty eight|two thousand",
    "set": "bat mat pat fat vat|pie buy my fie vie why|bee me pea fee we|map mab mad mat mack|"
           "rope robe roam road roach|cup cub come cuff cut|lab lap lamb laugh lack|rib rip rim riff rig|"
           "wheel veal feel meal peel|pool tool cool mule fool|some sun sung sub sup|beam bean beep beat|"
           "vine wine fine mine pine line|tap tab tam tack tad|simmer sinner singer|mob mop mom mock|"
           "cape cable came cave cake|leap leave leak lean|hope home hose hove|nip nib nim knit nick|"
           "shape shave shame shake|rum run rung rub rough|dip dib dim did dig|ape abe aim ate ache|"
           "pope poem boat moat vote",
}
PATTERNS = (
    "{person} {verb} the {adjective} {noun} {place}.",
    "The {adjective} {noun} and the {noun} were {adjective}.",
    "{person} never {verb} a {noun} or {number} {adjective} {noun}s {place}.",
    "Why have {person} not {verb} the {noun}?",
    "{set}.",
    "{number} {noun}s, {number} {adjective} {noun}s, and a {noun}.",
    "{place}, {person} {verb} my {adjective} {noun}.",
    "Maybe the {noun} of the {noun} is {adjective}, but {person} {verb} it {place}.",
    "Did you say {noun}, or {noun}, or {adjective} {noun}?",
    "{person} think that the {noun} {verb} the {noun}.",
    "Oh! A {adjective} {adjective} {noun}!",
    "Some say {noun} {place}; I would say {noun}.",
)


def _options(kind: str) -> list[str]:
    text = WORDS[kind]
    return text.split("|") if "|" in text else text.split()


def generate(count: int, rng: np.random.Generator) -> list[str]:
    """Return `count` sentences: the written ones first in shuffled order, then sentences of the grammar.

    rng: decides order and words, so that each voice can be given its own text.
    """
    written = [line for line in SENTENCES if line]
    chosen = [written[index] for index in rng.permutation(len(written))[:count // 3]]
    options = {kind: _options(kind) for kind in WORDS}
    while len(chosen) < count:
        sentence = PATTERNS[rng.integers(len(PATTERNS))]
        for kind, choices in options.items():
            while "{" + kind + "}" in sentence:
                word = choices[rng.integers(len(choices))]
                if kind == "set":
                    word = ", ".join(rng.permutation(word.split()))
                sentence = sentence.replace("{" + kind + "}", word, 1)
        chosen.append(sentence[0].upper() + sentence[1:])
    return chosen
