"""The compiled engine: the model of `simulators` once more, in the language of `simulators.compiler`."""
