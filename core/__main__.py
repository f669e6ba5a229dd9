"""The engine's command line: python -m core head | lipsync | emotion | animate | export | batch | render (see the README)."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn

from .batch.table import FORMATS
from .choices import HAIRCUT
from .errors import ECAvatarError, InputError
from .files import read_json
from .messages import Message, Report, progress
from .pack import DEFAULT, Pack
from .render.studio import STUDIOS
from .types import FUSIONS

BAR = 30
LIGHTS = tuple(STUDIOS)
WORN = {"hair": "how long hair is, as in the photo or as chosen; with none there are no brows either",
        "fringe": "how far down the forehead hair hangs", "parting": "at which side of the person hair is parted",
        "waves": "how straight or curly hair is",
        "hairline": "how far the hairline has gone back"}


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line in our form."""

    def error(self, message: str) -> NoReturn:
        """Exit with code 2 and one line."""
        self.exit(2, f"error: {message}; {self.prog}; see `python -m core --help`\n")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return 0 on success and 2 with one line on stderr when the user can mend it; a batch has codes of its own."""
    options = command_line().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):           # a terminal or file that lacks a letter is no reason to stop
            stream.reconfigure(errors="backslashreplace")
    try:
        return int(options.run(options) or 0)
    except ECAvatarError as error:
        sys.stderr.write(f"{clear_line()}error: {error}\n")
        return 2


def command_line() -> Parser:
    """Return the parser of all commands."""
    parser = Parser(prog="python -m core", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    head = commands.add_parser("head", help="photos -> neutral head (head.npz) and its texture (head.png)")
    head.add_argument("photo", type=Path, nargs="+", help="one to five photos of one person: front, and sides")
    head.add_argument("--out", type=Path, required=True, help="the .npz to write; the texture goes beside it as .png")
    head.set_defaults(run=run_head)
    lipsync = commands.add_parser("lipsync", help="recording -> lip motion (motion.npz) at 60 frames a second")
    lipsync.add_argument("audio", type=Path)
    lipsync.add_argument("--out", type=Path, required=True, help="the .npz to write")
    lipsync.set_defaults(run=run_lipsync)
    emotion = commands.add_parser("emotion", help="recording -> emotions over time (emotion.json)")
    emotion.add_argument("audio", type=Path)
    emotion.add_argument("--out", type=Path, required=True, help="the .json to write")
    emotion.set_defaults(run=run_emotion)
    animate = commands.add_parser("animate", help="photo and recording -> job folder that Blender imports")
    add_animate(animate)
    export = commands.add_parser("export", help="job folder -> the face's motion as numbers (docs/export.md)")
    export.add_argument("job", type=Path, help="a finished job folder")
    export.add_argument("--out", type=Path, required=True, help="the .csv (columns of Live Link Face) or .json to write")
    export.add_argument("--fps", type=float, help="frames a second; without it, those of the job")
    export.set_defaults(run=run_export)
    add_render(commands.add_parser("render", help="job folder -> picture or film by the paper's renderer (docs/render.md)"))
    add_batch(commands.add_parser("batch", help="table of photos and recordings -> a job folder a row (docs/batch.md)"))
    for command in (emotion, animate):
        command.add_argument("--emotions", type=Path, help="a .json of emotion settings and windows (docs/emotion.md)")
        command.add_argument("--same-voice", type=Path, nargs="+", default=[], metavar="AUDIO",
                             help="further recordings of the same voice, so that its manner is not taken for an emotion")
    for command in (head, lipsync, emotion, animate):
        command.add_argument("--pack", type=Path, default=DEFAULT, help="a model pack's folder")
    return parser


def add_animate(animate: argparse.ArgumentParser) -> None:
    """Give the whole job its options."""
    animate.add_argument("--photo", type=Path, nargs="+", required=True, help="one to five photos of one person: front, and sides")
    animate.add_argument("--audio", type=Path, required=True)
    animate.add_argument("--out", type=Path, required=True, help="the job folder")
    animate.add_argument("--fps", type=float, default=24.0, help="the scene's frames a second")
    animate.add_argument("--controls", type=Path, help="a .json of lip controls (docs/job_folder.md); without it, as generated")
    animate.add_argument("--emotion", default="auto", metavar="auto|CATEGORY:LEVEL",
                         help="heard in the recording, or chosen: neutral, happy, angry, sad, fear, surprise, disgust or contempt, "
                              "with a level from 0 to 3")
    animate.add_argument("--fusion", choices=FUSIONS, help="how emotion and speech become one face (docs/funet.md)")
    for name, choices in HAIRCUT.items():
        animate.add_argument(f"--{name}", type=str.lower, choices=[choice.lower() for choice in choices], default="photo",
                             help=WORN[name])
    animate.add_argument("--few-keys", action="store_true", help="make the few keys of the motion too, which importing it else does")
    animate.set_defaults(run=run_animate)


def add_batch(batch: argparse.ArgumentParser) -> None:
    """Give the batch its options."""
    batch.add_argument("table", type=Path, help="a .csv with the columns name, photo and audio, and options")
    batch.add_argument("--out", type=Path, required=True, help="the folder for the rows' folders and the summary")
    batch.add_argument("--workers", type=int, default=0, help="processes at once; without it, half as many as there are cores")
    batch.add_argument("--format", choices=FORMATS, default="none", help="what Blender makes of a row that does not say")
    batch.add_argument("--blender", default="", help="Blender's program; without it, the module bpy or what is called blender here")
    batch.add_argument("--only", nargs="+", action="extend", default=[], metavar="NAME",
                       help="only these rows; the summary is then left alone")
    batch.set_defaults(run=run_batch)


def add_render(render: argparse.ArgumentParser) -> None:
    """Give the renderer its options."""
    render.add_argument("job", type=Path, help="a finished job folder")
    render.add_argument("--out", type=Path, required=True, help="a .png of one frame, or the .mp4 of all, with sound")
    render.add_argument("--frame", type=int, help="which frame, from 0 on; for a .png")
    render.add_argument("--size", type=int, default=512, help="pixels of the picture's sides")
    render.add_argument("--light", choices=LIGHTS, default=LIGHTS[0], help="how the studio is lit")
    render.add_argument("--bald", action="store_true", help="leave out hair and brows")
    render.set_defaults(run=run_render)


def run_head(options: argparse.Namespace) -> None:
    """Reconstruct the head of one person."""
    from . import pipeline
    report = terminal_report()
    for warning in pipeline.write_head(options.photo, options.out, pack=Pack.open(options.pack),
                                       tick=progress(report, "head")):
        report(Message("warning", text=warning))
    told(options.out, options.out.with_suffix(".png"))


def run_lipsync(options: argparse.Namespace) -> None:
    """Animate the lips of one recording."""
    from . import pipeline
    report = terminal_report()
    for warning in pipeline.write_motion(options.audio, options.out, pack=Pack.open(options.pack),
                                         tick=progress(report, "speech")):
        report(Message("warning", text=warning))
    told(options.out)


def run_emotion(options: argparse.Namespace) -> None:
    """Hear the emotions of one recording."""
    from tempfile import TemporaryDirectory

    from . import pipeline
    from .emotion.windows import EmotionSettings
    from .job import Request
    settings = EmotionSettings.from_json(read_json(options.emotions, InputError) if options.emotions else {})
    with TemporaryDirectory() as folder:
        heard = Path(folder) / "heard.npz"
        pipeline.write_heard(options.audio, heard, options.same_voice, pack=Pack.open(options.pack), window=settings.window,
                             tick=progress(terminal_report(), "emotion"))
        pipeline.keep(options.audio, options.out)
        pipeline.write_emotion(Request("", str(options.audio), emotions=settings), Path(), heard, options.out)
    told(options.out)


def run_animate(options: argparse.Namespace) -> None:
    """Do the whole job in a folder."""
    from .emotion.windows import EmotionSettings, chosen
    from .job import AUTO, Request
    from .pipeline import animate, existing
    from .speech.lip_controls import LipControls
    for what, paths in (("photo", options.photo), ("recording", (options.audio, *options.same_voice))):
        for path in paths:                              # before a finished job in the folder is touched
            existing(str(path), what)
    pack = "" if options.pack == DEFAULT else str(options.pack.resolve())
    photo, *more = (str(path.resolve()) for path in options.photo)
    controls = LipControls.from_json(read_json(options.controls, InputError) if options.controls else {})
    emotions = EmotionSettings.from_json(read_json(options.emotions, InputError) if options.emotions else {})
    if options.fusion:
        emotions = replace(emotions, fusion=options.fusion)
    if options.emotion != AUTO:
        chosen(options.emotion)
    same_voice = tuple(str(path.resolve()) for path in options.same_voice)
    haircut: dict[str, Any] = {name: getattr(options, name).upper() for name in HAIRCUT}
    Request(photo, str(options.audio.resolve()), pack, options.fps, tuple(more), controls, options.emotion, emotions,
            same_voice, few_keys=options.few_keys, **haircut).write(options.out)
    told(animate(options.out, report=terminal_report()))


def run_export(options: argparse.Namespace) -> None:
    """Write the motion of a finished job as numbers."""
    from .bake.face_motion import from_bake, left_out
    from .character import live_link
    from .job import read_result
    bake = read_result(options.job).bake
    live_link.write(options.out, from_bake(bake, options.fps))
    mean, most = left_out(bake)
    if most and options.out.suffix.lower() == ".csv":
        terminal_report()(Message("warning", text="the shapes of the fusion on the mesh have no column, so faces are off by "
                                                  f"{1000 * mean:.1f} mm, up to {1000 * most:.1f}; {options.out}; a .json has them"))
    told(options.out)


def run_batch(options: argparse.Namespace) -> int:
    """Make the rows of a table; return 0 when all are made, 1 when some failed, 130 when it was interrupted."""
    from . import threads
    from .batch import blender, summary
    from .batch.run import MOST_WORKERS, Batch
    from .batch.table import read_table
    rows = read_table(options.table)
    if unknown := sorted(set(options.only) - {row.name for row in rows}):
        raise InputError(f"the table has no row {', '.join(unknown)}", options.table, "give names of its first column")
    if options.only:
        rows = [row for row in rows if row.name in options.only]
    workers = options.workers or max(threads.cores() // 2, 1)
    if not 1 <= workers <= MOST_WORKERS:
        raise InputError(f"{workers} workers were asked for", "--workers", f"choose 1 to {MOST_WORKERS}")
    saved = {row.format or options.format for row in rows} & {"blend", "gltf"}
    program = blender.find(options.blender) if saved else ""
    batch = Batch(options.out.resolve(), options.format, program, workers)
    outcomes = batch.run(rows, summary.bar(len(rows)))
    sys.stdout.write(clear_line() + summary.table(outcomes))
    if not options.only:
        told(*summary.write(options.out, outcomes))
    states = {outcome.state for outcome in outcomes}
    return 130 if "stopped" in states else int("failed" in states)


def run_render(options: argparse.Namespace) -> None:
    """Render one frame of a finished job, or all."""
    from .render import command
    from .render.frame import Settings
    settings = Settings(size=options.size, studio=STUDIOS[options.light], hair=not options.bald)
    if options.frame is not None:
        command.picture(options.job, options.frame, options.out, settings)
    else:
        command.film(options.job, options.out, settings, progress(terminal_report(), "render"))
    told(options.out)


def told(*paths: Path) -> None:
    """Print what was written."""
    sys.stdout.write("".join(f"{path}\n" for path in paths))


def terminal_report() -> Report:
    """Return a report that draws a progress bar on a terminal; elsewhere only warnings are printed."""
    draw: Callable[[str], object] = sys.stderr.write if sys.stderr.isatty() else len

    def report(message: Message) -> None:
        if message.kind == "progress":
            filled = round(BAR * message.fraction)
            end = "\n" if message.fraction >= 1.0 else ""
            draw(f"\r{message.stage:<8}[{'#' * filled:<{BAR}}]{end}")
            sys.stderr.flush()
        elif message.kind == "warning":
            sys.stderr.write(f"{clear_line()}warning: {message.text}\n")
    return report


def clear_line() -> str:
    """Return what wipes a half-drawn progress bar, if there can be one."""
    return "\r\x1b[K" if sys.stderr.isatty() else ""


if __name__ == "__main__":
    sys.exit(main())
