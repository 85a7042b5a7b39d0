"""Networks of layer objects with backward passes by hand. Inputs are (features, samples), labels (1, samples).

::

    network = Model([Linear(12288, 30), NonLinear("ReLU"), Linear(30, 1), NonLinear("Sigmoid")])
    losses = train(network, flatten(pictures), labels, learning_rate=0.008)
    accuracy = test_model(network, flatten(test_pictures), test_labels)
"""

from goodinit.labs.layers.dropout import Dropout
from goodinit.labs.layers.layer import Layers
from goodinit.labs.layers.linear import Linear
from goodinit.labs.layers.network import Model
from goodinit.labs.layers.nonlinear import NonLinear
from goodinit.labs.layers.pictures import flatten, load_test_data, load_train_data
from goodinit.labs.layers.training import test_model, train

__all__ = [
    "Dropout",
    "Layers",
    "Linear",
    "Model",
    "NonLinear",
    "flatten",
    "load_test_data",
    "load_train_data",
    "test_model",
    "train",
]
