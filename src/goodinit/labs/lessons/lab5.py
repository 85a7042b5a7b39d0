# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Lab 5: claims on trial
#
# Much of what is taught about initialization was never checked. Here every claim gets a trial: say what could be measured that would show it wrong, measure that, and let the interval decide. You write the judge and five of the measurements; goodinit brings the experiments, each of which runs here and now in a few seconds.
#
# Write what is missing where a cell says `raise NotImplementedError`. The cell below each exercise checks your work and says what is probably wrong.

# %%
# %matplotlib inline
import textwrap

import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

from goodinit import labs
from goodinit.figures.style import PALETTE, STYLE
from goodinit.labs import claims, signal
from goodinit.labs.claims.through import through

threads = threadpool_limits(1, "blas")  # with matrices this small threads only wait for each other
plt.rcParams.update(STYLE | {"axes.prop_cycle": plt.cycler(color=PALETTE)})
trials = {}


def on_trial(*names):
    """Try claims by name, print what came of each, and keep it in trials."""
    for trial in claims.run(names):
        trials[trial.name] = trial
        said = {"CLAIM": trial.claim, "DONE": trial.done, "MEASURED": trial.said, "VERDICT": trial.verdict}
        for word, text in (said | {"TRUTH": trial.truth}).items():
            print(textwrap.fill(f"{word:10}{text}", 110, subsequent_indent=10 * " "))
        print()


# %% [markdown]
# ## Exercise 1: the judge
#
# A claim becomes testable once it names a range: "loses at least 5 points" means a loss from 5 points up. A measurement over seeds comes as an interval. If all of it lies within the claimed range (ends included), the claim is `"true"`, if all of it lies outside, it is `"false"`. An interval that holds values of both kinds decides nothing: `"cannot be told"`. The same goes for an interval that is missing, whose ends are NaN.


# %%
def verdict(low, high, least, most):
    """Return "true", "false" or "cannot be told", of an interval from low to high and a claim of least to most."""
    ### BEGIN SOLUTION
    ### STUDENT: every comparison with NaN is False; ask in an order that leaves "cannot be told" for it
    if least <= low and high <= most:
        return "true"
    if high < least or low > most:
        return "false"
    return "cannot be told"
    ### END SOLUTION


# %%
labs.check(5, "TestVerdict", globals())

# %% [markdown]
# Three claims on accuracy, tried with 16 or 32 seeds each. Depth decides two of them: the signal changes by the same factor at every layer, and ten layers make its tenth power.

# %%
on_trial("small-is-better", "glorot-fails-relu", "he-wins-by-a-hair")

# %% [markdown]
# What your judge says of the same measurements. The grey range is what the claim says. Mind the last row: that He's is better by .16 points cannot be told from 32 seeds, and may be true; what is false is that one run each shows it, for two runs of the same start differ by as much.

# %%
small, glorot, hair = (trials[name].measured for name in ("small-is-better", "glorot-fails-relu", "he-wins-by-a-hair"))
judged = {
    "small is better: lead, shallow": (small["shallow"], 0.0),
    "small is better: lead, deep": (small["deep"], 0.0),
    "Glorot fails: loss, shallow": (glorot["shallow"], 0.05),
    "Glorot fails: loss, deep": (glorot["deep"], 0.05),
    "He is better by .16 points": (hair["lead"], 0.0016),
}
plt.figure(figsize=(7.5, 3.0), layout="constrained")
for row, (found, least) in enumerate(judged.values()):
    plt.plot([100 * least, 100], [row, row], color="#dddddd", linewidth=9, solid_capstyle="butt")
    plt.plot([100 * found.low, 100 * found.high], [row, row], color=PALETTE[0], linewidth=4, solid_capstyle="butt")
    plt.plot(100 * found.value, row, "o", color=PALETTE[0])
    plt.annotate(verdict(found.low, found.high, least, np.inf), (115, row), va="center", annotation_clip=False)
plt.yticks(range(len(judged)), labels=judged)
plt.xscale("symlog", linthresh=1)
plt.xticks([-100, -10, -1, 0, 1, 10, 100], labels=["-100", "-10", "-1", "0", "1", "10", "100"])
plt.gca().set(title="Intervals against claims", xlabel="points of test accuracy", xlim=(-100, 100))
plt.gca().invert_yaxis()
plt.show()

# %% [markdown]
# ## Exercise 2: what a plateau costs
#
# "The loss is stuck at .6440, so the gradient has vanished." A number to compare it with: a network that uses nothing of its inputs does best by answering the share $p$ of each class, and its cross-entropy is then $-\sum p \ln p$. For 72 cats in 209 pictures that is .6440. Such a plateau shows that the network has learned nothing of the pictures; why not, only the gradients can tell.


# %%
def base_rate_loss(labels):
    """Return the cross-entropy of always answering the share of each class; labels, shape (n,), are whole numbers."""
    ### BEGIN SOLUTION
    ### STUDENT: np.unique(labels, return_counts=True) counts them; natural logarithms
    _, counts = np.unique(labels, return_counts=True)
    p = counts / counts.sum()
    return -np.sum(p * np.log(p))
    ### END SOLUTION


# %%
labs.check(5, "TestBaseRateLoss", globals())

# %%
print(f"72 cats of 209 pictures: {base_rate_loss(np.arange(209) < 72):.4f}\n")
on_trial("plateau-shows-vanishing", "zero-nothing-adjusted", "zero-is-linear")

# %% [markdown]
# ## Exercise 3: units that are alike
#
# Why do equal weights fail? Two hidden units with the same weights in (rows of $W$, with equal biases) and the same weights out (columns of $V$) compute the same and get the same gradients, so they stay alike for ever. How many units does a layer really have? Zero is only one case of this; and where the weights out differ, units that start alike part at once. So "any constant performs poorly" goes too far: zero biases are the rule, and a readout of zeros above random weights learns.


# %%
def different_units(W, V):
    """Return how many units differ; W, shape (units, inputs), are the weights in, V, (outputs, units), those out."""
    ### BEGIN SOLUTION
    ### STUDENT: put the weights in and out of a unit into one row; np.unique(rows, axis=0) keeps each row once
    rows = np.hstack([W, V.T])
    return len(np.unique(rows, axis=0))
    ### END SOLUTION


# %%
labs.check(5, "TestDifferentUnits", globals())

# %%
print("32 units, all weights .1:", different_units(np.full((32, 64), 0.1), np.full((10, 32), 0.1)))
drawn = np.random.default_rng(0).standard_normal((32, 64))
print("32 units, random weights and a readout of zeros:", different_units(drawn, np.zeros((10, 32))), "\n")
on_trial("constants-fail", "zero-biases-idle")

# %% [markdown]
# ## Exercise 4: two conditions, one rule
#
# "Xavier initialization means $\sqrt{1/fan\_in}$." [Glorot & Bengio](https://proceedings.mlr.press/v9/glorot10a.html) (section 4.2) look both ways. Forward, a linear layer sums fan_in products for each output; backward, the gradient by an input sums fan_out of them. By what factor does the standard deviation of each change, if the weights have the standard deviation `std`?


# %%
def layer_factors(fan_in, fan_out, std):
    """Return the factor of the signal's standard deviation, and that of the gradient's on its way back."""
    ### BEGIN SOLUTION
    ### STUDENT: the variance of a sum of n independent products is n times that of one
    return np.sqrt(fan_in) * std, np.sqrt(fan_out) * std
    ### END SOLUTION


# %%
labs.check(5, "TestLayerFactors", globals())

# %%
for rule, std in {"1/fan_in": np.sqrt(1 / 400), "1/fan_out": np.sqrt(1 / 100), "Glorot": np.sqrt(2 / 500)}.items():
    forward, backward = layer_factors(400, 100, std)
    print(f"400 inputs, 100 outputs, {rule:9}: signal x{forward:.2f}, gradient x{backward:.2f}")
print()
on_trial("xavier-is-fan-in", "slope-alone")

# %% [markdown]
# ## Exercise 5: the gain of an activation
#
# "Use He for sigmoid." "Use Xavier for sigmoid." Ask what a layer does: with weights of standard deviation $g/\sqrt{fan\_in}$ the mean square $q$ of the pre-activations becomes $g^2 E f(z)^2$, $z$ normal with variance $q$. So it stays $q$ where $g = \sqrt{q / E f(z)^2}$. Compute the expectation by an integral or as the mean over very many random $z$.

# %%
ACTIVATIONS = {
    "relu": lambda z: np.maximum(0, z),
    "tanh": np.tanh,
    "sigmoid": lambda z: (1 + np.tanh(z / 2)) / 2,
    "centred_sigmoid": lambda z: np.tanh(z / 2) / 2,
}


def gain(name, q):
    """Return the gain that keeps pre-activations of mean square q, for one of ACTIVATIONS."""
    ### BEGIN SOLUTION
    ### STUDENT: E g(x) of a standard-normal x is the integral of g(x) exp(-x^2 / 2) / sqrt(2 pi); z = sqrt(q) x
    x = np.linspace(-8, 8, 4001)
    density = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    second = np.sum(density * ACTIVATIONS[name](np.sqrt(q) * x) ** 2) * (x[1] - x[0])
    return np.sqrt(q / second)
    ### END SOLUTION


# %%
labs.check(5, "TestGain", globals())

# %% [markdown]
# For ReLU the gain is $\sqrt 2$ whatever $q$ is: He's rule, of variance 2/fan_in and not 1/(2 fan_in). Sigmoid - 1/2 wants 4.8 at $q = 1$, and 4 where the signal is small. (The plain sigmoid has the mean 1/2, which makes all units agree; centre it first.)

# %%
print({name: round(float(gain(name, 1.0)), 2) for name in ACTIVATIONS})
rng, layers = np.random.default_rng(0), np.arange(1, 11)
plt.figure(figsize=(6, 3.6), layout="constrained")
for name, g in {"gain 4.8": 4.8, "gain 4": 4.0, "He": np.sqrt(2), "Glorot": 1.0}.items():
    _, _, deviations = signal.forward_prop(
        [200] * 10, lambda n, m, g=g: g / np.sqrt(n) * rng.standard_normal((n, m)), rng=1, activation="centred_sigmoid"
    )
    plt.plot(layers, deviations, "o-", markersize=4, linewidth=1.2, label=name)
plt.gca().set(
    title="Ten layers of sigmoid - 1/2", xlabel="layer", ylabel="standard deviation", yscale="log", xticks=layers
)
plt.legend(frameon=False, loc="lower left")
plt.show()

# %% [markdown]
# ## Exercise 6: saturated, and yet it explodes
#
# "With standard deviation 1 the tanh units saturate, the gradients are zero, and nothing can be learned." Saturated units have no slope, but each layer also multiplies by large weights. Which is stronger? Deep inside a network of equal layers the mean square of the pre-activations stands still at the $q$ with $q = n\,std^2\,E \tanh^2(z)$, and the gradient's standard deviation grows, layer by layer backward, by
#
# $$\sqrt{\chi} = \sqrt{n\,std^2\,E\,\tanh'(z)^2}, \qquad z \text{ normal with variance } q,\quad \tanh' = 1 - \tanh^2$$
#
# ([Poole et al. 2016](https://arxiv.org/abs/1606.05340), eq. 3 and 7; [Schoenholz et al. 2017](https://arxiv.org/abs/1611.01232)).


# %%
def gradient_growth(width, std):
    """Return the factor of the gradient's standard deviation from a layer to the one below, tanh layers of equal width."""
    ### BEGIN SOLUTION
    ### STUDENT: begin with q = 1 and apply the map a hundred times; then it stands still
    x = np.linspace(-8, 8, 4001)
    weight = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi) * (x[1] - x[0])
    q = 1.0
    for _ in range(100):
        q = width * std**2 * np.sum(weight * np.tanh(np.sqrt(q) * x) ** 2)
    slope = 1 - np.tanh(np.sqrt(q) * x) ** 2
    return np.sqrt(width * std**2 * np.sum(weight * slope**2))
    ### END SOLUTION


# %%
labs.check(5, "TestGradientGrowth", globals())

# %%
plt.figure(figsize=(6, 3.6), layout="constrained")
for name, std in {"std 1": 1.0, "std sqrt(1/300)": np.sqrt(1 / 300), "std .01": 0.01}.items():
    passed = through("Tanh", 300, 10, std, seed=0)
    expected = gradient_growth(300, std)
    measured = (passed.gradient[0] / passed.gradient[-2]) ** (1 / 8)
    saturated = np.mean(np.abs(passed.outputs) > 0.9)
    print(
        f"{name}: {saturated:.0%} of the first layer saturated, gradient x{measured:.2f} a layer (theory x{expected:.2f})"
    )
    (line,) = plt.plot(layers, passed.gradient, "o", label=name)
    plt.plot(layers, passed.gradient[-2] * expected ** (9.0 - layers), color=line.get_color(), linewidth=0.8)
plt.gca().set(
    title="The gradient in ten tanh layers of 300", xlabel="layer", ylabel="gradient (rms)", yscale="log", xticks=layers
)
plt.legend(frameon=False)
plt.show()

# %% [markdown]
# The gradient explodes, although nearly all units are saturated; it is the small weights that make it vanish. At $\sqrt{1/300}$ the theory's factor for endless depth is 1, which ten layers have not reached: they still fall slowly. "Then everything stays nicely normal" is as wrong: the standard deviation of the activations falls from .63 to .23.

# %% [markdown]
# ## Three formulas
#
# A backward pass is right if it agrees with the slope of the loss that is measured by moving a weight a little. Three formulas that are taught do not.

# %%
on_trial("backward-through-dw", "dropout-backward-mask", "penalty-left-out")

# %% [markdown]
# ## The verdicts
#
# A "false" does not say that the opposite is always true: read what is true instead. `goodinit claims` in a terminal tries these and six more.

# %%
for trial in trials.values():
    print(f"{trial.name:26}{trial.verdict}")
print(
    f"\n{len(trials)} claims tried, {sum(trial.verdict == 'true' for trial in trials.values())} of them true without conditions"
)
