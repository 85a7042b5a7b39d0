"""The mistakes that the grader knows, each in words for who made it, and with what explains it.

Every one of them is made on purpose by a submission in the tests.
"""

import functools
import re
from pathlib import Path
from typing import NamedTuple


class Mistake(NamedTuple):
    """What was probably done, and the heading in ``reading.md`` of what is right."""

    words: str
    heading: str

    @property
    def read(self) -> str:
        """Return the paragraph, in one line."""
        return paragraphs()[self.heading]


@functools.cache
def paragraphs() -> dict[str, str]:
    """Return what there is to read, by its heading."""
    page = Path(__file__).with_name("reading.md").read_text(encoding="utf-8")
    parts = re.findall(r"^## (.+)\n\n((?:.+\n)+)", page, re.MULTILINE)
    return {heading: " ".join(text.split()) for heading, text in parts}


HE = "He's start"
GLOROT = "Glorot's start"
SIGNAL = "Signal through depth"
SHAPES = "Shapes"
RANDOM = "Random numbers and seeds"
BACKWARD = "Backward passes"
PENALTY = "Penalties"
DROPOUT = "Dropout"
DATA = "The circles"
FANS = "Fans"
PAIRED = "Paired differences"
SHARE = "Shares and their intervals"
POWER = "How many seeds"
RACE = "A single race"
VERDICT = "Verdicts"
ENTROPY = "The base rate"
ALIKE = "Units that are alike"
GAIN = "Gains and growth"

MISTAKES = {
    # the size of random weights
    "variance-for-deviation": Mistake(
        "The weights are multiplied by the variance. Multiply standard-normal numbers by its square root.", RANDOM
    ),
    "one-over-n": Mistake("The weights are multiplied by 1/fan_in, instead of sqrt(2/fan_in).", HE),
    "one-over-2n": Mistake("The weights are multiplied by 1/(2 fan_in), instead of sqrt(2/fan_in).", HE),
    "two-over-n": Mistake(
        "The weights are multiplied by 2/fan_in. That is He's variance; the factor is its square root.", HE
    ),
    "root-of-one-over-n": Mistake(
        "The weights are multiplied by sqrt(1/fan_in): the 2, which makes up for what ReLU cuts off, is missing.", HE
    ),
    "root-of-two-over-n": Mistake(
        "The weights are multiplied by sqrt(2/fan_in), which is He's for ReLU; sqrt(1/fan_in) was asked for.", SIGNAL
    ),
    "root-of-one-over-2n": Mistake(
        "The weights are multiplied by sqrt(1/(2 fan_in)): the 2 belongs into the numerator.", HE
    ),
    "fan-out": Mistake("The size follows from fan_out, the units of this layer, instead of fan_in, its inputs.", FANS),
    "glorot-for-he": Mistake("The size is Glorot's, sqrt(2/(fan_in + fan_out)); He's is sqrt(2/fan_in).", HE),
    "not-scaled": Mistake("The weights are standard normal: they are not multiplied by anything.", RANDOM),
    "factor-missing": Mistake("The weights are standard normal: the factor 10 is missing.", RANDOM),
    "first-layer-unscaled": Mistake("The first layer has another size than the others: scale it, too.", SHAPES),
    "uniform-for-normal": Mistake("The weights are drawn uniformly; normal ones were asked for (randn).", RANDOM),
    "not-centred": Mistake(
        "The weights are not centred at 0: rand gives numbers from 0 to 1, randn those with mean 0.", RANDOM
    ),
    "units-alike": Mistake("All units of a layer have the same weights, so they stay alike for ever.", RANDOM),
    "biases-not-zero": Mistake("The biases are not zero. Only the weights must break the symmetry.", SHAPES),
    "weights-not-zero": Mistake("The weights are not zero.", SHAPES),
    # seeds
    "seed-ignored": Mistake("The seed is ignored: another seed gives the same numbers.", RANDOM),
    "not-repeatable": Mistake("The same seed gives other numbers each time: seed the generator with it.", RANDOM),
    "seed-reset": Mistake(
        "The layers are alike: the generator is made or seeded anew for each. Seed it once, before the loop.", RANDOM
    ),
    "seeds-swapped": Mistake("The seeds of training and test data are swapped or the same.", DATA),
    "noise-ignored": Mistake(
        "The points lie on other circles: hand the noise on, the training's and the test's.", DATA
    ),
    # shapes
    "transposed": Mistake("The array is transposed: rows and columns are swapped.", SHAPES),
    "first-layer-skipped": Mistake(
        "The first layer is missing: the layers begin at 1, so loop over 1, 2, ..., L.", SHAPES
    ),
    "last-layer-skipped": Mistake("The last layer is missing: the loop ends one too early.", SHAPES),
    "labels-one-dimensional": Mistake("The labels are one-dimensional; a row of shape (1, m) was asked for.", SHAPES),
    "labels-a-column": Mistake("The labels are a column; a row of shape (1, m) was asked for.", SHAPES),
    "biases-one-dimensional": Mistake(
        "The biases are one-dimensional; columns of shape (units, 1) were asked for.", SHAPES
    ),
    "reshaped-not-transposed": Mistake(
        "reshape has mixed the coordinates of different points; the transpose keeps each point together.", SHAPES
    ),
    "train-test-swapped": Mistake("Training and test data are returned in each other's place.", DATA),
    # signal
    "activation-missing": Mistake("The activation is missing: H = tanh(H W), not H W.", SIGNAL),
    "another-activation": Mistake("The activation is another one than tanh.", SIGNAL),
    "inputs-not-normal": Mistake("The inputs are not standard normal: draw them with mean 0 and deviation 1.", SIGNAL),
    "arguments-swapped": Mistake(
        "weight_init_func was called with (fan_out, fan_in); it takes (fan_in, fan_out).", SIGNAL
    ),
    "variance-of-activations": Mistake("These are variances; standard deviations were asked for.", SIGNAL),
    "first-fan-in": Mistake(
        "fan_in is the first layer's everywhere; each layer sums over the units of the layer before it.", SIGNAL
    ),
    "linear-theory": Mistake("This is the prediction without tanh: it makes large activations smaller.", SIGNAL),
    # layers
    "dw-for-w": Mistake("The gradient that is handed on is dW^T dz; it is W^T dz.", BACKWARD),
    "weight-not-transposed": Mistake("The weights must be transposed on the way back: W^T dz.", BACKWARD),
    "mean-twice": Mistake(
        "The gradient is divided by the number of samples once more; the loss has done that already.", BACKWARD
    ),
    "db-not-summed": Mistake("The bias's gradient is the sum of dz over the samples, of shape (units, 1).", BACKWARD),
    "bias-missing": Mistake("The bias is not added: z = W x + b.", BACKWARD),
    "slope-forgotten": Mistake("The gradient passes unchanged; multiply it by the activation's derivative.", BACKWARD),
    "gradient-forgotten": Mistake("This is the derivative alone; multiply the gradient that comes in by it.", BACKWARD),
    "slope-of-output": Mistake("The derivative is taken at the output; it belongs at the input.", BACKWARD),
    "saturation": Mistake(
        "The result is not finite: for large z e^z overflows, and where a sigmoid is rounded to 0 or 1 a logarithm is "
        "-infinity.",
        BACKWARD,
    ),
    "dropout-unscaled": Mistake(
        "What is kept is not divided by keep_prob, so the expected output is too small.", DROPOUT
    ),
    "dropout-inverted": Mistake("Activations are dropped with probability keep_prob; they are kept with it.", DROPOUT),
    "dropout-alike": Mistake(
        "Every pass drops the same entries, or whole rows or columns: draw each entry anew.", DROPOUT
    ),
    "dropout-in-test": Mistake("Something is dropped outside training.", DROPOUT),
    "dropout-backward": Mistake(
        "The gradient must go through the very mask of the forward pass, with the same division by keep_prob.", DROPOUT
    ),
    "penalty-missing": Mistake("The penalty is missing from the loss.", PENALTY),
    "penalty-not-averaged": Mistake("The penalty is not divided by the number of samples.", PENALTY),
    "half-missing": Mistake("The L2 penalty is strength/(2m) times the sum of squares: the 2 is missing.", PENALTY),
    "penalty-gradient-missing": Mistake("The penalty's derivative is missing from dw.", PENALTY),
    "loss-not-averaged": Mistake("The cross-entropy is summed over the samples; divide it by their number.", BACKWARD),
    # sizes as numbers
    "size-as-variance": Mistake("This is the variance; the standard deviation was asked for, its square root.", RANDOM),
    "size-of-uniform": Mistake(
        "This is the bound of the uniform distribution; its deviation is that over sqrt(3).", GLOROT
    ),
    "kernel-forgotten": Mistake(
        "The fans of a convolution are too small: multiply both by the number of entries of the kernel.", FANS
    ),
    # a fair comparison
    "difference-reversed": Mistake("This is the mean of b - a; a - b was asked for.", PAIRED),
    "unpaired": Mistake(
        "The interval is that of two independent groups: what a seed does to both sides cancels in the differences "
        "of the same seed.",
        PAIRED,
    ),
    "deviation-for-error": Mistake(
        "The interval is made of the standard deviation, which says where one run lies; a mean of n has that over "
        "sqrt(n).",
        PAIRED,
    ),
    "one-standard-error": Mistake(
        "The interval reaches one standard error to each side, which covers 68 %; 95 % take about twice as much.",
        PAIRED,
    ),
    "one-sided-interval": Mistake(
        "The quantile leaves 5 % on each side, which makes a 90 % interval; 95 % take the .975 quantile.", PAIRED
    ),
    "normal-for-student": Mistake(
        "The quantile is the normal distribution's, 1.96 or about 2; s comes from the same few differences, so take "
        "Student's t.",
        PAIRED,
    ),
    "degrees-of-freedom": Mistake("Student's t has n - 1 degrees of freedom, n differences.", PAIRED),
    "deviation-by-n": Mistake(
        "The standard deviation divides by n, as NumPy's does by default; divide by n - 1: std(ddof=1).", PAIRED
    ),
    "textbook-interval": Mistake(
        "This is p -+ 1.96 sqrt(p(1-p)/n), which has no length for 0 of n and may leave 0 to 1; take Wilson's.",
        SHARE,
    ),
    "exact-interval": Mistake(
        "This is the interval of Clopper and Pearson (SciPy's method='exact'), which is longer; take Wilson's.",
        SHARE,
    ),
    "power-forgotten": Mistake(
        "With so many seeds the difference is found in every second study only: the power is missing.", POWER
    ),
    "not-rounded-up": Mistake("A part of a seed cannot be run, and fewer have less power: round up.", POWER),
    "not-squared": Mistake("An error falls with the root of the number of seeds, so the ratio must be squared.", POWER),
    "unpaired-seeds": Mistake("The factor 2 belongs to two independent groups; these are paired differences.", POWER),
    "one-sided": Mistake("The test is two-sided: its level of 5 % leaves 2.5 % on each side.", POWER),
    "ties-lost": Mistake("Equal scores count as a loss; count them one half.", RACE),
    "ties-won": Mistake("Equal scores count as a win; count them one half.", RACE),
    "wins-of-the-better": Mistake("This is how often the better one wins; the worse one's wins were asked for.", RACE),
    "same-seeds-only": Mistake(
        "Only runs of the same seed are compared; whoever races once has any run of one and any of the other.", RACE
    ),
    # claims on trial
    "no-third-answer": Mistake(
        "The interval holds values that speak for the claim and others that speak against it: it cannot be told.",
        VERDICT,
    ),
    "missing-is-a-verdict": Mistake(
        "Nothing was measured (NaN), so it cannot be told. Every comparison with NaN is False; mind what remains then.",
        VERDICT,
    ),
    "entropy-in-bits": Mistake("This is in bits; the loss uses natural logarithms.", ENTROPY),
    "entropy-negative": Mistake("The sign is missing: -sum p ln p is positive.", ENTROPY),
    "classes-taken-as-equal": Mistake("This is ln(classes), which holds for classes of equal size only.", ENTROPY),
    "first-class-only": Mistake("The sum must run over all classes.", ENTROPY),
    "weights-out-ignored": Mistake(
        "Units with the same weights in, but other weights out, get other gradients: both must agree.", ALIKE
    ),
    "weights-in-ignored": Mistake("Only the weights out are compared; a row of W holds the weights in.", ALIKE),
    "units-counted": Mistake("These are all units; those that are alike count once.", ALIKE),
    "fans-swapped": Mistake(
        "Each output sums fan_in products, each input's gradient fan_out: the two are exchanged.", GLOROT
    ),
    "squares-of-factors": Mistake(
        "These are the factors of the variance; those of the deviation are their roots.", GLOROT
    ),
    "deviation-not-squared": Mistake("The variance of the weights is std squared.", GLOROT),
    "gain-squared": Mistake("This is the factor of the variance; its square root was asked for.", GAIN),
    "gain-inverted": Mistake("This is what the activation does to the signal; the gain makes up for it.", GAIN),
    "variance-for-second-moment": Mistake(
        "The next layer sums squares, so the mean of f(z)^2 counts, not its variance; they differ where f has a mean.",
        GAIN,
    ),
    "q-ignored": Mistake("z has variance q, not 1.", GAIN),
    "slope-at-zero": Mistake("This is 1/f'(0), which holds for small z only.", GAIN),
    "weights-alone": Mistake("The slope of tanh is missing: saturated units hand on little.", GAIN),
    "slope-alone": Mistake("The weights are missing: every layer multiplies by their size, too.", GAIN),
    "q-not-iterated": Mistake("q is not the one at which the signal stands still: apply the map until it is.", GAIN),
}
