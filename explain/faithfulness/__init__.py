"""How faithful explanations are: measures, the methods that everyone else uses, planted truth, randomised models."""
