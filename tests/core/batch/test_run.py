"""A batch makes every row it can, each once, in any number of processes, and goes on where it was stopped."""

import json
import os
import select
import signal
import subprocess
import sys
from collections import Counter, deque
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core import __main__ as command_line
from core import threads
from core.batch import summary
from core.batch.row import Maker, Outcome
from core.batch.run import Batch, pick
from core.batch.table import Row, read_table
from core.files import write_json
from core.job import Request, read_result
from core.locks import held
from core.messages import silent
from core.stage_store import StageStore

ROOT = Path(__file__).resolve().parents[3]
PHOTO = ROOT / "assets" / "examples" / "astronaut.jpg"
SPEECH = ROOT / "assets" / "third_party" / "beckett.wav"
STAND_INS = ("import sys, json, runpy; sys.path[:] = json.loads(sys.argv.pop(1)); "
             "runpy.run_module('tests.core.batch_stand_ins', run_name='__main__', alter_sys=True)")
ALONE = ("import sys; from pathlib import Path; from core.batch.run import Batch; from core.batch.table import read_table\n"
         "for outcome in Batch(Path(sys.argv[2]), bootstrap=sys.argv[3]).run(read_table(Path(sys.argv[1]))): print(outcome.state)")

needs_pipes = pytest.mark.skipif(sys.platform == "win32", reason="a named pipe tells when a worker is at its row")


@pytest.fixture
def studio(tmp_path, monkeypatch):
    """A folder with photos and recordings for the stand-ins, and a journal of what they do."""
    monkeypatch.setenv("ECAVATAR_TEST_JOURNAL", str(tmp_path / "journal"))
    for name in ("ann.jpg", "bob.jpg", *(f"{number}.wav" for number in range(4)), "crash.wav", "bug.wav", "hang.wav", "wait.wav"):
        (tmp_path / name).write_text(name)
    return tmp_path


def table(studio, *rows, options="emotion"):
    path = studio / "jobs.csv"
    path.write_text(f"name,photo,audio,{options}\n" + "".join(f"{row}\n" for row in rows))
    return path


def run(studio, *rows, workers=1, show=lambda batch: None, options="emotion"):
    """Run a batch of these rows with the stand-ins; return states by name, the outcomes, and the stages that were really run."""
    journal = studio / "journal"
    journal.unlink(missing_ok=True)
    batch = Batch(studio / "out", workers=workers, bootstrap=STAND_INS)
    outcomes = batch.run(read_table(table(studio, *rows, options=options)), show)
    assert not batch.children
    ran = Counter(journal.read_text().splitlines() if journal.is_file() else ())
    return {outcome.name: outcome.state for outcome in outcomes}, outcomes, ran


def results(studio):
    """Return the content of all results of all rows."""
    return {path.relative_to(studio): path.read_bytes() for path in (studio / "out").glob("[!.]*/*.npz")}


def test_rows_share_stages_and_none_is_made_twice(studio):
    rows = [f"{face}{clip},{face}.jpg,{clip}.wav,auto" for clip in range(3) for face in ("ann", "bob")]
    states, outcomes, ran = run(studio, *rows, workers=2)
    assert set(states.values()) == {"done"} and [outcome.name for outcome in outcomes] == [row.partition(",")[0] for row in rows]
    assert ran["head ann.jpg"] == ran["head bob.jpg"] == 1
    assert all(ran[f"{stage} {clip}.wav"] == 1 for stage in ("speech", "emotion") for clip in range(3))
    assert all(ran[f"bake {clip}.wav"] == 2 for clip in range(3))
    assert all(outcome.warnings == ("a blurred photo",) for outcome in outcomes)
    assert sum("head" in outcome.shared for outcome in outcomes) == 4

    before = results(studio)
    states, _, ran = run(studio, *rows, "more,ann.jpg,3.wav,sad:2")
    assert Counter(states.values()) == {"unchanged": 6, "done": 1} and ran == {"speech 3.wav": 1, "bake 3.wav": 1}
    assert before.items() <= results(studio).items()


def test_the_same_head_wears_its_hair_as_each_row_asks(studio):
    rows = ("photo,ann.jpg,0.wav,,", "short,ann.jpg,1.wav,short,", "curly,ann.jpg,2.wav,short,curly",
            "alike,ann.jpg,3.wav,SHORT,photo")
    states, outcomes, ran = run(studio, *rows, options="hair,waves")
    assert set(states.values()) == {"done"} and ran["head ann.jpg"] == 1
    shared = {outcome.name: {"head", "look"} & set(outcome.shared) for outcome in outcomes}
    assert shared == {"photo": set(), "short": {"head"}, "curly": {"head"}, "alike": {"head", "look"}}
    for name, worn in {"photo": ("PHOTO", "PHOTO"), "short": ("SHORT", "PHOTO"), "curly": ("SHORT", "CURLY"),
                       "alike": ("SHORT", "PHOTO")}.items():
        with np.load(studio / "out" / name / "look.npz") as look:
            assert look["worn"].tolist() == [worn[0], "PHOTO", "PHOTO", worn[1], "PHOTO"], name
    changed = (*rows[:2], "curly,ann.jpg,2.wav,short,coily", rows[3])
    assert Counter(run(studio, *changed, options="hair,waves")[0].values()) == {"unchanged": 3, "done": 1}


def test_what_has_changed_or_is_harmed_is_made_again(studio):
    rows = ("one,ann.jpg,0.wav,auto", "two,ann.jpg,1.wav,auto")
    run(studio, *rows)
    (studio / "1.wav").write_text("another take")
    (studio / "out" / "one" / "motion.npz").unlink()
    states, _, ran = run(studio, *rows)
    assert set(states.values()) == {"done"} and ran == {"speech 1.wav": 1, "emotion 1.wav": 1, "bake 1.wav": 1}
    assert set(run(studio, *rows)[0].values()) == {"unchanged"}


def test_bad_rows_stop_no_other(studio):
    states, outcomes, _ = run(studio, "none,ann.jpg,none.wav,auto", "odd,ann.jpg,0.wav,glad", "bug,ann.jpg,bug.wav,auto",
                              "crash,ann.jpg,crash.wav,auto", "good,ann.jpg,1.wav,auto")
    assert states == {"none": "failed", "odd": "failed", "bug": "failed", "crash": "failed", "good": "done"}
    reasons = {outcome.name: outcome.reason for outcome in outcomes}
    assert "no such recording" in reasons["none"] and "no emotion 'glad'" in reasons["odd"]
    assert "ZeroDivisionError: by design" in reasons["bug"] and "code 9" in reasons["crash"]
    logs = [path.read_text() for path in (studio / "out" / ".batch").glob("*.log")]
    assert len(logs) == 1 and "Traceback" in logs[0]


def test_ctrl_c_ends_the_workers_and_the_rest_is_made_later(studio):
    rows = ("one,ann.jpg,0.wav,auto", "hang,ann.jpg,hang.wav,auto", "two,ann.jpg,1.wav,auto")
    processes = []

    def interrupt(batch):
        processes.extend(worker.process for worker in batch.children.values())
        if len(batch.outcomes) == 1:
            raise KeyboardInterrupt

    states, _, _ = run(studio, *rows, show=interrupt)
    assert states == {"one": "done", "hang": "stopped", "two": "stopped"}
    assert processes and all(process.poll() is not None for process in processes)
    (studio / "hang.wav").write_text("no more")
    assert run(studio, *rows)[0] == {"one": "unchanged", "hang": "done", "two": "done"}


def alone(studio, jobs):
    """Start a batch of a table in a process of its own, which prints what became of each row."""
    return subprocess.Popen([sys.executable, "-c", ALONE, str(jobs), str(studio / "out"), STAND_INS], cwd=ROOT, stdout=subprocess.PIPE,
                            text=True)


def until(journal, word, count=1):
    """Read the journal's pipe until a word has come so many times; return all that came."""
    told = b""
    while told.count(word) < count:
        assert select.select([journal], [], [], 60)[0], f"{word} never came"
        told += os.read(journal, 1000)
    return told


@needs_pipes
def test_two_batches_at_one_row_make_it_once(studio, monkeypatch):
    monkeypatch.setenv("ECAVATAR_TEST_LOCKS", "1")
    jobs = table(studio, "wait,ann.jpg,wait.wav,auto")
    for name in ("journal", "journal.go"):
        os.mkfifo(studio / name)
    journal = os.open(studio / "journal", os.O_RDWR)
    with alone(studio, jobs) as first:
        until(journal, b"waiting")                              # it holds the row, in the middle of a stage
        with alone(studio, jobs) as second:
            until(journal, b"asks for wait")
            (studio / "journal.go").write_bytes(b"")
            states = [batch.communicate(timeout=60)[0].split() for batch in (first, second)]
    assert states == [["done"], ["unchanged"]] and (studio / "out" / "wait" / "row.json").is_file()
    os.write(journal, b"end\n")
    assert until(journal, b"end\n") == b"emotion wait.wav\nbake wait.wav\nend\n"   # the second one ran no stage
    os.close(journal)


@needs_pipes
def test_workers_end_with_a_killed_parent(studio):
    jobs = table(studio, "hang,ann.jpg,hang.wav,auto")
    os.mkfifo(studio / "journal")
    journal = os.open(studio / "journal", os.O_RDWR)
    with alone(studio, jobs) as parent:
        until(journal, b"hanging")
        parent.send_signal(signal.SIGKILL)
    os.close(journal)
    with held(studio / "out" / "hang" / ".lock", wait=True):    # the worker that held it is gone
        assert not (studio / "out" / "hang" / "row.json").exists()
    (studio / "hang.wav").write_text("no more")
    assert run(studio, "hang,ann.jpg,hang.wav,auto")[0] == {"hang": "done"}


@pytest.mark.parametrize(("format_", "few"), [("none", False), ("blend", True), ("gltf", True), ("", False)])
def test_few_keys_are_made_for_the_rows_that_blender_saves(studio, monkeypatch, format_, few):
    def animate(folder, **options):
        asked.append(Request.read(folder).few_keys)
        write_json(folder / "manifest.json", {"warnings": [], "seconds": {}, "shared": [], "files": {}})
        return folder / "manifest.json"

    asked = []
    monkeypatch.setattr("core.batch.row.animate", animate)
    (one,) = read_table(table(studio, f"a,ann.jpg,0.wav,{format_}", options="format"))
    (studio / "out").mkdir()
    maker = Maker(studio / "out", StageStore(studio / "out"), "none", lambda job, out: out.write_bytes(b"saved"))
    assert maker.make(one, silent).state == "done" and asked == [few]


def test_a_row_is_picked_that_waits_for_nobody():
    rows = deque(Row(name, 1, {"photo": photo, "audio": f"{name}.wav"}, "/") for name, photo in
                 (("one", "ann.jpg"), ("two", "ann.jpg"), ("three", "bob.jpg")))
    busy = set(rows.popleft().inputs)
    assert pick(rows, busy).name == "three" and pick(rows, busy).name == "two" and pick(rows, busy) is None


def test_workers_share_the_cores(monkeypatch):
    monkeypatch.setattr(threads, "cores", lambda: 8)
    assert [threads.shared({}, workers)[threads.VARIABLE] for workers in (1, 3, 8, 20)] == ["8", "2", "1", "1"]
    monkeypatch.setenv(threads.VARIABLE, "3")
    assert threads.allowed() == 3
    monkeypatch.setenv(threads.VARIABLE, "many")
    assert threads.allowed() == threads.USUAL


def test_the_summary(tmp_path):
    outcomes = [Outcome("one", 2, "done", "", ("a, b",), {"head": 1.5, "bake": 0.5}, ("speech",)),
                Outcome("zwei ö", 3, "failed", "why")]
    for path in summary.write(tmp_path, outcomes):
        assert path.is_file()
    lines = (tmp_path / "summary.csv").read_text(encoding="utf-8").splitlines()
    assert lines[1:] == ['one,2,done,,"a, b",speech,1.5,,,,0.5', "zwei ö,3,failed,why,,,,,,,"]
    told = json.loads((tmp_path / "summary.json").read_text())
    assert told["counts"] == {"done": 1, "unchanged": 0, "failed": 1, "stopped": 0} and told["rows"][1]["reason"] == "why"
    assert summary.table(outcomes) == "one     done       2.0 s\nzwei ö  failed     why\n1 done, 1 failed\n"
    many = [Outcome(str(number), number, "done") for number in range(100)] + outcomes
    assert summary.table(many) == "zwei ö  failed     why\n101 done, 1 failed\n"


def test_exit_codes(tmp_path, monkeypatch, capsys):
    jobs = tmp_path / "jobs.csv"
    command = ["batch", str(jobs), "--out", str(tmp_path / "out")]
    assert command_line.main(command) == 2
    jobs.write_text("name,photo,audio\none,a.jpg,a.wav\ntwo,a.jpg,a.wav\n")
    assert command_line.main([*command, "--only", "three"]) == 2
    assert command_line.main([*command, "--workers", "-1"]) == 2
    assert command_line.main([*command, "--format", "blend", "--blender", "no such program"]) == 2
    assert [line.partition(":")[0] for line in capsys.readouterr().err.splitlines()] == ["error"] * 4
    assert not (tmp_path / "out").exists()
    for state, code in (("done", 0), ("unchanged", 0), ("failed", 1), ("stopped", 130)):
        monkeypatch.setattr(Batch, "run", lambda self, rows, show, state=state: [Outcome(row.name, row.line, state) for row in rows])
        assert command_line.main(command) == code
    (tmp_path / "out" / "summary.csv").unlink()
    assert command_line.main([*command, "--only", "two"]) == 130 and not (tmp_path / "out" / "summary.csv").exists()


def test_the_real_thing(tmp_path):
    samples, rate = soundfile.read(SPEECH)
    soundfile.write(tmp_path / "short.wav", samples[:rate // 2], rate)
    jobs = tmp_path / "jobs.csv"
    jobs.write_text(f"name,photo,audio,emotion\none,{PHOTO},short.wav,auto\ntwo,{PHOTO},short.wav,sad:2\nthree,none.jpg,short.wav,auto\n")
    ran = subprocess.run([sys.executable, "-m", "core", "batch", str(jobs), "--out", str(tmp_path / "out"), "--workers", "1"],
                         cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 1 and "2 done, 1 failed" in ran.stdout and not ran.stderr, ran.stderr
    one, two = (read_result(tmp_path / "out" / name) for name in ("one", "two"))
    assert (one.head["vertices"] == two.head["vertices"]).all() and two.felt.windows[0].category == "sad"
    assert one.albedo.samefile(two.albedo)
