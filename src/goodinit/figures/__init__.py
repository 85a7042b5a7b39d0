"""Results as pictures: each function takes the Dataset of a study and returns the axes it drew on.

Nothing is computed here: what is drawn stands in the Dataset. No function touches pyplot or the caller's rcParams.
"""

from goodinit.figures.curves import loss_curves
from goodinit.figures.failing import failures
from goodinit.figures.gradients import learning_speed, neuron_gradients, update_ratios
from goodinit.figures.histograms import histograms
from goodinit.figures.maps import decision_maps
from goodinit.figures.phases import phase_diagram
from goodinit.figures.pictures import PICTURES, Picture, save_all
from goodinit.figures.profiles import activations, gradients, units
from goodinit.figures.rates import learning_rates
from goodinit.figures.scores import final_scores

__all__ = [
    "PICTURES",
    "Picture",
    "activations",
    "decision_maps",
    "failures",
    "final_scores",
    "gradients",
    "histograms",
    "learning_rates",
    "learning_speed",
    "loss_curves",
    "neuron_gradients",
    "phase_diagram",
    "save_all",
    "units",
    "update_ratios",
]
