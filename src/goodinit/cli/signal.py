"""``goodinit signal``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from goodinit.cli.flags import Text, default_folder, number
from goodinit.cli.outcome import uninterrupted
from goodinit.cli.progress import progress_line
from goodinit.errors import InputError


def signal(
    study: Annotated[
        Path | None, typer.Argument(help="Study file; flags change what it says.", metavar="STUDY.toml")
    ] = None,
    inputs: Annotated[
        Text,
        typer.Option(
            "--input",
            help="Made-up inputs of the network's first width: normal (the default), or "
            "'normal(std=2, correlation=0.5)'.",
        ),
    ] = None,
    data: Annotated[
        Text,
        typer.Option(help="Real data instead: circles, digits, moons, csv:FILE, npz:FILE, mnist:DIR, cats:DIR."),
    ] = None,
    network: Annotated[
        Text,
        typer.Option(
            help="500x10 (the default) is ten layers of 500 on 500 inputs; with real data, auto-100x5-auto say."
        ),
    ] = None,
    activation: Annotated[Text, typer.Option(help="After every hidden layer. Default: tanh.")] = None,
    init: Annotated[
        list[str] | None,
        typer.Option(
            help="Initializer, as in 'he_normal(mode=fan_out)'; repeat to compare several. "
            "Default: normal(std=0.01), normal(std=1), lecun_normal."
        ),
    ] = None,
    bias: Annotated[Text, typer.Option(help="Initializer of the biases. Default: zeros.")] = None,
    seeds: Annotated[Text, typer.Option(metavar="INTEGER", help="Networks of each initializer. Default: 32.")] = None,
    examples: Annotated[Text, typer.Option(metavar="INTEGER", help="Inputs, at most. Default: 1000.")] = None,
    precision: Annotated[Text, typer.Option(help="float32 or float64. Default: float32.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the results. Default: one for each study in goodinit-runs/.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Start anew in a folder that holds another study.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Measure the signal through depth before training, and the gradient back, beside what theory expects.

    Without arguments: ten tanh layers of 500 with three initializations. Run the same command again to continue, or
    with more seeds or initializers to extend it.
    """
    if inputs is not None and data is not None:
        raise InputError(f"--input {inputs} makes inputs up and --data {data} reads them; give one of the two")
    flags = {
        "data": inputs if data is None else data,
        "network": network,
        "activation": activation,
        "init": init,
        "bias": bias,
        "seeds": number(seeds),
        "examples": number(examples),
        "precision": precision,
    }
    _run(study, {key: value for key, value in flags.items() if value not in (None, [])}, out, force, as_json, quiet)


def _run(file: Path | None, flags: dict[str, Any], out: Path | None, force: bool, as_json: bool, quiet: bool) -> None:
    # imported here: these take a second, which --help and a mistyped flag should not
    with uninterrupted():
        from goodinit import report
        from goodinit.cli.profiles import print_json, print_results
        from goodinit.study.signal import SignalStudy, answer, resolve

    asked = SignalStudy.of(flags) if file is None else SignalStudy.read(file).changed(flags)
    problem = resolve(asked)
    folder = out or default_folder(f"signal-{problem.network}", problem.identity())
    networks = len(asked.init) * asked.seeds
    with progress_line(f"measuring {networks} networks", "networks/s", quiet) as progress:
        results = answer(problem, folder, force=force, progress=progress)
    report.publish(results, folder)
    if as_json:
        print_json(results, folder)
    else:
        print_results(results, folder)
