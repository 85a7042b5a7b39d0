"""What submissions may try, and what comes of it: every attack costs its own case, and nobody else's."""

import os
import shutil
import socket
import time
from pathlib import Path

import numpy as np
import pytest

import goodinit
from goodinit.labs import grading
from goodinit.labs.grading import answers, classes, mounts, places
from goodinit.labs.grading.session import MIB, Limits, StoppedError
from lab_submissions import RIGHT

LAB = grading.lab(2)  # it needs NumPy only, so its processes begin quickly
LIMITS = Limits(cpu=8, silence=80, total=120)
SMALL = "\ndef small_weights(fan_in, fan_out):\n"  # what most attackers write in place of the right function
# the channel of the answers is a file descriptor like any other, and whoever looks for it finds it
EVERYWHERE = """
import os
def everywhere(content):
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, content)
        except OSError:
            pass
"""


@pytest.fixture(scope="module", autouse=True)
def _bubblewrap():
    if shutil.which("bwrap") is None and os.environ.get("GOODINIT_REQUIRE_ALL") != "1":
        pytest.skip("needs bubblewrap")
    places.check_sandbox(LAB.packages)


@pytest.fixture
def graded(tmp_path):
    """Return what the sandbox makes of two cases: the grade of the first, and whether the second passed."""

    def grade(text, limits=LIMITS, only=("TestSmallWeights", "TestLargeWeights")):
        (tmp_path / "work.py").write_text(text, encoding="utf-8")
        small, large = grading.grade(LAB, grading.read(tmp_path / "work.py"), places.sandbox, limits, only).cases
        return small, large.passed

    return grade


def within(code, limits=LIMITS):
    """Return what ``attack()`` returns in the sandbox, and what it raised."""
    with places.sandbox(["import os, sys\n" + code], 1, ["numpy"], limits) as session:
        loaded = answers.read_loaded(session.ask())
        assert loaded.broken == loaded.failed == []
        found = answers.read_answers(session.ask({"seed": 1, "script": [{"name": "attack", "args": [], "kwargs": {}}]}))
    return found.values[0] if found.values else None, found.raised


def test_a_right_submission_gets_full_points_in_the_sandbox_and_the_same_outside(tmp_path):
    (tmp_path / "work.py").write_text(RIGHT[2])
    work = grading.read(tmp_path / "work.py")
    inside, outside = (grading.grade(LAB, work, place, LIMITS) for place in (places.sandbox, places.ordinary))
    assert inside == outside
    assert (inside.points, inside.of) == (LAB.points, LAB.points)


def test_an_endless_loop_costs_its_own_case(graded):
    small, large_passed = graded(RIGHT[2] + SMALL + "    while True: pass\n", Limits(cpu=3, silence=80))
    assert "still computing after 3 seconds: is there an endless loop?" in small.got
    assert large_passed


ENDLESS = {
    "a loop": "while True: pass\n",
    "a loop in a function": "def train():\n    while True: pass\ntrain()\n",
    "a loop that goes on after errors": "while True:\n    try: 1 / 0\n    except Exception: pass\n",
    "a loop that goes on after everything": "while True:\n    try: [].pop()\n    except: pass\n",
    "a loop of the interpreter's own": "print(sum(range(10**13)))\n",
    "many loops": 30 * "while True: pass\n",
    "an exit": "import os\nos._exit(0)\n",
    "forged answers": EVERYWHERE + "everywhere(b'{}\\n' * 20)\n",
}


@pytest.mark.parametrize("what", ENDLESS)
@pytest.mark.parametrize("first", [True, False])
def test_what_never_ends_outside_functions_costs_nothing(graded, what, first):
    """A lesson's last experiment, or its first, is none of the cases, which are all right here."""
    text = ENDLESS[what] + RIGHT[2] if first else RIGHT[2] + ENDLESS[what]
    small, large_passed = graded(text, Limits(cpu=3, silence=80))
    assert small.passed
    assert large_passed


def test_what_waits_for_ever_outside_functions_costs_nothing(graded):
    small, large_passed = graded(RIGHT[2] + "import time\ntime.sleep(1e6)\n", Limits(silence=8))
    assert small.passed
    assert large_passed


def test_where_not_even_definitions_end_every_case_says_so(graded):
    small, large_passed = graded(RIGHT[2] + "x = sum(range(10**13))\n", Limits(cpu=3, silence=80))
    assert "while the code was loaded: it was still computing after 3 seconds" in small.got
    assert not large_passed


def test_a_cell_that_never_ends_is_named_where_its_names_are_missing(tmp_path):
    cells = ["import numpy as np", "while True: pass\nelse:\n    small_weights = print", "large_weights = print"]
    (tmp_path / "work.py").write_text("\n# %%\n".join(cells))
    found = grading.grade(LAB, grading.read(tmp_path / "work.py"), places.sandbox, Limits(cpu=6), ["TestSmallWeights"])
    assert found.cases[0].got == "small_weights is not defined"
    assert found.notes == ("code cell 2: it took too long: is there an endless loop?",)


def test_where_loading_ends_badly_the_report_says_what_was_run(tmp_path):
    (tmp_path / "work.py").write_text(RIGHT[2] + SMALL + "    return 3\nimport os\nos._exit(0)\n")
    found = grading.grade(LAB, grading.read(tmp_path / "work.py"), places.sandbox, LIMITS, ["TestSmallWeights"])
    assert not found.passed
    (note,) = found.notes
    assert note.startswith("only imports, functions, classes and assignments were run: the process ended")


def test_one_that_waits_for_ever_is_not_waited_for(graded):
    waiting = RIGHT[2] + SMALL + "    import time\n    time.sleep(1e6)\n"
    small, large_passed = graded(waiting, Limits(silence=8))
    assert small.got == "no answer within 8 seconds"
    assert large_passed


def test_one_that_does_not_read_its_questions_is_not_waited_for():
    """It says that it was loaded, and reads nothing any more; the question is larger than a pipe holds."""
    deaf = (
        EVERYWHERE
        + """
import time
everywhere(b'{"cells": 1, "unreadable": 0, "broken": [], "failed": []}\\n')
time.sleep(1e6)
"""
    )
    with places.sandbox([deaf], 1, ["numpy"], Limits(silence=8)) as session:
        assert answers.read_loaded(session.ask()).cells == 1
        with pytest.raises(StoppedError, match="no answer within 8 seconds"):
            session.ask({"seed": 1, "script": [], "padding": "x" * 10**6})


def named(name):
    """Processes on this machine that call themselves so."""
    found = []
    for comm in Path("/proc").glob("[0-9]*/comm"):
        try:
            found += [comm.parent.name] if comm.read_text().strip() == name else []
        except OSError:
            continue
    return found


def test_a_fork_bomb_stays_small_and_leaves_nothing_behind():
    name = f"bomb{os.getpid()}"
    bomb = f"""
import ctypes, time
def attack():
    ctypes.CDLL(None).prctl(15, b"{name}")
    made = 0
    try:
        while True:
            if os.fork() == 0:
                os.setsid()
                while True: time.sleep(1000)
            made += 1
    except OSError:
        return made
"""
    made, raised = within(bomb)
    assert raised is None
    assert made < LIMITS.processes
    end = time.monotonic() + 30  # the kernel ends them on its own after the first process of the sandbox is gone
    while named(name) and time.monotonic() < end:
        pass
    assert named(name) == []


def test_a_fork_bomb_costs_points_at_most(graded):
    small, large_passed = graded(
        RIGHT[2] + SMALL + "    import os\n    while True: os.fork()\n", Limits(cpu=3, silence=60)
    )
    assert "BlockingIOError" in small.got
    assert large_passed


def test_a_memory_bomb_meets_its_limit(graded):
    bomb = "    kept = []\n    while True: kept.append(bytearray(50_000_000))\n"
    small, large_passed = graded(RIGHT[2] + SMALL + bomb)
    assert "MemoryError" in small.got
    assert large_passed


def test_files_have_limits():
    fill = """
def attack():
    sizes = []
    for at in range(100):
        try:
            with open(f"/work/{at}", "wb") as stream:
                for _ in range(100): stream.write(bytes(1_000_000))
        except OSError as error:
            sizes.append(error.errno)
    left = os.statvfs("/work")
    return [sum(os.path.getsize(f"/work/{name}") for name in os.listdir("/work")), sorted(set(sizes)), left.f_bavail]
"""
    (size, errors, left), raised = within("import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n" + fill)
    assert raised is None
    assert size <= LIMITS.folder == 64 * MIB
    assert set(errors) == {27, 28}  # too large a file, and no space left
    assert left == 0


def test_huge_output_goes_nowhere(graded):
    loud = "    for _ in range(300): print('x' * 1_000_000, flush=True)\n"
    right = "    return rng.standard_normal((fan_in, fan_out)) * 0.01\n"
    small, large_passed = graded(RIGHT[2] + SMALL + loud + right)
    assert small.passed
    assert large_passed


def test_a_flood_on_the_channel_of_answers_is_cut(graded):
    flood = EVERYWHERE + RIGHT[2] + SMALL + "    while True: everywhere(b'x' * 1_000_000)\n"
    small, large_passed = graded(flood)
    assert "too long" in small.got
    assert large_passed


def test_an_absurdly_large_answer_is_refused(graded):
    small, large_passed = graded(RIGHT[2] + SMALL + "    return np.zeros((3000, 3000))\n")
    assert "too many numbers" in small.got
    assert large_passed


@pytest.mark.parametrize(
    "end",
    ["os._exit(0)", "os.kill(os.getpid(), 9)", "os.kill(-1, 9)", "sys.exit()", "os.closerange(0, 99)", "os.abort()"],
)
def test_ending_the_process_costs_its_own_case(graded, end):
    small, large_passed = graded(RIGHT[2] + SMALL + f"    import os, sys\n    {end}\n")
    assert small.points == 0
    assert large_passed


ANSWERS = b'{"answers": [null, null, null, null, null, null, null, null], "raised": null}\n'
PACKED = {"numbers": "", "shape": [10**9, 0], "type": "float64"}
FORGERIES = {
    "no answers": """everywhere(b'{"answers": [], "raised": null}\\n' * 20)""",
    "answers of the right number": f"everywhere({ANSWERS!r})",
    "a grade": """everywhere(b'{"points": 100, "passed": true}\\n' * 20)""",
    "no JSON": "everywhere(bytes(range(256)) * 100 + b'\\n')",
    "the program's answers": "import __main__; __main__.answer = lambda *all: {'answers': [True] * 8, 'raised': None}",
    "the program's packing": f"import __main__; __main__.pack = lambda *all: {PACKED}",
    "a file": """open('/work/results.json', 'w').write('{"points": 100}')""",
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_results_of_ones_own_are_no_better_than_wrong_ones(graded, forgery):
    """Nothing that it may send is a right answer, since it does not know one."""
    bad = EVERYWHERE + RIGHT[2] + SMALL + f"    {FORGERIES[forgery]}\n    return np.zeros((fan_in, fan_out))\n"
    small, _ = graded(bad)
    assert small.points == 0


def test_patching_numpy_convinces_nobody(graded):
    patched = """
np.allclose = np.array_equal = np.isclose = np.testing.assert_allclose = lambda *all, **options: True
np.mean = np.std = lambda *all, **options: 0.01
class Equal(float):
    __eq__ = __lt__ = __gt__ = lambda *all: True
"""
    small, large_passed = graded(RIGHT[2] + patched + SMALL + "    return np.ones((fan_in, fan_out)) * Equal(0.01)\n")
    assert small.mistake.startswith("All units") or "same weights" in small.got
    assert large_passed


def test_solutions_cannot_be_read():
    package = Path(goodinit.__file__).parent
    hidden = [str(package / "labs" / "lessons" / "lab1.py"), str(Path.home()), "/root", "/home", "/tmp", "/etc/passwd"]
    read = f"""
def attack():
    import importlib.util
    seen = []
    for place in {hidden}:
        seen += [place] if os.path.exists(place) else []
    for top, folders, files in os.walk("/"):
        folders[:] = [name for name in folders if os.path.join(top, name) not in ("/proc", "/sys", "/dev")]
        seen += [os.path.join(top, name) for name in [*folders, *files] if "goodinit" in name or name == "lessons"]
    import goodinit
    from goodinit.labs import circles
    seen.append(type(circles.initialize_parameters_he([2, 3])).__name__)
    return seen + sorted(os.listdir("/")) + [importlib.util.find_spec("pytest") is None, len(os.environ)]
"""
    (kind, *top, alone, _), raised = within(read)
    assert raised is None
    assert kind == "Absent"
    assert alone is True
    folders = {"dev", "etc", "grader", "lib", "lib64", "packages", "proc", "python", "usr", "work"}
    assert set(top) <= folders


def test_the_grader_is_out_of_sight():
    look = """
def attack():
    processes = sorted(name for name in os.listdir("/proc") if name.isdigit() and int(name) > 3)
    return [processes, os.getuid(), os.listdir("/work"), sorted(os.environ)]
"""
    (processes, user, files, variables), raised = within(look)
    assert raised is None
    assert processes == files == []
    assert user != 0
    assert not [name for name in variables if name in os.environ and name not in ("HOME", "LANG", "PWD", "TMPDIR")]


def test_there_is_no_network():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as local:
        name = f"\0goodinit-{os.getpid()}"
        local.bind(name)
        local.listen()
        call = f"""
import socket
def attack():
    said = []
    for family, address in ((socket.AF_INET, ("127.0.0.1", {server.getsockname()[1]})), (socket.AF_UNIX, {name!r})):
        with socket.socket(family) as caller:
            caller.settimeout(5)
            said.append(caller.connect_ex(address))
    return said + [name for _, name in socket.if_nameindex() if name != "lo"]
"""
        (first, second, *interfaces), raised = within(call)
    assert raised is None
    assert first != 0
    assert second != 0
    assert interfaces == []


def test_nothing_can_be_deleted(graded):
    before = sorted(Path(np.__file__).parent.iterdir())
    delete = """
    import shutil
    for top in ("/", "/packages", "/python", "/grader", "/usr", "/proc", "/dev"):
        shutil.rmtree(top, ignore_errors=True)
    return rng.standard_normal((fan_in, fan_out)) * 0.01
"""
    small, large_passed = graded(RIGHT[2] + SMALL + delete)
    assert small.passed
    assert large_passed
    assert sorted(Path(np.__file__).parent.iterdir()) == before
    assert graded(RIGHT[2])[0].passed


def test_nothing_outside_the_work_folder_can_be_written():
    write = """
def attack():
    done = []
    for top, folders, _ in os.walk("/"):
        folders[:] = [name for name in folders if os.path.join(top, name) not in ("/proc", "/work")]
        try:
            open(os.path.join(top, "mine"), "w").close()
            done.append(top)
        except OSError:
            pass
    return done[:20]
"""
    done, raised = within(write)
    assert raised is None
    assert done == []


def test_limits_cannot_be_raised_and_root_cannot_be_had_again():
    rise = """
import resource
def attack():
    said = []
    changes = [lambda: os.setuid(0), lambda: os.chroot("/"), lambda: os.nice(-5)]
    changes += [lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1))]
    changes += [lambda: resource.setrlimit(resource.RLIMIT_NPROC, (999, 999))]
    for change in changes:
        try:
            change()
            said.append("done")
        except (OSError, ValueError):
            pass
    return said
"""
    assert within(rise) == ([], None)


def test_only_what_a_lab_needs_is_there():
    code = """
def attack():
    import importlib.util
    names = ("numpy", "scipy", "sklearn", "matplotlib", "jax", "xarray", "typer")
    return [name for name in names if importlib.util.find_spec(name)]
"""
    assert within(code) == (["numpy"], None)
    assert {"numpy", "sklearn", "joblib", "matplotlib", "PIL"} <= set(mounts._packages(grading.lab(1).packages))


USED = """
import sysconfig, ctypes.util, multiprocessing, numpy.linalg, scipy.stats, scipy.optimize, scipy.signal
import matplotlib.pyplot as plt, mpl_toolkits.mplot3d, PIL.Image, dateutil.parser
sysconfig.get_config_vars()
plt.plot([1, 2])
plt.savefig("/dev/null", format="png")
try:
    import tensorflow
except ImportError:
    pass
"""


@pytest.mark.parametrize("place", [places.sandbox, places.ordinary])
@pytest.mark.parametrize("lab", grading.LABS, ids=lambda lab: f"lab{lab.number}")
def test_what_a_lab_allows_can_be_imported_and_nothing_else(lab, place):
    names = {"scikit-learn": "sklearn.linear_model, sklearn.datasets, joblib", "h5py": "h5py"}
    more = [f"import {names[package]}" for package in lab.packages if package in names]
    foreign = ["import pandas", "import xarray", "import typer", "from torch import nn"]
    with place(["\n".join([USED, *more]), *foreign], 1, lab.packages, Limits()) as session:
        found = answers.read_loaded(session.ask())
    assert found.broken == []
    assert [cell for cell, _ in found.failed] == [2, 3, 4, 5]
    if place is places.ordinary:
        assert found.failed[0][1] == "ModuleNotFoundError: pandas is not there when work is graded"


def test_numbers_drawn_without_a_seed_are_the_same_when_graded_again(tmp_path):
    """So that a borderline answer, too, gets the same grade each time."""
    draw = """
import random, numpy
def attack():
    return [numpy.random.default_rng().random(), numpy.random.random(), random.random()]
"""
    first, again = within(draw)[0], within(draw)[0]
    assert first == again
    assert len(set(first)) == 3


def test_a_broken_notebook_is_no_submission(tmp_path):
    contents = {"damaged": "{", "old": '{"worksheets": []}', "empty": '{"cells": []}', "no notebook": "[1]"}
    contents["prose only"] = '{"cells": [{"cell_type": "markdown", "source": "x"}]}'
    contents["deep"] = "[" * 10**6
    for text in contents.values():
        (tmp_path / "work.ipynb").write_text(text)
        with pytest.raises(grading.SubmissionError, match=r"work\.ipynb is not a submission: "):
            grading.read(tmp_path / "work.ipynb")
    for prose in ("def (:", "dear teacher, my dog", "x = (" * 5000):
        (tmp_path / "work.py").write_text(prose)
        with pytest.raises(grading.SubmissionError, match="it is no Python"):
            grading.grade(LAB, grading.read(tmp_path / "work.py"), places.sandbox, LIMITS)


def test_what_is_no_file_of_text_is_no_submission(tmp_path):
    (tmp_path / "secret.py").write_text("one = 1")
    (tmp_path / "link.py").symlink_to(tmp_path / "secret.py")
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "bytes.py").write_bytes(b"\xff\xfe\x00")
    with (tmp_path / "large.py").open("wb") as stream:
        stream.truncate(10**9)
    for name in ("link.py", "pipe.py", "folder.py", "bytes.py", "large.py", "absent.py", "work.docx"):
        with pytest.raises(grading.SubmissionError, match="is not a submission"):
            grading.read(tmp_path / name)


def test_a_cell_that_is_broken_costs_only_itself(graded):
    cells = ["%matplotlib inline\n!pip list\nimport numpy as np", "def (:", "1 / 0", "%%bash\nrm -r /", RIGHT[2]]
    small, large_passed = graded("\n# %%\n".join(cells))
    assert small.passed
    assert large_passed


ATTACKERS = {
    "a-loop.py": RIGHT[2] + "while True: pass\n",
    "b-exit.py": RIGHT[2] + SMALL + "    import os\n    os._exit(0)\n",
    "c-forks.py": RIGHT[2] + SMALL + "    import os\n    while True: os.fork()\n",
    "d-memory.py": RIGHT[2] + SMALL + "    kept = []\n    while True: kept.append(bytearray(50_000_000))\n",
    "m-flood.py": EVERYWHERE + RIGHT[2] + "while True: everywhere(b'x' * 1_000_000)\n",
    "x-\x1b[31m<script>alert(1)</script>.py": RIGHT[2]
    + SMALL
    + "    raise ValueError('\\x1b[2J<script>alert(2)</script>')\n",
    "=1+1.py": RIGHT[2] + "\nimport shutil\nshutil.rmtree('/', ignore_errors=True)\n",
    "y-broken.ipynb": "{",
}


def test_a_class_is_graded_as_if_the_attackers_were_not_there(tmp_path):
    honest, mixed = tmp_path / "honest", tmp_path / "mixed"
    right = {
        "c-right.py": RIGHT[2],
        "n-variance.py": RIGHT[2].replace("np.sqrt(1 / fan_in)", "(1 / fan_in)"),
        "z-none.py": "x = 1",
    }
    for folder, works in ((honest, right), (mixed, right | ATTACKERS)):
        folder.mkdir()
        for name, text in works.items():
            (folder / name.replace("/", "\N{FRACTION SLASH}")).write_text(text)
    tables, details = [], []
    for folder in (honest, mixed):
        files, _ = classes.collect(folder)
        results = classes.grade_all(
            LAB, folder, files, tmp_path / f"{folder.name}-out", places.sandbox, Limits(cpu=4, silence=80)
        )
        lines = classes.table(LAB, results).splitlines()
        tables.append([line for line in lines if line.split(",")[0] in ("submission", *right)])
        kept = [path for path in (tmp_path / f"{folder.name}-out" / "results").iterdir() if path.suffix == ".json"]
        details.append({path.name: path.read_bytes() for path in kept})
    assert tables[0] == tables[1]
    assert len(tables[0]) == 4
    assert tables[0][1].startswith(f"c-right.py,{LAB.points},")
    assert details[0].items() <= details[1].items()
    whole = classes.table(LAB, results)
    assert "\x1b" not in whole
    assert "'=1+1.py" in whole
