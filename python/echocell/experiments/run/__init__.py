"""The framework that runs experiments: settings, runs, sweeps, trials, reports, pictures."""
