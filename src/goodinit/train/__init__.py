"""Training: many replicas of a network in one compiled batch."""

from goodinit.train.groups import train
from goodinit.train.lanes import Outcome, Start
from goodinit.train.optimizers import OPTIMIZERS, optimizer
from goodinit.train.step import RECORDED
from goodinit.train.training import Training, record_steps

__all__ = ["OPTIMIZERS", "RECORDED", "Outcome", "Start", "Training", "optimizer", "record_steps", "train"]
