# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Lab 3: vanishing gradients
#
# Why did deep sigmoid networks not learn? You build a network of layer objects, each with its forward and its backward pass by hand, train it on pictures through four and five layers, watch the gradient of every neuron, and mend what is wrong.
#
# Inputs are (features, samples). On the way back a layer gets the loss's gradient by its outputs, keeps the gradients by its weights, and hands on the gradient by its inputs. The loss is a mean over samples; the division by their number happens there, once.
#
# Write what is missing where a cell says `raise NotImplementedError`.

# %%
# %matplotlib inline
import os
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

import goodinit as gi
from goodinit import labs
from goodinit.figures.style import PALETTE, STYLE
from goodinit.labs.layers import flatten, load_train_data

threads = threadpool_limits(1, "blas")  # with matrices this small threads only wait for each other
plt.rcParams.update(STYLE | {"axes.prop_cycle": plt.cycler(color=PALETTE)})
rng = np.random.default_rng(0)

# %% [markdown]
# ## Exercise 1: the layer that learns
#
# $z = W x + b$ for every column $x$. Backward, with $dz$ of the shape of $z$: $dW = dz\,x^T$, $db$ is the sum of $dz$ over the samples, and $W^T dz$ is returned: the weights stand in the chain rule, not their gradients.
#
# A penalty adds $\frac{strength}{m} \sum |w|$ (L1) or $\frac{strength}{2m} \sum w^2$ (L2) to the loss, $m$ samples, and its derivative to $dW$. Both must change together: a reported loss without the penalty is not what is minimised.


# %%
class Linear:
    """z = W x + b; weight (out, in), bias (out, 1), their gradients dw and db, and reg_penalty."""

    def __init__(self, in_features, out_features, regularization=None, strength=1.0, std=None):
        std = np.sqrt(1 / in_features) if std is None else std
        self.weight = std * rng.standard_normal((out_features, in_features))
        self.bias = np.zeros((out_features, 1))
        self.regularization, self.strength, self.reg_penalty = regularization, strength, 0.0

    def forward(self, X):
        """Return W x + b, and keep in reg_penalty what the penalty adds to the loss."""
        ### BEGIN SOLUTION
        ### STUDENT: keep X for the way back
        self.X, penalty = X, 0.0
        if self.regularization == "L1":
            penalty = np.abs(self.weight).sum()
        if self.regularization == "L2":
            penalty = (self.weight**2).sum() / 2
        self.reg_penalty = self.strength / X.shape[1] * penalty
        return self.weight @ X + self.bias
        ### END SOLUTION

    def backward(self, dz):
        """Keep dw and db, and return the gradient by the inputs."""
        ### BEGIN SOLUTION
        slope = {None: 0.0, "L1": np.sign(self.weight), "L2": self.weight}[self.regularization]
        self.dw = dz @ self.X.T + self.strength / self.X.shape[1] * slope
        self.db = dz.sum(axis=1, keepdims=True)
        return self.weight.T @ dz
        ### END SOLUTION

    def update_params(self, learning_rate):
        """Take one step of gradient descent."""
        self.weight = self.weight - learning_rate * self.dw
        self.bias = self.bias - learning_rate * self.db


# %%
labs.check(3, "TestLinearForward", globals())
labs.check(3, "TestLinearBackward", globals())
labs.check(3, "TestPenalties", globals())

# %% [markdown]
# ## Exercise 2: activations
#
# $a = f(z)$, and backward $dz = da\,f'(z)$. $e^z$ overflows beyond $z = 709$: write the sigmoid as $(1 + \tanh(z/2))/2$. Its slope is $a(1-a)$, 1/4 at most.


# %%
class NonLinear:
    """a = f(z) with f ReLU, Sigmoid or Tanh."""

    def __init__(self, fname):
        self.fname = fname

    def forward(self, z):
        """Return f(z)."""
        ### BEGIN SOLUTION
        if self.fname == "ReLU":
            self.a = np.maximum(0, z)
        elif self.fname == "Sigmoid":
            self.a = (1 + np.tanh(z / 2)) / 2
        else:
            self.a = np.tanh(z)
        self.z = z
        return self.a
        ### END SOLUTION

    def backward(self, da):
        """Return da f'(z)."""
        ### BEGIN SOLUTION
        slopes = {"ReLU": self.a > 0, "Sigmoid": self.a * (1 - self.a), "Tanh": 1 - self.a**2}
        return da * slopes[self.fname]
        ### END SOLUTION

    def update_params(self, learning_rate):
        """Do nothing."""


# %%
labs.check(3, "TestActivations", globals())

# %% [markdown]
# ## Exercise 3: dropout
#
# In training keep each entry with probability `keep_prob` and divide it by `keep_prob`, so that the expected output is the input; elsewhere (`training` False) return the input. The gradient goes through the same mask and the same division, for a derivative carries every factor of its function ([Srivastava et al. 2014](https://jmlr.org/papers/v15/srivastava14a.html)).


# %%
class Dropout:
    """Inverted dropout."""

    def __init__(self, keep_prob=0.8):
        self.keep_prob, self.training = keep_prob, True

    def forward(self, X):
        """Return x mask / keep_prob with a fresh mask, or x itself outside training."""
        ### BEGIN SOLUTION
        self.scale = (rng.random(X.shape) < self.keep_prob) / self.keep_prob if self.training else 1.0
        return X * self.scale
        ### END SOLUTION

    def backward(self, da):
        """Return da mask / keep_prob."""
        ### BEGIN SOLUTION
        return da * self.scale
        ### END SOLUTION

    def update_params(self, learning_rate):
        """Do nothing."""


# %%
labs.check(3, "TestDropout", globals())

# %% [markdown]
# ## Exercise 4: the network
#
# Layers one after the other, the last one a sigmoid. The loss is the mean cross-entropy $-\frac1m\sum (Y \ln a + (1 - Y) \ln(1 - a))$ plus the penalties. Computed from the logits $z$ it is $\frac1m \sum (\ln(1 + e^z) - Y z)$, which stays finite (`np.logaddexp(0, z)`). Its gradient by $z$ is $(a - Y)/m$, where the slope of the last sigmoid has cancelled: begin there, below the last layer.


# %%
class Model:
    """Layers from the inputs to a sigmoid."""

    def __init__(self, layers):
        self.layers = layers

    def forward(self, X, training=True):
        """Return the probability of class 1, shape (1, m)."""
        for layer in self.layers:
            self.logits = X  # what the last layer gets
            layer.training = training
            X = layer.forward(X)
        self.a = X
        return X

    def loss(self, Y):
        """Return the mean cross-entropy plus the penalties of all layers."""
        ### BEGIN SOLUTION
        ### STUDENT: self.logits are the logits; layers without a penalty have no reg_penalty
        penalties = sum(getattr(layer, "reg_penalty", 0.0) for layer in self.layers)
        return np.mean(np.logaddexp(0, self.logits) - Y * self.logits) + penalties
        ### END SOLUTION

    def backward(self, Y):
        """Send the gradient back through all layers, and return that by the inputs."""
        ### BEGIN SOLUTION
        gradient = (self.a - Y) / Y.shape[1]
        for layer in reversed(self.layers[:-1]):
            gradient = layer.backward(gradient)
        return gradient
        ### END SOLUTION

    def update_params(self, learning_rate):
        """Take one step in every layer."""
        for layer in self.layers:
            layer.update_params(learning_rate)


# %%
labs.check(3, "TestLoss", globals())
labs.check(3, "TestLossIsFinite", globals())
labs.check(3, "TestModelBackward", globals())

# %% [markdown]
# ## Exercise 5: the right size
#
# **Glorot.** Weights are independent with mean 0 and variance $v$. Forward, $z_j = \sum_i w_{ji} x_i$ has the variance $fan\_in \cdot v \cdot E x^2$: the signal keeps its size if $fan\_in \cdot v = 1$. Backward, $dx_i = \sum_j w_{ji} dz_j$ has $fan\_out$ terms: the gradient keeps its size if $fan\_out \cdot v = 1$. Both cannot hold where the fans differ, so [Glorot & Bengio 2010](https://proceedings.mlr.press/v9/glorot10a.html) (eq. 10 to 12) take the mean of the two conditions: $v = 2/(fan\_in + fan\_out)$. The activation is left out, which is right for tanh near 0.
#
# **He.** Behind a ReLU half of the $z$, which are symmetric around 0, are cut off, so $E x^2 = \frac12 E z^2$, and likewise half of the gradient passes. Then $\frac12 fan\_in \cdot v = 1$, and $v = 2/fan\_in$ ([He et al. 2015](https://arxiv.org/abs/1502.01852), eq. 10). With $1/(2 fan\_in)$, which is sometimes taught, every layer would lose a factor of 4 in the second moment.
#
# Return standard deviations.


# %%
def glorot_std(fan_in, fan_out):
    """Return the standard deviation of Glorot's weights."""
    ### BEGIN SOLUTION
    return np.sqrt(2 / (fan_in + fan_out))
    ### END SOLUTION


def he_std(fan_in, fan_out):
    """Return the standard deviation of He's weights."""
    ### BEGIN SOLUTION
    return np.sqrt(2 / fan_in)
    ### END SOLUTION


# %%
labs.check(3, "TestWeightSizes", globals())

# %% [markdown]
# ## The pictures
#
# Is it a cat? 209 pictures, 72 of them cats, each pixel the mean of 4 x 4, from `train_catvnoncat.h5` in `cats/` below the folder that the environment variable `GOODINIT_DATA` names, or in `data/cats`. Without them: 400 small digits; is it a 0, a 1 or a 2?


# %%
def pictures():
    """Return inputs (features, m), labels (1, m), and what they are."""
    folder = Path(os.environ.get("GOODINIT_DATA", "data"), "cats")
    if folder.is_dir():
        full, labels = load_train_data(folder)
        coarse = full.reshape(len(full), 16, 4, 16, 4, 3).mean(axis=(2, 4))
        return flatten(coarse), labels, "cats"
    data = gi.datasets.digits()
    return data.train_inputs[:400].T.astype(float), (data.train_targets[:400] < 3).reshape(1, -1) * 1, "digits"


X, Y, name = pictures()
p = np.mean(Y)
entropy = -p * np.log(p) - (1 - p) * np.log(1 - p)
print(f"{name}: {X.shape[0]} inputs, {X.shape[1]} pictures, {p:.1%} of class 1")
print(f"always answering this share costs the entropy of the labels, {entropy:.4f}")

# %% [markdown]
# ## Four and five sigmoid layers
#
# Weights are normal with the deviation .01, as one once began. For every layer `train` keeps how large its gradient is in each step (root mean square), and for every neuron how large that of its weights and bias is at the start and at the end.


# %%
def build(fname, hidden, size):
    """Return a network with so many hidden layers of 30 units; size(fan_in, fan_out) is the weights' deviation."""
    layers = []
    for fan_in, fan_out in pairwise([X.shape[0], *[30] * hidden]):
        layers += [Linear(fan_in, fan_out, std=size(fan_in, fan_out)), NonLinear(fname)]
    return Model([*layers, Linear(30, 1, std=size(30, 1)), NonLinear("Sigmoid")])


def train(network, rate, steps=500):
    """Return the losses, the gradient of each layer by step, and that of each neuron at the start and at the end."""
    linear = [layer for layer in network.layers if isinstance(layer, Linear)]
    losses, by_layer, neurons = [], [], []
    for step in range(steps):
        network.forward(X)
        losses.append(network.loss(Y))
        network.backward(Y)
        by_layer.append([np.sqrt(np.mean(layer.dw**2)) for layer in linear])
        if step in (0, steps - 1):
            neurons.append([np.sqrt((layer.dw**2).sum(axis=1) + layer.db[:, 0] ** 2) for layer in linear])
        network.update_params(rate)
    right = np.mean((network.forward(X, training=False) > 0.5) == Y)
    print(f"{len(linear)} layers: loss {losses[0]:.4f} at the start, {losses[-1]:.4f} at the end; {right:.1%} right")
    return losses, np.array(by_layer), neurons


def look(run, title):
    """Draw the loss, the gradient of every layer over the steps, and that of every neuron at both ends."""
    losses, by_layer, neurons = run
    _, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.2), layout="constrained")
    left.plot(losses)
    left.axhline(entropy, color="black", linewidth=0.8)
    left.annotate(
        "entropy of the labels",
        (1, entropy),
        xycoords=("axes fraction", "data"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="right",
        fontsize=8,
    )
    left.set(title=title, xlabel="step", ylabel="loss", ylim=(0, 1.2))
    for layer, (sizes, start, end) in enumerate(zip(by_layer.T, *neurons, strict=True), start=1):
        colour = plt.cm.viridis((layer - 1) / len(neurons[0]))
        middle.plot(sizes, color=colour, linewidth=1.2, label=f"layer {layer}")
        for shift, values, filled in ((-0.12, start, "none"), (0.12, end, "full")):
            right.plot(
                np.full(values.size, layer + shift),
                np.maximum(values, 1e-16),
                "o",
                color=colour,
                markersize=4,
                fillstyle=filled,
                alpha=0.6,
            )
    middle.set(
        title="Speed of learning: gradient by layer", xlabel="step", ylabel="gradient by a weight (rms)", yscale="log"
    )
    middle.legend(frameon=False, fontsize=8)
    right.set(
        title="Neurons: start hollow, end filled",
        xlabel="layer",
        ylabel="gradient of a neuron",
        yscale="log",
        xticks=range(1, len(neurons[0]) + 1),
    )
    plt.show()


def small(fan_in, fan_out):
    """Return .01, whatever the layer."""
    return 0.01


for hidden in (3, 4):
    look(train(build("Sigmoid", hidden, small), rate=0.3), f"{hidden + 1} sigmoid layers, normal x .01")

# %% [markdown]
# The loss stands at the entropy of the labels: the output's bias has learned how frequent class 1 is, and nothing else was learned. That number alone does not show why, for any network that does not use its inputs stands there. The gradients do: at the start they fall by a factor of about .014 from a layer to the one below, so the first of five layers learns millions of times more slowly than the last. And once the output's bias has settled, the pulls of the two classes cancel in the last layer as well, whose inputs hardly differ from picture to picture.
#
# Why .014? Going back through a layer multiplies the gradient by the slope of the sigmoid, 1/4 at most, and by weights of size $.01\sqrt{30} = .055$. The weights are the stronger part: that the slope is small is not the whole story.
#
# ## ReLU
#
# A ReLU has slope 1 where it is open. With weights of .01 that is not enough, since the factor is then $.01\sqrt{30/2} = .04$ a layer; with He's it is 1. (Neurons on the floor of the right-hand figure are dead: they are closed on every picture, so no gradient gets to them.)

# %%
look(train(build("ReLU", 4, small), rate=0.03), "5 ReLU layers, normal x .01")
look(train(build("ReLU", 4, he_std), rate=0.03), "5 ReLU layers, He")

# %% [markdown]
# ## Mending the sigmoid
#
# Glorot's weights are not enough for a sigmoid either: each layer still takes a factor of 4. Its slope wants it back, and a little more, since the slope is below 1/4 away from 0: the gain $1/\sqrt{E f'(z)^2}$ that keeps the gradient is 4.7 ([Schoenholz et al. 2017](https://arxiv.org/abs/1611.01232) call the place where this product is 1 the edge of chaos). So it was not the sigmoid as such: it was the size of the weights.

# %%
sigmoid_gain = gi.theory.gain("sigmoid", "backward")
look(train(build("Sigmoid", 4, glorot_std), rate=0.3), "5 sigmoid layers, Glorot")
look(
    train(build("Sigmoid", 4, lambda n, m: sigmoid_gain / np.sqrt(n)), rate=0.3),
    f"5 sigmoid layers, gain {sigmoid_gain:.2f}",
)

# %% [markdown]
# One run each: enough to see what a factor of a million does, not enough to rank starts that are close. `goodinit compare docs/studies/cats-five-sigmoid-layers.toml` repeats it with 16 seeds on whole pictures; all of them agree.
