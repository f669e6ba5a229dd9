#!/usr/bin/env python3
"""Everything from a fresh clone: python3 build.py demo | test | lint | zip | repository | pack | assets (see the README)."""

import argparse
import os
import sys
from pathlib import Path

from building import assets, environment, extension
from building.errors import BuildError


def main() -> int:
    """Run one command; 0 on success, 2 with one line when the user can mend it, else the exit code of the tests."""
    options = command_line().parse_args()
    try:
        python = environment.supported()
        if python != sys.executable:
            os.execv(python, [python, *sys.argv])
        return int(options.run(options) or 0)
    except BuildError as error:
        sys.stderr.write(f"error: {error}\n")
    except OSError as error:
        sys.stderr.write(f"error: {error.strerror}; {error.filename}; make room or choose a folder that can be written\n")
    return 2


def command_line() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(prog="build.py", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="photo and recording in, demo.blend, demo.png and demo.mp4 out")
    demo.add_argument("--photo", type=Path, default=assets.PHOTO)
    demo.add_argument("--audio", type=Path, default=assets.SPEECH)
    demo.add_argument("--out", type=Path, default=environment.ROOT / "demo", help="folder for the results")
    demo.set_defaults(run=run_demo)
    test = commands.add_parser("test", help="run every test")
    test.add_argument("--gui", action="store_const", const="yes", default="no", help="also drive a real Blender window (Debian, root)")
    test.add_argument("--gui-auto", dest="gui", action="store_const", const="auto", help="the same, but only where that can be set up")
    test.add_argument("--blender", default="", help="test with this version of Blender's module instead of the pinned one")
    test.add_argument("--again", action="store_true", help="leave out what one version of Blender is enough for (marked `once`)")
    test.add_argument("--coverage", action="store_true", help="also say which lines of the add-on no test ran")
    test.add_argument("pytest", nargs="*", help="arguments for pytest, for example tests/core")
    test.set_defaults(run=run_test)
    commands.add_parser("lint", help="run the linter and the type checker").set_defaults(run=run_lint)
    archive = commands.add_parser("zip", help="the extension's zip, validated, in dist/")
    archive.add_argument("--platform", default="", help=f"one of {', '.join(extension.WHEELS)}; default: this machine's")
    archive.add_argument("--python", default="", help="3.11 for Blender 4.2 to 5.0, 3.13 from 5.1 on; default: this Python's")
    archive.add_argument("--store", action="store_true", help="leave out what a store may not carry")
    archive.set_defaults(run=run_zip)
    repository = commands.add_parser("repository", help="the zips of every platform and the index.json of an extension repository")
    repository.add_argument("--out", type=Path, default=environment.ROOT / "dist" / "repository", help="folder for them")
    repository.add_argument("--store", action="store_true", help="leave out what a store may not carry")
    repository.set_defaults(run=run_repository)
    commands.add_parser("pack", help="the default model pack as a zip for Install Pack from File, in dist/").set_defaults(run=run_pack)
    screenshots = commands.add_parser("screenshots", help="the guide's pictures of the tab, from a real Blender window (Debian, root)")
    screenshots.set_defaults(run=run_screenshots)
    commands.add_parser("assets", help="only take the third-party files").set_defaults(run=lambda _: assets.ensure())
    return parser


def run_demo(options: argparse.Namespace) -> int:
    """Do the main job through the extension."""
    from building import demo
    return demo.run(environment.ensure("run"), photo=options.photo, audio=options.audio, out=options.out)


def run_test(options: argparse.Namespace) -> int:
    """Run the tests in the environment."""
    from building import testing
    python = environment.ensure("test" if options.blender else "training", options.blender)
    chosen = [*(testing.COVERAGE if options.coverage else ()), *options.pytest]
    return testing.run(python, gui=options.gui, again=options.again, arguments=chosen)


def run_lint(_: argparse.Namespace) -> int:
    """Check style and types in the environment."""
    from building import testing
    return testing.lint(environment.ensure("training"))


def run_zip(options: argparse.Namespace) -> None:
    """Build one zip."""
    target = extension.Target.choose(options.platform, options.python)
    tell(extension.build(environment.ensure("run"), target, store=options.store))


def run_repository(options: argparse.Namespace) -> None:
    """Build every zip and the index."""
    from building import repository
    for path in repository.build(environment.ensure("run"), options.out.resolve(), store=options.store):
        tell(path)
    sys.stdout.write(f"{options.out.resolve() / 'index.json'}\n")


def run_pack(_: argparse.Namespace) -> None:
    """Build the default pack's zip."""
    tell(extension.build_pack())


def run_screenshots(_: argparse.Namespace) -> int:
    """Make the guide's pictures of the tab in the environment."""
    import subprocess
    assets.ensure()
    command = [str(environment.ensure("test")), "-m", "building.screenshots"]
    return subprocess.run(command, cwd=environment.ROOT, check=False).returncode


def tell(path: Path) -> None:
    """Print where a zip is, and what takes how much of it."""
    sys.stdout.write(f"{path} ({path.stat().st_size / 1e6:.1f} MB: {extension.account(path)})\n")


if __name__ == "__main__":
    sys.exit(main())
