"""``goodinit lab``: lessons for students, grades for teachers."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goodinit.cli.outcome import ANEW, explained
from goodinit.cli.progress import progress_line

if TYPE_CHECKING:
    from goodinit.labs import grading
    from goodinit.labs.grading.classes import Result

lab = typer.Typer(name="lab", help="Lessons that run, explain, and grade themselves.", no_args_is_help=True)

MOST_OTHERS = 20  # files that are named
FAILED = 1  # the exit code where a case has failed

Number = Annotated[int, typer.Argument(help="Number of the lab.", metavar="N")]
Folder = Annotated[Path, typer.Argument(help="Where to write it.", metavar="DIR")]
Force = Annotated[bool, typer.Option("--force", help="Replace a notebook that exists.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of sentences.")]


def list_labs(as_json: AsJson = False) -> None:
    """List the labs and their cases."""
    from goodinit.cli.terminal import SCHEMA_VERSION, write_json
    from goodinit.labs import grading

    if as_json:
        rows = [
            {
                "lab": each.number,
                "title": each.title,
                "points": each.points,
                "cases": [{"case": case.name, "points": case.points, "exercise": case.exercise} for case in each.cases],
            }
            for each in grading.LABS
        ]
        write_json({"schema_version": SCHEMA_VERSION, "labs": rows})
        return
    for each in grading.LABS:
        print(f"lab {each.number}: {each.title}, {each.points} points")
        for case in each.cases:
            print(f"  {case.name:<26}{case.points:>3}  {case.exercise}")


def start(number: Number, folder: Folder = Path(), force: Force = False) -> None:
    """Write the notebook for students, with blanks to be filled in."""
    _write(number, folder, False, force)


def solution(number: Number, folder: Folder = Path(), force: Force = False) -> None:
    """Write the notebook with the solutions."""
    _write(number, folder, True, force)


def check(
    number: Number,
    file: Annotated[Path, typer.Argument(help="Your notebook (.ipynb) or Python file (.py).", metavar="FILE")],
    case: Annotated[list[str] | None, typer.Option(help="Only this case; repeat for several.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check your own work: what the grader would say of it, without a sandbox."""
    from goodinit.labs import grading
    from goodinit.labs.grading.classes import Result
    from goodinit.labs.grading.places import ordinary

    of, submission = grading.lab(number), grading.read(file)
    found = grading.grade(of, submission, ordinary, grading.Limits(), case or [])
    _print(of, [Result(submission.name, found)], None, as_json)
    if not found.passed:
        raise typer.Exit(FAILED)


def grade(
    number: Number,
    work: Annotated[
        Path, typer.Argument(help="A submission (.ipynb or .py), or a folder of them.", metavar="FILE_OR_FOLDER")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for grades.csv, index.html and the results. Default for a folder: goodinit-grades/."),
    ] = None,
    unsandboxed: Annotated[
        bool, typer.Option("--unsandboxed", help="Run the code as an ordinary process; only if you trust all of it.")
    ] = False,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Grade a submission or a class, each in a sandbox of its own.

    Run the same command again to continue, or to grade what has been added.
    """
    from goodinit.labs import grading
    from goodinit.labs.grading import classes, places

    of, others = grading.lab(number), list[str]()
    if unsandboxed:
        typer.echo("without a sandbox: submissions can read, change and send what you can", err=True)
    else:
        places.check_sandbox(of.packages)
    place = places.ordinary if unsandboxed else places.sandbox
    if not work.is_dir():
        submission = grading.read(work)
        results = [classes.Result(submission.name, grading.grade(of, submission, place, grading.Limits()))]
    else:
        out = out or Path("goodinit-grades") / f"lab{number}-{work.resolve().name}"
        files, others = classes.collect(work)
        if others:
            typer.echo(_beside(others), err=True)
        with progress_line(f"grading {len(files)} submissions", "submissions/s", quiet) as progress:
            results = classes.grade_all(of, work, files, out, place, grading.Limits(), progress)
    if out is not None:
        _publish(of, results, out, not unsandboxed)
    _print(of, results, out, as_json, others)
    if not all(result.passed for result in results):
        raise typer.Exit(FAILED)


def _write(number: int, folder: Path, with_solution: bool, force: bool) -> None:
    from goodinit.labs import notebooks

    print(f"wrote {notebooks.write(number, folder, with_solution, force)}")


def _publish(of: "grading.Lab", results: "list[Result]", out: Path, sandboxed: bool) -> None:
    """Write ``grades.csv`` and ``index.html``."""
    from goodinit.labs.grading import classes
    from goodinit.report import write_grades

    out.mkdir(parents=True, exist_ok=True)
    (out / "grades.csv").write_text(classes.table(of, results), encoding="utf-8", errors="replace")
    write_grades(classes.as_json(of, results), out / "index.html", sandboxed)


def _beside(others: list[str]) -> str:
    """Say which files are not graded because a submission lies beside them."""
    more = f" and {len(others) - MOST_OTHERS:,} more" if len(others) > MOST_OTHERS else ""
    return f"files beside submissions, not graded: {', '.join(others[:MOST_OTHERS])}{more}"


def _print(
    of: "grading.Lab", results: "list[Result]", out: Path | None, as_json: bool, others: Sequence[str] = ()
) -> None:
    """Print every sentence on one submission, a line each of a class, or JSON."""
    from goodinit.cli.terminal import LONGEST_PATH, SCHEMA_VERSION, say, terminal, write_json
    from goodinit.labs.grading import classes
    from goodinit.labs.grading.words import text

    if as_json:
        graded: dict[str, Any] = {"schema_version": SCHEMA_VERSION} | classes.as_json(of, results, others)
        write_json(graded | {"output": None if out is None else str(out)})
        return
    console = terminal()
    for result in results:
        if result.grade is None:
            say(console, f"{result.name}: 0 of {of.points} points: {result.note}")
        elif len(results) == 1:
            console.print("\n".join(text(result.name, result.grade)), soft_wrap=True)
        else:
            note = f" ({result.note})" if result.note else ""
            say(console, f"{result.name}: {result.grade.points} of {of.points} points{note}")
    if out is not None:
        say(console, f"grades: {out / 'grades.csv'}, {out / 'index.html'}", LONGEST_PATH)


lab.command("list")(explained(list_labs))
for command in (start, solution, check):
    lab.command()(explained(command, after_ctrl_c=ANEW))
lab.command()(explained(grade))
