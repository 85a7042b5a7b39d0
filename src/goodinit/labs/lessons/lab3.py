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
# A network of layer objects, each with its forward and its backward pass by hand. Inputs are (features, samples). On the
# way back a layer gets the loss's gradient by its outputs, keeps the gradients by its weights, and hands on the gradient
# by its inputs. The loss is a mean over samples; the division by their number happens there, once.
#
# Write what is missing where a cell says `raise NotImplementedError`.

# %%
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from goodinit import labs

rng = np.random.default_rng(0)

# %% [markdown]
# ## Exercise 1: the layer that learns
#
# $z = W x + b$ for every column $x$. Backward, with $dz$ of the shape of $z$: $dW = dz\,x^T$, $db$ is the sum of $dz$ over
# the samples, and $W^T dz$ is returned. A penalty adds $\frac{strength}{m} \sum |w|$ (L1) or
# $\frac{strength}{2m} \sum w^2$ (L2) to the loss, $m$ samples, and its derivative to $dW$.


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
# $a = f(z)$, and backward $dz = da\,f'(z)$. $e^z$ overflows beyond $z = 709$: write the sigmoid as
# $(1 + \tanh(z/2))/2$.


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
# In training keep each entry with probability `keep_prob` and divide it by `keep_prob`, so that the expected output is the
# input; elsewhere (`training` False) return the input. The gradient goes through the same mask and the same division.


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
# Layers one after the other, the last one a sigmoid. The loss is the mean cross-entropy
# $-\frac1m\sum (Y \ln a + (1 - Y) \ln(1 - a))$ plus the penalties. Computed from the logits $z$ it is
# $\frac1m \sum (\ln(1 + e^z) - Y z)$, which stays finite (`np.logaddexp(0, z)`). Its gradient by $z$ is $(a - Y)/m$, where
# the slope of the last sigmoid has cancelled: begin there, below the last layer.


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
# Glorot asks that neither the signal nor the gradient changes its size in a linear layer, and takes the mean of the two
# conditions: variance 2 / (fan_in + fan_out). He makes up for ReLU: variance 2 / fan_in. Return standard deviations.


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
# ## Where the gradient goes
#
# Five hidden layers on the digits, is it an odd one? At the start, the size of each layer's gradient: through sigmoids
# it shrinks by a factor with every layer (their slope is 1/4 at most), through ReLU with He's weights it keeps its size.

# %%
digits = load_digits()
X, Y = digits.data.T / 16, (digits.target % 2).reshape(1, -1)
widths = [64, 30, 30, 30, 30, 30]


def build(fname, size):
    """Return a network whose hidden layers have this activation and weights of this size."""
    layers = []
    for fan_in, fan_out in pairwise(widths):
        layers += [Linear(fan_in, fan_out, std=size(fan_in, fan_out)), NonLinear(fname)]
    return Model([*layers, Linear(widths[-1], 1), NonLinear("Sigmoid")])


for fname, size in (("Sigmoid", glorot_std), ("ReLU", he_std)):
    network = build(fname, size)
    network.forward(X)
    network.backward(Y)
    sizes = [np.sqrt(np.mean(layer.dw**2)) for layer in network.layers if isinstance(layer, Linear)]
    plt.semilogy(range(1, len(sizes) + 1), sizes, "o-", label=fname)
plt.xlabel("layer")
plt.ylabel("gradient by the weights (rms)")
plt.legend()
plt.show()
