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
# Before any training: what do the first values of the weights do to the activations, layer by layer? A network whose last layer hears nothing of the inputs cannot learn from them, and one that hears only their sign learns badly. You send a signal through ten layers, measure it, and then predict what you measured.
#
# Here an example is a row: inputs are (examples, features), a layer computes $H = \tanh(H_{before} W)$ with $W$ of shape (fan_in, fan_out), and there are no biases. Write what is missing where a cell says `raise NotImplementedError`.

# %%
# %matplotlib inline
import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

from goodinit import labs, theory
from goodinit.labs import signal

threads = threadpool_limits(1, "blas")  # with matrices this small threads only wait for each other

rng = np.random.default_rng(0)

# %% [markdown]
# ## Exercise 1: forward propagation
#
# Draw 1,000 standard-normal examples with as many features as the first layer has units, and send them through the layers. `weight_init_func(fan_in, fan_out)` returns the weights of a layer.


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
# Normal weights of shape (fan_in, fan_out) with standard deviation 0.01, with 1, and with $\sqrt{1 / fan\_in}$, the rule of [LeCun et al. 1998](https://doi.org/10.1007/978-3-642-35289-8_3), section 4.6. Every call must draw other numbers.


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
# In a wide layer the sum $z = \sum_i h_i w_i$ is normal with variance $s^2 = fan\_in \cdot \sigma^2 \cdot q$, where $q$ is the mean square of the $h_i$. So the next mean square is $q' = E[\tanh^2(s x)]$ with $x$ standard normal ([Poole et al. 2016](https://arxiv.org/abs/1606.05340), eq. 3). The inputs have $q = 1$. An integral over $x$, or a mean over many random $x$, is exact enough.


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
# Points are measured in one network of ten layers of 500; the thin line is your prediction. Below them is the histogram of every layer's activations; mind the axes, each reaches as far as its layer does.
#
# **Normal x 0.01.** While $z$ is small tanh is about linear, and each layer multiplies the deviation by $0.01 \sqrt{500} = .22$. After ten layers less than a millionth is left: the signal dies.

# %%
sizes = [500] * 10
signal.plot_signal(*forward_prop(sizes, small_weights), theory=predict_deviations(sizes, 0.01))
plt.show()

# %% [markdown]
# **Normal x 1.** The sums have a deviation of about 22, so almost every unit stands at -1 or 1. The signal does not vanish: its size stays at .98, but only the sign of $z$ is left of it.

# %%
signal.plot_signal(*forward_prop(sizes, large_weights), theory=predict_deviations(sizes, 1.0))
plt.show()

# %% [markdown]
# **$\sqrt{1 / fan\_in}$.** Much better, but not "normal at every layer": tanh cuts a little at each layer, and the deviation falls from .63 to .23, by a power of the depth and no longer by a constant factor. The activations are bounded and flat rather than normal in the first layers, where much of $z$ lies beyond 1.

# %%
signal.plot_signal(*forward_prop(sizes, keeping_weights), theory=predict_deviations(sizes, np.sqrt(1 / 500)))
plt.show()

# %% [markdown]
# ## And the gradient?
#
# On its way back the gradient's variance is multiplied in every layer by $\chi = fan\_in \, \sigma^2 \, E[\tanh'(z)^2]$ ([Schoenholz et al. 2017](https://arxiv.org/abs/1611.01232)). It is tempting to say that saturated units pass no gradient. They pass little, but weights of size 1 multiply that little by $\sqrt{500}$: the gradient explodes. `goodinit.theory` has your map, and $\chi$.

# %%
for std in (0.01, 1.0, np.sqrt(1 / 500)):
    weight, q = 500 * std**2, 500 * std**2  # q is now that of the sums z
    for _ in range(9):
        q = theory.variance_map("tanh", q, weight)
    growth = np.sqrt(theory.chi("tanh", q, weight))
    print(
        f"std {std:.3f}: activations {predict_deviations(sizes, std)[-1]:.2g}, gradient x{growth:.2f} a layer near layer 10"
    )

# %% [markdown]
# Below the critical size both die, above it the gradient explodes, and only near $\sigma^2 = 1 / fan\_in$, where $\chi$ is 1 for small signals, both last. That is the reason for the rule; `goodinit signal` in a terminal measures all of this over 32 seeds.
