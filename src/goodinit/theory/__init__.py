"""Mean-field theory of signal propagation, with its corrections at finite width; NumPy and SciPy only.

Start with `predict_dense` for a whole network, `fixed_points`, `critical_line` and `phase_diagram` for where depth
leads, `gain` for one layer. An activation is a name, an `Activation` or any elementwise function of an array.

In the limit of infinite width pre-activations are normal with variance q and, for two examples, correlation c:

    q' = sigma_w^2 E f(sqrt(q) z)^2 + sigma_b^2          `variance_map`
    c' = (sigma_w^2 E f(u) f(v) + sigma_b^2) / q'         `correlation_map`
    chi = sigma_w^2 E f'(u) f'(v)                         `chi`

(Poole et al., 1606.05340; Schoenholz et al., 1611.01232). Gradients of variance p obey p_l = chi p_(l+1) backward.
"""

from goodinit.theory.fixed_points import (
    FixedPoint,
    critical_line,
    critical_weight_variance,
    depth_scale,
    fixed_points,
    phase,
)
from goodinit.theory.gains import gain
from goodinit.theory.inputs import Inputs, inputs_of
from goodinit.theory.losses import gradient_at_logits
from goodinit.theory.maps import chi, correlation_map, variance_map, variance_slope
from goodinit.theory.panels import Function
from goodinit.theory.phases import PhaseDiagram, phase_diagram
from goodinit.theory.prediction import Prediction, band, predict_dense
from goodinit.theory.quadrature import covariance, expectation
from goodinit.theory.units import dead_share, saturated_share

__all__ = [
    "FixedPoint",
    "Function",
    "Inputs",
    "PhaseDiagram",
    "Prediction",
    "band",
    "chi",
    "correlation_map",
    "covariance",
    "critical_line",
    "critical_weight_variance",
    "dead_share",
    "depth_scale",
    "expectation",
    "fixed_points",
    "gain",
    "gradient_at_logits",
    "inputs_of",
    "phase",
    "phase_diagram",
    "predict_dense",
    "saturated_share",
    "variance_map",
    "variance_slope",
]
