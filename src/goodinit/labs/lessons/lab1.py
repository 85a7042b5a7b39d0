# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Lab 1: three ways to start
#
# A network with 2 inputs, hidden layers of 10 and 5 ReLU units and one output learns to tell two noisy circles apart,
# from three different first values of its weights: zeros, large random numbers, and He's. Everything else is the same.
#
# Write what is missing where a cell says `raise NotImplementedError`. The cell below each exercise checks your work and
# says what is probably wrong.
#
# Shapes: a column is a sample, so inputs are (features, samples) and labels (1, samples). A layer computes
# $z = W x + b$ with $W$ of shape (units, inputs) and $b$ of shape (units, 1).

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_circles

from goodinit import labs
from goodinit.labs import circles

# %% [markdown]
# ## Exercise 1: the data
#
# `make_circles(n_samples=..., noise=..., random_state=...)` returns points (n, 2) and labels (n,). Draw training and test
# points, each with their own number, noise and seed.


# %%
def generate_dataset(n_samples_train, n_samples_test, noise_train, noise_test, seed_train, seed_test):
    """Return train_X (n, 2), train_Y (n,), test_X, test_Y."""
    ### BEGIN SOLUTION
    ### STUDENT: call make_circles twice
    train_X, train_Y = make_circles(n_samples=n_samples_train, noise=noise_train, random_state=seed_train)
    test_X, test_Y = make_circles(n_samples=n_samples_test, noise=noise_test, random_state=seed_test)
    return train_X, train_Y, test_X, test_Y
    ### END SOLUTION


# %%
labs.check(1, "TestDataGeneration", globals())

# %% [markdown]
# ## Exercise 2: preprocessing
#
# The network wants columns. Turn points (n, 2) into (2, n), and labels (n,) into a row (1, n). Mind that reshaping and
# transposing are not the same thing.


# %%
def preprocess(train_X, train_Y, test_X, test_Y):
    """Return train_X (2, n), train_Y (1, n), test_X, test_Y."""
    ### BEGIN SOLUTION
    return train_X.T, train_Y.reshape(1, -1), test_X.T, test_Y.reshape(1, -1)
    ### END SOLUTION


# %%
labs.check(1, "TestPreprocessing", globals())

# %% [markdown]
# ## Exercise 3: zeros
#
# `layers_dims` are the widths from the inputs to the outputs, such as `[2, 10, 5, 1]`. Return a dictionary with
# `W1`, `b1`, `W2`, ... for every layer, all zero.


# %%
def initialize_parameters_zeros(layers_dims):
    """Return {"W1": (units, inputs), "b1": (units, 1), ...}, all zero."""
    ### BEGIN SOLUTION
    ### STUDENT: layer l has layers_dims[l] units and layers_dims[l - 1] inputs, for l = 1, 2, ...
    parameters = {}
    for layer in range(1, len(layers_dims)):
        parameters[f"W{layer}"] = np.zeros((layers_dims[layer], layers_dims[layer - 1]))
        parameters[f"b{layer}"] = np.zeros((layers_dims[layer], 1))
    return parameters
    ### END SOLUTION


# %%
labs.check(1, "TestZeroInitialization", globals())

# %% [markdown]
# ## Exercise 4: large random numbers
#
# Weights from a normal distribution with mean 0 and standard deviation 10; biases zero. Any generator will do, but the
# same seed must give the same weights, and another seed others. Make the generator once, before the loop.


# %%
def initialize_parameters_random(layers_dims, seed=3):
    """Return {"W1": (units, inputs), "b1": (units, 1), ...} with weights N(0, 10^2)."""
    ### BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    parameters = {}
    for layer in range(1, len(layers_dims)):
        parameters[f"W{layer}"] = 10 * rng.standard_normal((layers_dims[layer], layers_dims[layer - 1]))
        parameters[f"b{layer}"] = np.zeros((layers_dims[layer], 1))
    return parameters
    ### END SOLUTION


# %%
labs.check(1, "TestRandomInitialization", globals())

# %% [markdown]
# ## Exercise 5: He's start
#
# A ReLU lets half of the second moment through. So that a layer keeps the size of the signal, the variance of its weights
# must be 2 / fan_in, where fan_in is the number of the layer's inputs
# ([He et al. 2015](https://arxiv.org/abs/1502.01852), section 2.2).


# %%
def initialize_parameters_he(layers_dims, seed=3):
    """Return {"W1": (units, inputs), "b1": (units, 1), ...} with weights N(0, 2 / inputs)."""
    ### BEGIN SOLUTION
    ### STUDENT: the variance is 2 / fan_in; by what do you multiply a standard-normal number?
    rng = np.random.default_rng(seed)
    parameters = {}
    for layer in range(1, len(layers_dims)):
        fan_in = layers_dims[layer - 1]
        parameters[f"W{layer}"] = np.sqrt(2 / fan_in) * rng.standard_normal((layers_dims[layer], fan_in))
        parameters[f"b{layer}"] = np.zeros((layers_dims[layer], 1))
    return parameters
    ### END SOLUTION


# %%
labs.check(1, "TestHeInitialization", globals())

# %% [markdown]
# ## What becomes of them
#
# The same training from each start: 15,000 steps of gradient descent on all samples. From zeros nothing is ever learned,
# since no unit differs from its neighbour and no gradient gets through. From large numbers the first cost is huge and the
# result coarse. One seed is an anecdote: `goodinit compare` shows how much of a difference is chance.

# %%
train_X, train_Y, test_X, test_Y = circles.load_dataset()
runs = {
    start: circles.model(train_X, train_Y, initialization=start, print_cost=False)
    for start in ("zeros", "random", "he")
}
circles.plot_the_cost({start: costs for start, (_, costs) in runs.items()})
for start, (parameters, _) in runs.items():
    print(start)
    circles.predict(test_X, test_Y, parameters)
    circles.plot_decision_boundary(lambda points, p=parameters: circles.predict_dec(p, points.T), train_X, train_Y)
plt.show()
