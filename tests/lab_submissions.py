"""Submissions to the labs: right ones, other right ones, and one for every mistake that the grader knows."""

import lab_submissions_evidence as evidence

RIGHT = {
    1: """
import numpy as np
from sklearn.datasets import make_circles

def generate_dataset(n_samples_train, n_samples_test, noise_train, noise_test, seed_train, seed_test):
    train_X, train_Y = make_circles(n_samples=n_samples_train, noise=noise_train, random_state=seed_train)
    test_X, test_Y = make_circles(n_samples=n_samples_test, noise=noise_test, random_state=seed_test)
    return train_X, train_Y, test_X, test_Y

def preprocess(train_X, train_Y, test_X, test_Y):
    return train_X.T, train_Y.reshape(1, -1), test_X.T, test_Y.reshape(1, -1)

def initialize_parameters_zeros(layers_dims):
    p = {}
    for l in range(1, len(layers_dims)):
        p[f"W{l}"] = np.zeros((layers_dims[l], layers_dims[l - 1]))
        p[f"b{l}"] = np.zeros((layers_dims[l], 1))
    return p

def initialize_parameters_random(layers_dims, seed=3):
    rng = np.random.RandomState(seed)
    p = {}
    for l in range(1, len(layers_dims)):
        p[f"W{l}"] = rng.randn(layers_dims[l], layers_dims[l - 1]) * 10
        p[f"b{l}"] = np.zeros((layers_dims[l], 1))
    return p

def initialize_parameters_he(layers_dims, seed=3):
    np.random.seed(seed)
    p = {}
    for l in range(1, len(layers_dims)):
        fan_out, fan_in = layers_dims[l], layers_dims[l - 1]
        p[f"W{l}"] = np.random.randn(fan_out, fan_in) * np.sqrt(2 / fan_in)
        p[f"b{l}"] = np.zeros((fan_out, 1))
    return p
""",
    2: """
import numpy as np
rng = np.random.default_rng()

def forward_prop(sizes, weight_init_func):
    H = rng.standard_normal((1000, sizes[0]))
    activations = {}
    fan_in = sizes[0]
    for layer, fan_out in enumerate(sizes):
        H = np.tanh(H @ weight_init_func(fan_in, fan_out))
        activations[layer] = H
        fan_in = fan_out
    return activations, [np.mean(H) for H in activations.values()], [np.std(H) for H in activations.values()]

def small_weights(fan_in, fan_out):
    return rng.standard_normal((fan_in, fan_out)) * 0.01

def large_weights(fan_in, fan_out):
    return rng.standard_normal((fan_in, fan_out))

def keeping_weights(fan_in, fan_out):
    return rng.standard_normal((fan_in, fan_out)) * np.sqrt(1 / fan_in)

def predict_deviations(sizes, std):
    x = np.linspace(-9, 9, 5001)
    density = np.exp(-x * x / 2) / np.sqrt(2 * np.pi) * (x[1] - x[0])
    q, found = 1.0, []
    for fan_in in [sizes[0], *sizes[:-1]]:
        q = np.sum(density * np.tanh(np.sqrt(fan_in * q) * std * x) ** 2)
        found.append(np.sqrt(q))
    return found
""",
    3: """
import numpy as np
rng = np.random.default_rng()

class Linear:
    def __init__(self, n, k, regularization=None, strength=1.0):
        self.weight, self.bias = rng.standard_normal((k, n)), np.zeros((k, 1))
        self.kind, self.strength, self.reg_penalty = regularization, strength, 0.0
    def forward(self, X):
        self.X = X
        m = X.shape[1]
        if self.kind == "L1":
            self.reg_penalty = self.strength / m * np.abs(self.weight).sum()
        if self.kind == "L2":
            self.reg_penalty = self.strength / (2 * m) * (self.weight ** 2).sum()
        return self.weight @ X + self.bias
    def backward(self, dz):
        m = dz.shape[1]
        self.dw = dz @ self.X.T
        self.db = dz.sum(axis=1, keepdims=True)
        if self.kind == "L1":
            self.dw = self.dw + self.strength / m * np.sign(self.weight)
        if self.kind == "L2":
            self.dw = self.dw + self.strength / m * self.weight
        return self.weight.T @ dz

class NonLinear:
    def __init__(self, fname):
        self.fname = fname
    def forward(self, z):
        self.z = z
        self.a = {"ReLU": np.maximum(0, z), "Sigmoid": (1 + np.tanh(z / 2)) / 2, "Tanh": np.tanh(z)}[self.fname]
        return self.a
    def backward(self, da):
        a = self.a
        return da * {"ReLU": a > 0, "Sigmoid": a * (1 - a), "Tanh": 1 - a ** 2}[self.fname]

class Dropout:
    def __init__(self, keep_prob=0.8):
        self.keep_prob, self.training = keep_prob, True
    def forward(self, X):
        self.mask = np.ones(X.shape)
        if self.training:
            self.mask = (rng.random(X.shape) < self.keep_prob) / self.keep_prob
        return X * self.mask
    def backward(self, da):
        return da * self.mask

class Model:
    def __init__(self, layers):
        self.layers = layers
    def forward(self, X):
        for layer in self.layers:
            self.z = X
            X = layer.forward(X)
        self.a = X
        return X
    def loss(self, Y):
        penalty = sum(getattr(layer, "reg_penalty", 0.0) for layer in self.layers)
        return np.mean(np.logaddexp(0, self.z) - Y * self.z) + penalty
    def backward(self, Y):
        g = (self.a - Y) / Y.shape[1]
        for layer in self.layers[-2::-1]:
            g = layer.backward(g)
        return g

def glorot_std(fan_in, fan_out):
    return np.sqrt(2 / (fan_in + fan_out))

def he_std(fan_in, fan_out):
    return np.sqrt(2 / fan_in)
""",
    **evidence.RIGHT,
}

HE = "np.random.randn(fan_out, fan_in) * np.sqrt(2 / fan_in)"
RANDOM = "rng.randn(layers_dims[l], layers_dims[l - 1]) * 10"

# what, lab, and replacements in the right submission that leave it right
ALSO_RIGHT = [
    ("as it is", 1, []),
    ("as it is", 2, []),
    ("as it is", 3, []),
    ("a new generator", 1, [("np.random.seed(seed)", "rng = np.random.default_rng(seed)"), ("np.random.randn(fan_out, fan_in)", "rng.normal(size=(fan_out, fan_in))")]),
    ("Philox", 1, [("rng = np.random.RandomState(seed)", "rng = np.random.Generator(np.random.Philox(seed))"), ("rng.randn(layers_dims[l], layers_dims[l - 1])", "rng.standard_normal((layers_dims[l], layers_dims[l - 1]))")]),
    ("the standard library", 1, [("np.random.seed(seed)", "import random; r = random.Random(seed)"), ("np.random.randn(fan_out, fan_in)", "np.array([[r.gauss(0, 1) for _ in range(fan_in)] for _ in range(fan_out)])")]),
    ("single precision", 1, [(HE, "(np.random.randn(fan_out, fan_in) * np.sqrt(2 / fan_in)).astype(np.float32)")]),
    ("half precision", 1, [(HE, "(np.random.randn(fan_out, fan_in) * np.sqrt(2 / fan_in)).astype(np.float16)")]),
    ("last layer first", 1, [("for l in range(1, len(layers_dims)):\n        fan_out", "for l in reversed(range(1, len(layers_dims))):\n        fan_out")]),
    ("column by column", 1, [("np.random.randn(fan_out, fan_in)", "np.random.randn(fan_in, fan_out).T")]),
    ("a seed for each layer", 1, [("fan_out, fan_in = ", "np.random.seed(seed + l); fan_out, fan_in = ")]),
    ("normal with a scale", 1, [(RANDOM, "rng.normal(0, 10, (layers_dims[l], layers_dims[l - 1]))")]),
    ("inverse of the distribution", 1, [("np.random.randn(fan_out, fan_in)", "__import__('scipy.stats').stats.norm.ppf(np.random.rand(fan_out, fan_in))")]),
    ("integer zeros and labels", 1, [("np.zeros((layers_dims[l], layers_dims[l - 1]))", "np.zeros((layers_dims[l], layers_dims[l - 1]), dtype=int)"), ("train_Y.reshape(1, -1)", "train_Y[None, :].astype(np.int8)")]),
    ("one list of four", 1, [("return train_X, train_Y, test_X, test_Y", "return [train_X, train_Y, test_X, test_Y]")]),
    ("the legacy generator", 2, [("rng = np.random.default_rng()", "rng = np.random")]),
    ("n - 1 in the deviation", 2, [("np.std(H)", "np.std(H, ddof=1)")]),
    ("a mean of random numbers", 2, [("np.sum(density * np.tanh(np.sqrt(fan_in * q) * std * x) ** 2)", "np.mean(np.tanh(np.sqrt(fan_in * q) * std * rng.standard_normal(200_000)) ** 2)")]),
    ("weights in single precision", 2, [("* 0.01", "* np.float32(0.01)")]),
    ("binomial masks", 3, [("(rng.random(X.shape) < self.keep_prob)", "rng.binomial(1, self.keep_prob, X.shape)")]),
    ("einsum", 3, [("self.dw = dz @ self.X.T", "self.dw = np.einsum('im,jm->ij', dz, self.X)")]),
    ("a clipped loss", 3, [("np.mean(np.logaddexp(0, self.z) - Y * self.z)", "-np.mean(Y * np.log(np.clip(self.a, 1e-15, 1)) + (1 - Y) * np.log(np.clip(1 - self.a, 1e-15, 1)))")]),
    ("a bound for the sigmoid", 3, [("(1 + np.tanh(z / 2)) / 2", "1 / (1 + np.exp(-np.clip(z, -500, 500)))")]),
    *evidence.ALSO_RIGHT,
]  # fmt: skip

LOOP = 'for l in range(1, len(layers_dims)):\n        p[f"W{l}"] = np.zeros'
ZERO_BIAS = 'p[f"b{l}"] = np.zeros((fan_out, 1))'
UNSCALED_FIRST = "np.random.randn(fan_out, fan_in) * (1 if l == 1 else np.sqrt(2 / fan_in))"
KEEP = "(rng.random(X.shape) < self.keep_prob) / self.keep_prob"
Z, LOSS = "self.weight @ X + self.bias", "np.mean(np.logaddexp(0, self.z) - Y * self.z) + penalty"
L2 = "self.strength / (2 * m) * (self.weight ** 2).sum()"
SLOPES = 'da * {"ReLU": a > 0, "Sigmoid": a * (1 - a), "Tanh": 1 - a ** 2}[self.fname]'
SLOPES_AT_A = (
    'da * {"ReLU": a > 0, "Sigmoid": np.exp(-a) / (1 + np.exp(-a)) ** 2, "Tanh": 1 - np.tanh(a) ** 2}[self.fname]'
)
KEEPING = "rng.standard_normal((fan_in, fan_out)) * np.sqrt(1 / fan_in)"
PREDICTED = "np.tanh(np.sqrt(fan_in * q) * std * x) ** 2"
INPUTS = "H = rng.standard_normal((1000, sizes[0]))"
FIRST = "n_samples=n_samples_train, noise=noise_train, random_state=seed_train"

# mistake, lab, case, what is replaced in the right submission, and by what
WRONG = [
    ("variance-for-deviation", 1, "TestRandomInitialization", RANDOM, RANDOM + "0"),
    ("variance-for-deviation", 2, "TestKeepingWeights", "np.sqrt(1 / fan_in)", "(1 / fan_in)"),
    ("one-over-n", 1, "TestHeInitialization", "np.sqrt(2 / fan_in)", "1 / fan_in"),
    ("one-over-2n", 1, "TestHeInitialization", "np.sqrt(2 / fan_in)", "1 / (2 * fan_in)"),
    ("two-over-n", 1, "TestHeInitialization", "np.sqrt(2 / fan_in)", "2 / fan_in"),
    ("root-of-one-over-n", 1, "TestHeInitialization", "np.sqrt(2 / fan_in)", "1 / np.sqrt(fan_in)"),
    ("root-of-one-over-2n", 1, "TestHeInitialization", "np.sqrt(2 / fan_in)", "np.sqrt(1 / 2 / fan_in)"),
    ("root-of-two-over-n", 2, "TestKeepingWeights", "np.sqrt(1 / fan_in)", "np.sqrt(2 / fan_in)"),
    ("fan-out", 1, "TestHeInitialization", "np.sqrt(2 / fan_in)", "np.sqrt(2 / fan_out)"),
    ("fan-out", 2, "TestKeepingWeights", "np.sqrt(1 / fan_in)", "np.sqrt(1 / fan_out)"),
    ("glorot-for-he", 1, "TestHeInitialization", "np.sqrt(2 / fan_in)", "np.sqrt(2 / (fan_in + fan_out))"),
    ("not-scaled", 1, "TestHeInitialization", " * np.sqrt(2 / fan_in)", ""),
    ("factor-missing", 1, "TestRandomInitialization", RANDOM, RANDOM[:-5]),
    ("first-layer-unscaled", 1, "TestHeInitialization", HE, UNSCALED_FIRST),
    ("uniform-for-normal", 1, "TestHeInitialization", "np.random.randn(fan_out, fan_in)", "np.random.uniform(-3**.5, 3**.5, (fan_out, fan_in))"),
    ("uniform-for-normal", 2, "TestKeepingWeights", "rng.standard_normal((fan_in, fan_out)) * np", "rng.uniform(-1, 1, (fan_in, fan_out)) * np"),
    ("not-centred", 1, "TestHeInitialization", "np.random.randn(fan_out, fan_in)", "np.random.rand(fan_out, fan_in)"),
    ("units-alike", 1, "TestHeInitialization", "np.random.randn(fan_out, fan_in)", "np.ones((fan_out, 1)) * np.random.randn(1, fan_in)"),
    ("biases-not-zero", 1, "TestHeInitialization", ZERO_BIAS, 'p[f"b{l}"] = np.random.randn(fan_out, 1)'),
    ("biases-not-zero", 1, "TestZeroInitialization", 'p[f"b{l}"] = np.zeros((layers_dims[l], 1))', 'p[f"b{l}"] = np.ones((layers_dims[l], 1))'),
    ("weights-not-zero", 1, "TestZeroInitialization", "np.zeros((layers_dims[l], layers_dims[l - 1]))", "np.ones((layers_dims[l], layers_dims[l - 1]))"),
    ("seed-ignored", 1, "TestHeInitialization", "np.random.seed(seed)", "np.random.seed(3)"),
    ("seed-ignored", 1, "TestRandomInitialization", "RandomState(seed)", "RandomState(3)"),
    ("seed-ignored", 1, "TestRandomInitialization", "random(layers_dims, seed=3):", "random(layers_dims):\n    seed = 3"),
    ("not-repeatable", 1, "TestHeInitialization", "    np.random.seed(seed)\n", ""),
    ("seed-reset", 1, "TestHeInitialization", "fan_out, fan_in = ", "np.random.seed(seed); fan_out, fan_in = "),
    ("seed-reset", 1, "TestRandomInitialization", RANDOM, "np.random.RandomState(seed)." + RANDOM[4:]),
    ("seed-reset", 2, "TestLargeWeights", "return rng.standard_normal((fan_in, fan_out))\n", "return np.random.default_rng(1).standard_normal((fan_in, fan_out))\n"),
    ("seeds-swapped", 1, "TestDataGeneration", "random_state=seed_test", "random_state=seed_train"),
    ("noise-ignored", 1, "TestDataGeneration", FIRST, FIRST.replace("noise_train", "0.05")),
    ("transposed", 1, "TestHeInitialization", HE, f"({HE}).T"),
    ("transposed", 1, "TestZeroInitialization", "np.zeros((layers_dims[l], layers_dims[l - 1]))", "np.zeros((layers_dims[l - 1], layers_dims[l]))"),
    ("transposed", 1, "TestPreprocessing", "return train_X.T", "return train_X"),
    ("transposed", 2, "TestKeepingWeights", f"return {KEEPING}", f"return ({KEEPING}).T"),
    ("first-layer-skipped", 1, "TestZeroInitialization", LOOP, LOOP.replace("(1,", "(2,")),
    ("first-layer-skipped", 2, "TestForwardPropagation", "activations[layer] = H", "activations[layer] = H\n        activations.pop(0, None)"),
    ("last-layer-skipped", 1, "TestZeroInitialization", LOOP, LOOP.replace("len(layers_dims)", "len(layers_dims) - 1")),
    ("labels-one-dimensional", 1, "TestPreprocessing", "train_Y.reshape(1, -1)", "train_Y"),
    ("labels-a-column", 1, "TestPreprocessing", "train_Y.reshape(1, -1)", "train_Y.reshape(-1, 1)"),
    ("biases-one-dimensional", 1, "TestHeInitialization", "np.zeros((fan_out, 1))", "np.zeros(fan_out)"),
    ("reshaped-not-transposed", 1, "TestPreprocessing", "train_X.T", "train_X.reshape(2, -1)"),
    ("train-test-swapped", 1, "TestDataGeneration", "return train_X, train_Y, test_X, test_Y\n", "return test_X, test_Y, train_X, train_Y\n"),
    ("activation-missing", 2, "TestForwardPropagation", "np.tanh(H @ weight_init_func(fan_in, fan_out))", "H @ weight_init_func(fan_in, fan_out)"),
    ("another-activation", 2, "TestForwardPropagation", "np.tanh(H @", "np.maximum(0, H @"),
    ("another-activation", 2, "TestForwardPropagation", "np.tanh(H @ weight_init_func(fan_in, fan_out))", "1 / (1 + np.exp(-H @ weight_init_func(fan_in, fan_out)))"),
    ("inputs-not-normal", 2, "TestForwardPropagation", INPUTS, INPUTS.replace("standard_normal(", "uniform(-1, 1, ")),
    ("arguments-swapped", 2, "TestForwardPropagation", "weight_init_func(fan_in, fan_out)", "weight_init_func(fan_out, fan_in)"),
    ("arguments-swapped", 2, "TestForwardPropagation", "weight_init_func(fan_in, fan_out)", "weight_init_func(fan_out, fan_in).T"),
    ("variance-of-activations", 2, "TestStatistics", "np.std(H)", "np.var(H)"),
    ("variance-of-activations", 2, "TestPrediction", "found.append(np.sqrt(q))", "found.append(q)"),
    ("first-fan-in", 2, "TestPrediction", "[sizes[0], *sizes[:-1]]", "[sizes[0]] * len(sizes)"),
    ("linear-theory", 2, "TestPrediction", PREDICTED, PREDICTED.replace("np.tanh", "")),
    ("dw-for-w", 3, "TestLinearBackward", "return self.weight.T @ dz", "return self.dw.T @ dz"),
    ("weight-not-transposed", 3, "TestLinearBackward", "return self.weight.T @ dz", "return self.weight @ dz"),
    ("mean-twice", 3, "TestLinearBackward", "self.dw = dz @ self.X.T", "self.dw = dz @ self.X.T / m"),
    ("db-not-summed", 3, "TestLinearBackward", "dz.sum(axis=1, keepdims=True)", "dz"),
    ("bias-missing", 3, "TestLinearForward", Z, "self.weight @ X"),
    ("slope-forgotten", 3, "TestActivations", SLOPES, "da"),
    ("gradient-forgotten", 3, "TestActivations", SLOPES, SLOPES.replace("da * ", "1.0 * ")),
    ("slope-of-output", 3, "TestActivations", SLOPES, SLOPES_AT_A),
    ("saturation", 3, "TestActivations", "(1 + np.tanh(z / 2)) / 2", "np.exp(z) / (1 + np.exp(z))"),
    ("saturation", 3, "TestLossIsFinite", LOSS, "-np.mean(Y * np.log(self.a) + (1 - Y) * np.log(1 - self.a)) + penalty"),
    ("dropout-unscaled", 3, "TestDropout", KEEP, KEEP.removesuffix(" / self.keep_prob")),
    ("dropout-inverted", 3, "TestDropout", "< self.keep_prob)", "> self.keep_prob)"),
    ("dropout-alike", 3, "TestDropout", KEEP, KEEP.replace("rng", "np.random.default_rng(0)")),
    ("dropout-alike", 3, "TestDropout", KEEP, KEEP.replace("X.shape", "(1, X.shape[1])")),
    ("dropout-in-test", 3, "TestDropout", "if self.training:", "if True:"),
    ("dropout-backward", 3, "TestDropout", "return da * self.mask", "return da * (self.mask > 0)"),
    ("dropout-backward", 3, "TestDropout", "return da * self.mask", "return da"),
    ("penalty-missing", 3, "TestLoss", LOSS, LOSS.removesuffix(" + penalty")),
    ("penalty-missing", 3, "TestPenalties", L2, "0.0"),
    ("penalty-not-averaged", 3, "TestPenalties", L2, L2.replace("(2 * m)", "2")),
    ("half-missing", 3, "TestPenalties", L2, L2.replace("(2 * m)", "m")),
    ("penalty-gradient-missing", 3, "TestPenalties", "self.strength / m * np.sign(self.weight)", "0.0"),
    ("loss-not-averaged", 3, "TestLoss", LOSS, LOSS.replace("np.mean", "np.sum")),
    ("loss-not-averaged", 3, "TestModelBackward", "(self.a - Y) / Y.shape[1]", "self.a - Y"),
    ("size-as-variance", 3, "TestWeightSizes", "np.sqrt(2 / fan_in)", "2 / fan_in"),
    ("root-of-one-over-2n", 3, "TestWeightSizes", "np.sqrt(2 / fan_in)", "np.sqrt(1 / (2 * fan_in))"),
    ("size-of-uniform", 3, "TestWeightSizes", "np.sqrt(2 / (fan_in + fan_out))", "np.sqrt(6 / (fan_in + fan_out))"),
    *evidence.WRONG,
]  # fmt: skip


def changed(lab: int, replacements) -> str:
    """Return the right submission of a lab with replacements, each of which must apply."""
    text = RIGHT[lab]
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    return text
