"""Claims about which numbers the first weights should be."""

import math

import numpy as np

from goodinit.initializers import generator, glorot_uniform, he_normal, he_uniform
from goodinit.labs.checks import Array
from goodinit.labs.claims.claim import Claim
from goodinit.labs.claims.criteria import above, near
from goodinit.labs.claims.digits import DEEP, SHALLOW, accuracies
from goodinit.labs.claims.quantities import Measured, factor, mean
from goodinit.labs.claims.through import a_layer, through
from goodinit.layer import Layer, dense

KEPT = (0.9, 1.1)  # a factor a layer that counts as keeping a size: ten layers are then within a factor of three


def _deviation(fan_in: int, fan_out: int) -> list[float]:
    """Return the deviation of Glorot's weights over that of the rule 1 / sqrt(fan_in), for 16 draws."""
    layer = dense("layer1.weight", fan_in, fan_out)
    drawn = (glorot_uniform()(layer, generator(seed, layer.name)) for seed in range(16))
    return [float(weights.std()) * math.sqrt(fan_in) for weights in drawn]


def _xavier() -> Measured:
    return {
        "narrowing": mean(_deviation(400, 100)),
        "square": mean(_deviation(200, 200)),
        "widening": mean(_deviation(100, 400)),
    }


XAVIER = Claim(
    name="xavier-is-fan-in",
    claim="Xavier initialization means a standard deviation of sqrt(1/fan_in).",
    done="Weights of layers 400-100, 200-200 and 100-400 drawn uniform in +-sqrt(6/(fan_in + fan_out)), which is "
    "equation 16 of Glorot and Bengio, 16 times. False where their deviation differs from sqrt(1/fan_in) by more than "
    "2 %.",
    measure=_xavier,
    held=lambda m: {
        "fan-in and fan-out are equal": near(m["square"], 0.98, 1.02),
        "the layer narrows": near(m["narrowing"], 0.98, 1.02),
        "it widens": near(m["widening"], 0.98, 1.02),
    },
    said="deviation over sqrt(1/fan_in): {narrowing:.3f~} for 400-100, {square:.3f~} for 200-200, {widening:.3f~} for "
    "100-400",
    truth="The variance 1/fan_in is LeCun's; Glorot's, also called Xavier's, is 2/(fan_in + fan_out), between what the "
    "forward and what the backward pass asks for.",
    source="Glorot and Bengio 2010, eq. 16; LeCun et al. 1998, doi:10.1007/3-540-49430-8_2",
)


def _half() -> Measured:
    width, kept = 256, {}
    for name, variance in (("half", 1 / (2 * width)), ("he", 2 / width)):
        rms = [through("ReLU", width, 10, math.sqrt(variance), seed).rms for seed in range(12)]
        kept[name] = factor([a_layer(sizes**2) for sizes in rms])
    return kept


HE_HALF = Claim(
    name="he-is-one-half",
    claim="He initialization for ReLU is a variance of 1/(2 fan_in).",
    done="Ten ReLU layers of 256 with that variance, 12 networks, nothing trained; beside it 2/fan_in. False if the "
    "second moment does not stay within 10 % from layer to layer, which the rule is made for.",
    measure=_half,
    held=lambda m: {"": near(m["half"], *KEPT)},
    said="the second moment changes by x{half:.3f} a layer; with variance 2/fan_in by x{he:.2f}",
    truth="A ReLU passes half of the second moment, so (1/2) fan_in var = 1 and the variance is 2/fan_in; 1/(2 fan_in) "
    "loses a factor of 4 at every layer.",
    source="arXiv 1502.01852, eq. 10 (1512.03385, often cited instead, is the paper on residual networks)",
)


def _shifted(layer: Layer, rng: np.random.Generator) -> Array:
    """Return he_uniform's weights plus their largest value: rand() of the same deviation, its mean at the middle."""
    edge = math.sqrt(6 / layer.fan_in)
    return rng.uniform(-edge, edge, layer.shape) + edge


def _uniform() -> Measured:
    shallow = accuracies(SHALLOW, {"normal": he_normal(), "uniform": he_uniform()})
    deep = accuracies(DEEP, {"uniform": he_uniform(), "shifted": _shifted})
    return {
        "lead": mean(shallow["normal"] - shallow["uniform"]),
        "shift": mean(deep["uniform"] - deep["shifted"]),
    }


UNIFORM = Claim(
    name="uniform-is-worse",
    claim="Uniform draws serve worse than normal ones, because many values lie near the extremes.",
    done="64-32-10 ReLU on digits from He's variance, normal against uniform, 400 steps, 16 seeds. False if normal "
    "leads by less than 1 point. Beside it ten hidden layers, uniform about 0 against the same shifted to 0 ... 2a.",
    measure=_uniform,
    held=lambda m: {"": above(m["lead"], 0.01)},
    said="normal leads by {lead:z.1%} of accuracy; shifting the mean away from 0 costs {shift:.1%} through ten layers",
    truth="With mean 0 and equal variance both serve equally well; the fault of a plain rand() is its mean of 1/2, "
    "which makes all units of a layer resemble each other.",
)


def _small() -> Measured:
    found = {}
    for name, sizes in (("shallow", SHALLOW), ("deep", DEEP)):
        each = accuracies(sizes, {"he": he_normal(), "small": "normal(std=0.01)"})
        found[name] = mean(each["small"] - each["he"])
    fell = [through("ReLU", 32, 10, 0.01, seed).rms for seed in range(12)]
    return found | {"fall": factor([a_layer(sizes) for sizes in fell])}


SMALL = Claim(
    name="small-is-better",
    claim="Small random values, normal * 0.01 say, do better.",
    done="ReLU on digits with one and with ten hidden layers of 32, normal * 0.01 against He, 16 seeds. False where "
    "its test accuracy is lower.",
    measure=_small,
    held=lambda m: {
        "the network is shallow": above(m["shallow"], 0),
        "it is deep": above(m["deep"], 0),
    },
    said="accuracy against He's: {shallow:+z.1%} with one hidden layer, {deep:+z.1%} with ten, where the signal "
    "changes by x{fall:.3f~} a layer",
    truth="A signal changes by std * sqrt(fan_in) a layer, with ReLU by that over sqrt(2): with 0.01 it is gone after "
    "a few layers, and with one hidden layer it only learns later.",
    source="arXiv 1502.01852",
)


def _glorot() -> Measured:
    found: Measured = {}
    for name, sizes in (("shallow", SHALLOW), ("deep", DEEP)):
        each = accuracies(sizes, {"he": he_normal(), "glorot": "glorot_normal"})
        found |= {f"{name}_he": mean(each["he"]), f"{name}_glorot": mean(each["glorot"])}
        found[name] = mean(each["he"] - each["glorot"])
    return found


GLOROT = Claim(
    name="glorot-fails-relu",
    claim="Glorot initialization fails for ReLU.",
    done="ReLU on digits with one and with ten hidden layers of 32, Glorot against He, 400 and 500 steps, 16 seeds. "
    "False where Glorot's test accuracy is less than 5 points lower.",
    measure=_glorot,
    held=lambda m: {
        "the network is deep": above(m["deep"], 0.05),
        "it is shallow": above(m["shallow"], 0.05),
    },
    said="accuracy lost against He: {shallow:z.1%} with one hidden layer, {deep:.1%} with ten ({deep_glorot:.0%~} "
    "against {deep_he:.0%~})",
    truth="Without He's factor of 2 the signal's second moment halves at every layer of equal width: little in a "
    "shallow network, a factor of 1,000 through ten layers.",
    source="arXiv 1502.01852, section 2.2",
)
