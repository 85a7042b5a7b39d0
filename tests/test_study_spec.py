"""Study files: read back as written, and refused with every problem and its line."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goodinit.errors import InputError
from goodinit.study import Study, resolve

WRONG = """\
# a study with a mistake in every line
data = "circels"
network = "2-x-1"
activation = "rellu"
init = [
    "he_normal",
    "he_norml",
    "normal(std=-1)",
]
bias = "zero"
seeds = 0
steps = 1.5
learning_rate = [0.1, -0.1]
batch_size = true
optimizer = "sdg"
l1 = -1
l2 = { layer1 = "a" }
dropout = 1.0
precision = "float16"
record_every = 0
sedes = 3
"""


def problems(text: str, folder: Path) -> list[str]:
    (path := folder / "study.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        Study.read(path)
    return [problem.replace(str(path), "study.toml") for problem in caught.value.problems]


def test_every_mistake_is_listed_with_its_line(tmp_path: Path) -> None:
    assert problems(WRONG, tmp_path) == [
        "unknown data set 'circels'; did you mean 'circles'? (study.toml, line 2)",
        "network '2-x-1': widths are whole numbers > 0 joined by '-', with 'auto' allowed at either end, got 'x'; "
        "an example is 2-10-5-1 (study.toml, line 3)",
        "unknown activation 'rellu'; did you mean 'relu'? (study.toml, line 4)",
        "unknown initializer 'he_norml'; did you mean 'he_normal'? (study.toml, line 7)",
        "normal(std=-1): std must be >= 0, got -1 (study.toml, line 8)",
        "unknown initializer 'zero'; did you mean 'zeros'? (study.toml, line 10)",
        "seeds must be a whole number of at least 1, got 0 (study.toml, line 11)",
        "steps must be a whole number of at least 1, got 1.5 (study.toml, line 12)",
        "learning rate must be > 0, got -0.1 (study.toml, line 13)",
        "batch_size must be a whole number of at least 1, got True (study.toml, line 14)",
        "unknown optimizer 'sdg'; did you mean 'sgd'? (study.toml, line 15)",
        "l1 must be >= 0, got -1 (study.toml, line 16)",
        "l2 of layer1 must be a finite number, got 'a' (study.toml, line 17)",
        "dropout must be at least 0 and below 1, got 1.0 (study.toml, line 18)",
        "precision must be one of float32, float64, got 'float16' (study.toml, line 19)",
        "record_every must be a whole number of at least 1, got 0 (study.toml, line 20)",
        "unknown key 'sedes'; did you mean 'seeds'? (study.toml, line 21)",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seeds = ", "is not TOML"),
        ("init = []", "at least one initializer is needed"),
        ('init = ["he_normal", "kaiming_normal"]', "initializer 'he_normal' is given twice"),
        ('init = ["function:mine"]', "came from Python; rerun this study from there"),
        ("learning_rate = nan", "learning rate must be a finite number, got nan"),
        ("learning_rate = []", "at least one learning rate is needed"),
        ("data = 5", "data must be text such as 'circles', got 5 (study.toml, line 1)"),
        ('data = "arrays"', "came from Python; rerun this study from there"),
        ('data = "moons(nose=1)"', "unknown option of moons 'nose'; did you mean 'noise'?"),
        ("steps = 9999999999", "steps must be at most 2,147,483,647, got 9999999999"),
        ("l2 = inf", "l2 must be a finite number, got inf"),
    ],
)
def test_refusals(text: str, said: str, tmp_path: Path) -> None:
    found = problems(text, tmp_path)
    assert len(found) == 1
    assert said in found[0]


def test_what_does_not_fit_is_listed_with_its_lines_too(tmp_path: Path) -> None:
    (path := tmp_path / "study.toml").write_text('l1 = { layer9 = 1 }\nnetwork = "3-4-2"\nl2 = { lay = 1 }\n')
    with pytest.raises(InputError) as caught:
        resolve(Study.read(path))
    lines = [re.search(r"line (\d)", problem)[1] for problem in caught.value.problems]
    assert lines == ["2", "2", "1", "3"]
    with pytest.raises(InputError) as caught:
        resolve(Study.read(path).changed({"l2": {"other": 1.0}, "network": "2-4-1"}))
    assert [problem.partition(";")[0] for problem in caught.value.problems] == [
        "unknown layer in l1 'layer9'",
        "unknown layer in l2 'other'",
    ]
    assert ["line 1" in problem for problem in caught.value.problems] == [True, False]
    path.write_text('steps = 3\ndata = "csv:absent.csv"\n')
    with pytest.raises(InputError, match=r"absent.csv.*line 2"):
        resolve(Study.read(path))


def test_labels_come_back_and_point_at_what_they_stand_for(tmp_path: Path) -> None:
    study = Study.of({"init": {"he_normal": "zeros", "mine": "he_normal(mode=fan_out)"}})
    (path := tmp_path / "study.toml").write_text(study.to_toml())
    problem = resolve(Study.read(path))
    assert not problem.start("he_normal", 0.1, 0).parameters["layer1.weight"].any()
    assert problem.initializers["mine"].label == "he_normal(mode=fan_out)"


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "large.toml").write_bytes(b"#" * (2**20 + 1))
    for name, said in {"binary": "not a text file", "large": "at most", "absent": "No such file"}.items():
        with pytest.raises(InputError, match=said):
            Study.read(tmp_path / f"{name}.toml")
    with pytest.raises(InputError, match="cannot read the study file"):
        Study.read(tmp_path)


STUDIES = st.fixed_dictionaries(
    {},
    optional={
        "data": st.sampled_from(["circles", "moons(noise=0.1)", "csv:my file.csv(target='a b')"]),
        "network": st.sampled_from(["2-10-5-1", "auto-64-32-auto", "2-1"]),
        "activation": st.sampled_from(["relu", "tanh"]),
        "init": st.dictionaries(
            st.text(st.characters(categories=["L"]), min_size=1), st.sampled_from(["ones", "zeros"]), min_size=1
        )
        | st.lists(st.sampled_from(["zeros", "he_normal(mode=fan_out)", "normal(std=10)"]), min_size=1, unique=True),
        "seeds": st.integers(1, 10**5),
        "steps": st.integers(1, 10**6),
        "learning_rate": st.lists(st.floats(1e-9, 1e9), min_size=1, max_size=4, unique=True),
        "batch_size": st.none() | st.integers(1, 10**6),
        "optimizer": st.sampled_from(["sgd", "adam(b1=0.8)"]),
        "l2": st.floats(0, 10) | st.dictionaries(st.sampled_from(["layer1", "layer2"]), st.floats(0, 1)),
        "dropout": st.floats(0, 1, exclude_max=True),
        "precision": st.sampled_from(["float32", "float64"]),
        "record_every": st.none() | st.integers(1, 100),
    },
)


@settings(deadline=None)
@given(STUDIES)
def test_a_study_reads_back_as_written(tmp_path_factory: pytest.TempPathFactory, values: dict) -> None:
    path = tmp_path_factory.mktemp("study") / "study.toml"
    study = Study.of(values)
    path.write_text(study.to_toml(), encoding="utf-8")
    assert Study.read(path).plain() == study.plain()


@settings(deadline=None)
@given(
    st.text(max_size=200)
    | st.dictionaries(
        st.sampled_from(sorted(Study.model_fields)), st.integers() | st.floats() | st.text(max_size=9), max_size=4
    ).map(lambda values: "\n".join(f"{key} = {value!r}" for key, value in values.items()))
)
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("study") / "study.toml"
    path.write_text(text, encoding="utf-8", errors="replace")
    try:
        study = Study.read(path)
    except InputError:
        return
    assert study.seeds >= 1
