"""What the grader says of right answers, and of wrong ones: fair to the first, and with a name for the others."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from goodinit.labs import circles, grading, notebooks, signal
from goodinit.labs.grading import answers, chance, inside, packing, places
from goodinit.labs.grading.case import WrongError
from goodinit.labs.grading.cases.signal import predicted
from goodinit.labs.grading.grade import handed_out, plain
from goodinit.labs.grading.mistakes import MISTAKES
from goodinit.spelling import SENTENCE
from lab_submissions import ALSO_RIGHT, RIGHT, WRONG, changed


def names(text):
    """What a submission defines; `inside` runs it as the sandbox would."""
    defined, report = inside.load([text])
    assert report["broken"] == report["failed"] == []
    return defined


def here(lab, text, case=None):
    """Grades of a lab's cases, or of one."""
    of = grading.lab(lab)
    return [grading.grade_here(of, each, names(text)) for each in of.chosen([case] if case else [])]


@pytest.mark.parametrize(
    ("what", "lab", "replacements"), ALSO_RIGHT, ids=[f"{lab}-{what}" for what, lab, _ in ALSO_RIGHT]
)
def test_right_answers_get_full_points(what, lab, replacements):
    grades = here(lab, changed(lab, replacements))
    assert [(grade.case, grade.got) for grade in grades if not grade.passed] == []
    assert sum(grade.points for grade in grades) == grading.lab(lab).points


@pytest.mark.parametrize(("mistake", "lab", "case", "old", "new"), WRONG, ids=[f"{m}-{c}" for m, _, c, _, _ in WRONG])
def test_a_wrong_answer_gets_no_points_and_its_mistake_a_name(mistake, lab, case, old, new):
    (grade,) = here(lab, changed(lab, [(old, new)]), case)
    assert grade.points == 0
    assert grade.got
    assert grade.mistake == MISTAKES[mistake].words, grade.got
    assert grade.read == MISTAKES[mistake].read


def test_every_known_mistake_is_made():
    assert {mistake for mistake, *_ in WRONG} == set(MISTAKES)


def test_what_is_to_be_read_is_there():
    page = (Path(grading.__file__).parent / "reading.md").read_text(encoding="utf-8")
    assert {f"## {mistake.heading}" for mistake in MISTAKES.values()} == set(re.findall("^## .*", page, re.MULTILINE))
    for mistake in MISTAKES.values():  # whole where it is shown
        assert 100 < len(mistake.read) <= SENTENCE - len("read: ")
        assert mistake.read[:40] in " ".join(page.split())
        assert mistake.read.endswith(".")


@pytest.mark.parametrize("lab", RIGHT)
def test_nothing_written_is_no_points_and_says_so(lab):
    text = "".join(f"def {name}(*args, **options): raise NotImplementedError\n" for name in functions(lab))
    grades = here(lab, text)
    assert {grade.points for grade in grades} == {0}
    assert {grade.got for grade in grades} == {"it is not written yet"}
    assert all("is not defined" in grade.got for grade in here(lab, "one = 1"))


SCRATCH = "x = (1"
GIVEN = "signal.plot_signal(*forward_prop(sizes, large_weights), theory=predict_deviations(sizes, 1.0))\nplt.show()"
TRIED = "train(undefined_thing)"  # what the student tried beside, and what fails


def notes(tmp_path, text, *cells):
    (tmp_path / "work.py").write_text("\n# %%\n".join([text, *cells]))
    return grading.grade(grading.lab(2), grading.read(tmp_path / "work.py"), places.ordinary, grading.Limits()).notes


def test_cells_that_failed_are_named_where_what_was_asked_for_is_missing(tmp_path):
    assert GIVEN in notebooks.source(2)
    misspelt = RIGHT[2].replace("def small_weights", "def smal_weights")
    assert notes(tmp_path, misspelt, GIVEN, TRIED) == ("code cell 3: NameError: name 'train' is not defined",)
    assert notes(tmp_path, RIGHT[2], GIVEN, TRIED, SCRATCH) == ()
    inner = RIGHT[2].replace("* 0.01", "* smal")  # a NameError of the student's, which the case tells
    assert notes(tmp_path, inner, GIVEN, TRIED) == ()


def test_cells_that_are_no_python_are_named_where_anything_is_wrong(tmp_path):
    inner = RIGHT[2].replace("* 0.01", "* smal")
    (note,) = notes(tmp_path, inner, GIVEN, TRIED, SCRATCH)
    assert note.startswith("code cell 4: SyntaxError")


@pytest.mark.parametrize("lab", [lab.number for lab in grading.LABS])
def test_cells_of_a_handed_out_notebook_are_known_as_such(lab):
    cells = [cell["source"] for cell in notebooks.notebook(lab, solution=False).cells if cell["cell_type"] == "code"]
    assert {plain(cell) for cell in cells} <= handed_out(lab)


def test_what_the_grader_cannot_read_is_not_said_to_have_been_raised():
    lists = RIGHT[2].replace("activations[layer] = H\n", "activations[layer] = H.tolist()\n")
    (grade,) = here(2, lists, "TestForwardPropagation")
    assert (
        grade.got == "what forward_prop gave cannot be read: it has too many parts; return arrays, not lists in lists"
    )


def functions(lab):
    found = [name for name, value in names(RIGHT[lab]).items() if callable(value)]
    return [name for name in found if name[0] != "_" and name != "make_circles"]


NONSENSE = ["None", "3", "'text'", "{}", "[]", "np.nan", "np.inf", "np.zeros(3)", "1e300", "lambda: 0", "[1, 2, 3, 4]"]
NONSENSE += ["np.full((2, 2), np.nan)", "{'W1': None}", "np.array(['a'])", "10**400", "np.zeros((0, 2))"]


@pytest.mark.parametrize("value", NONSENSE)
@pytest.mark.parametrize("lab", RIGHT)
def test_nonsense_is_wrong_and_stops_nobody(lab, value):
    text = RIGHT[lab] + "".join(f"\ndef {name}(*args, **options): return {value}" for name in functions(lab))
    for grade in here(lab, text):
        assert grade.points == 0
        assert "cannot be judged" not in grade.got, grade


def test_the_same_submission_is_asked_the_same_and_another_something_else():
    case = grading.lab(1).chosen(["TestHeInitialization"])[0]
    first, again, other = (case.script(np.random.default_rng(seed)).packed() for seed in (1, 1, 2))
    assert first == again != other


def test_the_false_alarms_of_a_lab_stay_within_the_budget():
    for lab in grading.LABS:
        tests = sum(case.tests for case in lab.cases)
        assert lab.level * max(1, tests) <= chance.BUDGET == 1e-6


@pytest.mark.parametrize(
    "lab", [lab for lab in grading.LABS if any(case.tests for case in lab.cases)], ids=lambda lab: f"lab{lab.number}"
)
def test_no_case_makes_more_tests_than_it_declares(lab, monkeypatch):
    made = []
    for name in ("mean_p", "size_p", "shape_p", "rows_p", "alike_p", "share_p"):
        monkeypatch.setattr(chance, name, counted(getattr(chance, name), made))
    for case in lab.cases:
        made.clear()
        assert grading.grade_here(lab, case, names(RIGHT[lab.number])).passed
        assert len(made) == case.tests


def counted(test, made):
    return lambda *args: made.append(test) or test(*args)


P_VALUES = {
    "mean": lambda rng: chance.mean_p(rng.standard_normal((7, 11))),
    "size": lambda rng: chance.size_p(rng.standard_normal((7, 11))),
    "shape": lambda rng: chance.shape_p(rng.standard_normal((7, 11))),
    "rows": lambda rng: chance.rows_p(rng.standard_normal((7, 11))),
    "alike": lambda rng: chance.alike_p(rng.standard_normal((7, 11)), 5 * rng.standard_normal(90)),
}


@pytest.mark.parametrize("name", P_VALUES)
def test_p_values_of_right_answers_are_uniform(name):
    rng = np.random.default_rng(0)
    found = [P_VALUES[name](rng) for _ in range(800)]
    assert stats.kstest(found, "uniform").pvalue > 1e-4


def test_a_share_is_tested_exactly():
    rng = np.random.default_rng(0)
    found = [chance.share_p(int(rng.binomial(4800, 0.7)), 4800, 0.7) for _ in range(300)]
    for level in (0.01, 0.1, 0.5):  # discrete, so at most so many
        assert np.mean(np.array(found) <= level) < level + 4 * math.sqrt(level / 300)


def test_right_starts_pass_for_many_submissions():
    """At the level 1e-3 some of these 60 x 18 tests would fail; at the real one, 4e-8, none does."""
    (case,) = grading.lab(1).chosen(["TestHeInitialization"])
    defined = names(RIGHT[1])
    level = grading.lab(1).level
    for seed in range(60):
        script = case.script(np.random.default_rng(seed))
        given = answers.read_answers(inside.answer(defined, script.packed()))
        case.judge(script, given.values, level)


@pytest.mark.parametrize("what", ["a bootstrap", "SciPy's bootstrap", "Student's quantile from a table", "as it is"])
def test_every_good_interval_passes_for_many_submissions(what):
    (replacements,) = (each for name, lab, each in ALSO_RIGHT if (name, lab) == (what, 4))
    (case,) = grading.lab(4).chosen(["TestPairedDifference"])
    defined = names(changed(4, replacements))
    for seed in range(60):
        script = case.script(np.random.default_rng(seed))
        given = answers.read_answers(inside.answer(defined, script.packed()))
        case.judge(script, given.values, grading.lab(4).level)


NAMED = {
    "first-fan-in": "TestPrediction",
    "linear-theory": "TestPrediction",
    "not-rounded-up": "TestSeedsNeeded",
    "deviation-by-n": "TestPairedDifference",
}


@pytest.mark.parametrize("mistake", NAMED)
def test_a_mistake_has_the_same_name_whatever_is_asked(mistake):
    for name, lab, case, old, new in WRONG:
        if (name, case) != (mistake, NAMED[mistake]):
            continue
        (asked,), defined = grading.lab(lab).chosen([case]), names(changed(lab, [(old, new)]))
        for seed in range(40):
            script = asked.script(np.random.default_rng(seed))
            given = answers.read_answers(inside.answer(defined, script.packed()))
            with pytest.raises(WrongError) as wrong:
                asked.judge(script, given.values, grading.lab(lab).level)
            assert wrong.value.mistake == mistake


@pytest.mark.parametrize("what", ["as it is", "seeds by rounded quantiles", "seeds by Student's t"])
def test_every_good_number_of_seeds_passes_for_many_submissions(what):
    (replacements,) = (each for name, lab, each in ALSO_RIGHT if (name, lab) == (what, 4))
    (case,), defined = grading.lab(4).chosen(["TestSeedsNeeded"]), names(changed(4, replacements))
    for seed in range(40):
        script = case.script(np.random.default_rng(seed))
        given = answers.read_answers(inside.answer(defined, script.packed()))
        case.judge(script, given.values, grading.lab(4).level)


def test_the_prediction_is_that_of_the_network():
    rng = np.random.default_rng(0)
    sizes, std = [600, 500, 400], 0.05
    for seed in range(3):
        _, _, deviations = signal.forward_prop(sizes, lambda n, m: std * rng.standard_normal((n, m)), rng=seed)
        # a layer's mean square varies by about sqrt(2 / width) relatively, its root by half of that; three layers
        np.testing.assert_allclose(deviations, predicted(sizes, std), rtol=5 * 3 * math.sqrt(0.5 / 400))


def test_the_lab_library_itself_would_pass():
    of = grading.lab(1)
    for case in of.cases:
        assert grading.grade_here(of, case, vars(circles)).passed


ROUND_TRIP = [
    None,
    True,
    3,
    -2.5,
    math.inf,
    "text",
    [1, [2.0, None]],
    {"a": 1},
    np.arange(6.0).reshape(2, 3),
    np.array(2),
]
ROUND_TRIP += [np.array([True]), np.arange(3, dtype=np.int8), np.zeros((0, 2)), np.float32(1.5), np.array([np.nan])]


@pytest.mark.parametrize("value", ROUND_TRIP, ids=repr)
def test_values_come_back_as_they_were(value):
    for back in (
        answers.value(packing.pack(value)),
        packing.unpack(packing.pack(value)) if not isinstance(value, list | dict) else value,
    ):
        np.testing.assert_equal(back, value.item() if isinstance(value, np.generic) and np.ndim(back) == 0 else value)
        if isinstance(value, np.ndarray):
            assert (back.dtype, back.shape) == (value.dtype, value.shape)
        elif value is not None and not isinstance(value, np.generic):
            assert type(back) is type(value)


def test_what_cannot_come_back_is_named_and_what_is_too_large_refused():
    assert packing.pack(object()) == {"object": "object"}
    assert packing.pack(np.array([1j])) == {"object": "array of complex128"}
    for large in (np.zeros(4_000_000), [0] * 6000, [[[[[[[[0]]]]]]]]):
        with pytest.raises(packing.TooLargeError):
            packing.pack(large)


FORGED = [
    "", "x", "[]", "null", '{"answers": 1, "raised": null}', '{"answers": []}', '{"answers": [NaN], "raised": null}',
    '{"answers": [{"numbers": "AAAA", "shape": [1], "type": "float64"}], "raised": null}',
    '{"answers": [{"numbers": "", "shape": [-1], "type": "float64"}], "raised": null}',
    '{"answers": [{"numbers": "", "shape": [0], "type": "object"}], "raised": null}',
    '{"answers": [{"numbers": "", "shape": [0, 1e9], "type": "float64"}], "raised": null}',
    '{"answers": [{"numbers": "!!!!", "shape": [], "type": "float64"}], "raised": null}',
    '{"answers": [{"pickle": "gASV"}], "raised": null}', '{"answers": [{"text": 3}], "raised": null}',
    '{"answers": [{"dict": [[1, 2]]}], "raised": null}', '{"answers": [{"list": {"text": "a"}}], "raised": null}',
    '{"answers": [], "raised": 3}', '{"answers": [], "raised": "' + "x" * 1000 + '"}', '{"answers": [' + "[" * 100_000,
    '{"answers": [' + '{"list": [' * 50 + "null" + "]}" * 50 + '], "raised": null}', "[" * 10**6, '{"grade": 100}',
]  # fmt: skip


@pytest.mark.parametrize("line", FORGED, ids=lambda line: line[:60])
def test_forged_answers_are_refused(line):
    with pytest.raises(answers.ForgedError):
        answers.read_answers(answers.read_line(line))
