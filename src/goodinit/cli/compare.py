"""``goodinit compare``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goodinit.cli.flags import Text, default_folder, number
from goodinit.cli.outcome import uninterrupted
from goodinit.cli.progress import progress_line

if TYPE_CHECKING:
    from goodinit.study import Problem


def compare(
    study: Annotated[
        Path | None, typer.Argument(help="Study file; flags change what it says.", metavar="STUDY.toml")
    ] = None,
    data: Annotated[
        Text,
        typer.Option(
            help="circles, moons, spirals, digits, csv:FILE, npz:FILE, mnist:DIR or cats:DIR; options in brackets, "
            "as in 'csv:houses.csv(target=price, standardize=true)'. Default: circles."
        ),
    ] = None,
    network: Annotated[
        Text, typer.Option(help="Widths, as in 2-10-5-1; 'auto' at either end. Default: auto-10-5-auto.")
    ] = None,
    activation: Annotated[Text, typer.Option(help="After every hidden layer. Default: relu.")] = None,
    init: Annotated[
        list[str] | None,
        typer.Option(
            help="Initializer, as in 'he_normal(mode=fan_out)'; repeat to compare several. "
            "Default: zeros, normal(std=10), he_normal."
        ),
    ] = None,
    bias: Annotated[Text, typer.Option(help="Initializer of the biases. Default: zeros.")] = None,
    seeds: Annotated[Text, typer.Option(metavar="INTEGER", help="Networks of each initializer. Default: 32.")] = None,
    steps: Annotated[Text, typer.Option(metavar="INTEGER", help="Updates of each network. Default: 15000.")] = None,
    learning_rate: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NUMBER", help="Repeat to try several: each initializer is judged at its own best. Default: 0.01."
        ),
    ] = None,
    batch_size: Annotated[
        Text, typer.Option(metavar="INTEGER", help="Examples in a shuffled mini-batch. Default: all.")
    ] = None,
    optimizer: Annotated[
        Text, typer.Option(help="sgd, momentum, nesterov, adam, adamw or rmsprop, as in 'adam(b1=0.8)'. Default: sgd.")
    ] = None,
    l1: Annotated[Text, typer.Option(help="L1 penalty, as in 0.001 or layer1=0.001,layer2=0.01. Default: 0.")] = None,
    l2: Annotated[Text, typer.Option(help="L2 penalty, as in 0.001 or layer1=0.001,layer2=0.01. Default: 0.")] = None,
    dropout: Annotated[
        Text, typer.Option(metavar="NUMBER", help="Share of hidden activations dropped. Default: 0.")
    ] = None,
    precision: Annotated[Text, typer.Option(help="float32 or float64. Default: float32.")] = None,
    record_every: Annotated[
        Text, typer.Option(metavar="INTEGER", help="Steps between records. Default: a hundredth of all.")
    ] = None,
    record: Annotated[
        Text, typer.Option(help="gradients: also record the sizes of gradients and updates, by layer and by neuron.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the results. Default: one for each study in goodinit-runs/.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Start anew in a folder that holds another study.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Compare initializations over many seeds, with intervals and tests.

    Without arguments: zeros, normal(std=10) and he_normal on circles, 32 networks each. Run the same command again to
    continue an interrupted study, or with more seeds or initializers to extend it.
    """
    flags = {
        "data": data,
        "network": network,
        "activation": activation,
        "init": init,
        "bias": bias,
        "seeds": number(seeds),
        "steps": number(steps),
        "learning_rate": [number(rate) for rate in learning_rate or ()],
        "batch_size": number(batch_size),
        "optimizer": optimizer,
        "l1": _penalty(l1),
        "l2": _penalty(l2),
        "dropout": number(dropout),
        "precision": precision,
        "record_every": number(record_every),
        "record": record,
    }
    _run(study, {key: value for key, value in flags.items() if value not in (None, [])}, out, force, as_json, quiet)


def _run(file: Path | None, flags: dict[str, Any], out: Path | None, force: bool, as_json: bool, quiet: bool) -> None:
    # imported here: these take a second, which --help and a mistyped flag should not
    with uninterrupted():
        from goodinit import report
        from goodinit.cli.comparison import print_json, print_results
        from goodinit.study import Study, answer, resolve

    asked = Study.of(flags) if file is None else Study.read(file).changed(flags)
    problem = resolve(asked)
    folder = out or default_folder(problem.data.source, problem.identity())
    with progress_line(f"training {_networks(problem)} networks", "steps/s", quiet) as progress:
        results = answer(problem, folder, force=force, progress=progress)
    report.publish(results, folder)
    if as_json:
        print_json(results, folder)
    else:
        print_results(results, folder)


def _networks(problem: "Problem") -> int:
    study = problem.study
    return len(study.init) * len(study.learning_rate) * study.seeds


def _penalty(text: Text) -> Any:
    """Read ``0.01`` or ``layer1=0.01,layer2=0.1``."""
    from goodinit.spelling import parse_options

    return parse_options(text, text) if text and "=" in text else number(text)
