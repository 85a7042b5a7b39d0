"""Models of other frameworks, seen with goodinit's vocabulary. Each framework is imported in its own module alone."""
