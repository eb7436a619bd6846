"""The framework that runs experiments.

`experiment` describes an experiment and the outcome of a run; `running` counts and times trainings;
`journal` and `forked` store finished pieces and run them in parallel; `settings` reads the options
of the command line; `report` and `tables` sum up the runs. `sweep` (with `point` and `sweep_plot`)
varies a setting; `trials` and `recipes` count the sequences until a task of a paper is learned.
"""
