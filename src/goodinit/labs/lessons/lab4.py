# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Lab 4: a fair comparison
#
# "With He's initialization the network reached .9632, with Glorot's .9616." Is He's better? Two numbers cannot say. Here you write what a fair comparison needs, judge the two on pictures of digits, and then answer nine questions about initialization, each by an experiment.
#
# Write what is missing where a cell says `raise NotImplementedError`. The cell below each exercise checks your work and says what is probably wrong.

# %%
# %matplotlib inline
import os
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from scipy import stats
from threadpoolctl import threadpool_limits

import goodinit as gi
from goodinit import labs
from goodinit.figures.style import PALETTE, STYLE

threads = threadpool_limits(1, "blas")  # with matrices this small threads only wait for each other
plt.rcParams.update(STYLE | {"axes.prop_cycle": plt.cycler(color=PALETTE)})


def show(axes):
    """Show a figure of goodinit."""
    display(axes.figure)


def frame(title, xlabel, ylabel, **options):
    """Name the axes of the figure that is open, and show it."""
    plt.gca().set(title=title, xlabel=xlabel, ylabel=ylabel, **options)
    plt.legend(frameon=False)
    plt.show()


# %% [markdown]
# ## Exercise 1: the sizes in question
#
# Normal weights with mean 0 differ in one number, their standard deviation: $\sqrt{1/fan\_in}$ ([LeCun et al. 1998](https://doi.org/10.1007/978-3-642-35289-8_3), section 4.6), $\sqrt{2/(fan\_in + fan\_out)}$ ([Glorot & Bengio 2010](https://proceedings.mlr.press/v9/glorot10a.html), eq. 16), $\sqrt{2/fan\_in}$ ([He et al. 2015](https://arxiv.org/abs/1502.01852), eq. 10).
#
# A weight has the shape `(outputs, inputs)` in a dense layer and `(outputs, inputs, height, width)` in a convolution. There every output sums inputs x height x width products, so both fans are multiplied by the entries of the kernel.


# %%
def init_std(rule, shape):
    """Return the standard deviation for a rule, "lecun", "glorot" or "he", and the shape of a weight."""
    ### BEGIN SOLUTION
    ### STUDENT: np.prod(()) is 1, so one formula serves dense layers and convolutions
    outputs, inputs, *kernel = shape
    fan_in, fan_out = inputs * np.prod(kernel), outputs * np.prod(kernel)
    variance = {"lecun": 1 / fan_in, "glorot": 2 / (fan_in + fan_out), "he": 2 / fan_in}[rule]
    return np.sqrt(variance)
    ### END SOLUTION


# %%
labs.check(4, "TestWeightSizes", globals())

# %% [markdown]
# ## Exercise 2: seed by seed
#
# Run both sides from the same seeds: seed $k$ then gives both the same random numbers and the same order of the data, and what a lucky seed does to both cancels in the difference. So look at the differences $d = a - b$, one a seed. Their mean is the estimate; its 95 % interval is mean $\pm\, t\, s/\sqrt n$, with $s$ the standard deviation of the $d$ (divide by $n-1$) and $t$ the .975 quantile of Student's distribution with $n-1$ degrees of freedom. A bootstrap of the differences is as good.


# %%
def paired_difference(a, b):
    """Return mean, low end and high end of the mean difference a - b; a and b are scores by seed, shape (n,)."""
    ### BEGIN SOLUTION
    ### STUDENT: stats.t.ppf(0.975, n - 1) is t; mind the difference between s and s / sqrt(n)
    d = np.asarray(a) - np.asarray(b)
    half = stats.t.ppf(0.975, d.size - 1) * d.std(ddof=1) / np.sqrt(d.size)
    return d.mean(), d.mean() - half, d.mean() + half
    ### END SOLUTION


# %%
labs.check(4, "TestPairedDifference", globals())

# %% [markdown]
# ## Exercise 3: how often it fails
#
# "It failed in 0 of 16 runs" does not mean that it cannot fail. Between which probabilities does this leave the choice? Wilson's interval for `count` of `total` is
#
# $$\frac{p + \frac{z^2}{2n} \pm z\sqrt{\frac{p(1-p)}{n} + \frac{z^2}{4n^2}}}{1 + \frac{z^2}{n}}, \qquad p = \frac{count}{total},\; n = total,\; z = 1.96.$$


# %%
def share_interval(count, total):
    """Return low end and high end of the 95 % Wilson interval of a share."""
    ### BEGIN SOLUTION
    z, p, n = stats.norm.ppf(0.975), count / total, total
    middle = p + z**2 / (2 * n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return (middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n)
    ### END SOLUTION


# %%
labs.check(4, "TestShareInterval", globals())

# %% [markdown]
# ## Exercise 4: how many seeds
#
# A mean of $n$ paired differences has the error $s/\sqrt n$. A difference is found at the level 5 % (two-sided) with a probability of `power` if it is $z_{.975} + z_{power}$ such errors large, where $z_p$ is the $p$ quantile of the normal distribution. How many seeds does that take? Round up.


# %%
def seeds_needed(difference, deviation, power=0.8):
    """Return the seeds that find a mean paired difference whose standard deviation over seeds is `deviation`."""
    ### BEGIN SOLUTION
    ### STUDENT: stats.norm.ppf(p) is the p quantile; solve difference = (z + z) deviation / sqrt(n) for n
    z = stats.norm.ppf(0.975) + stats.norm.ppf(power)
    return int(np.ceil((z * deviation / difference) ** 2))
    ### END SOLUTION


# %%
labs.check(4, "TestSeedsNeeded", globals())

# %% [markdown]
# ## Exercise 5: is one lucky run evidence?
#
# You run each of the two once. How probable is it that the worse one wins? Estimate it from many runs: of all pairs of one run of the better and one of the worse, in what share does the worse score higher? Count equal scores one half.


# %%
def upset_probability(better, worse):
    """Return the share of all pairs in which the worse wins; shapes (n,) and (m,)."""
    ### BEGIN SOLUTION
    ### STUDENT: np.subtract.outer(worse, better) holds all m x n differences
    lead = np.subtract.outer(np.asarray(worse), np.asarray(better))
    return np.mean(lead > 0) + np.mean(lead == 0) / 2
    ### END SOLUTION


# %%
labs.check(4, "TestUpsetProbability", globals())

# %% [markdown]
# ## He against Glorot
#
# The data is MNIST where you have it: its four files in `mnist/` below the folder that the environment variable `GOODINIT_DATA` names, or in `data/mnist`. Without them it is scikit-learn's 1,797 digits of 8 x 8 pixels. A few thousand pictures, each pixel the mean of 2 x 2, and a few hundred mini-batches of 32 keep this in seconds; goodinit's docs/he-against-glorot.md has the whole study with 32 seeds and ten epochs.


# %%
def pictures():
    """Return the name and the data: MNIST, cut to 3,000 pictures to learn from and 1,000 to test on, or the small digits."""
    for folder in (Path(os.environ.get("GOODINIT_DATA", "data"), "mnist"), Path("data", "mnist")):
        if folder.is_dir():
            full = gi.datasets.mnist(folder, holdout=1000)
            coarse = [
                x.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)) for x in (full.train_inputs[:3000], full.test_inputs)
            ]
            learn, test = (x.reshape(-1, 196) for x in coarse)
            return "mnist", gi.datasets.arrays(learn, full.train_targets[:3000], test, full.test_targets)
    return "digits", gi.datasets.digits()


name, data = pictures()
print(f"{name}: {data.inputs} inputs, {len(data.train_targets)} pictures to learn from")


# %%
def race(hidden, starts, seeds, activation="relu", steps=400, learning_rate=0.1):
    """Train a network with these hidden layers from several starts, each from the same seeds."""
    network = gi.networks.mlp([data.inputs, *hidden, 10], activation=activation)
    settings = {"batch_size": 32, "steps": steps, "learning_rate": learning_rate, "record_every": 50}
    return gi.compare(network, data, starts, seeds=seeds, **settings)


def accuracy(results, start):
    """Return the final test accuracies, one a seed."""
    return results["final"].sel(initializer=start, metric="test_accuracy").values


duel = race([64, 32], {"He": "he_normal", "Glorot": "glorot_normal"}, seeds=16)
he, glorot = accuracy(duel, "He"), accuracy(duel, "Glorot")
mean, low, high = 100 * np.array(paired_difference(he, glorot))
spread = np.std(he - glorot, ddof=1)
print(f"seed 0 alone: {he[0]:.2%} from He's start, {glorot[0]:.2%} from Glorot's")
print(f"16 seeds: He leads by {mean:.2f} points of test accuracy, 95 % interval {low:.2f} to {high:.2f}")
print(f"one run of each: Glorot's wins in {upset_probability(he, glorot):.0%} of all pairs")
for points in (0.16, 0.05):
    print(f"seeds that find {points} points: {seeds_needed(points / 100, spread)}")
show(gi.figures.final_scores(duel))

# %% [markdown]
# The lines join the same seed: an accuracy is as much the seed's as the start's. Read the interval, not the winner. If it holds 0, that does not show that the two are equal; it shows that so many seeds cannot tell them apart, and its ends say how large a difference could still hide. If it does not hold 0, its ends say how large the lead is, after so many steps on these pictures; and still every third race or so goes to the other one.

# %% [markdown]
# ## Question 1: why does it matter?
#
# Gradient descent goes where the gradient points, and the gradient depends on where one stands. The same eight hidden layers, the same pictures, the same steps: from one start the network learns, from another it cannot even begin. The band holds nine of ten seeds.

# %%
starts = {"He": "he_normal", "Glorot": "glorot_normal", "normal x .01": "normal(std=0.01)"}
deep = race([32] * 8, starts, seeds=8, learning_rate=0.05)
show(gi.figures.loss_curves(deep))

# %% [markdown]
# ## Question 2: what goes wrong?
#
# Every layer multiplies the gradient on its way back by about the same factor, so ten layers make its tenth power: below 1 the gradient vanishes, above 1 it explodes. One learning rate is then too small for some layers, or too large. Nothing is trained here: the function sends random inputs forward and random gradients back. Points are measured; lines are what theory predicts, a factor $\sqrt{n\,Var(w)\,E f'(z)^2}$ a layer, where $E f'(z)^2 = 1/2$ for ReLU ([Schoenholz et al. 2017](https://arxiv.org/abs/1611.01232)).


# %%
def through(widths, draw, relu=True, seeds=6):
    """Return the size of the signal and of the gradient by layer, root mean squares; draw(rng, fan_in, fan_out) gives weights."""
    signal, gradient = [], []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        weights = [draw(rng, fan_in, fan_out) for fan_in, fan_out in pairwise(widths)]
        h, slopes = rng.standard_normal((100, widths[0])), []
        for W in weights:
            z = h @ W
            slopes.append(z > 0 if relu else 1.0)
            h = z * slopes[-1]
            signal.append(np.mean(h**2))
        g = rng.standard_normal(h.shape)
        for W, slope in zip(weights[::-1], slopes[::-1], strict=True):
            gradient.append(np.mean((g * slope) ** 2))
            g = (g * slope) @ W.T
    signal, gradient = (np.reshape(each, (seeds, -1)) for each in (signal, gradient))
    return np.sqrt(signal.mean(axis=0)), np.sqrt(gradient.mean(axis=0))[::-1]


def normal(std):
    """Return a function that draws normal weights with this deviation."""
    return lambda rng, fan_in, fan_out: std * rng.standard_normal((fan_in, fan_out))


layers = np.arange(1, 11)
plt.figure(figsize=(6, 3.6), layout="constrained")
for start, std, colour in (("He", np.sqrt(2 / 64), 0), ("normal x .5", 0.5, 4), ("normal x .01", 0.01, 2)):
    _, gradient = through([64] * 11, normal(std))
    plt.plot(layers, gradient, "o", color=PALETTE[colour], label=start)
    factor = np.sqrt(64 * std**2 / 2)
    plt.plot(layers, gradient[-1] * factor ** (10 - layers), color=PALETTE[colour], linewidth=0.8)
frame("The gradient in ten ReLU layers of 64 units", "layer", "gradient (rms)", yscale="log", xticks=layers)

# %% [markdown]
# ## Question 3: why the variance?
#
# A sum of $n$ products $w_i h_i$ whose weights are independent with mean 0 has the variance $n\,Var(w)\,E h^2$. Of all that could be said of the weights, their variance alone counts, and normal and uniform ones serve alike. ReLU passes half of the second moment, so every layer multiplies the size of the signal by $\sqrt{n\,Var(w)/2}$: 1 where the variance is He's.


# %%
def uniform(std):
    """Return a function that draws uniform weights with this deviation."""
    return lambda rng, fan_in, fan_out: np.sqrt(3) * std * rng.uniform(-1, 1, (fan_in, fan_out))


variances = np.array([0.25, 0.5, 1.0, 2.0, 4.0, 8.0])  # n Var(w)
plt.figure(figsize=(5, 3.6), layout="constrained")
for family, look in ((normal, {"marker": "o", "ms": 10, "mfc": "none"}), (uniform, {"marker": "s", "ms": 4})):
    sizes = [through([100] * 11, family(np.sqrt(v / 100)), seeds=4)[0] for v in variances]
    factors = [(size[-1] / size[0]) ** (1 / 9) for size in sizes]
    plt.plot(variances, factors, linestyle="", label=f"{family.__name__} weights", **look)
plt.plot(variances, np.sqrt(variances / 2), color="black", linewidth=0.8, label=r"$\sqrt{n\,Var(w)/2}$")
plt.xscale("log", base=2)
plt.yscale("log", base=2)
frame("What a ReLU layer does to the signal", "n Var(w)", "factor of one layer")

# %% [markdown]
# ## Question 4: why not zero?
#
# Two reasons. Units that start alike get the same gradients and stay alike, so a layer of 32 is a layer of one: that is the case of every constant, zero or not. With ReLU zero is worse still: all activations and all slopes are 0, so no weight gets a gradient, and only the output's bias learns how frequent each class is. But it is not zero as such that harms: biases start at zero here, and a readout of zeros costs little, a point or so of accuracy after these few steps, for the units below it differ in their weights.


# %%
def zero_readout(layer, rng):
    """Return zeros for the last layer, and He's weights for the others."""
    return np.zeros(layer.shape) if layer.role == "output" else gi.initializers.he_normal()(layer, rng)


flat = race(
    [32],
    {
        "He": "he_normal",
        "Glorot": "glorot_normal",
        "readout zero": zero_readout,
        "all .1": "constant(value=0.1)",
        "all zero": "zeros",
    },
    seeds=8,
)
failed = int(flat["failed"].sel(initializer="all zero").sum())
low, high = share_interval(failed, 8)
print(
    f"from zeros {failed} of 8 networks learn nothing of the pictures: the probability lies from {low:.0%} to {high:.0%}"
)
show(gi.figures.final_scores(flat))

# %% [markdown]
# ## Question 5: how large may random numbers be?
#
# Random weights break the symmetry, whatever their size. The size decides all else. A shallow network forgives much; a deep one learns in a narrow window only, and there a rule must hit it. Bars reach from the worst seed to the best.

# %%
stds = np.array([0.01, 0.05, 0.15, 0.25, 0.4, 0.8])
plt.figure(figsize=(6, 3.6), layout="constrained")
for depth, rate, marker in ((1, 0.1, "o"), (8, 0.05, "s")):
    found = race([32] * depth, {str(std): f"normal(std={std})" for std in stds}, seeds=4, learning_rate=rate)
    scores = np.array([accuracy(found, str(std)) for std in stds])
    scores = 100 * np.where(np.isfinite(scores), scores, 0.1)  # numbers that overflowed answer one class always
    middle = np.median(scores, axis=1)
    bars = [middle - scores.min(axis=1), scores.max(axis=1) - middle]
    plt.errorbar(stds, middle, bars, marker=marker, markersize=4, linewidth=1.2, label=f"hidden layers: {depth}")
plt.axvline(np.sqrt(2 / 32), color="black", linewidth=0.8)
plt.annotate("He ", (np.sqrt(2 / 32), 3), ha="right", fontsize=8)
plt.xscale("log")
plt.xticks(stds, labels=[f"{std:g}" for std in stds])
plt.minorticks_off()
frame("The size of random weights", "standard deviation of the weights", "test accuracy, %", ylim=(0, 100))

# %% [markdown]
# ## Question 6: what is Glorot's rule for?
#
# Without an activation the signal keeps its size if $fan\_in\,Var(w) = 1$, the gradient on its way back if $fan\_out\,Var(w) = 1$. Layers whose fans differ cannot have both. [Glorot & Bengio](https://proceedings.mlr.press/v9/glorot10a.html) took the mean of the two conditions, $Var(w) = 2/(fan\_in + fan\_out)$: neither size is kept, and neither is far off. It is made for layers that are about linear around 0, such as tanh.


# %%
def rule(name, turned):
    """Return a function that draws normal weights by a rule; turned exchanges the fans."""
    return lambda rng, *fans: rng.standard_normal(fans) * init_std(name, fans if turned else fans[::-1])


rules = {"1/fan_in": rule("lecun", False), "1/fan_out": rule("lecun", True), "Glorot": rule("glorot", False)}
sizes = {name: through([512, 256, 128, 64, 32, 16], draw, relu=False) for name, draw in rules.items()}
for which, what in enumerate(("Signal", "Gradient")):
    plt.figure(figsize=(5, 2.8), layout="constrained")
    for name, marker in zip(rules, "os^", strict=True):
        plt.plot(range(1, 6), sizes[name][which], marker=marker, label=name)
    plt.yscale("log", base=2)
    frame(f"{what} through widths 512-256-...-16", "layer", "rms", xticks=range(1, 6))

# %% [markdown]
# ## Question 7: what did He add?
#
# ReLU sets half of the signal to zero, and with it half of the second moment. Glorot's weights do not know that: through ten layers of equal width the second moment falls to $2^{-10}$, and that of the gradient with it. He's factor 2 makes up for it ([He et al. 2015](https://arxiv.org/abs/1502.01852), section 2.2).

# %%
plt.figure(figsize=(6, 3.6), layout="constrained")
for name, marker, colour in (("he", "o", 0), ("glorot", "s", 1)):
    std = init_std(name, (64, 64))
    plt.plot(layers, through([64] * 11, normal(std))[0], marker, color=PALETTE[colour], label=name.title())
    plt.plot(layers, np.sqrt(64 * std**2 / 2) ** layers, color=PALETTE[colour], linewidth=0.8)
frame("The signal in ten ReLU layers of 64 units", "layer", "activations (rms)", yscale="log", xticks=layers)

# %% [markdown]
# ## Question 8: which of the two is better?
#
# It depends on the depth. The lead of He over Glorot, seed by seed, with the interval that you wrote: small or none where the network is shallow, large where it is deep. "He is better for ReLU" is true of deep networks; "Glorot fails for ReLU" is false of shallow ones.

# %%
plt.figure(figsize=(5, 3.2), layout="constrained")
for depth, results in ((1, flat), (2, duel), (8, deep)):
    he, glorot = accuracy(results, "He"), accuracy(results, "Glorot")
    mean, low, high = 100 * np.array(paired_difference(he, glorot))
    plt.errorbar(depth, mean, [[mean - low], [high - mean]], fmt="o", color=PALETTE[0], capsize=3)
    lost = upset_probability(he, glorot)
    print(f"{depth} hidden: {mean:.1f} points [{low:.1f}, {high:.1f}], Glorot's wins {lost:.0%} of single races")
plt.axhline(0, color="black", linewidth=0.8, label="no lead")
frame("Lead of He over Glorot, 95 % interval", "hidden ReLU layers", "points of test accuracy", xticks=[1, 2, 8])

# %% [markdown]
# ## Question 9: how do I choose?
#
# By the activation. For normal pre-activations $z$ the gain $1/\sqrt{E f(z)^2}$ keeps the signal of a layer, $1/\sqrt{E f'(z)^2}$ its gradient; the standard deviation is gain$/\sqrt{fan\_in}$. For ReLU both are $\sqrt 2$, which is He's rule; for tanh both are near 1.5, and as tanh is about linear for small signals Glorot's 1 does as well; a sigmoid needs 4.7 for its gradient, three times He's. Through three sigmoid layers it learns in the few steps here, and the others hardly begin. Then try your choice and a rival on your own data, with seeds.

# %%
for activation in ("relu", "tanh", "selu", "gelu", "sigmoid"):
    forward, backward = (gi.theory.gain(activation, direction) for direction in ("forward", "backward"))
    print(f"{activation:8} gain for the signal {forward:.2f}, for the gradient {backward:.2f}")
gain = gi.theory.gain("sigmoid", "backward")
choices = {"He": "he_normal", "Glorot": "glorot_normal", f"gain {gain:.1f}": f"lecun_normal(gain={gain})"}
chosen = race([32] * 3, choices, seeds=6, activation="sigmoid")
show(gi.figures.final_scores(chosen))

# %% [markdown]
# ## What to keep
#
# Say how many seeds, give an interval, compare within seeds, and say what your study could have found. One run each is a lottery: you have just computed the odds.
