"""The voices of the speech corpus: languages' sounds and text, espeak-ng's events, Kokoro's symbols, timing, the corpus."""

import ctypes.util
from pathlib import Path

import numpy as np
import pytest

from training.speech.corpus import Speaker, make, names_in, read_one
from training.speech.espeak import READINGS, advance_stops, event_phones, load_espeak
from training.speech.kokoro import draw_blend, espeak_symbols
from training.speech.phones import INVENTORY, Phone, check_contiguous, from_ipa_phoneme, split_stops
from training.speech.synthesis import RATE, Utterance, symbol_phones
from training.speech.text_languages import generate_in, sentences
from training.speech.timing import contrasts, lateness


@pytest.mark.parametrize(("name", "labels"), [
    ("tʃ", ["ch"]), ("pf", ["p", "f"]), ("ts", ["t", "s"]), ("tɕʲ", ["ch"]), ("ɔ̃", ["ao"]), ("aː", ["aa"]), ("eɪ", ["ey"]),
    ("ɡʰ", ["g"]), ("ɯᵝ", ["ih"]), ("ç", ["hh"]), ("ɸ", ["f"]), ("ɥ", ["ue"]), ("ʂ", ["sh"]), ("ss", ["s", "s"]),
    ("œy", ["oe", "ue"])])
def test_foreign_phonemes_have_labels(name: str, labels: list[str]) -> None:
    assert list(from_ipa_phoneme(name)) == labels


def test_a_language_reads_its_symbols_its_own_way() -> None:
    assert from_ipa_phoneme("y", READINGS["ru"]) == ("ih",) != from_ipa_phoneme("y")
    assert from_ipa_phoneme("cʰ", READINGS["hi"]) == ("ch",)
    with pytest.raises(ValueError, match="%"):
        from_ipa_phoneme("a%")


def test_a_weak_b_has_no_closure() -> None:
    (label,) = from_ipa_phoneme("β")
    divided = split_stops([Phone(0.0, 0.2, "aa"), Phone(0.2, 0.28, label), Phone(0.28, 0.5, "aa")],
                          np.zeros(RATE // 2, np.float32), RATE)
    assert [phone.label for phone in divided] == ["aa", "b", "aa"]


def test_a_symbol_of_two_sounds_is_shared() -> None:
    phones = symbol_phones(["", "ʦ", "a", "\u0303", ""], np.array([0.2, 0.1, 0.1, 0.05, 0.2]), 0.65, lateness=0.0)
    assert [phone.label for phone in phones] == ["sil", "t", "s", "aa", "sil"]
    assert phones[1].end == pytest.approx(0.25) and phones[3].end == pytest.approx(0.45)


def test_phoneme_events_become_phones() -> None:
    events = [(0.1, "p"), (0.15, "a"), (0.3, ""), (0.32, "m"), (0.4, "iː"), (0.5, ""), (0.7, None), (0.7, "pf"), (0.8, "(en)"),
              (0.8, "ʊ"), (0.9, ""), (1.0, None)]
    phones = event_phones(events, 1.0)
    check_contiguous(tuple(phones))
    assert [phone.label for phone in phones] == ["sil", "p", "aa", "m", "iy", "sil", "p", "f", "uh", "sil"]
    assert phones[3].start == pytest.approx(0.31)            # the event of a nasal comes after the glide to it
    assert phones[-1].start == pytest.approx(0.9) and phones[-1].end == 1.0


def test_the_silence_before_a_stop_is_its_closure() -> None:
    samples = np.ones(RATE // 2, np.float32)
    samples[int(0.2 * RATE):int(0.25 * RATE)] = 0
    phones = advance_stops([Phone(0.0, 0.25, "aa"), Phone(0.25, 0.3, "t"), Phone(0.3, 0.5, "aa")], samples)
    assert phones[1].start == pytest.approx(0.2, abs=0.004) and phones[0].end == phones[1].start


@pytest.mark.parametrize("language", READINGS)
def test_each_language_has_text_and_can_be_drawn_from(language: str) -> None:
    assert len(sentences()[language]) >= 15
    first, again = (generate_in(language, 60, np.random.default_rng(1)) for _ in range(2))
    assert first == again and len(set(first)) > 55 and all(first)


@pytest.mark.parametrize("language", READINGS)
def test_espeak_speaks_with_exact_phones(language: str) -> None:
    if ctypes.util.find_library("espeak-ng") is None:
        pytest.skip("libespeak-ng is not installed")
    voice = load_espeak()
    spoken = [voice.speak_at_random(text, language, np.random.default_rng(1)) for text in sentences()[language][:8]]
    for one in spoken:
        check_contiguous(one.phones)
        assert one.phones[-1].end == pytest.approx(len(one.samples) / RATE, abs=1e-3)
        assert {phone.label for phone in one.phones} <= set(INVENTORY)
    found = lateness(spoken)
    assert abs(np.median(found["closing"])) < 0.005          # half a step of the search is 1.3 ms
    assert min(contrasts(spoken)) > 15


def test_voices_are_blended() -> None:
    blends = [draw_blend("a", ["a", "b", "c"], np.random.default_rng(seed)) for seed in range(20)]
    assert {len(blend) for blend in blends} == {1, 2}
    assert all(sum(blend.values()) == pytest.approx(1) and blend["a"] >= 0.5 for blend in blends)
    assert draw_blend("a", ["a"], np.random.default_rng(2)) == {"a": 1.0}


def test_espeak_names_become_kokoro_symbols() -> None:
    assert espeak_symbols("t^ʃˈa^ʊ d^zˈi-a (en)lˈæmp(fr)") == "ʧˈW ʣˈia lˈæmp"


def test_lateness_is_measured() -> None:
    rng = np.random.default_rng(0)
    times = np.arange(int(0.9 * RATE)) / RATE
    samples = 0.2 * np.sin(2 * np.pi * 500 * times).astype(np.float32)
    hissing = (times > 0.33) & (times < 0.43)
    samples[hissing] = np.diff(rng.normal(0, 0.1, int(hissing.sum()) + 1))
    samples[(times > 0.63) & (times < 0.73)] = 0
    phones = (Phone(0, 0.3, "aa"), Phone(0.3, 0.4, "s"), Phone(0.4, 0.6, "iy"), Phone(0.6, 0.7, "tcl"), Phone(0.7, 0.9, "aa"))
    found = lateness([Utterance(samples, phones, "test", "")])
    for values in found.values():
        assert values == pytest.approx(0.03, abs=0.005)      # windows of 10 ms


def test_a_corpus_is_made_evenly_and_goes_on(tmp_path: Path) -> None:
    spoken: list[str] = []

    def speak(text: str, _: np.random.Generator) -> Utterance:
        spoken.append(text)
        return Utterance(np.zeros(RATE, np.float32), (Phone(0.0, 1.0, "sil"),), "test", text)

    speakers = {"one_a": Speaker(speak), "one_b": Speaker(speak)}
    minutes = make(tmp_path, speakers, 2, seed=1)
    names = names_in(tmp_path, "one_*")
    assert names == ("one_a_1_0000", "one_a_1_0001", "one_b_1_0000", "one_b_1_0001") and minutes > 0
    assert read_one(tmp_path, names[0]).phones == (Phone(0.0, 1.0, "sil"),)
    (tmp_path / "one_a_1_0001.json").unlink()
    make(tmp_path, speakers, 2, seed=1)
    assert len(spoken) == 5 and spoken[4] == spoken[2]
