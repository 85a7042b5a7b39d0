# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Lab 2: signal through depth
#
# Before any training: what do the first values of the weights do to the activations, layer by layer?
#
# Here an example is a row: inputs are (examples, features), a layer computes $H = \tanh(H_{before} W)$ with $W$ of shape
# (fan_in, fan_out), and there are no biases. Write what is missing where a cell says `raise NotImplementedError`.

# %%
import matplotlib.pyplot as plt
import numpy as np

from goodinit import labs
from goodinit.labs import signal

rng = np.random.default_rng(0)

# %% [markdown]
# ## Exercise 1: forward propagation
#
# Draw 1,000 standard-normal examples with as many features as the first layer has units, and send them through the
# layers. `weight_init_func(fan_in, fan_out)` returns the weights of a layer.


# %%
def forward_prop(hidden_layer_sizes, weight_init_func):
    """Return activations {0: (1000, units), 1: ...}, and lists of their means and standard deviations."""
    ### BEGIN SOLUTION
    ### STUDENT: layer 0 has hidden_layer_sizes[0] inputs and as many units
    H = rng.standard_normal((1000, hidden_layer_sizes[0]))
    activations = {}
    for layer, fan_out in enumerate(hidden_layer_sizes):
        H = np.tanh(H @ weight_init_func(H.shape[1], fan_out))
        activations[layer] = H
    means = [np.mean(H) for H in activations.values()]
    deviations = [np.std(H) for H in activations.values()]
    return activations, means, deviations
    ### END SOLUTION


# %%
labs.check(2, "TestForwardPropagation", globals())
labs.check(2, "TestStatistics", globals())

# %% [markdown]
# ## Exercise 2: three scales
#
# Normal weights of shape (fan_in, fan_out) with standard deviation 0.01, with 1, and with $\sqrt{1 / fan\_in}$. Every call
# must draw other numbers.


# %%
def small_weights(fan_in, fan_out):
    """Return weights N(0, 0.01^2)."""
    ### BEGIN SOLUTION
    return 0.01 * rng.standard_normal((fan_in, fan_out))
    ### END SOLUTION


# %%
labs.check(2, "TestSmallWeights", globals())


# %%
def large_weights(fan_in, fan_out):
    """Return weights N(0, 1)."""
    ### BEGIN SOLUTION
    return rng.standard_normal((fan_in, fan_out))
    ### END SOLUTION


# %%
labs.check(2, "TestLargeWeights", globals())


# %%
def keeping_weights(fan_in, fan_out):
    """Return weights N(0, 1 / fan_in)."""
    ### BEGIN SOLUTION
    return np.sqrt(1 / fan_in) * rng.standard_normal((fan_in, fan_out))
    ### END SOLUTION


# %%
labs.check(2, "TestKeepingWeights", globals())

# %% [markdown]
# ## Exercise 3: what theory predicts
#
# In a wide layer the sum $z = \sum_i h_i w_i$ is normal with variance $s^2 = fan\_in \cdot \sigma^2 \cdot q$, where $q$ is
# the mean square of the $h_i$. So the next mean square is $q' = E[\tanh^2(s x)]$ with $x$ standard normal
# ([Poole et al. 2016](https://arxiv.org/abs/1606.05340), eq. 3). The inputs have $q = 1$. An integral over $x$, or a mean
# over many random $x$, is exact enough.


# %%
def predict_deviations(hidden_layer_sizes, std):
    """Return the predicted standard deviation of each layer's activations, for weights N(0, std^2)."""
    ### BEGIN SOLUTION
    ### STUDENT: the deviation of a layer is sqrt(q), since its mean is 0
    x = np.linspace(-8, 8, 4001)
    density = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    q, deviations = 1.0, []
    for fan_in in [hidden_layer_sizes[0], *hidden_layer_sizes[:-1]]:
        s = np.sqrt(fan_in * std**2 * q)
        q = np.sum(density * np.tanh(s * x) ** 2) * (x[1] - x[0])
        deviations.append(np.sqrt(q))
    return deviations
    ### END SOLUTION


# %%
labs.check(2, "TestPrediction", globals())

# %% [markdown]
# ## What one sees
#
# With 0.01 the signal dies, layer by layer; with 1 every unit is saturated at -1 or 1, where tanh has no slope; with
# $\sqrt{1 / fan\_in}$ it shrinks slowly only. The thin line is the prediction.

# %%
for weights, std in ((small_weights, 0.01), (large_weights, 1.0), (keeping_weights, np.sqrt(1 / 500))):
    signal.plot_signal(*forward_prop([500] * 10, weights), theory=predict_deviations([500] * 10, std))
plt.show()
