"""Submissions to labs 4 and 5, where evidence is judged: see `lab_submissions`."""

RIGHT = {
    4: """
import numpy as np
from scipy import stats

def init_std(rule, shape):
    field = np.prod(shape[2:])
    fan_out, fan_in = shape[0] * field, shape[1] * field
    if rule == "lecun":
        return np.sqrt(1 / fan_in)
    if rule == "glorot":
        return np.sqrt(2 / (fan_in + fan_out))
    return np.sqrt(2 / fan_in)

def paired_difference(a, b):
    d = np.asarray(a) - np.asarray(b)
    n = len(d)
    half = stats.t.ppf(0.975, n - 1) * d.std(ddof=1) / np.sqrt(n)
    return d.mean(), d.mean() - half, d.mean() + half

def share_interval(count, total):
    z, p, n = 1.959964, count / total, total
    middle = p + z ** 2 / (2 * n)
    half = z * np.sqrt(p * (1 - p) / n + z ** 2 / (4 * n ** 2))
    return (middle - half) / (1 + z ** 2 / n), (middle + half) / (1 + z ** 2 / n)

def seeds_needed(difference, deviation, power=0.8):
    z = stats.norm.ppf(0.975) + stats.norm.ppf(power)
    return int(np.ceil((z * deviation / difference) ** 2))

def upset_probability(better, worse):
    lead = np.subtract.outer(np.asarray(worse), np.asarray(better))
    return np.mean(lead > 0) + np.mean(lead == 0) / 2
""",
    5: """
import numpy as np

x = np.linspace(-8, 8, 16001)
density = np.exp(-x ** 2 / 2) / np.sqrt(2 * np.pi) * (x[1] - x[0])
f = {"relu": lambda z: np.maximum(0, z), "tanh": np.tanh, "sigmoid": lambda z: (1 + np.tanh(z / 2)) / 2, "centred_sigmoid": lambda z: np.tanh(z / 2) / 2}

def verdict(low, high, least, most):
    if least <= low and high <= most:
        return "true"
    if high < least or low > most:
        return "false"
    return "cannot be told"

def base_rate_loss(labels):
    _, counts = np.unique(labels, return_counts=True)
    p = counts / counts.sum()
    return -np.sum(p * np.log(p))

def different_units(W, V):
    return len(np.unique(np.hstack([W, V.T]), axis=0))

def layer_factors(fan_in, fan_out, std):
    return np.sqrt(fan_in) * std, np.sqrt(fan_out) * std

def gain(name, q):
    second = np.sum(density * f[name](np.sqrt(q) * x) ** 2)
    return np.sqrt(q / second)

def gradient_growth(width, std):
    w, q = width * std ** 2, 1.0
    for _ in range(100):
        q = w * np.sum(density * np.tanh(np.sqrt(q) * x) ** 2)
    slope = 1 - np.tanh(np.sqrt(q) * x) ** 2
    return np.sqrt(w * np.sum(density * slope ** 2))
""",
}

HALF = "stats.t.ppf(0.975, n - 1) * d.std(ddof=1) / np.sqrt(n)"
BOOTSTRAP = """draws = np.random.default_rng(0).choice(d, (2000, n)).mean(axis=1)
    return d.mean(), *np.quantile(draws, [0.025, 0.975])
    half = 0"""
SCIPYS = "res = stats.bootstrap((d,), np.mean, n_resamples=2000); return [d.mean(), res.confidence_interval.low, res.confidence_interval.high]\n    half = 0"
T_BASED = """n = 4
    while stats.nct.sf(stats.t.isf(0.025, n - 1), n - 1, np.sqrt(n) * abs(difference) / deviation) < power:
        n += 1
    return n
    z = 0"""
UPSET = "np.mean(lead > 0) + np.mean(lead == 0) / 2"
WILSON = "z, p, n = 1.959964, count / total, total"
SECOND = "np.sum(density * f[name](np.sqrt(q) * x) ** 2)"

# what, lab, and replacements in the right submission that leave it right
ALSO_RIGHT = [
    ("as it is", 4, []),
    ("as it is", 5, []),
    ("a bootstrap", 4, [("half = " + HALF, BOOTSTRAP)]),
    ("SciPy's bootstrap", 4, [("half = " + HALF, SCIPYS)]),
    ("Student's quantile from a table", 4, [("stats.t.ppf(0.975, n - 1)", "2.093")]),
    ("SciPy's t interval", 4, [("half = " + HALF, "return d.mean(), *stats.ttest_1samp(d, 0).confidence_interval()\n    half = 0")]),
    ("SciPy's Wilson interval", 4, [(WILSON, 'return list(stats.binomtest(count, total).proportion_ci(method="wilson"))\n    ' + WILSON)]),
    ("a rounded quantile", 4, [("1.959964", "1.96")]),
    ("seeds by Student's t", 4, [("z = stats.norm.ppf(0.975)", T_BASED + " + stats.norm.ppf(0.975)")]),
    ("seeds by rounded quantiles", 4, [("z = stats.norm.ppf(0.975) + stats.norm.ppf(power)", "z = {0.8: 1.96 + 0.84, 0.9: 1.96 + 1.28}[power]")]),
    ("one seed more", 4, [("int(np.ceil((z * deviation / difference) ** 2))", "int((z * deviation / difference) ** 2) + 1")]),
    ("Mann and Whitney", 4, [(UPSET, "stats.mannwhitneyu(worse, better).statistic / (len(better) * len(worse))")]),
    ("loops", 4, [(UPSET, "sum((w > b) + 0.5 * (w == b) for w in worse for b in better) / (len(worse) * len(better))")]),
    ("an array of three", 4, [("return d.mean(), d.mean() - half, d.mean() + half", "return np.array([d.mean(), d.mean() - half, d.mean() + half])")]),
    ("random numbers", 5, [("np.sum(density * f[name](np.sqrt(q) * x) ** 2)", "np.mean(f[name](np.sqrt(q) * np.random.default_rng().standard_normal(1_000_000)) ** 2)")]),
    ("quadrature by SciPy", 5, [(SECOND, "__import__('scipy.integrate').integrate.quad(lambda t: np.exp(-t * t / 2) / np.sqrt(2 * np.pi) * f[name](np.sqrt(q) * t) ** 2, -10, 10)[0]")]),
    ("few iterations", 5, [("range(100)", "range(15)")]),
    ("a coarse grid", 5, [("np.linspace(-8, 8, 16001)", "np.linspace(-6, 6, 301)")]),
    ("a set of units", 5, [("len(np.unique(np.hstack([W, V.T]), axis=0))", "len({(*row, *column) for row, column in zip(W.tolist(), V.T.tolist())})")]),
    ("SciPy's entropy", 5, [("-np.sum(p * np.log(p))", "__import__('scipy.stats').stats.entropy(counts)")]),
    ("an array of two", 5, [("return np.sqrt(fan_in) * std, np.sqrt(fan_out) * std", "return np.sqrt([fan_in, fan_out]) * std")]),
]  # fmt: skip

SEEDS = "(z * deviation / difference) ** 2"
FANS = "np.sqrt(fan_in) * std, np.sqrt(fan_out) * std"
ROWS = "np.hstack([W, V.T])"
ROOT = "np.sqrt(q / second)"
SLOPES = "np.sqrt(w * np.sum(density * slope ** 2))"
OUTSIDE = "if high < least or low > most:"

# mistake, lab, case, what is replaced in the right submission, and by what
WRONG = [
    ("size-as-variance", 4, "TestWeightSizes", "return np.sqrt(1 / fan_in)", "return 1 / fan_in"),
    ("kernel-forgotten", 4, "TestWeightSizes", "field = np.prod(shape[2:])", "field = 1"),
    ("fan-out", 4, "TestWeightSizes", "fan_out, fan_in =", "fan_in, fan_out ="),
    ("size-of-uniform", 4, "TestWeightSizes", "np.sqrt(2 / (fan_in + fan_out))", "np.sqrt(6 / (fan_in + fan_out))"),
    ("root-of-one-over-n", 4, "TestWeightSizes", "np.sqrt(2 / fan_in)", "np.sqrt(1 / fan_in)"),
    ("root-of-one-over-2n", 4, "TestWeightSizes", "np.sqrt(2 / fan_in)", "np.sqrt(1 / (2 * fan_in))"),
    ("difference-reversed", 4, "TestPairedDifference", "np.asarray(a) - np.asarray(b)", "np.asarray(b) - np.asarray(a)"),
    ("unpaired", 4, "TestPairedDifference", "d.std(ddof=1) / np.sqrt(n)", "np.sqrt((np.var(a, ddof=1) + np.var(b, ddof=1)) / n)"),
    ("deviation-for-error", 4, "TestPairedDifference", "d.std(ddof=1) / np.sqrt(n)", "d.std(ddof=1)"),
    ("one-standard-error", 4, "TestPairedDifference", "stats.t.ppf(0.975, n - 1) * ", ""),
    ("one-sided-interval", 4, "TestPairedDifference", "0.975, n - 1", "0.95, n - 1"),
    ("one-sided-interval", 4, "TestPairedDifference", "stats.t.ppf(0.975, n - 1)", "1.645"),
    ("one-sided-interval", 4, "TestPairedDifference", HALF, "stats.norm.ppf(0.95) * d.std() / np.sqrt(n)"),
    ("normal-for-student", 4, "TestPairedDifference", "stats.t.ppf(0.975, n - 1)", "1.96"),
    ("normal-for-student", 4, "TestPairedDifference", "stats.t.ppf(0.975, n - 1)", "2"),
    ("normal-for-student", 4, "TestPairedDifference", HALF, "stats.norm.ppf(0.975) * d.std() / np.sqrt(n)"),
    ("degrees-of-freedom", 4, "TestPairedDifference", "0.975, n - 1", "0.975, n"),
    ("degrees-of-freedom", 4, "TestPairedDifference", "0.975, n - 1", "0.975, 2 * n - 2"),
    ("deviation-by-n", 4, "TestPairedDifference", "d.std(ddof=1)", "d.std()"),
    ("textbook-interval", 4, "TestShareInterval", WILSON, "z = 1.959964; p = count / total; return p - z * np.sqrt(p * (1 - p) / total), p + z * np.sqrt(p * (1 - p) / total)\n    " + WILSON),
    ("exact-interval", 4, "TestShareInterval", WILSON, "return list(stats.binomtest(count, total).proportion_ci())\n    " + WILSON),
    ("power-forgotten", 4, "TestSeedsNeeded", " + stats.norm.ppf(power)", ""),
    ("not-rounded-up", 4, "TestSeedsNeeded", "np.ceil", ""),
    ("not-rounded-up", 4, "TestSeedsNeeded", "np.ceil", "round"),
    ("not-rounded-up", 4, "TestSeedsNeeded", f"int(np.ceil({SEEDS}))", SEEDS),
    ("not-squared", 4, "TestSeedsNeeded", SEEDS, "z * deviation / difference"),
    ("unpaired-seeds", 4, "TestSeedsNeeded", SEEDS, "2 * " + SEEDS),
    ("one-sided", 4, "TestSeedsNeeded", "stats.norm.ppf(0.975)", "stats.norm.ppf(0.95)"),
    ("ties-lost", 4, "TestUpsetProbability", UPSET, "np.mean(lead > 0)"),
    ("ties-won", 4, "TestUpsetProbability", UPSET, "np.mean(lead >= 0)"),
    ("wins-of-the-better", 4, "TestUpsetProbability", UPSET, "np.mean(lead < 0) + np.mean(lead == 0) / 2"),
    ("same-seeds-only", 4, "TestUpsetProbability", "lead = np.subtract.outer(np.asarray(worse), np.asarray(better))", "n = min(len(worse), len(better)); lead = np.asarray(worse)[:n] - np.asarray(better)[:n]"),
    ("no-third-answer", 5, "TestVerdict", OUTSIDE, "if not (least <= (low + high) / 2 <= most):\n        return 'false'\n    if least <= (low + high) / 2 <= most:\n        return 'true'\n    if False:"),
    ("no-third-answer", 5, "TestVerdict", OUTSIDE, "if not (low != low):"),
    ("no-third-answer", 5, "TestVerdict", OUTSIDE, "if high <= least or low > most:"),
    ("no-third-answer", 5, "TestVerdict", OUTSIDE, "if high < least or low >= most:"),
    ("missing-is-a-verdict", 5, "TestVerdict", "if least <= low and high <= most:", "if not (low < least or high > most):"),
    ("entropy-in-bits", 5, "TestBaseRateLoss", "np.log(p)", "np.log2(p)"),
    ("entropy-negative", 5, "TestBaseRateLoss", "-np.sum", "np.sum"),
    ("classes-taken-as-equal", 5, "TestBaseRateLoss", "counts / counts.sum()", "np.ones(len(counts)) / len(counts)"),
    ("first-class-only", 5, "TestBaseRateLoss", "-np.sum(p * np.log(p))", "-(p * np.log(p))[1]"),
    ("weights-out-ignored", 5, "TestDifferentUnits", ROWS, "W"),
    ("weights-in-ignored", 5, "TestDifferentUnits", ROWS, "V.T"),
    ("units-counted", 5, "TestDifferentUnits", f"len(np.unique({ROWS}, axis=0))", "len(W)"),
    ("fans-swapped", 5, "TestLayerFactors", FANS, "np.sqrt(fan_out) * std, np.sqrt(fan_in) * std"),
    ("squares-of-factors", 5, "TestLayerFactors", FANS, "fan_in * std ** 2, fan_out * std ** 2"),
    ("deviation-not-squared", 5, "TestLayerFactors", FANS, "fan_in * std, fan_out * std"),
    ("gain-squared", 5, "TestGain", ROOT, "q / second"),
    ("gain-squared", 5, "TestGradientGrowth", SLOPES, "w * np.sum(density * slope ** 2)"),
    ("gain-inverted", 5, "TestGain", ROOT, "np.sqrt(second / q)"),
    ("variance-for-second-moment", 5, "TestGain", SECOND, SECOND + " - np.sum(density * f[name](np.sqrt(q) * x)) ** 2"),
    ("q-ignored", 5, "TestGain", "second = ", "q = 1.0; second = "),
    ("slope-at-zero", 5, "TestGain", f"return {ROOT}", 'return {"tanh": 1.0, "relu": np.sqrt(2)}.get(name, 4.0)'),
    ("weights-alone", 5, "TestGradientGrowth", SLOPES, "np.sqrt(w)"),
    ("slope-alone", 5, "TestGradientGrowth", SLOPES, "np.sqrt(np.sum(density * slope ** 2))"),
    ("q-not-iterated", 5, "TestGradientGrowth", "range(100)", "range(0)"),
]  # fmt: skip
